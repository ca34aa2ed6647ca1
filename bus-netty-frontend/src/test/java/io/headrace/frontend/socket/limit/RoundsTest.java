// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class RoundsTest {

    private static final long STEP_NS = 8_000_000L;

    private final Rounds rounds = new Rounds(Long.MAX_VALUE, 0, () -> fail("late"));
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private long nowNs = 1_000_000_000_000L;

    private int[] addMeters(int count) {
        final int[] checks = new int[count];
        for (int i = 0; i < count; i++) {
            final int number = i;
            final Meter meter = new Meter(rounds, channel, nowNs);
            meter.client(
                    new Meter.Client() {
                        @Override
                        public void check(long timeNs) {
                            checks[number]++;
                        }

                        @Override
                        public void onShed() {
                            fail("shed");
                        }
                    });
            rounds.add(meter);
        }
        while (rounds.poll(nowNs) > 0) {
            // It has slept since the beginning of time.
        }
        Arrays.fill(checks, 0);
        return checks;
    }

    @Test
    void shouldCheckEachConnectionOnceARound() {
        for (final int count : new int[] {1, 31, 32, 33, 1_000, 20_000}) {
            final RoundsTest fresh = new RoundsTest();
            final int[] checks = fresh.addMeters(count);
            for (int step = 0; step < 32; step++) {
                fresh.nowNs += STEP_NS;
                fresh.rounds.poll(fresh.nowNs);
                assertEquals(0, fresh.rounds.poll(fresh.nowNs));
            }
            assertTrue(Arrays.stream(checks).allMatch(checked -> checked >= 1), "" + count);
            assertTrue(Arrays.stream(checks).sum() <= count + 32, "" + count);
        }
    }

    @Test
    void shouldCheckFewAtATimeAfterASleepAndGoOnInTheNextCycles() {
        final int[] checks = addMeters(20_000);
        nowNs += 12 * STEP_NS;
        int sum = 0;
        int polls = 0;
        for (int count = rounds.poll(nowNs); count > 0; count = rounds.poll(nowNs)) {
            assertTrue(count <= 1_000, "" + count);
            sum += count;
            polls++;
        }
        assertEquals(12, polls);
        assertEquals(sum, Arrays.stream(checks).sum());
        assertEquals(20_000 * 12 / 32, sum, 12);
    }

    @Test
    void shouldCheckAllOfFewAtOnceAfterASleep() {
        final int[] checks = addMeters(64);
        nowNs += 1_000 * STEP_NS;
        assertEquals(64, rounds.poll(nowNs));
        assertEquals(0, rounds.poll(nowNs));
        assertTrue(Arrays.stream(checks).allMatch(checked -> checked == 1));
    }
}
