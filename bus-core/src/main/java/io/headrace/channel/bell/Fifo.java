// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.bell;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import org.agrona.BufferUtil;

/**
 * The calls that a named pipe takes. Nothing here ever blocks but {@link #await}. Allocates nothing
 * but to make and to open.
 */
final class Fifo {

    // As in Linux's <fcntl.h> and <poll.h>.
    private static final int O_WRONLY = 1;
    private static final int O_RDWR = 2;
    private static final int O_NONBLOCK = 0x800;
    private static final int O_CLOEXEC = 0x80000;
    private static final int POLLIN = 1;

    static final int POLL_REQUEST_LENGTH = 8;
    private static final int EVENTS_OFFSET = 4;
    private static final int READY_OFFSET = 6;

    private static final int OWNER_ONLY = 0600;
    private static final int DRAIN_LENGTH = 64;

    private static final ByteBuffer BYTES = ByteBuffer.allocateDirect(2 * DRAIN_LENGTH);
    private static final long ADDRESS = BufferUtil.address(BYTES);

    private static final boolean IS_THERE = isThere();

    private Fifo() {}

    /** False where JNA has no library: then nobody hears a bell of this process, nor is rung. */
    private static boolean isThere() {
        try {
            Native.register(NativeLibrary.getProcess());
            return true;
        } catch (final LinkageError unsupported) {
            return false;
        }
    }

    private static native int mkfifo(String path, int mode);

    private static native int open(String path, int flags);

    private static native long write(int fd, long address, long length);

    private static native long read(int fd, long address, long length);

    private static native int poll(long requestsAddress, long count, int timeoutMs);

    /** Closes a file descriptor. */
    static native int close(int fd);

    /**
     * Makes a pipe and opens it for its reader, who opens it for writing, too: so it never ends.
     *
     * @return a file descriptor, or -1 where that cannot be done.
     */
    static int create(Path path) {
        return IS_THERE && mkfifo(path.toString(), OWNER_ONLY) == 0
                ? open(path.toString(), O_RDWR | O_NONBLOCK | O_CLOEXEC)
                : -1;
    }

    /**
     * A file descriptor to write to, or -1 when nobody has the pipe open any more or it cannot be
     * opened.
     */
    static int openWriter(Path path) {
        return IS_THERE ? open(path.toString(), O_WRONLY | O_NONBLOCK | O_CLOEXEC) : -1;
    }

    /** Writes a byte; false when nobody reads it. */
    static boolean write(int fd) {
        return write(fd, ADDRESS, 1) == 1;
    }

    /** Takes what has been written. */
    static void drain(int fd) {
        read(fd, ADDRESS + DRAIN_LENGTH, DRAIN_LENGTH);
    }

    /**
     * Room for the {@code struct pollfd} of some descriptors, of which the first is to be read from
     * and the others say when they end.
     */
    static ByteBuffer pollRequests(int count, int fd) {
        return ByteBuffer.allocateDirect(count * POLL_REQUEST_LENGTH)
                .order(ByteOrder.nativeOrder())
                .putInt(0, fd)
                .putShort(EVENTS_OFFSET, (short) POLLIN);
    }

    /** Whether one of them has something to {@link #drain}, or has ended. */
    static boolean isReady(ByteBuffer pollRequests, int request) {
        return pollRequests.getShort(request * POLL_REQUEST_LENGTH + READY_OFFSET) != 0;
    }

    /** Waits at most so long; whether one of the first so many is ready. */
    static boolean await(long pollRequestsAddress, int count, int timeoutMs) {
        return poll(pollRequestsAddress, count, timeoutMs) > 0;
    }
}
