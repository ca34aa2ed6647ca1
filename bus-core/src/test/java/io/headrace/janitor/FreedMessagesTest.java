// SPDX-License-Identifier: Apache-2.0
package io.headrace.janitor;

import static io.headrace.janitor.SimulatedHost.SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.LanePoller;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.poll.Subscription;
import io.headrace.member.Member;
import io.headrace.message.DeliveryHeader;
import io.headrace.testing.TestMembers;
import io.headrace.testing.TestWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What consumers read once more when the janitor has freed messages that they have passed. */
class FreedMessagesTest {

    private static final String REQUESTS = "http.request";

    @TempDir Path directory;
    private SimulatedHost host;
    private SimulatedHost.Housekeeper housekeeper;
    private TestWriter writer;
    private Subscription subscription;
    private final List<Long> delivered = new ArrayList<>();

    @BeforeEach
    void open() {
        System.setProperty("headrace.channel.http.*.redeliver", "always");
        host = new SimulatedHost(directory, "FAST_HOURLY", new Retention(1_000, 600 * SECOND));
        housekeeper = host.housekeeper();
        writer = new TestWriter(host.bus, housekeeper.member.id() + "-0");
        for (int i = 0; i < 500; i++) {
            writer.append(REQUESTS, host.nowNs);
        }
        subscription =
                new Subscription(
                        host.bus,
                        REQUESTS::equals,
                        false,
                        lane -> {},
                        bad -> {
                            throw bad;
                        });
    }

    @AfterEach
    void close() {
        System.clearProperty("headrace.channel.http.*.redeliver");
        subscription.close();
        writer.close();
        host.close();
    }

    @Test
    void shouldReadADeferredMessageOnceMoreAndNothingBehindIt() {
        defer(3, 2 * SECOND);
        deliver();
        host.run(housekeeper, SECOND);
        deliver();
        delivered.clear();
        host.run(housekeeper, 2 * SECOND);
        deliver();
        assertEquals(List.of(4L), delivered);
        assertEquals(ClaimWord.REDELIVERED, state(3));
    }

    @Test
    void shouldFindAllMessagesFreeThatAreDueTogether() {
        defer(3, 2 * SECOND);
        defer(4, 2 * SECOND);
        defer(9, 2 * SECOND);
        deliver();
        host.run(housekeeper, SECOND);
        deliver();
        delivered.clear();
        final List<Integer> states = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            host.run(housekeeper, 10 * SimulatedHost.MS);
            subscription.revisitFreed();
            while (subscription.poll(
                            (lane, now) -> {
                                delivered.add(lane.sequence());
                                states.add(state(lane));
                                return true;
                            },
                            host.nowNs)
                    > 0) {
                // Until there is no more.
            }
        }
        assertEquals(List.of(4L, 5L, 6L, 7L, 8L, 9L, 10L), delivered);
        for (final int freed : List.of(0, 1, 6)) {
            assertEquals(ClaimWord.REDELIVERED, states.get(freed));
        }
    }

    @Test
    void shouldReadTheMessagesOfADeadConsumerOnceMoreAndNothingBehindThem() {
        final Member dead = TestMembers.worker(host.bus, "", 1);
        final int holder = host.bus.nextConsumerIds(1) - 1;
        host.claim(REQUESTS, writer.id(), 7, holder);
        host.claim(REQUESTS, writer.id(), 8, holder);
        deliver();
        host.run(housekeeper, SECOND, dead);
        deliver();
        delivered.clear();
        host.kill(dead);
        host.run(housekeeper, 3 * SECOND);
        deliver();
        assertEquals(List.of(8L, 9L), delivered);
    }

    @Test
    void shouldTellOfWhatAJanitorFreedThatWasKilledBeforeItToldAnybody() {
        defer(3, 100 * SECOND);
        host.run(housekeeper, SECOND);
        final SimulatedHost.Housekeeper next = host.housekeeper();
        host.run(next, SECOND, housekeeper.member);
        deliver();
        delivered.clear();
        host.record(
                REQUESTS, writer.id(), 3, r -> assertTrue(ClaimWord.undefer(r, ClaimWord.read(r))));
        deliver();
        assertEquals(List.of(), delivered);
        host.kill(housekeeper.member);
        host.run(next, 3 * SECOND);
        deliver();
        assertTrue(delivered.contains(4L), delivered.toString());
    }

    private void defer(int number, long delayNs) {
        host.claim(REQUESTS, writer.id(), number, host.consumer());
        host.record(
                REQUESTS,
                writer.id(),
                number,
                r -> DeliveryHeader.defer(r, 0, host.nowNs + delayNs));
        host.finish(REQUESTS, writer.id(), number, host.consumer(), ClaimWord.DEFERRED);
    }

    private int state(int number) {
        return host.state(REQUESTS, writer.id(), number);
    }

    private static int state(LanePoller lane) {
        return ClaimWord.state(ClaimWord.read(lane.record()));
    }

    private void deliver() {
        subscription.revisitFreed();
        while (subscription.poll((lane, now) -> delivered.add(lane.sequence()), host.nowNs) > 0) {
            // Until there is no more.
        }
    }
}
