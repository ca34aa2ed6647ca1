// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.message.DeliveryHeader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.openhft.chronicle.core.io.BackgroundResourceReleaser;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Lanes that go on into a new file by length, with page agents that prepare it and without. */
class LaneFilesTest {

    private static final int ROLL_SIZE = 512 << 10;

    @TempDir Path directory;
    private Bus writers;
    private Bus readers;
    private WriterSequence sequence;
    private LaneAppender appender;
    private LanePoller near;
    private LanePoller far;
    private Agent writersPages;
    private Agent readersPages;
    private long nowNs;
    private long appendedCount;

    @BeforeEach
    void openLane() {
        System.setProperty(BusSettings.BLOCK_SIZE_PROPERTY, "1m");
        System.setProperty(BusSettings.ROLL_SIZE_PROPERTY, "512k");
        writers = Bus.openOrCreate(directory.resolve("bus"));
        readers = Bus.open(directory.resolve("bus"));
        sequence = new WriterSequence();
        appender = writers.newLane("http.request", "f1-x-0", sequence);
        near = writers.lane("http.request", "f1-x-0").orElseThrow().poller();
        final Lane lane = readers.lane("http.request", "f1-x-0").orElseThrow();
        lane.readAhead();
        far = lane.poller();
        writersPages = writers.pageAgent();
        readersPages = readers.pageAgent();
        nowNs = writers.clock().nanoTime();
    }

    @AfterEach
    void close() {
        System.clearProperty(BusSettings.BLOCK_SIZE_PROPERTY);
        System.clearProperty(BusSettings.ROLL_SIZE_PROPERTY);
        CloseHelper.closeAll(near, far, appender, writers, readers);
    }

    @Test
    void shouldGoOnInANewFileWhenOneIsLongEnough() throws IOException {
        long last = -1;
        for (int i = 0; i < 100; i++) {
            final long index = append(50_000);
            assertTrue(index > last, i + ": " + index + " after " + last);
            last = index;
        }
        // As many as fit into one, and none that does not.
        assertEquals(100 / (ROLL_SIZE / 50_064), files().size(), files().toString());
        read(100);
    }

    @Test
    void shouldTakeRecordsThatAreAsLargeAsTheyMayBe() throws IOException {
        final int largest = appender.messageLengthMax();
        for (int i = 0; i < 7; i++) {
            append(largest);
            append(1);
        }
        assertEquals(LaneAppender.TOO_LONG, appender.claim(largest + 1, nowNs));
        read(14);
    }

    @Test
    void shouldReadOnWhateverIsPreparedAndWhenever() throws Exception {
        final long seed = System.nanoTime();
        System.out.println("LaneFilesTest seed " + seed);
        final Random random = new Random(seed);
        final int firstCycle = near.cycle();
        int unread = 0;
        for (int i = 0; i < 2_000; i++) {
            final int length = 1 + random.nextInt(random.nextInt(20) == 0 ? 200_000 : 5_000);
            append(length);
            unread++;
            nowNs += random.nextInt(200) == 0 ? 300_000_000_000L : 1_000;
            if (random.nextInt(8) == 0) {
                writersPages.doWork();
            }
            if (random.nextInt(8) == 0) {
                readersPages.doWork();
            }
            if (random.nextInt(16) == 0) {
                read(unread);
                unread = 0;
            }
            if (random.nextInt(100) == 0) {
                sequence.rollLargeFiles(nowNs);
                delete();
            }
        }
        read(unread);
        assertTrue(near.cycle() > firstCycle + 10);
    }

    @Test
    void shouldPrepareTheNextFileAndLetNobodyInBeforeTheOldOneIsFull() throws Exception {
        while (files().size() == 1) {
            append(10_000);
            writersPages.doWork();
            readersPages.doWork();
            assertTrue(appendedCount < ROLL_SIZE / 10_000, "nothing was prepared");
        }
        read((int) appendedCount);
        final int oldCycle = far.cycle();
        for (int i = 0; i < 3; i++) {
            assertFalse(near.peek());
            assertFalse(far.peek());
        }
        append(1);
        read(1);
        assertEquals(oldCycle, far.cycle());
        while (far.cycle() == oldCycle) {
            append(10_000);
            read(1);
        }
        assertEquals(oldCycle + 1, far.cycle());
        assertEquals(2, files().size());
    }

    @Test
    void shouldNotGiveUpAnEmptyFile() throws IOException {
        nowNs += 3_600_000_000_000L;
        assertEquals(LaneAppender.OK, appender.claim(16, nowNs));
        appender.abortIfClaimed();
        sequence.rollLargeFiles(nowNs);
        append(1);
        sequence.rollLargeFiles(nowNs);
        assertEquals(1, files().size());
        read(1);
    }

