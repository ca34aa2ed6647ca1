// SPDX-License-Identifier: Apache-2.0
package io.headrace.member;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.agrona.CloseHelper;

/**
 * All members of a bus, this process's included. Files that cannot be read are reported once. One
 * thread.
 */
public final class Members implements AutoCloseable {

    private final Path directory;
    private final Consumer<HeadraceException> onUnreadable;
    private final Map<Path, MemberReader> readers = new LinkedHashMap<>();

    /**
     * @param onUnreadable told of each file that cannot be read, at every {@link #refresh()}; a
     *     distinct error log keeps it to once.
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
        } catch (final IOException e) {
            throw new HeadraceException("member " + id + " cannot be deleted: " + e, e);
        }
    }

    /** Looks for new and deleted files. */
    public void refresh() {
        final List<Path> present = new ArrayList<>();
        try (DirectoryStream<Path> files =
                Files.newDirectoryStream(directory, "*" + MemberFile.SUFFIX)) {
            files.forEach(present::add);
        } catch (final IOException e) {
            throw new HeadraceException("members in " + directory + " cannot be listed: " + e, e);
        }
        readers.entrySet()
                .removeIf(
                        entry -> {
                            final boolean gone = !present.contains(entry.getKey());
                            if (gone) {
                                CloseHelper.quietClose(entry.getValue());
                            }
                            return gone;
                        });
        present.sort(null);
        for (final Path path : present) {
            if (!readers.containsKey(path)) {
                try {
                    readers.put(path, MemberReader.open(path));
                } catch (final HeadraceException e) {
                    onUnreadable.accept(e);
                }
            }
        }
    }

    /** Those known at the last {@link #refresh()}, dead ones included. */
    public List<MemberReader> all() {
        return List.copyOf(readers.values());
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(readers.values());
        readers.clear();
    }
}
