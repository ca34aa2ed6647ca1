// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import io.headrace.channel.page.CycleFile;
import io.headrace.channel.page.Pages;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import net.openhft.chronicle.queue.impl.RollingResourcesCache;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import org.agrona.BitUtil;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.EpochNanoClock;

/**
 * The files of one lane that this process has mapped ahead of their use: the one that is written,
 * and the next one, whole and empty, so that the writer rolls into it without waiting for the
 * kernel.
 *
 * <p>In the writer's process pages are got ahead of the last record, the more the faster it goes,
 * and the lane table tells the others up to where. A process that reads the lane maps them up to
 * there, too, and takes no memory.
 *
 * <p>The writer's thread rolls, {@link #doWork} belongs to the process's page agent; neither holds
 * the lock for longer than the making of a file.
 */
final class LaneFiles implements AutoCloseable {

    /** How much of a new file is there: header, indexes, and room for some records. */
    static final int NEW_LENGTH = 64 << 10;

    /** The first record of a file begins before this. */
    static final int FIRST_RECORD_MAX = 24 << 10;

    /** What may be written behind a record: blocks of the index, and the end mark. */
    static final int RESERVE = 24 << 10;

    static final int INDEX_COUNT = 1_024;
    static final int INDEX_SPACING = 64;

    /** From this length on a file is given up for the next one while memory is tight. */
    static final int TIGHT_LENGTH = 256 << 10;

    private static final int AHEAD_MIN = 32 << 10;
    // Of the time until a roll, when the next file is made.
    private static final int PREPARE_FRACTION = 10;

    /** Does all that is to be done ahead for the lanes of a process. */
    record PageAgent(
            Collection<Lane> lanes, EpochNanoClock clock, BooleanSupplier isTight, long aheadMax)
            implements Agent {

        @Override
        public int doWork() {
            int work = 0;
            for (final Lane lane : lanes) {
                final LaneFiles files = lane.files();
                files.measure(aheadMax);
                while (files.doWork(clock.nanoTime(), isTight.getAsBoolean())) {
                    // In parts: a writer that rolls waits for no more than one.
                    work++;
                }
            }
            return work;
        }

        @Override
        public String roleName() {
            return "pages";
        }
    }

    private final SingleChronicleQueue queue;
    private final LaneTable.Entry entry;
    private final int rollLength;
    private final long cycleNs;
    private final RollingResourcesCache names;
    private CycleFile current;
    private CycleFile next;
    private CycleFile ended;
    private long allocatedBefore;
    private volatile long rollAtNs;
    private long lastPosition;
    private long ahead = AHEAD_MIN;
    private long goal;
    private boolean isWritten;
    private volatile boolean isRead;
    private boolean isClosed;

    LaneFiles(SingleChronicleQueue queue, LaneTable.Entry entry, BusSettings settings) {
        this.queue = queue;
        this.entry = entry;
        this.rollLength = rollLength(settings);
        this.cycleNs = settings.cycleNs();
        final Path directory = queue.file().toPath();
        this.names =
                new RollingResourcesCache(
                        queue.rollCycle(),
                        queue.epoch(),
                        name -> directory.resolve(name + SingleChronicleQueue.SUFFIX).toFile(),
                        file -> file.getName());
    }

    /** No record of a file ends behind this: it is given up before, and fits into one block. */
    static int rollLength(BusSettings settings) {
        return Math.min(settings.rollSize(), settings.blockSize() - RESERVE);
    }

    /** The cycle that a file is of. */
    int cycle(String name) {
        return names.parseCount(
                name.substring(0, name.length() - SingleChronicleQueue.SUFFIX.length()));
    }

    /** Bytes that the file of an ended cycle has. */
    long usedLength(int cycle) {
        try (CycleFile file = CycleFile.open(queue, cycle).orElse(null)) {
            return file == null ? 0 : file.usedLength(RESERVE);
        }
    }

    /** The file with which the writer goes on; empty when there is no memory for it. */
    synchronized Optional<CycleFile> roll(int cycle, long nowNs) {
        if (isClosed || !prepare(cycle)) {
            return Optional.empty();
        }
        endRolled(nowNs);
        isWritten = true;
        ended = current;
        current = next;
        next = null;
        lastPosition = 0;
        goal = 0;
        tell();
        return Optional.of(current);
    }

    /** When the writer will give its file up for the next one. */
    void rollAt(long timeNs) {
        rollAtNs = timeNs;
    }

