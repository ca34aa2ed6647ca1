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
import java.util.stream.Stream;
import net.openhft.chronicle.core.io.BackgroundResourceReleaser;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Files of a lane that are deleted behind its readers, and beside them. */
class DeletedFilesTest {

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
    void shouldDateAFileInBusTimeWhenItIsGivenUp() throws Exception {
        lane.append(100_000);
        // Pages were got when the file was made; nothing written since has changed its time.
        Files.setLastModifiedTime(lane.files().get(0), FileTime.fromMillis(1_000));
        lane.nowNs += 3_600_000_000_000L;
        lane.append(1);
        // No page agent has ended the first one, so the next roll does.
        lane.nowNs += 3_600_000_000_000L;
        lane.append(1);
        lane.read(3);
        final long endedMs = lane.nowNs / 1_000_000L;
        assertEquals(0, lane.near.lane().deleteFiles(lane.near, Long.MAX_VALUE, endedMs));
        assertEquals(2, lane.near.lane().deleteFiles(lane.near, Long.MAX_VALUE, endedMs + 1));
    }

    @Test
    void shouldKnowThatThereIsNothingToDeleteUntilItsReaderHasGoneOnToAnotherFile()
            throws IOException {
        lane.append(100_000);
        lane.read(1);
        assertTrue(lane.near.lane().hasFilesBefore(lane.near.cycle()), "it has not looked");
        assertEquals(0, lane.delete());
        assertFalse(lane.near.lane().hasFilesBefore(lane.near.cycle()));
        lane.nowNs += 3_600_000_000_000L;
        lane.append(1);
        lane.read(1);
        // Kept for a while: it is to look again.
        assertEquals(0, lane.near.lane().deleteFiles(lane.near, Long.MAX_VALUE, 0));
        assertTrue(lane.near.lane().hasFilesBefore(lane.near.cycle()));
        assertEquals(1, lane.delete());
        assertEquals(0, lane.delete());
        assertFalse(lane.near.lane().hasFilesBefore(lane.near.cycle()));
    }

    @Test
    void shouldKeepFilesFromTheFirstRecordThatIsReferredToOn() throws IOException {
        final List<Long> indexes = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            indexes.add(lane.append(50_000));
        }
        lane.read(40);
        assertTrue(lane.near.lane().deleteFiles(lane.near, indexes.get(20), Long.MAX_VALUE) > 0);
        assertTrue(lane.near.moveTo(indexes.get(20)) && lane.near.peek());
        assertEquals(21, lane.near.sequence());
        while (lane.near.peek()) {
            lane.near.advance();
        }
        assertTrue(lane.delete() > 0);
        assertEquals(1, lane.files().size());
        assertFalse(lane.near.moveTo(indexes.get(20)));
    }

    @Test
    void shouldLetAReaderThatLagsGoOnBehindWhatIsDeleted() throws IOException {
        for (int i = 0; i < 40; i++) {
            lane.append(50_000);
        }
        assertTrue(lane.far.peek());
        try (LanePoller other = lane.near.lane().poller()) {
            while (other.sequence() < 31 && other.peek()) {
                if (other.sequence() < 30) {
                    other.advance();
                } else {
                    break;
                }
            }
            assertTrue(lane.near.lane().deleteFiles(other, Long.MAX_VALUE, Long.MAX_VALUE) > 1);
            // What it has at its head stays mapped; then it finds all that is left.
            assertEquals(1, lane.far.sequence());
            assertEquals(50_000, DeliveryHeader.messageLength(lane.far.record(), 0));
            lane.far.advance();
            assertTrue(lane.far.peek());
            assertTrue(
                    lane.far.sequence() > 10 && lane.far.sequence() <= 30,
                    "" + lane.far.sequence());
            long sequence = lane.far.sequence();
            for (; lane.far.peek(); lane.far.advance()) {
                assertEquals(sequence++, lane.far.sequence());
            }
            assertEquals(41, sequence);
        }
    }

    @Test
    void shouldNotTakeWhatIsLeftForARecordThatIsDeletedAndThatAnotherReaderStillHas()
            throws IOException {
        final long first = lane.append(50_000);
        for (int i = 1; i < 40; i++) {
            lane.append(50_000);
        }
        final Path firstFile = lane.files().get(0);
        assertTrue(lane.far.peek());
        for (int i = 0; i < 40; i++) {
            assertTrue(lane.near.peek());
            lane.near.advance();
        }
        assertTrue(lane.delete() > 2);
        // As a reader does that the janitor has overtaken.
        Files.createFile(firstFile);
        lane.far.lane().queue().refreshDirectoryListing();
        final LaneMark mark = new LaneMark();
        mark.lastEnded(first);
        try (LanePoller late = lane.far.lane().poller()) {
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
            lane.append(50_000);
        }
        final Path first = lane.files().get(0);
        final LaneMark mark = new LaneMark();
        mark.lastEnded(lane.near.peek() ? lane.near.index() : -1);
        try (LanePoller other = lane.near.lane().poller()) {
            assertTrue(other.peek());
            lane.read(40);
            assertTrue(lane.delete() > 2);
            // Chronicle looks whether a file is there, and then opens it so that it is.
            Files.createFile(first);
            lane.far.lane().queue().refreshDirectoryListing();
            other.letGo();
            lane.append(1);
            assertTrue(other.peek());
            assertTrue(other.sequence() > 30, "" + other.sequence());
            try (LanePoller late = lane.far.lane().poller().skipEnded(mark)) {
                assertTrue(late.peek());
                assertEquals(other.sequence(), late.sequence());
                late.rewind(new LaneMark());
                assertTrue(late.peek());
                assertEquals(other.sequence(), late.sequence());
            }
        }
        lane.read(1);
        // It goes with the next that are given up, and nobody is sent back to it.
        assertEquals(1, lane.delete());
        assertFalse(Files.exists(first));
        lane.append(1);
        lane.read(1);
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "asks /proc what is mapped")
    void shouldKeepNoMemoryOfADeletedFile() throws Exception {
        try (LanePoller idle = lane.near.lane().poller();
                LanePoller busy =
                        lane.readers.lane("http.request", "f1-x-0").orElseThrow().poller()) {
            for (int i = 0; i < 40; i++) {
                lane.append(50_000);
                lane.writersPages.doWork();
                lane.readersPages.doWork();
            }
            lane.read(40);
            assertTrue(idle.peek());
            assertTrue(busy.peek());
            assertTrue(lane.delete() > 1);
            lane.writersPages.doWork();
            lane.readersPages.doWork();
            assertTrue(mappedAndDeleted() > 0, "the idle readers' file");
            idle.letGo();
            busy.letGo();
            BackgroundResourceReleaser.releasePendingResources();
            assertEquals(0, mappedAndDeleted());
        }
    }

    private long mappedAndDeleted() throws IOException {
        try (Stream<String> maps = Files.lines(Path.of("/proc/self/maps"))) {
            return maps.filter(line -> line.contains(directory.toString()))
                    .filter(line -> line.endsWith("cq4 (deleted)"))
                    .count();
        }
    }
}
