// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import org.agrona.collections.LongArrayList;

/**
 * Looks through a lane again and again, but not at what has ended by the janitor's mark, nor at
 * stretches in which nothing was of interest the last time. So a message that is open for long
 * costs its stretch, however many have ended behind it. One thread, the poller's.
 */
public final class Stretches {

    /** Looks at a record. */
    @FunctionalInterface
    public interface Visitor {

        /** Whether the record at a lane's head is to be looked at the next time, too. */
        boolean visit(LanePoller head);
    }

    private static final long NONE = -1;
    private static final int LENGTH = 256;

    private final LanePoller poller;
    // Indexes at which stretches begin: each with a record of interest, but for the last one.
    private LongArrayList starts = new LongArrayList();
    private LongArrayList nextStarts = new LongArrayList();
    private long lastIndex = NONE;
    private int passed;

    /**
     * @param poller of the lane; where it is does not matter.
     */
    public Stretches(LanePoller poller) {
        this.poller = poller;
        starts.addLong(NONE);
    }

    /** A record, and others behind it, may be of interest again. */
    public void revisit(long index) {
        final long first = Math.min(starts.getLong(0), index);
        starts.clear();
        starts.addLong(first);
    }

    /** Looks at what is of interest, and at all that is new; returns how many records it was. */
    public int pass(LaneMark mark, Visitor visitor) {
        passed = 0;
        nextStarts.clear();
        final int last = starts.size() - 1;
        for (int i = 0; i < last; i++) {
            moveTo(starts.getLong(i), mark);
            pass(starts.getLong(i + 1), visitor);
        }
        moveTo(starts.getLong(last), mark);
        passRest(visitor);
        final LongArrayList done = starts;
        starts = nextStarts;
        nextStarts = done;
        return passed;
    }

    private void moveTo(long start, LaneMark mark) {
        if (!poller.moveTo(Math.max(start, mark.lastEnded()))) {
            // It is deleted, and all in its file has ended.
            poller.rewind(mark);
        }
    }

    private void passRest(Visitor visitor) {
        lastIndex = NONE;
        int startCount;
        do {
            startCount = nextStarts.size();
        } while (pass(Long.MAX_VALUE, visitor));
        if (nextStarts.size() == startCount) {
            nextStarts.addLong(lastIndex);
        }
    }

    /** Passes a stretch that ends before an index; true when more may follow. */
    private boolean pass(long end, Visitor visitor) {
        long first = NONE;
        int left = LENGTH;
        for (; left > 0 && poller.peek() && poller.index() < end; poller.advance(), left--) {
            lastIndex = poller.index();
            if (visitor.visit(poller)) {
                first = first == NONE ? lastIndex : first;
            }
        }
        passed += LENGTH - left;
        if (first != NONE) {
            nextStarts.addLong(first);
        }
        return left == 0;
    }
}
