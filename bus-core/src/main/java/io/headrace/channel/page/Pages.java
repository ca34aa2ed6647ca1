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

    /** The unit that the kernel gives, bytes. */
    public static final int PAGE_LENGTH = 4_096;

    // madvise(2): since Linux 5.14 and 2.6.16.
    private static final int MADV_POPULATE_WRITE = 23;
    private static final int MADV_REMOVE = 9;

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
