// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.LanePoller;
import io.headrace.testing.TestWriter;
import java.nio.file.Path;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How much a channel holds, of all its writers together. */
class CapacityTest {

    private static final String CHANNEL = "http.request";
    private static final int LENGTH = 100;
    private static final long LOOK_NS = 10_000_000L;

    @TempDir Path directory;
    private long nowNs = 1_000_000_000L;
    private Bus bus;
    private TestWriter some;
    private TestWriter other;
    private Capacity ofSome;
    private Capacity ofOther;

    @BeforeEach
    void open() {
        System.setProperty("headrace.channel.http.*.messages", "10");
        System.setProperty("headrace.block.size", "1m");
        bus = Bus.openOrCreate(directory.resolve("bus"), () -> nowNs);
        some = new TestWriter(bus, "f1-some-0");
        other = new TestWriter(bus, "f2-other-0");
        ofSome = new Capacity(bus, some.lane(CHANNEL).lane(), bus.settings().channel(CHANNEL));
        ofOther = new Capacity(bus, other.lane(CHANNEL).lane(), bus.settings().channel(CHANNEL));
    }

    @AfterEach
    void close() {
        System.clearProperty("headrace.channel.http.*.messages");
        System.clearProperty("headrace.block.size");
        ofSome.close();
        ofOther.close();
        some.close();
        other.close();
        bus.close();
    }

    @Test
    void shouldCountWhatAllWritersHaveWaiting() {
        append(some, 6);
        assertTrue(admits(ofOther));
        append(other, 3);
        assertTrue(admits(ofSome));
        append(other, 1);
        assertFalse(admits(ofSome));
        assertFalse(admits(ofOther));
    }

    @Test
    void shouldHaveRoomAgainForEachMessageThatIsClaimedOfWhomever() {
        append(some, 5);
        append(other, 5);
        assertFalse(admits(ofSome));
        claim(other, 1);
        assertTrue(admits(ofSome));
        append(some, 1);
        assertFalse(admits(ofSome));
        assertFalse(admits(ofOther));
        claim(some, 6);
        claim(other, 5);
        append(some, 9);
        assertTrue(admits(ofOther));
        append(other, 1);
        assertFalse(admits(ofOther));
    }

    @Test
    void shouldCountWhatWaitedBeforeItsWriterCame() {
        append(some, 5);
        append(other, 4);
        try (TestWriter third = new TestWriter(bus, "f3-third-0");
                Capacity ofThird =
                        new Capacity(
                                bus, third.lane(CHANNEL).lane(), bus.settings().channel(CHANNEL))) {
            assertTrue(admits(ofThird));
            append(third, 1);
            assertFalse(admits(ofThird));
            assertFalse(admits(ofSome));
        }
    }

    @Test
    void shouldForgetALaneThatIsDeleted() {
        append(some, 4);
        append(other, 6);
        assertFalse(admits(ofSome));
        bus.lane(CHANNEL, other.id()).orElseThrow().hide();
        bus.raiseLaneVersion();
        assertTrue(admits(ofSome));
        append(some, 5);
        assertTrue(admits(ofSome));
        append(some, 1);
        assertFalse(admits(ofSome));
    }

    private boolean admits(Capacity capacity) {
        nowNs += LOOK_NS;
        return capacity.admits(LENGTH, nowNs);
    }

    private void append(TestWriter writer, int count) {
        for (int i = 0; i < count; i++) {
            writer.append(CHANNEL, nowNs);
        }
    }

    /** Claims the first so many of a writer's messages, unless they are claimed already. */
    private void claim(TestWriter writer, int count) {
        try (LanePoller poller = bus.lane(CHANNEL, writer.id()).orElseThrow().poller()) {
            for (int i = 0; i < count; i++) {
                assertTrue(poller.peek());
                final UnsafeBuffer record = poller.record();
                ClaimWord.tryClaim(record, 7);
                assertEquals(ClaimWord.CLAIMED, ClaimWord.state(ClaimWord.read(record)));
                poller.advance();
            }
        }
    }
}
