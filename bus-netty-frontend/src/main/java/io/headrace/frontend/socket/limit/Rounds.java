// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.limit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Looks after all connections of a loop: each of them about four times a second, a few at a time;
 * and when together they hold more than they may, closes those that hold most for how little they
 * send and take.
 */
public final class Rounds {

    private static final long STEP_NS = 8_000_000L;
    private static final int STEP_COUNT = 32;
    // About 0.3 ms.
    private static final int CHECKS_PER_POLL = 1_000;

    private final long heldLengthMax;
    private final long headersNs;
    private final Runnable onLate;
    private final List<Meter> meters = new ArrayList<>();
    private int cursor;
    private long nextStepNs;
    private long heldLength;

    /**
     * @param heldLengthMax how many bytes the connections may make the loop hold together.
     * @param headersNs how long a connection may take to speak a protocol; 0 is for ever.
     * @param onLate told of each that takes longer, and is closed.
     */
    Rounds(long heldLengthMax, long headersNs, Runnable onLate) {
        this.heldLengthMax = heldLengthMax;
        this.headersNs = headersNs;
        this.onLate = onLate;
    }

    void add(Meter meter) {
        meter.place = meters.size();
        meters.add(meter);
    }

    void remove(Meter meter) {
        final Meter last = meters.remove(meters.size() - 1);
        if (last != meter) {
            meters.set(meter.place, last);
            last.place = meter.place;
        }
    }

    void hold(long length) {
        heldLength += length;
    }

    boolean isTooLate(long sinceNs, long nowNs) {
        final boolean isOver = Patience.isOver(headersNs, sinceNs, nowNs);
        if (isOver) {
            onLate.run();
        }
        return isOver;
    }

    /** Goes the steps of its round that are due; the loop may have slept for some. */
    public int poll(long nowNs) {
        shedIfOver();
        if (nowNs < nextStepNs) {
            return 0;
        }
        final int due = (int) Math.min(STEP_COUNT, (nowNs - nextStepNs) / STEP_NS + 1);
        final int stepLength = meters.size() / STEP_COUNT + 1;
        // What has come since is not to wait for all that is due: the rest is for the next cycles.
        final int steps = Math.min(due, Math.max(1, CHECKS_PER_POLL / stepLength));
        nextStepNs = nowNs + (steps - due + 1) * STEP_NS;
        final int count = Math.min(meters.size(), steps * stepLength);
        for (int i = 0; i < count; i++) {
            // Downwards: one that goes is replaced by one that has been looked at already.
            cursor = cursor <= 0 ? meters.size() - 1 : Math.min(cursor, meters.size()) - 1;
            if (cursor >= 0) {
                meters.get(cursor).check(nowNs);
            }
        }
        return count;
    }

    /** Closes connections when all together hold too much; asked before there is more to hold. */
    public void shedIfOver() {
        if (heldLength > heldLengthMax) {
            meters.forEach(Meter::recount);
            if (heldLength > heldLengthMax) {
                shed();
            }
        }
    }

    private void shed() {
        final List<Meter> holding = new ArrayList<>(meters);
        holding.removeIf(meter -> !meter.holds());
        holding.sort(Comparator.comparingDouble(Meter::idleness).reversed());
        for (int i = 0; i < holding.size() && heldLength > heldLengthMax / 4 * 3; i++) {
            holding.get(i).shed();
        }
    }
}
