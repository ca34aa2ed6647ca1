// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import io.headrace.HeadraceException;
import java.io.File;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import net.openhft.chronicle.core.time.TimeProvider;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.impl.StoreFileListener;
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
    private static final String NEW_FILE = READY_FILE + ".new";
    private static final String HIDDEN_FILE = READY_FILE + ".hidden";
    // What a reader waits at a new cycle's file that its writer has begun to make.
    private static final long TIMEOUT_MS = 500;

    private final Path path;
    private final String channel;
    private final String writer;
    private final BusSettings settings;
    private final LaneTable.Entry entry;
    private final int entryIndex;
    private final long number;
    private final AtomicInteger pollerCount = new AtomicInteger();
    private volatile boolean retired;
    private final SingleChronicleQueue queue;
    private final CachedTime time;

    private Lane(
            Path path,
            LaneTable table,
            int entryIndex,
            BusSettings settings,
            EpochNanoClock clock) {
        this.path = path;
        this.channel = path.getParent().getFileName().toString();
        this.writer = path.getFileName().toString();
        this.entryIndex = entryIndex;
        this.entry = table.new Entry(entryIndex);
        this.number = entry.number();
        this.settings = settings;
        this.time = new CachedTime(clock);
        final SingleChronicleQueueBuilder builder =
                SingleChronicleQueueBuilder.binary(path)
                        .rollCycle(settings.chronicleRollCycle())
                        .blockSize(settings.blockSize())
                        .timeoutMS(TIMEOUT_MS)
                        .storeFileListener(new OwnersFiles())
                        .timeProvider(time);
        try {
            this.queue = builder.build();
        } catch (final RuntimeException e) {
            throw new HeadraceException("lane " + path + " cannot be opened: " + e, e);
        }
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
            Path path, LaneTable table, long number, BusSettings settings, EpochNanoClock clock) {
        final int entryIndex = table.allocate(number);
        try {
            // Says which place in the table is to be given back, should its writer not finish this.
            Files.writeString(
                    path.resolve(NEW_FILE),
                    "version=%d\nnumber=%d\nentry=%d\n"
                            .formatted(BusSettings.VERSION, number, entryIndex));
        } catch (final IOException e) {
            throw new HeadraceException("lane " + path + " cannot be made: " + e, e);
        }
        BusDirectory.restrict(path.resolve(NEW_FILE));
        final Lane lane = new Lane(path, table, entryIndex, settings, clock);
        BusDirectory.restrict(path.resolve("metadata.cq4t"));
        return lane;
    }

    /** Lets readers in. */
    void publish() {
        try {
            Files.move(
                    path.resolve(NEW_FILE),
                    path.resolve(READY_FILE),
                    StandardCopyOption.ATOMIC_MOVE);
        } catch (final IOException e) {
            close();
            throw new HeadraceException("lane " + path + " cannot be made: " + e, e);
        }
    }

    /** Whether a lane may be read: its writer has finished making it, and nobody deletes it. */
    public static boolean isReadable(Path path) {
        return Files.exists(path.resolve(READY_FILE));
    }

    /** Gives back what a lane has in the table that was never published, or is hidden. */
    static void free(Path path, LaneTable table) throws IOException {
        for (final String name : new String[] {NEW_FILE, HIDDEN_FILE}) {
            if (Files.exists(path.resolve(name))) {
                final Properties properties = new Properties();
                try (Reader reader = Files.newBufferedReader(path.resolve(name))) {
                    properties.load(reader);
                }
                final int entry = Integer.parseInt(properties.getProperty("entry", "-1"));
                if (Long.toString(table.new Entry(entry).number())
                        .equals(properties.getProperty("number"))) {
                    table.free(entry);
                }
            }
        }
    }

    /**
     * Opens a lane to read it.
     *
     * @throws HeadraceException for a lane of another version, or one whose file has been tampered
     *     with.
     */
    static Lane open(Path path, LaneTable table, BusSettings settings, EpochNanoClock clock) {
        final Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(path.resolve(READY_FILE))) {
            properties.load(reader);
            final String version = properties.getProperty("version", "none");
            if (!version.equals(Integer.toString(BusSettings.VERSION))) {
                throw new HeadraceException(
                        "lane %s has version %s, not %d; it is passed over"
                                .formatted(path, version, BusSettings.VERSION));
            }
            final int entry = Integer.parseInt(properties.getProperty("entry", ""));
            final long number = Long.parseLong(properties.getProperty("number", ""));
            if (table.new Entry(entry).number() != number) {
                throw new HeadraceException(
                        "lane %s is not the one that the lane table has at %d; it is passed over"
                                .formatted(path, entry));
            }
            return new Lane(path, table, entry, settings, clock);
        } catch (final IOException | IllegalArgumentException e) {
            throw new HeadraceException("lane " + path + " cannot be read: " + e, e);
        }
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

    /** A number that no other lane of the bus ever had. */
    public long number() {
        return number;
    }

    /** A reader of its own for the calling thread, from the lane's first record. */
    public LanePoller poller() {
        pollerCount.incrementAndGet();
        return new LanePoller(this);
    }

    /**
     * Chronicle makes its files as the umask says; a new cycle's belongs to the owner alone, too.
     */
    private static final class OwnersFiles implements StoreFileListener {

        @Override
        public void onAcquired(int cycle, File file) {
            BusDirectory.restrict(file.toPath());
        }

        @Override
        public void onReleased(int cycle, File file) {}
    }

    /**
     * Closes the lane once nobody in this process reads it any more; its files are about to be
     * deleted.
     */
    void retire() {
        retired = true;
        pollerCount.incrementAndGet();
        onPollerClosed();
    }

    void onPollerClosed() {
        if (pollerCount.decrementAndGet() == 0 && retired) {
            close();
        }
    }

    /** Takes the lane from its readers: nobody finds it from now on. */
    public void hide() {
        try {
            Files.move(
                    path.resolve(READY_FILE),
                    path.resolve(HIDDEN_FILE),
                    StandardCopyOption.ATOMIC_MOVE);
        } catch (final IOException e) {
            throw new HeadraceException("lane " + path + " cannot be hidden: " + e, e);
        }
    }

    /**
     * Deletes files of earlier roll cycles.
     *
     * @param beforeFileName the first file to keep.
     * @param beforeMs only those last written before this wall-clock time.
     * @return number of files deleted.
     */
    public int deleteFiles(String beforeFileName, long beforeMs) {
        int deleted = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path, "*.cq4")) {
            for (final Path file : files) {
                if (file.getFileName().toString().compareTo(beforeFileName) < 0
                        && Files.getLastModifiedTime(file).toMillis() < beforeMs) {
                    Files.delete(file);
                    deleted++;
                }
            }
        } catch (final IOException e) {
            throw new HeadraceException("lane " + path + " cannot be cleaned: " + e, e);
        }
        if (deleted > 0) {
            queue.refreshDirectoryListing();
        }
        return deleted;
    }

    /** Reads how far the lane's messages have ended. */
    public void readMark(LaneMark mark) {
        entry.readMark(mark);
    }

    /** Says how far the lane's messages have ended; the janitor's alone. */
    public void writeMark(LaneMark mark) {
        entry.writeMark(mark);
    }

    /**
     * Makes the counts of a dead writer those of the messages that are there; the janitor's alone.
     */
    public void correctAppended(LaneMark mark) {
        entry.setAppended(mark.endedCount(), mark.endedBytes());
    }

    /** How many messages its writer has appended. */
    public long appendedCount() {
        return entry.appendedCount();
    }

    /** How many bytes its writer has appended. */
    public long appendedBytes() {
        return entry.appendedBytes();
    }

    /** How many messages its writer was refused. */
    public long refusedCount() {
        return entry.refusedCount();
    }

    LaneTable.Entry entry() {
        return entry;
    }

    int entryIndex() {
        return entryIndex;
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
