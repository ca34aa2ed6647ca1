// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import net.openhft.posix.PosixAPI;
import org.agrona.IoUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A directory in shared memory that is deleted when it is closed, or else when its process ends.
 */
public final class SharedMemory implements AutoCloseable {

    /** In what state the memory of a lane is when a benchmark comes to it. */
    public enum Pages {
        /** As the lane leaves it: a page is got from the kernel with the first access to it. */
        FRESH,

        /** In memory and mapped beforehand; this needs Linux 5.14. */
        POPULATED;

        private static final int PAGE_LENGTH = 4096;
        private static final int MADV_POPULATE_WRITE = 23;

        /** Prepares mapped memory from this buffer's begin on. */
        public void prepare(UnsafeBuffer begin, long length) {
            if (this == POPULATED) {
                final long address = begin.addressOffset() & -PAGE_LENGTH;
                final long end = begin.addressOffset() + length;
                if (PosixAPI.posix().madvise(address, end - address, MADV_POPULATE_WRITE) != 0) {
                    throw new IllegalStateException("pages cannot be populated");
                }
            }
        }
    }

    private static final Path MEMORY = Path.of("/dev/shm");

    private final Path directory;

    public SharedMemory() {
        final Path disk = Path.of(System.getProperty("java.io.tmpdir"));
        try {
            directory =
                    Files.createTempDirectory(
                            Files.isDirectory(MEMORY) ? MEMORY : disk,
                            "headrace-bench-" + ProcessHandle.current().pid() + "-");
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        Runtime.getRuntime().addShutdownHook(new Thread(this::close));
    }

    public Path directory() {
        return directory;
    }

    @Override
    public void close() {
        IoUtil.delete(directory.toFile(), true);
    }
}
