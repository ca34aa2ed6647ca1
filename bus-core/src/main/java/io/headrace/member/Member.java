// SPDX-License-Identifier: Apache-2.0
package io.headrace.member;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.EpochNanoClock;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.errors.DistinctErrorLog;
import org.agrona.concurrent.status.AtomicCounter;
import org.agrona.concurrent.status.ConcurrentCountersManager;

/**
 * This process as a member of a bus: its file, and the agent that keeps its heartbeat.
 *
 * <p>Counters and the error log may be used from any thread; every counter should have one writing
 * thread.
 */
public final class Member implements Agent, AutoCloseable {

    /** What a member does. The order is the member file's. */
    public enum Kind {
        FRONT_END("frontend", 'f'),
        WORKER("worker", 'w'),
        JANITOR("janitor", 'j');

        private final String label;
        private final char letter;

        Kind(String label, char letter) {
            this.label = label;
            this.letter = letter;
        }

        /** The name under which tools print it. */
        public String label() {
            return label;
        }

        /** A member's id: the kind's letter, its number on the bus, and the bus's own id. */
        public String memberId(int number, String busId) {
            return letter + Integer.toString(number) + "-" + busId;
        }
    }

    /** How often the heartbeat is written. */
    public static final long HEARTBEAT_INTERVAL_NS = 50_000_000L;

    // POSIX drops a process's lock on a file as soon as any descriptor of it is closed, so a JVM
    // never opens the files of its own members a second time. See fcntl(2), "Advisory record
    // locking".
    private static final Map<Path, MappedByteBuffer> OWN_FILES = new ConcurrentHashMap<>();
    private static final Set<Path> OWN_HALF_MADE = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final Path unannounced;
    private final String id;
    private final EpochNanoClock clock;
    private final FileChannel channel;
    private final FileLock lock;
    private final MappedByteBuffer mapped;
    private final UnsafeBuffer header;
    private final DistinctErrorLog errorLog;
    private final ConcurrentCountersManager counters;
    private long nextHeartbeatNs;
    private boolean closed;

    private Member(
            Path directory,
            Kind kind,
            String id,
            String channels,
            int firstConsumerId,
            int consumerCount,
            EpochNanoClock clock)
            throws IOException {
        this.id = id;
        this.clock = clock;
        this.path = directory.toRealPath().resolve(id + MemberFile.SUFFIX);
        // Under another name until it is announced, so that nobody ever reads half a member file.
        unannounced = directory.toRealPath().resolve(id + MemberFile.NEW_SUFFIX);
        OWN_HALF_MADE.add(unannounced);
        FileChannel made = null;
        boolean isMade = false;
        try {
            made = MemberFile.open(unannounced, true);
            channel = made;
            lock = channel.lock();
            // All of it is written, so that a full file system is an answer now and not a SIGBUS
            // later.
            MemberFile.fill(channel);
            mapped = MemberFile.map(channel, path);
            OWN_FILES.put(unannounced, mapped);
            header = new UnsafeBuffer(mapped, 0, MemberFile.ERROR_LOG_OFFSET);
            final long nowNs = clock.nanoTime();
            header.putInt(MemberFile.KIND_OFFSET, kind.ordinal());
            header.putLong(MemberFile.PID_OFFSET, ProcessHandle.current().pid());
            header.putLong(MemberFile.START_NS_OFFSET, nowNs);
            header.putLong(MemberFile.HEARTBEAT_NS_OFFSET, nowNs);
            header.putInt(MemberFile.FIRST_CONSUMER_OFFSET, firstConsumerId);
            header.putInt(MemberFile.CONSUMER_COUNT_OFFSET, consumerCount);
            MemberFile.writeChannels(header, channels);
            counters =
                    new ConcurrentCountersManager(
                            MemberFile.countersMetadata(mapped), MemberFile.countersValues(mapped));
            errorLog =
                    new DistinctErrorLog(
                            MemberFile.errorLog(mapped), () -> clock.nanoTime() / 1_000_000L);
            header.putIntRelease(MemberFile.VERSION_OFFSET, MemberFile.VERSION);
            isMade = true;
        } finally {
            if (!isMade && made != null) {
                CloseHelper.quietClose(made);
                OWN_FILES.remove(unannounced);
                Files.deleteIfExists(unannounced);
            }
            OWN_HALF_MADE.remove(unannounced);
        }
    }

