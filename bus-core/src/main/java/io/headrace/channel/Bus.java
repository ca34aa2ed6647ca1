// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import io.headrace.HeadraceException;
import io.headrace.channel.bell.Bell;
import io.headrace.channel.bell.Bells;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.page.Allowance;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.function.Predicate;
import org.agrona.CloseHelper;
import org.agrona.IoUtil;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.EpochNanoClock;

/**
 * A bus: a directory that holds everything one application's processes on one host share.
 *
 * <pre>
 *  DIR/bus.properties                  settings, written last: a directory with it is a bus
 *  DIR/bus.dat                         shared words ({@code BusFile})
 *  DIR/lanes.dat                       what is known of each lane ({@code LaneTable})
 *  DIR/bells.dat, DIR/{bell,watch}-CONSUMER   who sleeps, and what they are woken with ({@link Bells})
 *  DIR/bus.lock                        locked while the bus is made
 *  DIR/members/ID.member               one file per process
 *  DIR/channels/CHANNEL/WRITER/        one lane: a Chronicle Queue and, once it may be read, {@code lane.properties}
 * </pre>
 *
 * <p>Thread-safe; lanes are shared by the threads of a process, appenders and pollers belong to one
 * thread each.
 */
public final class Bus implements AutoCloseable {

    /** System property and default of every tool's {@code --bus}. */
    public static final String DIRECTORY_PROPERTY = "headrace.bus";

    private final Path directory;
    private final BusSettings settings;
    private final BusFile file;
    private final LaneTable laneTable;
    private final Bells bells;
    private final EpochNanoClock clock;
    private final Allowance allowance;
    private final Map<Path, Lane> lanes = new ConcurrentHashMap<>();
    private volatile boolean closed;

    private Bus(
            Path directory,
            BusSettings settings,
            BusFile file,
            LaneTable laneTable,
            Bells bells,
            EpochNanoClock clock) {
        this.directory = directory;
        this.settings = settings;
        this.file = file;
        this.laneTable = laneTable;
        this.bells = bells;
        this.clock = clock;
        this.allowance = new Allowance(directory, settings.memoryMax());
    }

    /** Where a bus is when nobody says otherwise. */
    public static Path defaultDirectory() {
        return BusDirectory.byDefault();
    }

    /**
     * Opens the bus in this directory, and makes it first when the directory is absent or empty.
     */
    public static Bus openOrCreate(Path directory) {
        return openOrCreate(directory, BusFile.Clock::new);
    }

    /** The same with a time that its caller winds: for tests and simulations. */
    public static Bus openOrCreate(Path directory, EpochNanoClock clock) {
        return openOrCreate(directory, offsetNs -> clock);
    }

    private static Bus openOrCreate(Path directory, LongFunction<EpochNanoClock> clock) {
        final Path path = directory.toAbsolutePath().normalize();
        return BusDirectory.open(path, () -> openLocked(path, clock));
    }

    /** Opens a bus that must exist. */
    public static Bus open(Path directory) {
        final Path path = directory.toAbsolutePath().normalize();
        if (!Files.exists(path.resolve(BusDirectory.SETTINGS_FILE))) {
            throw new HeadraceException(
                    "no bus in %s; start 'headrace demo', 'frontend' or 'worker' first, or name another with --bus"
                            .formatted(path));
        }
        return openOrCreate(path);
    }

    private static Bus openLocked(Path path, LongFunction<EpochNanoClock> clock) {
        final BusSettings settings = BusSettings.read(path.resolve(BusDirectory.SETTINGS_FILE));
        final BusFile file = new BusFile(path.resolve("bus.dat"));
        final LaneTable laneTable = new LaneTable(path.resolve("lanes.dat"));
        BusDirectory.restrict(path.resolve("bus.dat"));
        BusDirectory.restrict(path.resolve("lanes.dat"));
        final Bells bells = new Bells(path, BusDirectory.file(path, "bells.dat"));
        return new Bus(path, settings, file, laneTable, bells, clock.apply(file.anchorClock()));
    }

    public Path directory() {
        return directory;
    }

    public BusSettings settings() {
        return settings;
    }

    /** Bus time: nanoseconds since the epoch, monotonic, the same in all processes. */
    public EpochNanoClock clock() {
        return clock;
    }

