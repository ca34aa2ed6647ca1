// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import java.lang.invoke.VarHandle;

/**
 * Which records of a lane were freed since it was asked last: those that consumers have passed
 * because another one had them, or because they were deferred. One thread.
 */
public final class FreedRecords {

    /** What {@link #first()} is when all that has not ended may have been freed. */
    public static final long ALL = 0;

    private final LaneTable.Entry entry;
    private long seen;
    private long first;
    private long last;

    FreedRecords(LaneTable.Entry entry) {
        this.entry = entry;
        this.seen = entry.freedCount();
    }

    /** Whether there are any, the earliest of them {@link #first()}, the latest {@link #last()}. */
    public boolean look() {
        final long from = seen;
        seen = entry.freedCount();
        if (seen == from) {
            return false;
        }
        first = Long.MAX_VALUE;
        last = 0;
        for (long i = Math.max(from, seen - LaneTable.FREED_SLOT_COUNT); i < seen; i++) {
            first = Math.min(first, entry.firstFreed(i));
            last = Math.max(last, entry.lastFreed(i));
        }
        VarHandle.loadLoadFence();
        // The slot behind those that are counted may be half written.
        if (entry.freedCount() - from >= LaneTable.FREED_SLOT_COUNT) {
            first = ALL;
        }
        return true;
    }

    public long first() {
        return first;
    }

    public long last() {
        return last;
    }
}
