// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.headrace.channel.page.HugePages;
import io.headrace.channel.page.Pages;
import io.headrace.testing.TinyFileSystem;
import java.nio.file.Path;
import java.util.Random;
import org.agrona.CloseHelper;
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
    private WrittenLane lane;

    @BeforeEach
    void openLane() {
        memory = TinyFileSystem.mount("1g");
        lane = new WrittenLane(memory.directory(), "16m", "16m");
    }

    @AfterEach
    void close() {
        CloseHelper.closeAll(lane, memory);
    }

    @Test
    void shouldBeMappedInHugePagesByItsWriterAndItsReader() throws Exception {
        assumeTrue(HugePages.arePossible(memory.directory()), "this kernel has none on tmpfs");
        for (int i = 0; i < 200; i++) {
            lane.append(LENGTH);
            if (i % 10 == 9) {
                lane.writersPages.doWork();
                lane.readersPages.doWork();
            }
        }
        final long length = HugePages.mappedLength(memory.directory());
        // 12 MB are written, 2 of them and what comes before the first look in small pages.
        assertTrue(length >= 2 * 6 * Pages.HUGE_LENGTH, "" + length);
        lane.readAll();
    }

    @Test
    void shouldGiveBackWhatIsBehindTheEndOfAFile() throws Exception {
        for (int i = 0; lane.files().size() < 2; i++) {
            lane.append(LENGTH);
            if (i % 10 == 9) {
                lane.writersPages.doWork();
            }
            assertTrue(i < 600);
        }
        final Path first = lane.files().get(0);
        for (int i = 0; i < 300; i++) {
            lane.append(LENGTH);
        }
        lane.writersPages.doWork();
        final long used =
                lane.appender
                        .lane()
                        .files()
                        .usedLength(
                                lane.appender.lane().files().cycle(first.getFileName().toString()));
        assertEquals(used, HugePages.allocatedLength(first));
        lane.readAll();
    }

    @Test
    void shouldLoseNothingWhoeverIsAhead() throws Exception {
        final long seed = System.nanoTime();
        System.out.println("HugePagesTest seed " + seed);
        final Random random = new Random(seed);
        for (int i = 0; i < 3_000; i++) {
            lane.append(LENGTH);
            if (random.nextInt(20) == 0) {
                lane.writersPages.doWork();
            }
            if (random.nextInt(20) == 0) {
                lane.readersPages.doWork();
            }
            if (random.nextInt(50) == 0) {
                lane.readAll();
                lane.delete();
            }
        }
        lane.readAll();
    }
}