    /** A file of the bus beside its own, made when absent and its owner's alone. */
    public Path file(String name) {
        return BusDirectory.file(directory, name);
    }

    /** Where the members' files are. */
    public Path membersDirectory() {
        return directory.resolve("members");
    }

    /** A word that rises after every change to the set of lanes or members: one volatile read. */
    public long laneVersion() {
        return file.laneVersion();
    }

    /** Tells all readers to look for new lanes and members. */
    public void raiseLaneVersion() {
        file.raiseLaneVersion();
        bells.ringAll();
        bells.ringWatches();
    }

    /** A word that rises when messages that consumers may have passed are free again. */
    public long rewindVersion() {
        return file.rewindVersion();
    }

    /** Tells all consumers to go back to a lane's records that were freed. */
    public void publishFreed(Lane lane, long first, long last) {
        lane.entry().freed(first, last);
        file.raiseRewindVersion();
        bells.ringAll();
    }

    /** A word that rises when files are deleted, for {@link LanePoller#letGo()}. */
    public long deletionVersion() {
        return file.deletionVersion();
    }

    /** Tells all readers to leave files that are deleted. */
    public void raiseDeletionVersion() {
        file.raiseDeletionVersion();
    }

    /** Whether there is too little memory left to take more from clients: one volatile read. */
    public boolean isMemoryHigh() {
        return file.memory() == Allowance.HIGH;
    }

    /** Whether memory is to be given back where it can be, and surely when it is high. */
    public boolean isMemoryTight() {
        return file.memory() != Allowance.OK;
    }

    /**
     * Looks at what is left of the {@link Allowance}, and lets everybody know. Every member does
     * it, now and then: no other's standstill leaves this one without.
     *
     * @return whether memory is high.
     */
    public boolean checkMemory() {
        file.memory(allowance.level(allowance.isSize() ? laneTable.allocatedBytes() : 0));
        return isMemoryHigh();
    }

    /**
     * Gets pages and files ahead for all lanes that this process writes and reads. One agent, and a
     * thread of its own that may wait for the kernel.
     */
    public Agent pageAgent() {
        return new LaneFiles.PageAgent(
                lanes.values(), clock, this::isMemoryTight, allowance.aheadMax());
    }

    /** Rings those who sleep. */
    public Bells bells() {
        return bells;
    }

    /** A bell for a consumer or a loop that is to sleep; see {@link Bells#hang}. */
    public Optional<Bell> newBell(int owner, String channels) {
        final Optional<Bell> bell = bells.hang(owner, channels);
        raiseLaneVersion();
        return bell;
    }

    /** A number that no other member of this bus ever had or will have, from 1. */
    public int nextMemberNumber() {
        return file.nextMemberNumber();
    }

    /** Reserves consumer ids and returns the first. */
    public int nextConsumerIds(int count) {
        return file.nextConsumerIds(count);
    }

    /**
     * Makes the channel's folder, so that writers may open lanes in it before its reader has got a
     * message.
     *
     * @param channel a physical channel's name.
     */
    public void createChannel(String channel) {
        BusDirectory.make(channelDirectory(channel));
        raiseLaneVersion();
    }

    /**
     * Makes a lane for its one writer, in all the channel's folder's life.
     *
     * @param channel a physical channel's name.
     * @param writer the writer's id, unique for all time.
     */
    public LaneAppender newLane(String channel, String writer, WriterSequence sequence) {
        final Path path = channelDirectory(channel).resolve(ChannelName.check(writer));
        if (Lane.isMade(path)) {
            throw new HeadraceException(
                    "lane " + path + " exists already; a writer's id must be unique");
        }
        // What is left of an earlier attempt of this writer.
        deleteUnreadable(path);
        BusDirectory.make(path);
        Lane lane = null;
        try {
            lane = Lane.create(path, laneTable, file.nextLaneNumber(), settings, clock);
            final LaneAppender appender =
                    new LaneAppender(lane, sequence, bells.new Ringer(channel, this::laneVersion));
            appender.warmUp(clock.nanoTime());
            // Before others in this process find it, who would open it once more.
            lanes.put(path, lane);
            lane.publish();
            raiseLaneVersion();
            return appender;
        } catch (final RuntimeException e) {
            // Its writer may try again when there is memory.
            lanes.remove(path);
            CloseHelper.quietClose(lane);
            CloseHelper.close(e::addSuppressed, () -> deleteUnreadable(path));
            throw e;
        }
    }

