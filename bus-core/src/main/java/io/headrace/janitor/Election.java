// SPDX-License-Identifier: Apache-2.0
package io.headrace.janitor;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.agrona.CloseHelper;

/** An OS lock on a file that one process of a bus holds until it ends, in whatever way. */
final class Election implements AutoCloseable {

    // POSIX drops a process's lock as soon as any descriptor of the file is closed, so a JVM opens
    // it once at a time.
    private static final Set<Path> OPEN = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final Consumer<HeadraceException> onProblem;
    private FileChannel channel;
    private FileLock lock;

    /**
     * @param onProblem told when the lock cannot be tried; then it is not won.
     */
    Election(Path path, Consumer<HeadraceException> onProblem) {
        this.path = path.toAbsolutePath();
        this.onProblem = onProblem;
    }

    /** Whether this process has the lock, trying to get it if it has not. */
    boolean isWon() {
        if (lock != null) {
            return true;
        }
        try {
            if (channel == null && !open()) {
                return false;
            }
            lock = channel.tryLock();
            return lock != null;
        } catch (final OverlappingFileLockException heldByThisJvm) {
            return false;
        } catch (final IOException e) {
            onProblem.accept(new HeadraceException("lock " + path + " cannot be tried: " + e, e));
            return false;
        }
    }

    private boolean open() throws IOException {
        if (!OPEN.add(path)) {
            return false;
        }
        try {
            channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } finally {
            if (channel == null) {
                // It may be that no more files may be open: later there may be one.
                OPEN.remove(path);
            }
        }
        return true;
    }

    @Override
    public void close() {
        if (channel != null) {
            CloseHelper.quietCloseAll(lock, channel);
            lock = null;
            channel = null;
            OPEN.remove(path);
        }
    }
}
