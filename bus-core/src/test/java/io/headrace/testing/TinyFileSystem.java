// SPDX-License-Identifier: Apache-2.0
package io.headrace.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file system in memory with a size of its own, which somebody else can fill. Mounting one takes
 * root; who is not skips the test.
 */
public final class TinyFileSystem implements AutoCloseable {

    private final Path directory;

    private TinyFileSystem(Path directory) {
        this.directory = directory;
    }

    /** Mounts one of this size, for example {@code 8m}. */
    public static TinyFileSystem mount(String size) {
        try {
            final Path directory = Files.createTempDirectory("headrace-tiny-");
            if (run("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", "" + directory) != 0) {
                Files.delete(directory);
                abort("needs a file system of its own, and mounting a tmpfs takes root");
            }
            return new TinyFileSystem(directory);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int run(String... command) {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (final IOException noSuchProgram) {
            return -1;
        } catch (final InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    public Path directory() {
        return directory;
    }

    /** Bytes that are left. */
    public long usableBytes() {
        try {
            return Files.getFileStore(directory).getUsableSpace();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Takes this many bytes, or all there are. */
    public void take(long bytes) {
        try (OutputStream file =
                Files.newOutputStream(
                        directory.resolve("taken"),
                        StandardOpenOption.CREATE,
                        StandardOpenOption.APPEND)) {
            final byte[] page = new byte[4_096];
            for (long left = bytes; left > 0; left -= page.length) {
                file.write(page);
            }
        } catch (final IOException full) {
            // That was the last page, unless somebody has given one back just now.
        }
    }

    /** Takes the last byte. */
    public void fill() {
        take(Long.MAX_VALUE);
    }

    /** Gives back what was taken. */
    public void free() {
        try {
            Files.deleteIfExists(directory.resolve("taken"));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        // Lazily: what is still mapped goes when its process does.
        assertEquals(0, run("umount", "-l", "" + directory));
        directory.toFile().delete();
    }
}
