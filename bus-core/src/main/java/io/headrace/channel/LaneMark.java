// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

/**
 * How far the messages of a lane have ended: the index up to which every record has, and what
 * became of those. Fates are numbered from 0 in the order done, failed, expired, cancelled, lost.
 */
public final class LaneMark {

    private final long[] ended = new long[LaneTable.FATE_COUNT];
    private long lastEnded;
    private long endedBytes;

    /** Index of the last record of those that have all ended; 0 when none has. */
    public long lastEnded() {
        return lastEnded;
    }

    public void lastEnded(long index) {
        lastEnded = index;
    }

    /** How many records up to {@link #lastEnded()} ended in this fate. */
    public long ended(int fate) {
        return ended[fate];
    }

    public void ended(int fate, long count) {
        ended[fate] = count;
    }

    /** Bytes of the records up to {@link #lastEnded()}. */
    public long endedBytes() {
        return endedBytes;
    }

    public void endedBytes(long bytes) {
        endedBytes = bytes;
    }

    /** How many records have ended, in whatever fate. */
    public long endedCount() {
        long sum = 0;
        for (final long count : ended) {
            sum += count;
        }
        return sum;
    }
}
