// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.page;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import io.headrace.HeadraceException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Supplier;
import net.openhft.chronicle.core.OS;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Gets pages of mapped files from the kernel before anybody touches them. A first touch costs its
 * thread a page fault, and where the file system is full it kills the JVM (SIGBUS); here that is a
 * refusal.
 *
 * <p>Thread-safe. Allocates nothing but for the first call, which loads the binding to the C
 * library and takes some milliseconds.
 */
public final class Pages {

    /** The unit that the kernel gives, bytes: 4 KiB on most machines, up to 64 KiB on others. */
    public static final int PAGE_LENGTH = OS.pageSize();

    /**
     * A huge page, bytes: the kernel makes one in a third of the time that its 512 small ones take,
     * and maps it in another process, or frees it, at once.
     */
    public static final int HUGE_LENGTH = 2 << 20;

    // madvise(2): since Linux 5.14, 2.6.16 and, for tmpfs, 6.1.
    private static final int MADV_POPULATE_WRITE = 23;
    private static final int MADV_REMOVE = 9;
    private static final int MADV_COLLAPSE = 25;

    // mmap(2): shared, anonymous, without memory; and the same at just this address.
    private static final int RESERVED = 0x1 | 0x20 | 0x4000;
    private static final int RESERVED_THERE = RESERVED | 0x10_0000;

    private Pages() {}

    /**
     * Has the pages of a mapped range made and mapped for writing, whatever is in them. Where the
     * kernel cannot do that, they come at their first touch.
     *
     * @param address of a page.
     * @return false when some cannot be had: the file system is full.
     */
    public static boolean populate(long address, long length) {
        return !Kernel.POPULATES || Kernel.madvise(address, length, MADV_POPULATE_WRITE) == 0;
    }

    /**
     * Has a huge page made of a mapped range, and mapped for writing, whatever is in it: on tmpfs,
     * also where the system's settings do not have huge pages by themselves.
     *
     * @param address of {@link #HUGE_LENGTH} bytes, a multiple of that, as their place in the file.
     * @return false when it cannot be had: the file system or the kernel has none, or no memory.
     */
    static boolean populateHuge(long address) {
        return isHuge(address)
                // The kernel wants a small one to begin with.
                && populate(address, PAGE_LENGTH)
                && Kernel.POPULATES
                && Kernel.madvise(address, HUGE_LENGTH, MADV_COLLAPSE) == 0
                && populate(address, HUGE_LENGTH);
    }

    /** Whether an address may be a huge page's. */
    static boolean isHuge(long address) {
        return address % HUGE_LENGTH == 0;
    }

    /**
     * Maps something where huge pages may be. The kernel maps below what was mapped last, if there
     * is room; so room is taken down to a multiple of {@link #HUGE_LENGTH} meanwhile. When another
     * thread maps something at this moment, the pages are small: nothing else depends on it.
     *
     * @param length of what is mapped, bytes.
     * @param mapper maps it, if it is not mapped yet.
     */
    static <T> T mapForHuge(long length, Supplier<T> mapper) {
        if (length < HUGE_LENGTH || !Kernel.POPULATES) {
            return mapper.get();
        }
        final long wouldBe = Kernel.mmap(0, length, 0, RESERVED, -1, 0);
        Kernel.munmap(wouldBe, length);
        final long over = wouldBe % HUGE_LENGTH;
        final long above = wouldBe + length - over;
        final boolean taken =
                wouldBe > 0
                        && over != 0
                        && Kernel.mmap(above, over, 0, RESERVED_THERE, -1, 0) == above;
        try {
            return mapper.get();
        } finally {
            if (taken) {
                Kernel.munmap(above, over);
            }
        }
    }

    /** Gives the pages of a mapped range of a file back: nobody will read it again. */
    public static void giveBack(long address, long length) {
        if (Kernel.POPULATES && length > 0) {
            Kernel.madvise(address, length, MADV_REMOVE);
        }
    }

    /**
     * Makes a file at least this long, of pages that are there.
     *
     * @throws IOException when they cannot be had.
     */
    public static void fill(FileChannel file, long length) throws IOException {
        final ByteBuffer zeros = ByteBuffer.allocate((int) Math.min(length, 64 << 10));
        for (long at = file.size(); at < length; ) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), length - at));
            at += file.write(zeros, at);
        }
    }

    /**
     * Maps a file of a bus, of this length, for reading and writing, with pages that are there; it
     * is made when absent, and finished when whoever made it was killed or had no memory left.
     * Whole from the start: a page that is not there could not be had when memory is full.
     *
     * @throws HeadraceException when there is no memory for it.
     */
    public static UnsafeBuffer map(Path file, long length) {
        try (FileChannel channel =
                FileChannel.open(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            fill(channel, length);
            return new UnsafeBuffer(channel.map(FileChannel.MapMode.READ_WRITE, 0, length));
        } catch (final IOException e) {
            throw new HeadraceException("bus file " + file + " cannot be mapped: " + e, e);
        }
    }

    /** Loaded by the first who needs it, which keeps it off the way of those that start. */
    private static final class Kernel {

        private static final boolean POPULATES = populates();

        private static native long mmap(
                long address, long length, int protection, int flags, int file, long offset);

        private static native int munmap(long address, long length);

        private static native int madvise(long address, long length, int advice);

        /**
         * False for an old kernel, which does not know the advice, and where JNA has no library.
         */
        private static boolean populates() {
            try {
                Native.register(NativeLibrary.getProcess());
                return madvise(0, 0, MADV_POPULATE_WRITE) == 0;
            } catch (final LinkageError unsupported) {
                return false;
            }
        }
    }
}
