// SPDX-License-Identifier: Apache-2.0
package io.headrace.janitor;

import static io.headrace.janitor.SimulatedHost.MS;
import static io.headrace.janitor.SimulatedHost.SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.LaneAppender;
import io.headrace.channel.LanePoller;
import io.headrace.channel.page.Allowance;
import io.headrace.delivery.ClaimWord;
import io.headrace.janitor.SimulatedHost.Housekeeper;
import io.headrace.member.Member;
import io.headrace.testing.TestMembers;
import io.headrace.testing.TestWriter;
import java.nio.file.Path;
import org.agrona.concurrent.Agent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A bus that may use 4 MiB: what has ended goes when they are used, long before its retention. */
class MemoryTest {

    private static final String REQUESTS = "http.request";
    private static final int LENGTH = 50_000;

    @TempDir Path directory;
    private SimulatedHost host;
    private Housekeeper other;
    private Member frontEnd;
    private TestWriter writer;
    private Agent pages;

    @BeforeEach
    void open() {
        System.setProperty(Allowance.PROPERTY, "4m");
        System.setProperty("headrace.roll.size", "512k");
        host = new SimulatedHost(directory, "FAST_HOURLY", new Retention(600_000, 5 * SECOND));
        frontEnd = TestMembers.frontEnd(host.bus);
        writer = new TestWriter(host.bus, frontEnd.id() + "-0");
        other = host.housekeeper();
        pages = host.bus.pageAgent();
    }

    @AfterEach
    void close() {
        System.clearProperty(Allowance.PROPERTY);
        System.clearProperty("headrace.roll.size");
        writer.close();
        host.kill(frontEnd);
        host.close();
    }

    @Test
    void shouldKeepThePastForItsRetentionWhileThereIsMemory() throws Exception {
        append(40);
        end(40);
        run(10 * SECOND);
        assertFalse(host.bus.isMemoryTight());
        run(575 * SECOND);
        assertEquals(40, recordCount());
        run(30 * SECOND);
        assertTrue(recordCount() < 20, "" + recordCount());
    }

    @Test
    void shouldGiveUpThePastWithinASecondWhenMemoryIsHigh() throws Exception {
        append(100);
        run(100 * MS);
        assertTrue(host.bus.isMemoryHigh());
        assertEquals(100, recordCount(), "nothing has ended");
        end(100);
        run(SECOND);
        assertFalse(host.bus.isMemoryHigh());
        assertFalse(host.bus.isMemoryTight());
        assertTrue(recordCount() < 20, "" + recordCount());
        assertEquals(100, host.mark(REQUESTS, writer.id()).endedCount());
        append(10);
        end(10);
        run(100 * MS);
        assertEquals(110, host.mark(REQUESTS, writer.id()).endedCount());
    }

    @Test
    void shouldKeepWhatHasNotEnded() throws Exception {
        append(100);
        end(50);
        run(5 * SECOND);
        assertTrue(recordCount() >= 50 && recordCount() < 65, "" + recordCount());
        assertEquals(50, host.mark(REQUESTS, writer.id()).endedCount());
        end(50);
        run(SECOND);
        assertEquals(100, host.mark(REQUESTS, writer.id()).endedCount());
    }

    @Test
    void shouldGiveUpAFileThatIsStillWritten() throws Exception {
        // Lanes of which none has got as far as a second file.
        for (int lane = 0; lane < 9; lane++) {
            for (int i = 0; i < 8; i++) {
                append(REQUESTS + "." + lane, LENGTH);
            }
        }
        run(100 * MS);
        assertTrue(host.bus.isMemoryTight());
        for (int lane = 0; lane < 9; lane++) {
            host.finishAll(REQUESTS + "." + lane, writer.id(), 77);
        }
        for (int i = 0; i < 10; i++) {
            // What its writer's duty cycle does.
            writer.rollLargeFiles(host.nowNs);
            run(100 * MS);
        }
        assertFalse(host.bus.isMemoryTight());
        // Too small to be worth it.
        append(100);
        end(100);
    }

    @Test
    void shouldLookAtMemoryWhoeverStandsStill() throws Exception {
        run(100 * MS);
        append(100);
        // Neither the elected janitor nor the one that keeps the lane.
        for (int i = 0; i < 2; i++) {
            final Housekeeper third = host.housekeeper();
            assertFalse(i == 0 && host.bus.isMemoryHigh());
            host.run(third, 100 * MS);
            assertTrue(host.bus.isMemoryHigh());
        }
    }

    private void run(long durationNs) throws Exception {
        pages.doWork();
        host.run(other, durationNs, frontEnd);
    }

    private void append(int count) {
        for (int i = 0; i < count; i++) {
            append(REQUESTS, LENGTH);
        }
    }

    private void append(String channel, int length) {
        final LaneAppender lane = writer.lane(channel);
        assertEquals(LaneAppender.OK, lane.claim(length, host.nowNs));
        lane.buffer().setMemory(lane.offset(), length, (byte) 0);
        lane.commit(1, 0, 0, host.nowNs, host.nowNs);
    }

    /** Ends as many free messages, the oldest first. */
    private void end(int count) {
        int ended = 0;
        try (LanePoller poller = host.lane(REQUESTS, writer.id()).poller()) {
            for (; ended < count && poller.peek(); poller.advance()) {
                if (ClaimWord.tryClaim(poller.record(), 77)) {
                    assertTrue(ClaimWord.finish(poller.record(), 77, ClaimWord.DONE));
                    ended++;
                }
            }
        }
        assertEquals(count, ended);
    }

    private int recordCount() {
        int count = 0;
        try (LanePoller poller = host.lane(REQUESTS, writer.id()).poller()) {
            for (; poller.peek(); poller.advance()) {
                count++;
            }
        }
        return count;
    }
}
