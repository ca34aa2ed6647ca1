// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery.poll;

import io.headrace.HeadraceException;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import java.util.Arrays;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.agrona.CloseHelper;

/** The lanes of one writer that a subscription reads, merged by sequence. */
final class WriterLanes implements AutoCloseable {

    private final String id;
    private final BooleanSupplier hasNewLanes;
    private final BiConsumer<Lane, HeadraceException> onUnreadable;
    private LanePoller[] lanes = new LanePoller[0];
    private long lastSequence;
    private LanePoller head;
    private boolean isAwake;

    /**
     * @param hasNewLanes whether lanes have come to the bus that this does not know yet.
     * @param onUnreadable told of a lane whose next file cannot be opened: it is not read any more,
     *     so that the others are, and is to be added again.
     */
    WriterLanes(
            String id,
            BooleanSupplier hasNewLanes,
            BiConsumer<Lane, HeadraceException> onUnreadable) {
        this.id = id;
        this.hasNewLanes = hasNewLanes;
        this.onUnreadable = onUnreadable;
    }

    String id() {
        return id;
    }

    void add(LanePoller lane) {
        lanes = Arrays.copyOf(lanes, lanes.length + 1);
        lanes[lanes.length - 1] = lane;
        // A head chosen without this lane might not be the smallest any more.
        head = null;
    }

    /**
     * The record of this writer whose turn it is, or null; it stays the same until it is passed.
     */
    LanePoller head() {
        if (head == null) {
            LanePoller smallest = smallest();
            // Nothing can precede the direct successor; else records may have come to lanes that
            // looked empty, all of them before the one that was seen.
            if (smallest != null && smallest.sequence() != lastSequence + 1) {
                if (hasNewLanes.getAsBoolean()) {
                    // What precedes it may be in one of those.
                    return null;
                }
                if (lanes.length > 1) {
                    smallest = smallest();
                }
            }
            head = smallest;
        }
        return head;
    }

    /** Whether {@link #head()} has found one that is not passed yet. */
    boolean hasHead() {
        return head != null;
    }

    /** Whether its subscription asks it in each poll. */
    boolean isAwake() {
        return isAwake;
    }

    void isAwake(boolean awake) {
        isAwake = awake;
    }

    /** Looks at all lanes the next time, whatever their writer has counted. */
    void lookAgain() {
        for (final LanePoller lane : lanes) {
            lane.lookAgain();
        }
    }

    /** Goes back, in the lanes of the channels that pass, to where all records have ended. */
    void rewind(Predicate<String> channels, LaneMark mark) {
        for (final LanePoller poller : lanes) {
            if (channels.test(poller.lane().channel())) {
                poller.lane().readMark(mark);
                head = null;
                lastSequence = 0;
                try {
                    poller.rewind(mark);
                } catch (final HeadraceException unreadable) {
                    giveUp(poller, unreadable);
                }
            }
        }
    }

    /** Goes back to what was freed; false when it has not passed any of it. */
    boolean revisitFreed(LaneMark mark) {
        boolean isBack = false;
        for (final LanePoller poller : lanes) {
            try {
                isBack |= poller.revisitFreed(mark);
            } catch (final HeadraceException unreadable) {
                giveUp(poller, unreadable);
            }
        }
        if (isBack) {
            head = null;
        }
        return isBack;
    }

    void remove(Lane lane) {
        for (final LanePoller poller : lanes) {
            if (poller.lane() == lane) {
                lanes =
                        Arrays.stream(lanes)
                                .filter(kept -> kept != poller)
                                .toArray(LanePoller[]::new);
                head = null;
                poller.close();
                return;
            }
        }
    }

    private void giveUp(LanePoller poller, HeadraceException unreadable) {
        remove(poller.lane());
        onUnreadable.accept(poller.lane(), unreadable);
    }

    boolean isEmpty() {
        return lanes.length == 0;
    }

    private LanePoller smallest() {
        LanePoller smallest = null;
        for (final LanePoller lane : lanes) {
            try {
                if (lane.peekIfAppended()
                        && (smallest == null || lane.sequence() < smallest.sequence())) {
                    smallest = lane;
                }
            } catch (final HeadraceException unreadable) {
                giveUp(lane, unreadable);
            }
        }
        return smallest;
    }

    /** Delivers the head and passes it; returns the number of records passed. */
    int pass(Delivery delivery, long nowNs) {
        final LanePoller next = head();
        if (next == null) {
            return 0;
        }
        boolean pass = true;
        try {
            pass = delivery.onRecord(next, nowNs);
        } finally {
            if (pass) {
                lastSequence = Math.max(lastSequence, next.sequence());
                head = null;
                next.advance();
            }
        }
        return pass ? 1 : 0;
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(lanes);
    }
}
