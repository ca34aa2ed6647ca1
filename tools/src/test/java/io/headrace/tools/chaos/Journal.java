// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What one worker has handled, a line each, written before it goes on: what a process has written
 * is there even when it is killed right after. The times are the machine's monotonic clock, the
 * same in all processes.
 */
final class Journal {

    /** What happened to the thing with this key; {@code code} is that of a close, else 0. */
    record Entry(Kind kind, String key, int code, long ns, long pid) {}

    /** The order is nobody's. */
    enum Kind {
        BEGAN,
        ENDED,
        OPENED,
        CLOSED
    }

    private static final String SUFFIX = ".journal";

    private final FileChannel file;

    private Journal(FileChannel file) {
        this.file = file;
    }

    /** The journal of a worker, which exists as soon as it has one. */
    static Path path(Path directory, long pid) {
        return directory.resolve(pid + SUFFIX);
    }

    static Journal create(Path directory, long pid) {
        try {
            return new Journal(
                    FileChannel.open(
                            path(directory, pid),
                            StandardOpenOption.CREATE,
                            StandardOpenOption.APPEND));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void began(String key) {
        write(Kind.BEGAN, key, 0);
    }

    void ended(String key) {
        write(Kind.ENDED, key, 0);
    }

    void opened(String key) {
        write(Kind.OPENED, key, 0);
    }

    void closed(String key, int code) {
        write(Kind.CLOSED, key, code);
    }

    private synchronized void write(Kind kind, String key, int code) {
        final String line = kind + " " + key + " " + code + " " + System.nanoTime() + "\n";
        try {
            file.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.US_ASCII)));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All that all workers have written, oldest first. */
    static List<Entry> read(Path directory) throws IOException {
        final List<Entry> entries = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (final Path path : files.filter(p -> p.toString().endsWith(SUFFIX)).toList()) {
                final String name = path.getFileName().toString();
                final long pid = Long.parseLong(name.substring(0, name.length() - SUFFIX.length()));
                for (final String line : Files.readAllLines(path)) {
                    final String[] parts = line.split(" ");
                    // Half a line is the last one of a worker that was killed while it wrote.
                    if (parts.length == 4) {
                        entries.add(
                                new Entry(
                                        Kind.valueOf(parts[0]),
                                        parts[1],
                                        Integer.parseInt(parts[2]),
                                        Long.parseLong(parts[3]),
                                        pid));
                    }
                }
            }
        }
        entries.sort((a, b) -> Long.compare(a.ns, b.ns));
        return entries;
    }
}