    /**
     * The lanes of all channels whose name passes. Cold: opens them, and forgets deleted ones.
     *
     * @param onBadLane told of each that cannot be; the others are found all the same.
     */
    public List<Lane> lanes(Predicate<String> channels, Consumer<HeadraceException> onBadLane) {
        final List<Lane> found = new ArrayList<>();
        for (final String channel : channels(channels)) {
            for (final Path path : BusDirectory.list(directory.resolve("channels/" + channel))) {
                try {
                    lane(path).ifPresent(found::add);
                } catch (final HeadraceException badLane) {
                    onBadLane.accept(badLane);
                }
            }
        }
        lanes.values().stream()
                .filter(l -> channels.test(l.channel()) && l.isGone() && !found.contains(l))
                .forEach(this::forget);
        return found;
    }

    /** What the writers of some lanes count; all that is there already is new to it. */
    public LaneCounts counts(List<Lane> counted) {
        return new LaneCounts(laneTable, counted);
    }

    /** Forgets a lane that is hidden: it is closed once nobody in this process reads it. */
    public void forget(Lane lane) {
        if (lanes.remove(lane.path(), lane)) {
            lane.retire();
        }
    }

    /** Deletes the files of a lane that is hidden, and gives its place in the lane table back. */
    public void delete(Lane lane) {
        forget(lane);
        // First the place: should this process die now, the files say which, unless they are gone.
        laneTable.free(lane.number());
        deleteUnreadable(lane.path());
    }

    /** Folders of all lanes: those to be read, those being made, and those being deleted. */
    public List<Path> lanePaths() {
        return BusDirectory.list(directory.resolve("channels")).stream()
                .flatMap(channel -> BusDirectory.list(channel).stream())
                .toList();
    }

    /** Gives back the place of a lane that nobody may read, and deletes its files. */
    public void deleteUnreadable(Path lane) {
        try {
            Lane.free(lane, laneTable);
        } catch (final IOException e) {
            throw new HeadraceException("lane " + lane + " cannot be deleted: " + e, e);
        } catch (final IllegalArgumentException damaged) {
            IoUtil.delete(lane.toFile(), true);
            throw new HeadraceException("lane " + lane + " had a place nobody knows", damaged);
        }
        IoUtil.delete(lane.toFile(), true);
    }

    /** Deletes the folders of channels; false when one of them has a lane. */
    public boolean deleteChannels(Predicate<String> names) {
        boolean deleted = true;
        for (final String name : channels(names)) {
            try {
                Files.deleteIfExists(channelDirectory(name));
            } catch (final DirectoryNotEmptyException hasLanes) {
                deleted = false;
            } catch (final IOException e) {
                throw new HeadraceException("channel " + name + " cannot be deleted: " + e, e);
            }
        }
        return deleted;
    }

    /** Names of the channels that exist and pass. */
    public List<String> channels(Predicate<String> names) {
        return BusDirectory.list(directory.resolve("channels")).stream()
                .map(path -> path.getFileName().toString())
                .filter(names)
                .toList();
    }

    /** One writer's lane in a channel, when it exists and may be read. */
    public Optional<Lane> lane(String channel, String writer) {
        return lane(channelDirectory(channel).resolve(writer));
    }

    /** The lane in this folder, when it may be read. */
    public Optional<Lane> lane(Path path) {
        // Asked first: a lane that another process has hidden is to be forgotten here, too.
        if (!Lane.isReadable(path)) {
            return Optional.empty();
        }
        try {
            return Optional.of(
                    lanes.computeIfAbsent(
                            path, absent -> Lane.open(absent, laneTable, settings, clock)));
        } catch (final HeadraceException bad) {
            if (Lane.isReadable(path)) {
                throw bad;
            }
            return Optional.empty();
        }
    }

    private Path channelDirectory(String channel) {
        final String name = ChannelName.check(channel);
        assert name.indexOf('!') < 0 : "not a physical channel: " + name;
        return directory.resolve("channels").resolve(name);
    }

    /**
     * Closes everything this process has open of the bus. Appenders and pollers must be closed
     * before.
     */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            CloseHelper.quietCloseAll(lanes.values());
            lanes.clear();
            laneTable.close();
            bells.close();
            file.close();
        }
    }
}
