// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import java.lang.invoke.VarHandle;
import java.util.List;

/**
 * What the writers of several lanes have counted, side by side, for about 1 ns each. What is
 * counted meanwhile is seen by the next call. One thread.
 */
public final class LaneCounts {

    private final LaneTable table;
    private final int[] entries;
    private final long[] seen;
    private long messages;
    private long bytes;

    /**
     * @param table of the bus that the lanes belong to.
     */
    LaneCounts(LaneTable table, List<Lane> lanes) {
        this.table = table;
        this.entries = lanes.stream().mapToInt(Lane::entryIndex).toArray();
        this.seen = new long[entries.length];
    }

    /**
     * Goes on to the next lane whose writer has counted something since it was found last.
     *
     * @param from place in the list to begin at.
     * @return its place, or -1 when there is none.
     */
    public int next(int from) {
        VarHandle.loadLoadFence();
        for (int i = from; i < entries.length; i++) {
            final long appended = table.appendedCount(entries[i]);
            if (appended != seen[i]) {
                seen[i] = appended;
                return i;
            }
        }
        return -1;
    }

    /** Adds up all lanes. */
    public LaneCounts sum() {
        VarHandle.loadLoadFence();
        messages = 0;
        bytes = 0;
        for (final int entry : entries) {
            messages += table.appendedCount(entry);
            bytes += table.appendedBytes(entry);
        }
        return this;
    }

    /** How many messages they had when they were added up. */
    public long messages() {
        return messages;
    }

    /** How many bytes these had. */
    public long bytes() {
        return bytes;
    }
}