    @Test
    void shouldGiveUpALargeFileWithoutAMessageAndNoReaderShouldNotice() throws IOException {
        for (int i = 0; i < 30; i++) {
            append(10_000);
        }
        sequence.rollLargeFiles(nowNs);
        sequence.rollLargeFiles(nowNs);
        assertEquals(2, files().size());
        read(30);
        append(1);
        read(1);
        assertEquals(2, files().size());
    }

    @Test
    void shouldDateAFileInBusTimeWhenItIsGivenUp() throws Exception {
        append(100_000);
        // Pages were got when the file was made; nothing written since has changed its time.
        Files.setLastModifiedTime(files().get(0), FileTime.fromMillis(1_000));
        nowNs += 3_600_000_000_000L;
        append(1);
        // No page agent has ended the first one, so the next roll does.
        nowNs += 3_600_000_000_000L;
        append(1);
        read(3);
        final long endedMs = nowNs / 1_000_000L;
        assertEquals(0, near.lane().deleteFiles(near, Long.MAX_VALUE, endedMs));
        assertEquals(2, near.lane().deleteFiles(near, Long.MAX_VALUE, endedMs + 1));
    }

    @Test
    void shouldKnowThatThereIsNothingToDeleteUntilItsReaderHasGoneOnToAnotherFile()
            throws IOException {
        append(100_000);
        read(1);
        assertTrue(near.lane().hasFilesBefore(near.cycle()), "it has not looked");
        assertEquals(0, delete());
        assertFalse(near.lane().hasFilesBefore(near.cycle()));
        nowNs += 3_600_000_000_000L;
        append(1);
        read(1);
        // Kept for a while: it is to look again.
        assertEquals(0, near.lane().deleteFiles(near, Long.MAX_VALUE, 0));
        assertTrue(near.lane().hasFilesBefore(near.cycle()));
        assertEquals(1, delete());
        assertEquals(0, delete());
        assertFalse(near.lane().hasFilesBefore(near.cycle()));
    }

