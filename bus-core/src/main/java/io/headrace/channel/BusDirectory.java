// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Makes a bus's directory, and refuses one that is not this user's own, or not a bus. Directories
 * are 0700, files 0600.
 */
final class BusDirectory {

    static final String SETTINGS_FILE = "bus.properties";

    private static final Path PROCESS = Path.of("/proc/self");
    // What may be there when somebody died while making the bus.
    private static final Set<String> DEBRIS =
            Set.of("bus.lock", "bus.dat", "lanes.dat", "bus.properties.new", "members", "channels");

    // File locks are held by the whole JVM, so threads of one need a lock of their own.
    private static final Object JVM_LOCK = new Object();

    private BusDirectory() {}

    /** Makes the bus when the directory is absent or empty, and opens it while nobody else does. */
    static Bus open(Path path, Supplier<Bus> bus) {
        try {
            prepare(path);
            synchronized (JVM_LOCK) {
                try (FileChannel channel =
                                FileChannel.open(
                                        path.resolve("bus.lock"),
                                        StandardOpenOption.CREATE,
                                        StandardOpenOption.WRITE);
                        FileLock lock = channel.lock()) {
                    restrict(path.resolve("bus.lock"));
                    if (!Files.exists(path.resolve(SETTINGS_FILE))) {
                        create(path);
                    }
                    return bus.get();
                }
            }
        } catch (final IOException e) {
            throw new HeadraceException("bus " + path + " cannot be opened: " + e, e);
        }
    }

    /** Where a bus is when nobody says otherwise. */
    static Path byDefault() {
        final String configured = System.getProperty(Bus.DIRECTORY_PROPERTY);
        if (configured != null) {
            return Path.of(configured);
        }
        final Path shared = Path.of("/dev/shm");
        final Path parent =
                Files.isDirectory(shared) ? shared : Path.of(System.getProperty("java.io.tmpdir"));
        return parent.resolve("headrace-" + System.getProperty("user.name"));
    }

    /** Makes the directory when it is absent, and refuses one that cannot be a bus of this user. */
    private static void prepare(Path path) throws IOException {
        if (!Files.exists(path)) {
            createDirectories(path);
        }
        checkOwner(path);
        checkUse(path);
    }

    /** Refuses somebody else's directory before anything is written into it. */
    private static void checkUse(Path path) throws IOException {
        try (Stream<Path> entries = Files.list(path)) {
            final List<String> others =
                    entries.map(entry -> entry.getFileName().toString())
                            .filter(name -> !DEBRIS.contains(name) && !name.equals(SETTINGS_FILE))
                            .toList();
            // Asked last: another process may be making the bus, and then uses it, at this moment.
            if (!others.isEmpty() && !Files.exists(path.resolve(SETTINGS_FILE))) {
                throw new HeadraceException(
                        "%s is neither a bus nor empty (it has '%s'); name another directory with --bus"
                                .formatted(path, others.get(0)));
            }
        }
    }

    /** Makes a bus of an empty directory; the settings come last. Called under the bus's lock. */
    private static void create(Path path) throws IOException {
        final BusSettings settings = BusSettings.forNewBus(randomId());
        if (isPosix(path)) {
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwx------"));
        }
        createDirectories(path.resolve("members"));
        createDirectories(path.resolve("channels"));
        final Path temporary = path.resolve("bus.properties.new");
        settings.write(temporary);
        restrict(temporary);
        Files.move(temporary, path.resolve(SETTINGS_FILE), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Directories in a directory, in the order of their names; none when it has been deleted. */
    static List<Path> list(Path path) {
        final List<Path> entries = new ArrayList<>();
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(path, Files::isDirectory)) {
            stream.forEach(entries::add);
        } catch (final NoSuchFileException deleted) {
            return entries;
        } catch (final IOException | DirectoryIteratorException e) {
            throw new HeadraceException("bus directory " + path + " cannot be listed: " + e, e);
        }
        entries.sort(null);
        return entries;
    }

    /** Makes a folder of a bus, and those above it. */
    static void make(Path path) {
        try {
            createDirectories(path);
        } catch (final IOException e) {
            throw new HeadraceException("folder " + path + " cannot be made: " + e, e);
        }
    }

    /** Lets nobody but its owner at a file, whatever the umask of the process says. */
    static void restrict(Path file) {
        try {
            if (isPosix(file)) {
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
            }
        } catch (final IOException e) {
            throw new HeadraceException(file + " cannot be kept from others: " + e, e);
        }
    }

    private static void checkOwner(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            throw new HeadraceException("bus " + path + " is not a directory");
        }
        if (!isPosix(path)) {
            return;
        }
        final Object uid = Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        if (Files.isDirectory(PROCESS) && !uid.equals(Files.getAttribute(PROCESS, "unix:uid"))) {
            throw new HeadraceException(
                    "bus %s belongs to another user (uid %s); name your own with --bus"
                            .formatted(path, uid));
        }
        final Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(path);
        if (permissions.contains(PosixFilePermission.GROUP_WRITE)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new HeadraceException(
                    "bus %s is writable by others (%s); chmod 700 it or name another with --bus"
                            .formatted(path, PosixFilePermissions.toString(permissions)));
        }
    }

    /** A file in this directory, made when absent and its owner's alone. */
    static Path file(Path directory, String name) {
        final Path path = directory.resolve(name);
        try {
            Files.createFile(path);
            restrict(path);
        } catch (final FileAlreadyExistsException alreadyThere) {
            return path;
        } catch (final IOException e) {
            throw new HeadraceException(path + " cannot be made: " + e, e);
        }
        return path;
    }

    static void createDirectories(Path path) throws IOException {
        if (isPosix(existingAncestor(path))) {
            Files.createDirectories(
                    path,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        } else {
            Files.createDirectories(path);
        }
    }

    private static boolean isPosix(Path path) throws IOException {
        return Files.getFileStore(path).supportsFileAttributeView("posix");
    }

    private static Path existingAncestor(Path path) {
        Path ancestor = path;
        while (!Files.exists(ancestor)) {
            ancestor = ancestor.getParent();
        }
        return ancestor;
    }

    private static String randomId() {
        final String alphabet = "0123456789abcdefghijklmnopqrstuvwxyz";
        return ThreadLocalRandom.current()
                .ints(6, 0, alphabet.length())
                .collect(
                        StringBuilder::new,
                        (text, i) -> text.append(alphabet.charAt(i)),
                        StringBuilder::append)
                .toString();
    }
}
