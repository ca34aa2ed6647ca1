// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import net.openhft.chronicle.core.time.TimeProvider;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import org.agrona.concurrent.EpochNanoClock;

/**
 * One writer's part of a channel: a Chronicle Queue that exactly one thread in the world ever
 * appends to. Nobody waits for another process's write lock, because no lane has two writers; a
 * dead writer's lane is drained, never repaired.
 *
 * <p>The file {@code lane.properties} appears in the lane's folder once the lane may be read, so
 * that a reader never takes part in making the queue.
 */
public final class Lane implements AutoCloseable {

    private static final String READY_FILE = "lane.properties";
    private static final String READY_TEXT = "version=" + BusSettings.VERSION + "\n";
    // What a reader waits at a new cycle's file that its writer has begun to make.
    private static final long TIMEOUT_MS = 500;

    private final Path path;
    private final String channel;
    private final String writer;
    private final BusSettings settings;
    private final SingleChronicleQueue queue;
    private final CachedTime time;

    private Lane(
            Path path, String channel, String writer, BusSettings settings, EpochNanoClock clock) {
        this.path = path;
        this.channel = channel;
        this.writer = writer;
        this.settings = settings;
        this.time = new CachedTime(clock);
        final SingleChronicleQueueBuilder builder =
                SingleChronicleQueueBuilder.binary(path)
                        .rollCycle(settings.chronicleRollCycle())
                        .blockSize(settings.blockSize())
                        .timeoutMS(TIMEOUT_MS)
                        .timeProvider(time);
        this.queue = builder.build();
        // Chronicle falls back to reading only, in silence; a claim on such a mapping would kill
        // the JVM.
        if (builder.readOnly()) {
            queue.close();
            throw new HeadraceException(
                    "lane " + path + " cannot be opened for writing; check its owner and mode");
        }
    }

    /** Makes a lane for its writer; nobody reads it before {@link #publish()}. */
    static Lane create(
            Path path, String channel, String writer, BusSettings settings, EpochNanoClock clock) {
        return new Lane(path, channel, writer, settings, clock);
    }

    /** Lets readers in. */
    void publish() {
        try {
            final Path temporary = path.resolve(READY_FILE + ".new");
            Files.writeString(temporary, READY_TEXT);
            Files.move(temporary, path.resolve(READY_FILE), StandardCopyOption.ATOMIC_MOVE);
        } catch (final IOException e) {
            close();
            throw new HeadraceException("lane " + path + " cannot be made: " + e, e);
        }
    }

    static boolean isReadable(Path path) {
        return Files.exists(path.resolve(READY_FILE));
    }

    static Lane open(Path path, BusSettings settings, EpochNanoClock clock) {
        final String ready;
        try {
            ready = Files.readString(path.resolve(READY_FILE));
        } catch (final IOException e) {
            throw new HeadraceException("lane " + path + " cannot be read: " + e, e);
        }
        if (!ready.equals(READY_TEXT)) {
            throw new HeadraceException(
                    "lane " + path + " is of another version: " + ready.strip());
        }
        final String channel = path.getParent().getFileName().toString();
        return new Lane(path, channel, path.getFileName().toString(), settings, clock);
    }

    /** Name of the channel it belongs to. */
    public String channel() {
        return channel;
    }

    /** Id of its writer. */
    public String writer() {
        return writer;
    }

    public Path path() {
        return path;
    }

    /** A reader of its own for the calling thread, from the lane's first record. */
    public LanePoller poller() {
        return new LanePoller(this);
    }

    BusSettings settings() {
        return settings;
    }

    ChronicleQueue queue() {
        return queue;
    }

    CachedTime time() {
        return time;
    }

    @Override
    public void close() {
        queue.close();
    }

    @Override
    public String toString() {
        return channel + "/" + writer;
    }

    /**
     * What Chronicle takes for the time: the writer's duty cycle sets it, so that an append reads
     * no clock. Until then, and for a lane that is only read, it is bus time.
     */
    static final class CachedTime implements TimeProvider {

        private final EpochNanoClock clock;
        private volatile long nowMs;

        CachedTime(EpochNanoClock clock) {
            this.clock = clock;
        }

        void nowNs(long nowNs) {
            final long ms = nowNs / 1_000_000L;
            // Never back, not even within a duty cycle that was begun before another: an ended
            // cycle takes no more.
            if (ms > nowMs) {
                nowMs = ms;
            }
        }

        @Override
        public long currentTimeMillis() {
            final long ms = nowMs;
            return ms == 0 ? clock.nanoTime() / 1_000_000L : ms;
        }
    }
}
