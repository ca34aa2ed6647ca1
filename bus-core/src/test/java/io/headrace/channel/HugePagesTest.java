// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.headrace.channel.page.HugePages;
import io.headrace.channel.page.Pages;
import io.headrace.message.DeliveryHeader;
import io.headrace.testing.TinyFileSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** A lane that is written so fast that its pages are huge. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "no other kernel has the advice")
class HugePagesTest {

    private static final int LENGTH = 60_000;

    private TinyFileSystem memory;
    private Bus writers;
    private Bus readers;
    private LaneAppender appender;
    private LanePoller far;
    private Agent writersPages;
    private Agent readersPages;
    private long nowNs;
    private int appendedCount;
    private int readCount;

    @BeforeEach
    void openLane() throws IOException {
        memory = TinyFileSystem.mount("1g");
        System.setProperty(BusSettings.BLOCK_SIZE_PROPERTY, "16m");
        writers = Bus.openOrCreate(memory.directory().resolve("bus"));
        readers = Bus.open(memory.directory().resolve("bus"));
        appender = writers.newLane("http.request", "f1-x-0", new WriterSequence());
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
        CloseHelper.closeAll(far, appender, writers, readers, memory);
    }

    @Test
    void shouldBeMappedInHugePagesByItsWriterAndItsReader() throws Exception {
        assumeTrue(HugePages.arePossible(memory.directory()), "this kernel has none on tmpfs");
        for (int i = 0; i < 200; i++) {
            append();
            if (i % 10 == 9) {
                writersPages.doWork();
                readersPages.doWork();
            }
        }
        final long length = HugePages.mappedLength(memory.directory());
        // 12 MB are written, 2 of them and what comes before the first look in small pages.
        assertTrue(length >= 2 * 6 * Pages.HUGE_LENGTH, "" + length);
        readAll();
    }

    @Test
    void shouldGiveBackWhatIsBehindTheEndOfAFile() throws Exception {
        for (int i = 0; files().size() < 2; i++) {
            append();
            if (i % 10 == 9) {
                writersPages.doWork();
            }
            assertTrue(i < 600);
        }
        final Path first = files().get(0);
        for (int i = 0; i < 300; i++) {
            append();
        }
        writersPages.doWork();
        final long used =
                appender.lane()
                        .files()
                        .usedLength(appender.lane().files().cycle(first.getFileName().toString()));
        assertEquals(used, HugePages.allocatedLength(first));
        readAll();
    }

    @Test
    void shouldLoseNothingWhoeverIsAhead() throws Exception {
        final long seed = System.nanoTime();
        System.out.println("HugePagesTest seed " + seed);
        final Random random = new Random(seed);
        for (int i = 0; i < 3_000; i++) {
            append();
            if (random.nextInt(20) == 0) {
                writersPages.doWork();
            }
            if (random.nextInt(20) == 0) {
                readersPages.doWork();
            }
            if (random.nextInt(50) == 0) {
                readAll();
                far.lane().deleteFiles(far, Long.MAX_VALUE, Long.MAX_VALUE);
            }
        }
        readAll();
    }

    private void append() {
        appendedCount++;
        assertEquals(LaneAppender.OK, appender.claim(LENGTH, nowNs));
        appender.buffer().setMemory(appender.offset(), LENGTH, (byte) appendedCount);
        appender.commit(appendedCount, 1, 0, nowNs, nowNs);
    }

    private void readAll() {
        for (; readCount < appendedCount; readCount++) {
            assertTrue(far.peek(), "record " + readCount);
            for (int at = 0; at < LENGTH; at += 1_000) {
                assertEquals(
                        (byte) (readCount + 1), far.record().getByte(DeliveryHeader.LENGTH + at));
            }
            far.advance();
        }
        assertFalse(far.peek());
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(appender.lane().path())) {
            return files.filter(file -> file.toString().endsWith(".cq4")).sorted().toList();
        }
    }
}
