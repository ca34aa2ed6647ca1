// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lanes that go on into a new file by length, with page agents that prepare it and without. */
class LaneFilesTest {

    private static final int ROLL_SIZE = 512 << 10;

    @TempDir Path directory;
    private WrittenLane lane;

    @BeforeEach
    void openLane() {
        lane = new WrittenLane(directory, "1m", "512k");
    }

    @AfterEach
    void close() {
        lane.close();
    }

    @Test
    void shouldGoOnInANewFileWhenOneIsLongEnough() throws IOException {
        long last = -1;
        for (int i = 0; i < 100; i++) {
            final long index = lane.append(50_000);
            assertTrue(index > last, i + ": " + index + " after " + last);
            last = index;
        }
        // As many as fit into one, and none that does not.
        assertEquals(100 / (ROLL_SIZE / 50_064), lane.files().size(), lane.files().toString());
        lane.read(100);
    }

    @Test
    void shouldTakeRecordsThatAreAsLargeAsTheyMayBe() throws IOException {
        final int largest = lane.appender.messageLengthMax();
        for (int i = 0; i < 7; i++) {
            lane.append(largest);
            lane.append(1);
        }
        assertEquals(LaneAppender.TOO_LONG, lane.appender.claim(largest + 1, lane.nowNs));
        lane.read(14);
    }

    @Test
    void shouldReadOnWhateverIsPreparedAndWhenever() throws Exception {
        final long seed = System.nanoTime();
        System.out.println("LaneFilesTest seed " + seed);
        final Random random = new Random(seed);
        final int firstCycle = lane.near.cycle();
        int unread = 0;
        for (int i = 0; i < 2_000; i++) {
            final int length = 1 + random.nextInt(random.nextInt(20) == 0 ? 200_000 : 5_000);
            lane.append(length);
            unread++;
            lane.nowNs += random.nextInt(200) == 0 ? 300_000_000_000L : 1_000;
            if (random.nextInt(8) == 0) {
                lane.writersPages.doWork();
            }
            if (random.nextInt(8) == 0) {
                lane.readersPages.doWork();
            }
            if (random.nextInt(16) == 0) {
                lane.read(unread);
                unread = 0;
            }
            if (random.nextInt(100) == 0) {
                lane.sequence.rollLargeFiles(lane.nowNs);
                lane.delete();
            }
        }
        lane.read(unread);
        assertTrue(lane.near.cycle() > firstCycle + 10);
    }

    @Test
    void shouldPrepareTheNextFileAndLetNobodyInBeforeTheOldOneIsFull() throws Exception {
        while (lane.files().size() == 1) {
            lane.append(10_000);
            lane.writersPages.doWork();
            lane.readersPages.doWork();
            assertTrue(lane.appendedCount < ROLL_SIZE / 10_000, "nothing was prepared");
        }
        lane.read((int) lane.appendedCount);
        final int oldCycle = lane.far.cycle();
        for (int i = 0; i < 3; i++) {
            assertFalse(lane.near.peek());
            assertFalse(lane.far.peek());
        }
        lane.append(1);
        lane.read(1);
        assertEquals(oldCycle, lane.far.cycle());
        while (lane.far.cycle() == oldCycle) {
            lane.append(10_000);
            lane.read(1);
        }
        assertEquals(oldCycle + 1, lane.far.cycle());
        assertEquals(2, lane.files().size());
    }

    @Test
    void shouldNotGiveUpAnEmptyFile() throws IOException {
        lane.nowNs += 3_600_000_000_000L;
        assertEquals(LaneAppender.OK, lane.appender.claim(16, lane.nowNs));
        lane.appender.abortIfClaimed();
        lane.sequence.rollLargeFiles(lane.nowNs);
        lane.append(1);
        lane.sequence.rollLargeFiles(lane.nowNs);
        assertEquals(1, lane.files().size());
        lane.read(1);
    }

    @Test
    void shouldGiveUpALargeFileWithoutAMessageAndNoReaderShouldNotice() throws IOException {
        for (int i = 0; i < 30; i++) {
            lane.append(10_000);
        }
        lane.sequence.rollLargeFiles(lane.nowNs);
        lane.sequence.rollLargeFiles(lane.nowNs);
        assertEquals(2, lane.files().size());
        lane.read(30);
        lane.append(1);
        lane.read(1);
        assertEquals(2, lane.files().size());
    }

    @Test
    void shouldHaveLittleForAnIdleLaneAndMoreForABusyOne() throws Exception {
        lane.writersPages.doWork();
        final LaneTable.Entry entry = lane.appender.lane().entry();
        assertTrue(pages(entry) <= LaneFiles.NEW_LENGTH / 4_096, "" + pages(entry));
        lane.append(1);
        for (int i = 0; i < 50; i++) {
            lane.writersPages.doWork();
        }
        assertTrue(pages(entry) <= 2 * LaneFiles.NEW_LENGTH / 4_096, "" + pages(entry));
        lane.append(100_000);
        lane.append(1);
        lane.writersPages.doWork();
        assertTrue(pages(entry) >= 400_000 / 4_096, "" + pages(entry));
        assertTrue(pages(entry) <= (ROLL_SIZE + LaneFiles.RESERVE) / 4_096, "" + pages(entry));
    }

    private static long pages(LaneTable.Entry entry) {
        return entry.populated() & 0xFFFF_FFFFL;
    }
}
