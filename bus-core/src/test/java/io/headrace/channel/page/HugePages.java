// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.page;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.agrona.BitUtil;
import org.agrona.BufferUtil;
import org.agrona.IoUtil;

/** What tests ask about huge pages. */
public final class HugePages {

    private HugePages() {}

    /** Whether files of this directory can have any, wherever the product maps them. */
    public static boolean arePossible(Path directory) throws IOException {
        final Path file = Files.createTempFile(directory, "huge", ".tmp");
        try (FileChannel channel = FileChannel.open(file, READ, WRITE)) {
            // Where it is mapped again, and then what is mapped there is what belongs there.
            long offset = 0;
            for (int i = 0; i < 100; i++) {
                final MappedByteBuffer mapped =
                        channel.map(FileChannel.MapMode.READ_WRITE, offset, 4 * Pages.HUGE_LENGTH);
                final long address = BufferUtil.address(mapped);
                try {
                    if ((address - offset) % Pages.HUGE_LENGTH == 0) {
                        return Pages.populateHuge(BitUtil.align(address, Pages.HUGE_LENGTH));
                    }
                } finally {
                    IoUtil.unmap(mapped);
                }
                offset = address % Pages.HUGE_LENGTH;
            }
            throw new IllegalStateException("mapped at another address each time");
        } finally {
            Files.delete(file);
        }
    }

    /** Maps a file from its beginning, which is where a huge page may be but for a rare race. */
    static MappedByteBuffer map(Path file, long length) throws IOException {
        try (FileChannel channel = FileChannel.open(file, CREATE, READ, WRITE)) {
            MappedByteBuffer mapped = map(channel, length);
            for (int i = 0; i < 10 && !Pages.isHuge(BufferUtil.address(mapped)); i++) {
                IoUtil.unmap(mapped);
                mapped = map(channel, length);
            }
            return mapped;
        }
    }

    private static MappedByteBuffer map(FileChannel channel, long length) {
        return Pages.mapForHuge(
                length,
                () -> {
                    try {
                        return channel.map(FileChannel.MapMode.READ_WRITE, 0, length);
                    } catch (final IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
    }

    /** How much of the files of a directory this process has mapped by huge pages, bytes. */
    public static long mappedLength(Path directory) throws IOException {
        long length = 0;
        boolean isOurs = false;
        for (final String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            final List<String> words = List.of(line.split(" +"));
            if (!words.get(0).endsWith(":")) {
                isOurs = line.contains(directory.toString());
            } else if (isOurs && words.get(0).equals("ShmemPmdMapped:")) {
                length += Long.parseLong(words.get(1)) << 10;
            }
        }
        return length;
    }

    /** What the file system has for a file, bytes. */
    public static long allocatedLength(Path file) throws IOException {
        final Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
        return 512 * Long.parseLong(new String(stat.getInputStream().readAllBytes()).strip());
    }
}