    /**
     * Registers this process. Others see it once it has been announced.
     *
     * @param directory the bus's folder of members.
     * @param id unique for all time.
     * @param channels patterns of the channels it consumes, comma-separated; empty for a front end.
     * @param firstConsumerId the first of {@code consumerCount} ids of its own.
     */
    public static Member register(
            Path directory,
            Kind kind,
            String id,
            String channels,
            int firstConsumerId,
            int consumerCount,
            EpochNanoClock clock) {
        try {
            return new Member(directory, kind, id, channels, firstConsumerId, consumerCount, clock);
        } catch (final IOException e) {
            throw new HeadraceException(
                    "member file " + id + " in " + directory + " cannot be made: " + e, e);
        }
    }

    /** Shows the member to the others, who from now on count on it. */
    public void announce() {
        // What came before may have taken longer than a heartbeat is good for.
        header.putLongRelease(MemberFile.HEARTBEAT_NS_OFFSET, clock.nanoTime());
        OWN_FILES.put(path, mapped);
        try {
            Files.move(unannounced, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (final IOException e) {
            OWN_FILES.remove(path);
            throw new HeadraceException("member file " + path + " cannot be made: " + e, e);
        }
        OWN_FILES.remove(unannounced);
    }

    /** Whether a file is that of a member of this very process, which may be making it. */
    static boolean isOwn(Path path) throws IOException {
        // Whichever way leads to the file: it is the file that must not be opened twice.
        final Path file = path.toRealPath();
        return OWN_HALF_MADE.contains(file) || OWN_FILES.containsKey(file);
    }

    /**
     * The mapping of a member of this very process.
     *
     * @throws HeadraceException while its file is being made.
     */
    static Optional<MappedByteBuffer> ownMapping(Path path) {
        try {
            final Path file = path.toRealPath();
            if (OWN_HALF_MADE.contains(file)) {
                throw new HeadraceException("member file " + path + " is half made: try again");
            }
            return Optional.ofNullable(OWN_FILES.get(file));
        } catch (final IOException absent) {
            return Optional.empty();
        }
    }

    /** Whether the member of this very process with this mapping has not been closed. */
    static boolean isOpen(MappedByteBuffer own) {
        for (final MappedByteBuffer open : OWN_FILES.values()) {
            if (open == own) {
                return true;
            }
        }
        return false;
    }

    public String id() {
        return id;
    }

    /** Says that a consumer goes round; by its own thread. */
    public void onDuty(int consumer, long nowNs) {
        header.putLongRelease(MemberFile.DUTY_OFFSET + consumer * MemberFile.DUTY_LENGTH, nowNs);
    }

    /** Says that its consumers finish what they have, and that others are to take over. */
    public void leave() {
        header.putIntRelease(MemberFile.LEAVING_OFFSET, 1);
    }

    /** A new counter of this member; its label is what tools print. */
    public AtomicCounter counter(String label) {
        return counters.newCounter(label);
    }

    /**
     * Errors, each kind once, with first and last time and count; readable by tools after a crash.
     */
    public DistinctErrorLog errorLog() {
        return errorLog;
    }

    /** Writes the heartbeat when it is due. */
    @Override
    public int doWork() {
        final long nowNs = clock.nanoTime();
        if (nowNs < nextHeartbeatNs) {
            return 0;
        }
        nextHeartbeatNs = nowNs + HEARTBEAT_INTERVAL_NS;
        header.putLongRelease(MemberFile.HEARTBEAT_NS_OFFSET, nowNs);
        return 1;
    }

    @Override
    public String roleName() {
        return "member-" + id;
    }

    /** Marks the member as gone and lets its lock go. The file stays for tools. */
    @Override
    public void close() {
        if (!closed) {
            header.putIntRelease(MemberFile.STATE_OFFSET, 1);
            CloseHelper.quietCloseAll(lock, channel);
            OWN_FILES.remove(path);
            OWN_FILES.remove(unannounced);
            closed = true;
            // The mapping is left to the collector: a counter of a thread that is still ending must
            // not kill the JVM.
        }
    }
}
