// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.message.DeliveryHeader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lanes that go on into a new file, every second of a clock that the test winds. */
class LaneRollTest {

    private static final long SECOND_NS = 1_000_000_000L;

    @TempDir Path directory;
    private Bus writers;
    private Bus readers;
    private LaneAppender appender;
    private LanePoller near;
    private LanePoller far;
    private long nowNs;
    private long appendedCount;

    @BeforeEach
    void openLane() {
        System.setProperty(BusSettings.ROLL_CYCLE_PROPERTY, "TEST_SECONDLY");
        System.setProperty(BusSettings.BLOCK_SIZE_PROPERTY, "1m");
        writers = Bus.openOrCreate(directory.resolve("bus"));
        // As another process has it: its own mapping, and a clock that nobody winds.
        readers = Bus.open(directory.resolve("bus"));
        appender = writers.newLane("http.request", "f1-x-0", new WriterSequence());
        near = writers.lane("http.request", "f1-x-0").orElseThrow().poller();
        far = readers.lane("http.request", "f1-x-0").orElseThrow().poller();
        nowNs = writers.clock().nanoTime() + 10 * SECOND_NS;
    }

    @AfterEach
    void close() {
        System.clearProperty(BusSettings.ROLL_CYCLE_PROPERTY);
        System.clearProperty(BusSettings.BLOCK_SIZE_PROPERTY);
        near.close();
        far.close();
        appender.close();
        writers.close();
        readers.close();
    }

    @Test
    void shouldReadOnInTheNextFile() throws IOException {
        append();
        read(1);
        nowNs += SECOND_NS;
        append();
        append();
        read(2);
        // The lane's first file was made with the lane, and is not given up while it is empty.
        assertEquals(2, files().size(), files().toString());
    }

    @Test
    void shouldReadOnAfterSecondsWithoutAFile() throws IOException {
        append();
        nowNs += 7 * SECOND_NS;
        append();
        nowNs += 3600 * SECOND_NS;
        append();
        read(3);
        assertEquals(3, files().size(), files().toString());
    }

    @Test
    void shouldSeeNothingAtTheEndOfAFileUntilTheNextOneHasSomething() {
        append();
        read(1);
        nowNs += SECOND_NS;
        for (int i = 0; i < 3; i++) {
            assertFalse(near.peek());
            assertFalse(far.peek());
        }
        assertEquals(LaneAppender.OK, appender.claim(16, nowNs));
        assertFalse(near.peek());
        assertFalse(far.peek());
        appender.abortIfClaimed();
        assertFalse(near.peek());
        assertFalse(far.peek());
        append();
        read(1);
    }

    @Test
    void shouldCountItsSequenceOnFromFileToFile() {
        for (int i = 0; i < 5; i++) {
            append();
            nowNs += SECOND_NS;
        }
        read(5);
    }

    @Test
    void shouldFindRecordsOfEarlierFilesByTheirIndex() {
        final List<Long> indexes = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            indexes.add(append());
            nowNs += SECOND_NS / 2;
        }
        for (int i = 5; i >= 0; i--) {
            for (final LanePoller poller : List.of(near, far)) {
                assertTrue(poller.moveTo(indexes.get(i)));
                assertTrue(poller.peek());
                assertEquals(indexes.get(i), poller.index());
                assertEquals(i + 1, poller.sequence());
            }
        }
        read(6);
    }

    @Test
    void shouldFindRecordsOfEarlierFilesThoughAnotherProcessCouldNotListThem() throws IOException {
        final long first = append();
        nowNs += SECOND_NS;
        final long second = append();
        read(2);
        final Lane lane = writers.lane("http.request", "f1-x-0").orElseThrow();
        final Path away = lane.path().resolveSibling("away");
        Files.move(lane.path(), away);
        final HeadraceException unlisted = assertThrows(HeadraceException.class, lane::poller);
        Files.move(away, lane.path());
        assertTrue(unlisted.getMessage().contains("cannot be listed"), unlisted.getMessage());
        assertTrue(far.moveTo(first));
        assertEquals(1, far.sequence());
        assertTrue(far.moveTo(second));
        assertEquals(2, far.sequence());
    }

    @Test
    void shouldKeepTheHeadMappedWhileTheWriterRolls() {
        append();
        assertTrue(far.peek());
        for (int i = 0; i < 5; i++) {
            nowNs += SECOND_NS;
            append();
        }
        assertTrue(far.peek());
        assertEquals(1, far.sequence());
        assertEquals(1, far.record().getLong(DeliveryHeader.LENGTH));
        read(6);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 1_000_000, SECOND_NS, 3600 * SECOND_NS, Long.MAX_VALUE / 2})
    void shouldGoOnWhenTheClockGoesBack(long stepNs) {
        append();
        nowNs += SECOND_NS;
        append();
        final long laterNs = nowNs;
        nowNs -= stepNs;
        append();
        nowNs = 0;
        append();
        nowNs = -1;
        append();
        nowNs = laterNs + SECOND_NS;
        append();
        read(6);
    }

    @Test
    void shouldReadEverythingInOrderWhateverTheClockDoes() {
        final long seed = System.nanoTime();
        System.out.println("LaneRollTest seed " + seed);
        final Random random = new Random(seed);
        int unread = 0;
        for (int i = 0; i < 60; i++) {
            append();
            unread++;
            nowNs += (random.nextInt(5) - 1) * SECOND_NS / 2;
            if (random.nextInt(4) == 0) {
                read(unread);
                unread = 0;
            }
        }
        read(unread);
    }

    @Test
    void shouldLetNobodyElseReadTheFilesOfLaterCycles() throws IOException {
        append();
        nowNs += SECOND_NS;
        append();
        for (final Path file : files()) {
            assertEquals(
                    "rw-------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(file)),
                    file.toString());
        }
    }

    private long append() {
        appendedCount++;
        assertEquals(LaneAppender.OK, appender.claim(16, nowNs));
        appender.buffer().putLong(appender.offset(), appendedCount);
        final long index = appender.commit(appendedCount, 0, 0, nowNs, nowNs);
        assertEquals(index, appender.lastIndex());
        return index;
    }

    /** Both readers find exactly this many more, and all in order. */
    private void read(int count) {
        for (final LanePoller poller : List.of(near, far)) {
            for (int i = count; i > 0; i--) {
                assertTrue(poller.peek(), "record " + (appendedCount - i + 1));
                assertEquals(appendedCount - i + 1, poller.sequence());
                assertEquals(poller.sequence(), poller.record().getLong(DeliveryHeader.LENGTH));
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
