// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.headrace.channel.Bus;
import io.headrace.channel.LanePoller;
import io.headrace.testing.TestWriter;
import java.nio.file.Path;
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
    }

    @AfterEach
    void close() {
        CloseHelper.closeAll(poller, shards, writer);
        liveMembers.onClose();
        bus.close();
    }

    private boolean unhold() {
        return shards.unhold(CHANNEL, writer.id(), poller.index(), CONNECTION);
    }

    @Test
    void shouldHaveNothingReadAgainWhenNothingWasPassed() {
        assertFalse(unhold());
        assertFalse(shards.passHeld(CHANNEL, CONNECTION, true));
    }

    @Test
    void shouldHaveNothingReadAgainForTheMessageItselfOrForAnotherConnectionsMessage() {
        assertTrue(shards.passHeld(CHANNEL, CONNECTION, false));
        assertFalse(shards.passHeld(CHANNEL, CONNECTION + 1, true));
        assertFalse(unhold());
    }

    @Test
    void shouldHaveLanesReadAgainForAMessageThatWasPassed() {
        assertTrue(shards.passHeld(CHANNEL, CONNECTION, true));
        assertTrue(shards.passHeld(CHANNEL, CONNECTION, false));
        assertTrue(unhold());
        assertFalse(unhold());
    }

    @Test
    void shouldWaitForTheMessageThatIsHeldAndNoOther() {
        assertFalse(shards.unhold(CHANNEL, writer.id(), poller.index() + 1, CONNECTION));
        assertFalse(shards.unhold(CHANNEL, "f2-x-0", poller.index(), CONNECTION));
        assertFalse(shards.unhold("websocket.connect", writer.id(), poller.index(), CONNECTION));
        assertFalse(shards.unhold("http.request", writer.id(), poller.index(), CONNECTION));
        assertTrue(shards.passHeld(CHANNEL, CONNECTION, true));
        assertTrue(shards.isHolding());
        assertTrue(unhold());
        assertFalse(shards.isHolding());
    }
}
