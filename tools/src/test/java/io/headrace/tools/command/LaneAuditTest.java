// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.delivery.ClaimWord;
import io.headrace.message.DeliveryHeader;
import io.headrace.tools.system.WrittenBus;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An audit beside a janitor that marks and deletes what the audit is about to read. */
class LaneAuditTest {

    private static final int CONSUMER = 1;

    @TempDir Path temporary;
    private WrittenBus bus;
    private Lane lane;

    /** Two requests in a file that is over, and one in the next. */
    @BeforeEach
    void write() {
        bus = new WrittenBus(temporary.resolve("bus"));
        bus.request(1, "/one");
        bus.request(2, "/two");
        bus.roll();
        bus.request(3, "/three");
        lane = bus.lane("http.request");
    }

    @AfterEach
    void close() {
        bus.close();
    }

    /** The first so many messages end, and the janitor says so. */
    private void end(int count) {
        final LaneMark mark = new LaneMark();
        try (LanePoller poller = lane.poller()) {
            for (int i = 0; i < count; i++) {
                assertTrue(poller.peek());
                assertTrue(ClaimWord.tryClaim(poller.record(), CONSUMER));
                DeliveryHeader.doneNs(poller.record(), 0, 1);
                assertTrue(ClaimWord.finish(poller.record(), CONSUMER, ClaimWord.DONE));
                mark.lastEnded(poller.index());
                poller.advance();
            }
        }
        mark.ended(0, count);
        lane.writeMark(mark);
    }

    @Test
    void shouldExplainMessagesThatAreMarkedAndDeletedBeforeItReadsThem() {
        final LaneAudit audit = new LaneAudit(lane);
        end(2);
        bus.deleteFiles("http.request");

        audit.read();
        assertEquals(List.of(), audit.unexplained());
        assertEquals(1, audit.messages(ClaimWord.FREE));
        assertEquals(0, audit.messages(ClaimWord.DONE));
    }

    @Test
    void shouldExplainMessagesThatAreMarkedBeforeItReadsThem() {
        final LaneAudit audit = new LaneAudit(lane);
        end(2);

        audit.read();
        assertEquals(List.of(), audit.unexplained());
        assertEquals(1, audit.messages(ClaimWord.FREE));
        assertEquals(2, audit.messages(ClaimWord.DONE));
    }

    @Test
    void shouldNotExplainMessagesThatAreDeletedAndNotMarked() {
        final LaneAudit audit = new LaneAudit(lane);
        end(1);
        bus.deleteFiles("http.request");

        audit.read();
        assertEquals(
                List.of("lane http.request/f1-test-0: 3 messages appended, 2 accounted for"),
                audit.unexplained());
    }
}