    @Test
    void shouldKeepFilesFromTheFirstRecordThatIsReferredToOn() throws IOException {
        final List<Long> indexes = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            indexes.add(append(50_000));
        }
        read(40);
        assertTrue(near.lane().deleteFiles(near, indexes.get(20), Long.MAX_VALUE) > 0);
        assertTrue(near.moveTo(indexes.get(20)) && near.peek());
        assertEquals(21, near.sequence());
        while (near.peek()) {
            near.advance();
        }
        assertTrue(delete() > 0);
        assertEquals(1, files().size());
        assertFalse(near.moveTo(indexes.get(20)));
    }

    @Test
    void shouldLetAReaderThatLagsGoOnBehindWhatIsDeleted() throws IOException {
        for (int i = 0; i < 40; i++) {
            append(50_000);
        }
        assertTrue(far.peek());
        try (LanePoller other = near.lane().poller()) {
            while (other.sequence() < 31 && other.peek()) {
                if (other.sequence() < 30) {
                    other.advance();
                } else {
                    break;
                }
            }
            assertTrue(near.lane().deleteFiles(other, Long.MAX_VALUE, Long.MAX_VALUE) > 1);
            // What it has at its head stays mapped; then it finds all that is left.
            assertEquals(1, far.sequence());
            assertEquals(50_000, DeliveryHeader.messageLength(far.record(), 0));
            far.advance();
            assertTrue(far.peek());
            assertTrue(far.sequence() > 10 && far.sequence() <= 30, "" + far.sequence());
            long sequence = far.sequence();
            for (; far.peek(); far.advance()) {
                assertEquals(sequence++, far.sequence());
            }
            assertEquals(41, sequence);
        }
    }

    @Test
    void shouldNotTakeWhatIsLeftForARecordThatIsDeletedAndThatAnotherReaderStillHas()
            throws IOException {
        final long first = append(50_000);
        for (int i = 1; i < 40; i++) {
            append(50_000);
        }
        final Path firstFile = files().get(0);
        assertTrue(far.peek());
        for (int i = 0; i < 40; i++) {
            assertTrue(near.peek());
            near.advance();
        }
        assertTrue(delete() > 2);
        // As a reader does that the janitor has overtaken.
        Files.createFile(firstFile);
        far.lane().queue().refreshDirectoryListing();
        final LaneMark mark = new LaneMark();
        mark.lastEnded(first);
        try (LanePoller late = far.lane().poller()) {
            assertFalse(late.moveTo(first));
            assertTrue(late.peek());
            final long firstLeft = late.sequence();
            assertTrue(firstLeft > 30, "" + firstLeft);
            late.skipEnded(mark);
            assertTrue(late.peek());
            assertEquals(firstLeft, late.sequence());
        }
    }

    @Test
    void shouldGoOnBehindADeletedFileThatAReaderHasMadeAnew() throws IOException {
        for (int i = 0; i < 40; i++) {
            append(50_000);
        }
        final Path first = files().get(0);
        final LaneMark mark = new LaneMark();
        mark.lastEnded(near.peek() ? near.index() : -1);
        try (LanePoller other = near.lane().poller()) {
            assertTrue(other.peek());
            read(40);
            assertTrue(delete() > 2);
            // Chronicle looks whether a file is there, and then opens it so that it is.
            Files.createFile(first);
            far.lane().queue().refreshDirectoryListing();
            other.letGo();
            append(1);
            assertTrue(other.peek());
            assertTrue(other.sequence() > 30, "" + other.sequence());
            try (LanePoller late = far.lane().poller().skipEnded(mark)) {
                assertTrue(late.peek());
                assertEquals(other.sequence(), late.sequence());
                late.rewind(new LaneMark());
                assertTrue(late.peek());
                assertEquals(other.sequence(), late.sequence());
            }
        }
        read(1);
        // It goes with the next that are given up, and nobody is sent back to it.
        assertEquals(1, delete());
        assertFalse(Files.exists(first));
        append(1);
        read(1);
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "asks /proc what is mapped")
    void shouldKeepNoMemoryOfADeletedFile() throws Exception {
        try (LanePoller idle = near.lane().poller();
                LanePoller busy = readers.lane("http.request", "f1-x-0").orElseThrow().poller()) {
            for (int i = 0; i < 40; i++) {
                append(50_000);
                writersPages.doWork();
                readersPages.doWork();
            }
            read(40);
            assertTrue(idle.peek());
            assertTrue(busy.peek());
            assertTrue(delete() > 1);
            writersPages.doWork();
            readersPages.doWork();
            assertTrue(mappedAndDeleted() > 0, "the idle readers' file");
            idle.letGo();
            busy.letGo();
            BackgroundResourceReleaser.releasePendingResources();
            assertEquals(0, mappedAndDeleted());
        }
    }

    @Test
    void shouldHaveLittleForAnIdleLaneAndMoreForABusyOne() throws Exception {
        writersPages.doWork();
        final LaneTable.Entry entry = appender.lane().entry();
        assertTrue(pages(entry) <= LaneFiles.NEW_LENGTH / 4_096, "" + pages(entry));
        append(1);
        for (int i = 0; i < 50; i++) {
            writersPages.doWork();
        }
        assertTrue(pages(entry) <= 2 * LaneFiles.NEW_LENGTH / 4_096, "" + pages(entry));
        append(100_000);
        append(1);
        writersPages.doWork();
        assertTrue(pages(entry) >= 400_000 / 4_096, "" + pages(entry));
        assertTrue(pages(entry) <= (ROLL_SIZE + LaneFiles.RESERVE) / 4_096, "" + pages(entry));
    }

    private static long pages(LaneTable.Entry entry) {
        return entry.populated() & 0xFFFF_FFFFL;
    }

    private long mappedAndDeleted() throws IOException {
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            return maps.filter(line -> line.contains(directory.toString()))
                    .filter(line -> line.endsWith("cq4 (deleted)"))
                    .count();
        }
    }

    private int delete() {
        return near.lane().deleteFiles(near, Long.MAX_VALUE, Long.MAX_VALUE);
    }

    private long append(int length) {
        appendedCount++;
        assertEquals(LaneAppender.OK, appender.claim(length, nowNs));
        appender.buffer().setMemory(appender.offset(), length, (byte) appendedCount);
        return appender.commit(appendedCount, length, 0, nowNs, nowNs);
    }

    /** Both readers find exactly this many more, and all in order. */
    private void read(int count) {
        for (final LanePoller poller : List.of(near, far)) {
            for (int i = count; i > 0; i--) {
                assertTrue(poller.peek(), "record " + (appendedCount - i + 1));
                assertEquals(appendedCount - i + 1, poller.sequence());
                final int length = DeliveryHeader.order(poller.record(), 0);
                assertEquals(length, DeliveryHeader.messageLength(poller.record(), 0));
                for (int at = 0; at < length; at += 512) {
                    assertEquals(
                            (byte) poller.sequence(),
                            poller.record().getByte(DeliveryHeader.LENGTH + at));
                }
                poller.advance();
            }
            assertFalse(poller.peek());
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(appender.lane().path())) {
            return files.filter(file -> file.toString().endsWith(".cq4")).sorted().toList();
        }
    }
}
