// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.headrace.channel.Bus;
import io.headrace.channel.LanePoller;
import io.headrace.testing.CycleFileAway;
import io.headrace.testing.TestWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.agrona.CloseHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Connections that wait for a message of theirs, and who has to read lanes again for them. */
class ShardsTest {

    private static final String CHANNEL = "websocket.receive";
    private static final long CONNECTION = 5;

    @TempDir Path directory;
    private Bus bus;
    private TestWriter writer;
    private LiveMembers liveMembers;
    private Shards shards;
    private LanePoller poller;
    private long held;
    private final List<Long> delivered = new ArrayList<>();
    private boolean holds;
    private boolean takes = true;

    @BeforeEach
    void hold() {
        bus = Bus.openOrCreate(directory.resolve("bus"));
        writer = new TestWriter(bus, "f1-x-0");
        liveMembers = new LiveMembers(bus, Long.MAX_VALUE, problem -> fail(problem));
        shards = new Shards(bus, liveMembers, 7, Long.MAX_VALUE);
        writer.append(CHANNEL, 1);
        poller = bus.lane(CHANNEL, writer.id()).orElseThrow().poller();
        assertTrue(poller.peek());
        shards.join(CHANNEL);
        shards.hold(poller, CONNECTION);
        held = poller.index();
    }

    @AfterEach
    void close() {
        CloseHelper.closeAll(poller, shards, writer);
        liveMembers.onClose();
        bus.close();
    }

    private boolean unhold(long index) {
        return shards.unhold(CHANNEL, writer.id(), index, CONNECTION, this::deliver, 1);
    }

    private boolean deliver(LanePoller head, long nowNs) {
        delivered.add(head.index());
        if (holds) {
            shards.hold(head, CONNECTION);
        }
        return takes;
    }

    /** Appends another message, and lets the poller pass it. */
    private long pass(boolean isFree) {
        writer.append(CHANNEL, 1);
        poller.advance();
        assertTrue(poller.peek());
        assertTrue(shards.passHeld(poller, CONNECTION, isFree));
        return poller.index();
    }

    @Test
    void shouldDeliverNothingWhenNothingWasPassed() {
        assertFalse(unhold(held));
        assertFalse(shards.passHeld(poller, CONNECTION, true));
        assertEquals(List.of(), delivered);
    }

    @Test
    void shouldDeliverNothingForAMessageThatSomebodyHasOrOfAnotherConnection() {
        pass(false);
        assertFalse(shards.passHeld(poller, CONNECTION + 1, true));
        assertFalse(unhold(held));
        assertEquals(List.of(), delivered);
    }

    @Test
    void shouldDeliverWhatWasPassedInOrder() {
        final List<Long> passed = List.of(pass(true), pass(true), pass(true));
        assertFalse(unhold(held));
        assertEquals(passed, delivered);
        assertFalse(unhold(held));
        assertEquals(passed, delivered);
        assertFalse(shards.isHolding());
    }

    @Test
    void shouldDeliverOneAfterTheOtherWhenEachIsHeld() {
        holds = true;
        final List<Long> passed = new ArrayList<>(List.of(pass(true), pass(true)));
        assertFalse(unhold(held));
        assertEquals(passed.subList(0, 1), delivered);
        assertFalse(unhold(held));
        assertEquals(passed.subList(0, 1), delivered);
        passed.add(pass(true));
        for (int i = 1; i < 3; i++) {
            assertFalse(unhold(passed.get(i - 1)));
            assertEquals(passed.subList(0, i + 1), delivered);
        }
        assertTrue(shards.isHolding());
        assertFalse(unhold(passed.get(2)));
        assertFalse(shards.isHolding());
        assertEquals(passed, delivered);
    }

    @Test
    void shouldHaveLanesReadAgainWhenItIsNotTaken() {
        takes = false;
        pass(true);
        pass(true);
        assertTrue(unhold(held));
        assertEquals(1, delivered.size());
        assertFalse(shards.isHolding());
    }

    @Test
    void shouldHaveLanesReadAgainWhenOneWasPassedTwice() {
        pass(true);
        assertTrue(shards.passHeld(poller, CONNECTION, true));
        assertTrue(unhold(held));
        assertEquals(List.of(), delivered);
    }

    @Test
    void shouldHaveLanesReadAgainWhenOneWasPassedTwiceAlsoWhileTheNextIsHeld() {
        holds = true;
        final long first = pass(true);
        pass(true);
        assertFalse(unhold(held));
        assertTrue(shards.passHeld(poller, CONNECTION, true));
        assertTrue(unhold(first));
        assertEquals(List.of(first), delivered);
    }

    @Test
    void shouldHaveLanesReadAgainWhenThoseOfSeveralLanesWerePassed() {
        pass(true);
        for (int i = 0; i < 3; i++) {
            writer.append("websocket.disconnect", 1);
        }
        try (LanePoller other =
                bus.lane("websocket.disconnect", writer.id()).orElseThrow().poller()) {
            shards.join("websocket.disconnect");
            for (int i = 0; i < 2; i++) {
                assertTrue(other.peek());
                other.advance();
            }
            assertTrue(other.peek());
            assertTrue(shards.passHeld(other, CONNECTION, true));
        }
        assertTrue(unhold(held));
        assertEquals(List.of(), delivered);
    }

    @Test
    void shouldWaitForTheMessageThatIsHeldAndNoOther() {
        for (final String channel : List.of(CHANNEL, "websocket.connect", "http.request")) {
            final long index = channel.equals(CHANNEL) ? held + 1 : held;
            assertFalse(shards.unhold(channel, writer.id(), index, CONNECTION, this::deliver, 1));
        }
        assertFalse(shards.unhold(CHANNEL, "f2-x-0", held, CONNECTION, this::deliver, 1));
        assertTrue(shards.isHolding());
        final long passed = pass(true);
        assertFalse(unhold(held));
        assertEquals(List.of(passed), delivered);
    }

    @Test
    void shouldWaitForAMessageWhoseFileCannotBeOpenedNow() throws IOException {
        writer.append(CHANNEL, bus.clock().nanoTime() + 7_200_000_000_000L);
        poller.advance();
        assertTrue(poller.peek());
        assertTrue(ClaimWord.tryClaim(poller.record(), 9));
        // As another process, which has not opened it yet.
        try (Bus readers = Bus.open(directory.resolve("bus"));
                Shards others = new Shards(readers, liveMembers, 8, Long.MAX_VALUE)) {
            others.join(CHANNEL);
            others.hold(poller, CONNECTION);
            try (CycleFileAway away = CycleFileAway.ofLast(poller.lane())) {
                assertFalse(others.doWork(1_000_000_000L));
                assertTrue(others.isHolding());
            }
            assertFalse(others.doWork(2_000_000_000L));
            assertTrue(ClaimWord.finish(poller.record(), 9, ClaimWord.DONE));
            assertTrue(others.doWork(3_000_000_000L));
            assertFalse(others.isHolding());
        }
    }
}
