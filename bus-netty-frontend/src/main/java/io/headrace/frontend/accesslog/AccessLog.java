// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.accesslog;

import io.headrace.HeadraceException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.EpochNanoClock;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;

/**
 * Writes the access log. Event loops {@link #offer} entries and never wait: when the queue is full
 * because the disk is slow, lines are dropped, and whoever offered counts them. The agent's thread
 * does the rest; it opens the file again when that has been moved away, and when it is asked to.
 */
public final class AccessLog implements Agent {

    /** Destination that is no log at all. */
    public static final String OFF = "off";

    /** Destination that is standard output. */
    public static final String STDOUT = "-";

    private static final int QUEUE_LENGTH = 8_192;
    private static final int LINES_PER_CYCLE = 1_000;
    private static final long LOOK_INTERVAL_NS = 1_000_000_000L;

    private final Optional<Path> file;
    private final AccessFormat format;
    private final EpochNanoClock clock;
    private final Consumer<Throwable> onError;
    private final ManyToOneConcurrentArrayQueue<AccessEntry.Answered> queue =
            new ManyToOneConcurrentArrayQueue<>(QUEUE_LENGTH);
    private final StringBuilder lines = new StringBuilder();
    private OutputStream output;
    private Object fileKey;
    private long nextLookNs;
    private volatile boolean reopenRequested;

    /**
     * Opens the destination.
     *
     * @param destination a file that lines are appended to, or {@link #STDOUT}.
     * @param onError told when lines cannot be written; they are lost then.
     * @throws HeadraceException when the file cannot be opened.
     */
    public AccessLog(
            String destination,
            AccessFormat format,
            EpochNanoClock clock,
            Consumer<Throwable> onError) {
        this.file =
                destination.equals(STDOUT) ? Optional.empty() : Optional.of(Path.of(destination));
        this.format = format;
        this.clock = clock;
        this.onError = onError;
        try {
            open();
        } catch (final IOException e) {
            throw new HeadraceException("access log " + destination + " cannot be opened: " + e, e);
        }
    }

    /**
     * Hands an entry over; any thread.
     *
     * @param answeredNs bus time.
     * @param reason word of the header {@code Headrace-Reason} or an empty text.
     * @return false when the queue is full: there will be no line.
     */
    public boolean offer(
            AccessEntry entry, long answeredNs, int status, long contentLength, String reason) {
        return queue.offer(
                new AccessEntry.Answered(entry, answeredNs, status, contentLength, reason));
    }

    /** Asks for the file to be opened again, for whoever has moved it; any thread. */
    public void reopen() {
        reopenRequested = true;
    }

    private void open() throws IOException {
        // Unknown until it is open, so that one that cannot be opened now is tried again.
        fileKey = null;
        if (file.isPresent()) {
            output = new FileOutputStream(file.get().toFile(), true);
            fileKey = fileKey(file.get());
        } else {
            output = System.out;
        }
    }

    private static Object fileKey(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    }

    @Override
    public int doWork() {
        final int count = queue.drain(answered -> format.append(answered, lines), LINES_PER_CYCLE);
        try {
            if (reopenRequested || hasMoved()) {
                reopenRequested = false;
                closeFile();
                open();
            }
            if (count > 0) {
                output.write(lines.toString().getBytes(StandardCharsets.US_ASCII));
                output.flush();
            }
        } catch (final IOException e) {
            onError.accept(new HeadraceException("the access log cannot be written: " + e, e));
        } finally {
            lines.setLength(0);
        }
        return count;
    }

    private boolean hasMoved() {
        final long nowNs = clock.nanoTime();
        if (file.isEmpty() || nowNs < nextLookNs) {
            return false;
        }
        nextLookNs = nowNs + LOOK_INTERVAL_NS;
        try {
            return !Objects.equals(fileKey(file.get()), fileKey);
        } catch (final IOException gone) {
            return true;
        }
    }

    private void closeFile() throws IOException {
        if (file.isPresent()) {
            output.close();
        }
    }

    @Override
    public void onClose() {
        while (doWork() > 0) {
            // What loops have offered before they ended.
        }
        try {
            closeFile();
        } catch (final IOException e) {
            onError.accept(e);
        }
    }

    @Override
    public String roleName() {
        return "access-log";
    }
}
