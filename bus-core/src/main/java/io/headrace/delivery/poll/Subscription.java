// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery.poll;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneCounts;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.message.DeliveryHeader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.agrona.CloseHelper;

/**
 * Reads all lanes of several channels, in this order:
 *
 * <ul>
 *   <li>One writer's records come in the order of their {@code sequence}, across all its lanes: a
 *       WebSocket's connect before its frames, its close after them. Of the heads of a writer's
 *       lanes the smallest goes first, after one more look at the lanes that looked empty: a writer
 *       publishes in order, so whatever precedes a head that was seen can be seen too.
 *   <li>Writers take turns, a record each, so that a busy one cannot starve a quiet one; and when
 *       heads are older than 1 ms, the oldest goes first.
 * </ul>
 *
 * <p>Writers that had nothing when they were asked are not asked again until one of their lanes has
 * counted a record, which is about 1 ns per lane and look. New lanes are found when the bus's lane
 * version has changed, which is one volatile read per poll. One thread; allocates only when lanes
 * are added.
 */
public final class Subscription implements AutoCloseable {

    /** A head of this age goes before all younger ones. */
    static final long PATIENCE_NS = 1_000_000L;

    private static final long LOOK_INTERVAL_NS = 10_000_000L;
    // Lanes that could not be read, perhaps because too many files were open, are tried again.
    private static final long RETRY_INTERVAL_NS = 1_000_000_000L;
    private static final int WARM_UP_POLLS_MAX = 4_000;

    private final Bus bus;
    private final Predicate<String> channels;
    private final Consumer<HeadraceException> onBadLane;
    private final boolean fromStart;
    private final Consumer<Lane> onLane;
    private final Set<Lane> known = new HashSet<>();
    private final Set<String> reported = new HashSet<>();
    private WriterLanes[] writers = new WriterLanes[0];
    // Those that may have something, in any order; the others are asked when a lane has counted.
    private WriterLanes[] awake = new WriterLanes[0];
    private int awakeCount;
    private LaneCounts counts;
    private WriterLanes[] writerOfLane = new WriterLanes[0];
    private final LaneMark mark = new LaneMark();
    private long rewindVersion = -1;
    private long laneVersion = -1;
    private long lastLookNs;
    private long lastRetryNs;
    private boolean isComplete;
    private int turn;

    /**
     * @param channels which physical channels to read.
     * @param fromStart with the oldest record there is; otherwise with the oldest that may not have
     *     ended.
     * @param onLane told of each lane that is found.
     * @param onBadLane told once of a lane that cannot be read; the others go on.
     */
    public Subscription(
            Bus bus,
            Predicate<String> channels,
            boolean fromStart,
            Consumer<Lane> onLane,
            Consumer<HeadraceException> onBadLane) {
        this.bus = bus;
        this.onLane = onLane;
        this.fromStart = fromStart;
        this.channels = channels;
        this.onBadLane = onBadLane;
        this.counts = bus.counts(List.of());
    }

    /**
     * Gives each writer one turn.
     *
     * @return number of records passed.
     */
    public int poll(Delivery delivery, long nowNs) {
        checkLanes();
        checkCounts(nowNs);
        final WriterLanes oldest = oldest(nowNs - PATIENCE_NS);
        int work = oldest == null ? 0 : oldest.pass(delivery, nowNs);
        final int count = awakeCount;
        turn = turn + 1 < count ? turn + 1 : 0;
        for (int i = 0; i < awakeCount; i++) {
            if (work > 0) {
                // Who had nothing a moment ago is asked when messages have taken their time.
                wakeCounted();
            }
            // Those that this has woken are at the end.
            final int shifted = turn + i < count ? turn + i : turn + i - count;
            final WriterLanes next = awake[i < count ? shifted : i];
            if (next != oldest && (work > 0 || next.hasHead())) {
                work += next.pass(delivery, nowNs);
            }
        }
        return work;
    }

    /**
     * Opens the lanes there are and reads what is in them, if that is not too much, delivering
     * nothing; then it goes back to where all have ended.
     */
    public void warmUp() {
        checkLanes();
        for (int left = WARM_UP_POLLS_MAX; left > 0 && poll((lane, at) -> true, 0) > 0; left--) {
            // Read, so that its pages are there and its code has run.
        }
        rewind(channel -> true);
    }

    /** Delivers the oldest head of all writers; false when there is none. */
    public boolean passOldest(Delivery delivery, long nowNs) {
        do {
            checkLanes();
            checkCounts(nowNs);
            // Whatever caused the head that was seen can be seen too, but perhaps only now: so it
            // is looked for twice.
            if (oldest(Long.MAX_VALUE) != null) {
                return oldest(Long.MAX_VALUE).pass(delivery, nowNs) > 0;
            }
        } while (bus.laneVersion() != laneVersion);
        return false;
    }

    /** The writer whose head is the oldest of those appended before a time, or null. */
    private WriterLanes oldest(long beforeNs) {
        wakeCounted();
        WriterLanes oldest = null;
        long oldestNs = beforeNs;
        for (int i = awakeCount - 1; i >= 0; i--) {
            final WriterLanes writer = awake[i];
            final LanePoller head = writer.head();
            if (head == null) {
                writer.isAwake(false);
                awake[i] = awake[--awakeCount];
            } else if (appendedNs(head) < oldestNs) {
                oldest = writer;
                oldestNs = appendedNs(head);
            }
        }
        return oldest;
    }

