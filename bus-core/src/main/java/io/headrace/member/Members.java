// SPDX-License-Identifier: Apache-2.0
package io.headrace.member;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.agrona.CloseHelper;

/**
 * All members of a bus, this process's included. Files that cannot be read are reported once. One
 * thread.
 */
public final class Members implements AutoCloseable {

    private static final long HALF_MADE_MS = 60_000;

    private final Path directory;
    private final Consumer<HeadraceException> onUnreadable;
    private final Map<Path, MemberReader> readers = new LinkedHashMap<>();
    private final Set<Path> unread = new HashSet<>();
    private boolean isComplete;
    private List<MemberReader> all = List.of();
    private List<MemberReader> unannounced = List.of();

    /**
     * @param onUnreadable told once of each file that cannot be read, and of a folder each time.
     */
    public Members(Path directory, Consumer<HeadraceException> onUnreadable) {
        this.directory = directory;
        this.onUnreadable = onUnreadable;
    }

    /** Whether the member with this id lives right now; false when it has no readable file. */
    public static boolean isAlive(Path directory, String id) {
        final Path path = directory.resolve(id + MemberFile.SUFFIX);
        if (!Files.exists(path)) {
            return false;
        }
        try (MemberReader reader = MemberReader.open(path)) {
            return reader.isAlive();
        } catch (final HeadraceException unreadable) {
            return false;
        }
    }

    /** Deletes the file of a member that is dead. */
    public static void delete(Path directory, String id) {
        try {
            Files.deleteIfExists(directory.resolve(id + MemberFile.SUFFIX));
            Files.deleteIfExists(directory.resolve(id + MemberFile.NEW_SUFFIX));
        } catch (final IOException e) {
            throw new HeadraceException("member " + id + " cannot be deleted: " + e, e);
        }
    }

    /** Deletes the files of processes that were killed before theirs was whole, a while ago. */
    public static void deleteHalfMade(Path directory) {
        for (final Path path : list(directory, MemberFile.NEW_SUFFIX)) {
            try {
                final long ageMs =
                        System.currentTimeMillis() - Files.getLastModifiedTime(path).toMillis();
                if (ageMs > HALF_MADE_MS && MemberReader.isHalfMade(path)) {
                    Files.deleteIfExists(path);
                }
            } catch (final NoSuchFileException announced) {
                continue;
            } catch (final IOException e) {
                throw new HeadraceException("member file " + path + " cannot be deleted: " + e, e);
            }
        }
    }

    private static List<Path> list(Path directory, String suffix) {
        final List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "*" + suffix)) {
            files.forEach(found::add);
        } catch (final IOException e) {
            throw new HeadraceException("members in " + directory + " cannot be listed: " + e, e);
        }
        found.sort(null);
        return found;
    }

    /** Looks for new and deleted files. */
    public void refresh() {
        isComplete = false;
        final List<Path> starting;
        final List<Path> present;
        try {
            // These first: one that is announced in between is in both.
            starting = list(directory, MemberFile.NEW_SUFFIX);
            present = list(directory, MemberFile.SUFFIX);
        } catch (final HeadraceException e) {
            // Those that are known live and die all the same.
            onUnreadable.accept(e);
            return;
        }
        readers.entrySet()
                .removeIf(
                        entry -> {
                            final boolean gone =
                                    !present.contains(entry.getKey())
                                            && !starting.contains(entry.getKey());
                            if (gone) {
                                CloseHelper.quietClose(entry.getValue());
                            }
                            return gone;
                        });
        unread.retainAll(present);
        for (final Path path : present) {
            final Optional<HeadraceException> problem = open(path);
            if (problem.isEmpty()) {
                unread.remove(path);
            } else if (Files.exists(path) && unread.add(path)) {
                onUnreadable.accept(problem.get());
            }
        }
        // Half made perhaps, or announced a moment ago: that is no error.
        starting.forEach(this::open);
        all = readers.values().stream().filter(MemberReader::isAnnounced).toList();
        unannounced = readers.values().stream().filter(reader -> !reader.isAnnounced()).toList();
        isComplete = unread.isEmpty();
    }

    private Optional<HeadraceException> open(Path path) {
        if (!readers.containsKey(path)) {
            try {
                readers.put(path, MemberReader.open(path));
            } catch (final HeadraceException e) {
                return Optional.of(e);
            }
        }
        return Optional.empty();
    }

    /** Whether every announced member was read at the last {@link #refresh()}. */
    public boolean isComplete() {
        return isComplete;
    }

    /** Those announced and known at the last {@link #refresh()}, dead ones included. */
    public List<MemberReader> all() {
        return all;
    }

    /** Those that have not been announced: they are starting, or were killed while they were. */
    public List<MemberReader> unannounced() {
        return unannounced;
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(readers.values());
        readers.clear();
        all = List.of();
        unannounced = List.of();
    }
}
