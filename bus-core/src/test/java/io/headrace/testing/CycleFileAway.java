// SPDX-License-Identifier: Apache-2.0
package io.headrace.testing;

import io.headrace.channel.Lane;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * One of a lane's files that cannot be opened until this is closed, as when too many files are
 * open: a folder is in its place. Who has the file open keeps it.
 */
public final class CycleFileAway implements AutoCloseable {

    private final Path file;
    private final Path away;

    private CycleFileAway(Path file) throws IOException {
        this.file = file;
        this.away = file.resolveSibling("away");
        Files.move(file, away);
        Files.createDirectory(file);
    }

    /** The first of a lane's files. */
    public static CycleFileAway ofFirst(Lane lane) throws IOException {
        return new CycleFileAway(files(lane).get(0));
    }

    /** The last of a lane's files. */
    public static CycleFileAway ofLast(Lane lane) throws IOException {
        final List<Path> files = files(lane);
        return new CycleFileAway(files.get(files.size() - 1));
    }

    private static List<Path> files(Lane lane) throws IOException {
        try (Stream<Path> files = Files.list(lane.path())) {
            return files.filter(file -> file.toString().endsWith(".cq4")).sorted().toList();
        }
    }

    /** Puts it back, if it is away. */
    @Override
    public void close() throws IOException {
        if (Files.exists(away)) {
            Files.delete(file);
            Files.move(away, file);
        }
    }
}