    private boolean prepare(int cycle) {
        if (next == null && !isClosed) {
            final Path path = names.resourceFor(cycle).path.toPath();
            next = CycleFile.create(queue, path, cycle, NEW_LENGTH).orElse(null);
            if (next != null) {
                BusDirectory.restrict(path);
            }
        }
        return next != null;
    }

    /** Has the lane mapped ahead in this process, which reads it. */
    void read() {
        isRead = true;
    }

    /** Sees how fast the writer goes; once per duty cycle of the page agent. */
    synchronized void measure(long aheadMax) {
        if (isWritten && !isClosed) {
            final long position = current.lastPosition();
            final long wanted = Math.max(4 * (position - lastPosition), ahead - ahead / 8);
            ahead = Math.max(AHEAD_MIN, Math.min(wanted, aheadMax));
            lastPosition = position;
        }
    }

    /**
     * Does a part of what is to be done ahead: 0.1 ms, or 0.4 for a huge page, or the making of a
     * file.
     *
     * @param isTight while there is little memory: no more than the least is got ahead.
     * @return false when there is nothing left to do.
     */
    synchronized boolean doWork(long nowNs, boolean isTight) {
        if (isClosed || !isWritten) {
            return !isClosed && isRead && follow();
        }
        final boolean worked =
                endRolled(nowNs)
                        || populate(isTight ? AHEAD_MIN : ahead)
                        || prepare(nowNs, isTight);
        tell();
        return worked;
    }

    private boolean populate(long wanted) {
        final long at = current.lastPosition();
        final long populatedTo = current.populatedTo();
        // In few, long strides: each takes the processor from somebody.
        final long unit = wanted < Pages.HUGE_LENGTH ? Pages.PAGE_LENGTH : Pages.HUGE_LENGTH;
        final long farthest = BitUtil.align(at + RESERVE + wanted, unit);
        if (populatedTo >= goal && populatedTo - at < RESERVE + wanted / 2 || goal > farthest) {
            goal = farthest;
        }
        final long most = rollLength + RESERVE;
        if (populatedTo < Math.min(goal, most)) {
            return current.populateSome(Math.min(goal, most));
        }
        final long goalOfNext = Math.min(NEW_LENGTH + goal - rollLength, most);
        return next != null && next.populatedTo() < goalOfNext && next.populateSome(goalOfNext);
    }

    private boolean prepare(long nowNs, boolean isTight) {
        final long at = current.lastPosition();
        return next == null
                && at != 0
                && (at > rollLength / 2
                        || isTight && at > TIGHT_LENGTH
                        || nowNs > rollAtNs - cycleNs / PREPARE_FRACTION)
                && prepare(current.cycle() + 1);
    }

    private boolean endRolled(long nowNs) {
        if (ended == null) {
            return false;
        }
        ended.end(RESERVE, nowNs);
        allocatedBefore += ended.usedLength(RESERVE);
        ended.close();
        ended = null;
        return true;
    }

    private void tell() {
        entry.tell(
                told(current),
                next == null ? 0 : told(next),
                allocatedBefore + length(ended) + length(current) + length(next));
    }

    private static long length(CycleFile file) {
        return file == null ? 0 : file.populatedTo();
    }

    /** A file and how far it is populated, in one word. */
    private static long told(CycleFile file) {
        return (long) file.cycle() << Integer.SIZE | file.populatedTo() / Pages.PAGE_LENGTH;
    }

    private boolean follow() {
        final long told = entry.populated();
        final int cycle = (int) (told >>> Integer.SIZE);
        if (current == null || current.cycle() != cycle) {
            CloseHelper.quietClose(current);
            current = null;
            if (next != null && next.cycle() == cycle) {
                current = next;
            } else {
                CloseHelper.quietClose(next);
                current = CycleFile.open(queue, cycle).orElse(null);
            }
            next = null;
            return current != null;
        }
        final long toldOfNext = entry.nextPopulated();
        if (next == null && (int) (toldOfNext >>> Integer.SIZE) == cycle + 1) {
            next = CycleFile.open(queue, cycle + 1).orElse(null);
        }
        return follow(current, told) || next != null && follow(next, toldOfNext);
    }

    private static boolean follow(CycleFile file, long told) {
        final long to = (told & 0xFFFF_FFFFL) * Pages.PAGE_LENGTH;
        return file.populatedTo() < to && file.populateSome(to);
    }

    @Override
    public synchronized void close() {
        isClosed = true;
        CloseHelper.quietCloseAll(current, next, ended);
    }
}