    private void wakeCounted() {
        for (int lane = counts.next(0); lane >= 0; lane = counts.next(lane + 1)) {
            wake(writerOfLane[lane]);
        }
    }

    private void wake(WriterLanes writer) {
        if (!writer.isAwake()) {
            writer.isAwake(true);
            awake[awakeCount++] = writer;
        }
    }

    private void wakeAll() {
        for (final WriterLanes writer : writers) {
            wake(writer);
        }
    }

    private void checkLanes() {
        final long version = bus.laneVersion();
        if (version != laneVersion) {
            laneVersion = version;
            lookForLanes();
        }
    }

    /**
     * A lane is looked at when its writer has counted a record, and now and then in any case: the
     * count of its last record may be missing, and deleted files are to be left.
     */
    private void checkCounts(long nowNs) {
        if (nowNs - lastLookNs >= LOOK_INTERVAL_NS) {
            lastLookNs = nowNs;
            for (final WriterLanes writer : writers) {
                writer.lookAgain();
            }
            wakeAll();
            if (!isComplete && nowNs - lastRetryNs >= RETRY_INTERVAL_NS) {
                lastRetryNs = nowNs;
                laneVersion = -1;
            }
        }
    }

    private static long appendedNs(LanePoller head) {
        return head.record().capacity() < DeliveryHeader.LENGTH
                ? 0
                : DeliveryHeader.appendedNs(head.record(), 0);
    }

    /** Goes back, in the channels that pass, to where all records have ended. */
    public void rewind(Predicate<String> rewound) {
        for (final WriterLanes writer : writers) {
            writer.rewind(rewound, mark);
        }
        wakeAll();
    }

    /**
     * Goes back to the messages that were freed since the last call, and delivers those between
     * them once more, but nothing that comes behind them. Called before each {@link #poll}.
     *
     * @return whether it has gone back.
     */
    public boolean revisitFreed() {
        final long version = bus.rewindVersion();
        if (version == rewindVersion) {
            return false;
        }
        rewindVersion = version;
        boolean isBack = false;
        for (final WriterLanes writer : writers) {
            if (writer.revisitFreed(mark)) {
                isBack = true;
                wake(writer);
            }
        }
        return isBack;
    }

    /** Number of lanes it reads. */
    public int laneCount() {
        return known.size();
    }

    private void onProblem(HeadraceException badLane) {
        isComplete = false;
        if (reported.add(badLane.getMessage())) {
            onBadLane.accept(badLane);
        }
    }

    /** From the mark on again, when it can be read: what was passed and freed is not lost. */
    private void onUnreadable(Lane lane, HeadraceException badLane) {
        known.remove(lane);
        onProblem(badLane);
    }

    private void lookForLanes() {
        final List<Lane> lanes = list();
        final List<WriterLanes> all = new ArrayList<>(List.of(writers));
        try {
            for (final Lane lane : lanes) {
                if (!known.contains(lane)) {
                    add(lane, all);
                }
            }
            for (final Lane lane : List.copyOf(known)) {
                if (!lanes.contains(lane)) {
                    known.remove(lane);
                    writerLanes(all, lane.writer()).remove(lane);
                    bus.forget(lane);
                }
            }
        } catch (final RuntimeException e) {
            isComplete = false;
            throw e;
        } finally {
            // Also when a lane cannot be opened: the others are read.
            all.removeIf(WriterLanes::isEmpty);
            writers = all.toArray(new WriterLanes[0]);
            final List<Lane> counted = lanes.stream().filter(known::contains).toList();
            counts = bus.counts(counted);
            writerOfLane =
                    counted.stream()
                            .map(lane -> writerLanes(all, lane.writer()))
                            .toArray(WriterLanes[]::new);
            awake = writers.clone();
            awakeCount = awake.length;
            all.forEach(writer -> writer.isAwake(true));
        }
    }

    private List<Lane> list() {
        isComplete = true;
        try {
            return bus.lanes(channels, this::onProblem);
        } catch (final RuntimeException e) {
            isComplete = false;
            throw e;
        }
    }

    private void add(Lane lane, List<WriterLanes> all) {
        try {
            onLane.accept(lane);
            final LanePoller poller = start(lane);
            lane.readAhead();
            writerLanes(all, lane.writer()).add(poller);
            known.add(lane);
        } catch (final Exception e) {
            // Not when another thread of this process has found it deleted this moment.
            if (Lane.isReadable(lane.path())) {
                onProblem(
                        e instanceof HeadraceException badLane
                                ? badLane
                                : new HeadraceException(
                                        "lane " + lane + " cannot be followed: " + e, e));
            }
        }
    }

    private LanePoller start(Lane lane) {
        if (fromStart) {
            return lane.poller();
        }
        // Made first: what is freed from now on is told to it.
        final LanePoller poller = lane.poller();
        lane.readMark(mark);
        return poller.skipEnded(mark);
    }

    private WriterLanes writerLanes(List<WriterLanes> all, String writer) {
        for (final WriterLanes lanes : all) {
            if (lanes.id().equals(writer)) {
                return lanes;
            }
        }
        final WriterLanes lanes =
                new WriterLanes(writer, () -> bus.laneVersion() != laneVersion, this::onUnreadable);
        all.add(lanes);
        return lanes;
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(writers);
        writers = new WriterLanes[0];
        awakeCount = 0;
        counts = bus.counts(List.of());
        known.clear();
    }
}
