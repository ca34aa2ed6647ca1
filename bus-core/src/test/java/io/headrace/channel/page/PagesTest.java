// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.headrace.testing.TinyFileSystem;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.BufferUtil;
import org.agrona.IoUtil;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Huge pages, where the kernel has them for tmpfs: since Linux 6.1. */
@EnabledOnOs(value = OS.LINUX, disabledReason = "no other kernel has the advice")
class PagesTest {

    private static final int LENGTH = 4 * Pages.HUGE_LENGTH;

    private TinyFileSystem memory;
    private Path file;
    private MappedByteBuffer mapped;
    private UnsafeBuffer buffer;
    private long address;

    private void mapFileOf(String memorySize) throws IOException {
        memory = TinyFileSystem.mount("16m");
        assumeTrue(HugePages.arePossible(memory.directory()), "this kernel has none on tmpfs");
        memory.close();
        memory = TinyFileSystem.mount(memorySize);
        file = memory.directory().resolve("file");
        mapped = HugePages.map(file, LENGTH);
        buffer = new UnsafeBuffer(mapped);
        address = BufferUtil.address(mapped);
    }

    @AfterEach
    void unmap() {
        if (mapped != null) {
            IoUtil.unmap(mapped);
        }
        if (memory != null) {
            memory.close();
        }
    }

    @Test
    void shouldMapAFileWhereAHugePageMayBeWhateverIsMappedBefore() throws IOException {
        mapFileOf("16m");
        for (int pages = 1; pages < 20; pages++) {
            final MappedByteBuffer before = HugePages.map(file, 4_096L * pages);
            final MappedByteBuffer another = HugePages.map(file, LENGTH);
            assertEquals(0, BufferUtil.address(another) % Pages.HUGE_LENGTH, pages + " before");
            IoUtil.unmap(another);
            IoUtil.unmap(before);
        }
    }

    @Test
    void shouldMakeAHugePageOfWhatIsThereAlready() throws IOException {
        mapFileOf("16m");
        final MappedByteBuffer another = HugePages.map(file, LENGTH);
        buffer.putInt(0, 1);
        buffer.putInt(Pages.HUGE_LENGTH - 4, 2);
        assertTrue(Pages.populateHuge(address));
        assertEquals(Pages.HUGE_LENGTH, HugePages.allocatedLength(file));
        assertEquals(Pages.HUGE_LENGTH, HugePages.mappedLength(memory.directory()));
        final UnsafeBuffer other = new UnsafeBuffer(another);
        other.putInt(4, 3);
        assertEquals(1, other.getInt(0));
        assertEquals(2, other.getInt(Pages.HUGE_LENGTH - 4));
        assertEquals(3, buffer.getInt(4));
        // Once more is no harm.
        assertTrue(Pages.populateHuge(address));
        assertEquals(3, buffer.getInt(4));
        IoUtil.unmap(another);
    }

    @Test
    void shouldGiveBackAPartOfAHugePage() throws IOException {
        mapFileOf("16m");
        assertTrue(Pages.populateHuge(address));
        assertTrue(Pages.populateHuge(address + Pages.HUGE_LENGTH));
        final int kept = Pages.HUGE_LENGTH / 2 + Pages.PAGE_LENGTH;
        buffer.putByte(kept - 1, (byte) 7);
        Pages.giveBack(address + kept, 2 * Pages.HUGE_LENGTH - kept);
        assertEquals(kept, HugePages.allocatedLength(file));
        assertEquals(7, buffer.getByte(kept - 1));
    }

    @Test
    void shouldRefuseAHugePageForWhichThereIsNoMemory() throws IOException {
        mapFileOf("3m");
        assertTrue(Pages.populateHuge(address));
        assertFalse(Pages.populateHuge(address + Pages.HUGE_LENGTH));
        assertTrue(Pages.populate(address + Pages.HUGE_LENGTH, Pages.HUGE_LENGTH / 4));
        assertFalse(Pages.populate(address + Pages.HUGE_LENGTH, Pages.HUGE_LENGTH));
    }

    @Test
    void shouldRefuseAHugePageWhereNoneMayBegin() throws IOException {
        mapFileOf("16m");
        assertFalse(Pages.populateHuge(address + Pages.PAGE_LENGTH));
        assertEquals(0, HugePages.allocatedLength(file));
    }

    @Test
    void shouldRefuseAHugePageOfAFileSystemThatHasNone(@TempDir Path onDisk) throws IOException {
        file = onDisk.resolve("file");
        mapped = HugePages.map(file, LENGTH);
        final boolean isTmpfs = Files.getFileStore(onDisk).type().equals("tmpfs");
        assertTrue(isTmpfs || !Pages.populateHuge(BufferUtil.address(mapped)));
    }
}
