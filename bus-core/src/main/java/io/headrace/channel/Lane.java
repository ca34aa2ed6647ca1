// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import io.headrace.HeadraceException;
import io.headrace.channel.page.CycleTime;
import io.headrace.channel.page.Pages;
import java.io.IOException;
import java.io.Reader;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
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
    private static final String METADATA_FILE = "metadata.cq4t";
    // How long a reader would wait at a half-made file; files are whole before they are reached.
    private static final long TIMEOUT_MS = 20;
    // More than the few words that Chronicle keeps of a lane.
    private static final int METADATA_LENGTH = 8 << 10;

    private final Path path;
    private final String channel;
    private final String writer;
    private final BusSettings settings;
    private final LaneTable.Entry entry;
    private final int entryIndex;
    private final long number;
    private final AtomicInteger pollerCount = new AtomicInteger();
    private int cleanedCycle = Integer.MIN_VALUE;
    private boolean isWritten;
    private volatile boolean hidden;
    private volatile boolean retired;
    private final SingleChronicleQueue queue;
    private final LaneFiles files;
    private final CycleTime time;

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
        this.time = new CycleTime(clock, settings.cycleNs());
        final SingleChronicleQueueBuilder builder =
                SingleChronicleQueueBuilder.binary(path)
                        .rollCycle(settings.chronicleRollCycle())
                        .blockSize(settings.blockSize())
                        .indexCount(LaneFiles.INDEX_COUNT)
                        .indexSpacing(LaneFiles.INDEX_SPACING)
                        .timeoutMS(TIMEOUT_MS)
                        // The writer and the janitor say what files there are.
                        .forceDirectoryListingRefreshIntervalMs(Integer.MAX_VALUE)
                        .timeProvider(time);
        try {
            this.queue = builder.build();
        } catch (final Exception e) {
            throw new HeadraceException("lane " + path + " cannot be opened: " + e, e);
        }
        // Chronicle falls back to reading only; a claim on such a mapping would kill the JVM.
        if (builder.readOnly()) {
            queue.close();
            throw new HeadraceException(
                    "lane " + path + " cannot be opened for writing; check its owner and mode");
        }
        this.files = new LaneFiles(queue, entry, settings);
    }

    /** Makes a lane for its writer; nobody reads it before {@link #publish()}. */
    static Lane create(
            Path path, LaneTable table, long number, BusSettings settings, EpochNanoClock clock) {
        final int entryIndex;
        try {
            // First whose place in the table is to be given back, should its writer be killed.
            Files.writeString(
                    path.resolve(NEW_FILE),
                    "version=%d\nnumber=%d\n".formatted(BusSettings.VERSION, number));
            entryIndex = table.allocate(number);
            Files.writeString(
                    path.resolve(NEW_FILE),
                    "entry=%d\n".formatted(entryIndex),
                    StandardOpenOption.APPEND);
            try (FileChannel metadata =
                    FileChannel.open(
                            path.resolve(METADATA_FILE),
                            StandardOpenOption.CREATE_NEW,
                            StandardOpenOption.WRITE)) {
                Pages.fill(metadata, METADATA_LENGTH);
            }
        } catch (final IOException e) {
            table.free(number);
            throw new HeadraceException("lane " + path + " cannot be made: " + e, e);
        }
        BusDirectory.restrict(path.resolve(NEW_FILE));
        BusDirectory.restrict(path.resolve(METADATA_FILE));
        final Lane lane = new Lane(path, table, entryIndex, settings, clock);
        lane.isWritten = true;
        return lane;
    }

    /** Lets readers in. */
    void publish() {
        rename(NEW_FILE, READY_FILE);
    }

    /** Whether a lane may be read: its writer has finished making it, and nobody deletes it. */
    public static boolean isReadable(Path path) {
        return Files.exists(path.resolve(READY_FILE));
    }

    /** Whether another process has taken it from its readers; its writer's own is never gone. */
    boolean isGone() {
        return !isWritten && !isReadable(path);
    }

    /** Whether a lane was made, though nobody may read it any more. */
    static boolean isMade(Path path) {
        return isReadable(path) || Files.exists(path.resolve(HIDDEN_FILE));
    }

    /** Gives back what a lane has in the table that was never published, or is hidden. */
    static void free(Path path, LaneTable table) throws IOException {
        for (final String name : new String[] {NEW_FILE, HIDDEN_FILE}) {
            if (Files.exists(path.resolve(name))) {
                table.free(
                        Long.parseLong(properties(path.resolve(name)).getProperty("number", "0")));
            }
        }
    }

    private static Properties properties(Path file) throws IOException {
        final Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        }
        return properties;
    }

    /**
     * Opens a lane to read it.
     *
     * @throws HeadraceException for a lane of another version, or one whose file has been tampered
     *     with.
     */
    static Lane open(Path path, LaneTable table, BusSettings settings, EpochNanoClock clock) {
        try {
            final Properties properties = properties(path.resolve(READY_FILE));
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

    /**
     * A reader of its own for the calling thread, from the lane's first record.
     *
     * @throws HeadraceException also when another thread has found it deleted this moment.
     */
    public LanePoller poller() {
        pollerCount.incrementAndGet();
        try {
            return new LanePoller(this);
        } catch (final Exception e) {
            onPollerClosed();
            throw unreadable(e);
        }
    }

    /** For what Chronicle throws where it opens files: checked exceptions, too, undeclared. */
    HeadraceException unreadable(Exception e) {
        return new HeadraceException(
                "lane %s cannot be read, or is gone; if too many files are open, allow more (ulimit -n): %s"
                        .formatted(path, e),
                e);
    }

    /** Closes the lane, whose files are about to be deleted, once nobody reads it here. */
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

    /** Takes the lane from its readers, unless somebody else has: nobody finds it from now on. */
    public void hide() {
        if (isReadable(path)) {
            rename(READY_FILE, HIDDEN_FILE);
        }
        hidden = true;
    }

    /** Whether this process has hidden it: nothing is to be appended any more. */
    boolean isHidden() {
        return hidden;
    }

    private void rename(String from, String to) {
        try {
            Files.move(path.resolve(from), path.resolve(to), StandardCopyOption.ATOMIC_MOVE);
        } catch (final IOException e) {
            throw new HeadraceException("lane " + path + " cannot become " + to + ": " + e, e);
        }
    }

    /**
     * Deletes files of earlier roll cycles, the oldest first; the janitor's alone.
     *
     * @param reader what it stands at is kept, and all behind it.
     * @param referredIndex this and all behind it is kept, too; {@link Long#MAX_VALUE} for none.
     * @param beforeMs only those that were given up before this bus time.
     * @return number of files deleted.
     */
    public int deleteFiles(LanePoller reader, long referredIndex, long beforeMs) {
        final int referredCycle =
                referredIndex == Long.MAX_VALUE
                        ? Integer.MAX_VALUE
                        : queue.rollCycle().toCycle(referredIndex);
        final int keptCycle = Math.min(reader.cycle(), referredCycle);
        final List<Path> old = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(path, "*.cq4")) {
            all.forEach(old::add);
            old.sort(null);
            old.removeIf(file -> files.cycle(name(file)) >= keptCycle);
            cleanedCycle = old.isEmpty() ? keptCycle : cleanedCycle;
            for (int i = 0; i < old.size(); i++) {
                if (Files.getLastModifiedTime(old.get(i)).toMillis() >= beforeMs) {
                    old.subList(i, old.size()).clear();
                }
            }
            if (old.isEmpty()) {
                return 0;
            }
            final int last = files.cycle(name(old.get(old.size() - 1)));
            // Said first: who stands at one of them is not to look for the next of them. It may be
            // said already, where a reader has made a deleted file anew.
            entry.firstCycle(Math.max(entry.firstCycle(), last + 1));
            for (final Path file : old) {
                entry.deleted(files.usedLength(files.cycle(name(file))));
                Files.delete(file);
            }
        } catch (final NoSuchFileException another) {
            // Another janitor that took the writer for dead does the same.
            return 0;
        } catch (final IOException e) {
            throw new HeadraceException("lane " + path + " cannot be cleaned: " + e, e);
        }
        queue.refreshDirectoryListing();
        return old.size();
    }

    /** Whether there may be a file of an earlier cycle, as far as this process has looked. */
    public boolean hasFilesBefore(int cycle) {
        return cycle > cleanedCycle;
    }

    private static String name(Path file) {
        return file.getFileName().toString();
    }

    /** Reads how far the lane's messages have ended. */
    public void readMark(LaneMark mark) {
        entry.readMark(mark);
    }

    /** Says how far the lane's messages have ended; the janitor's alone. */
    public void writeMark(LaneMark mark) {
        entry.writeMark(mark);
    }

    /** Makes a dead writer's counts those of the messages there are; the janitor's alone. */
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

    SingleChronicleQueue queue() {
        return queue;
    }

    LaneFiles files() {
        return files;
    }

    CycleTime time() {
        return time;
    }

    /** Has the lane's pages mapped ahead, because this process goes on reading it. */
    public void readAhead() {
        files.read();
    }

    @Override
    public void close() {
        files.close();
        queue.close();
    }

    @Override
    public String toString() {
        return channel + "/" + writer;
    }
}
