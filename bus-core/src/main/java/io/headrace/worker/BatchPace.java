// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

/**
 * Whether a consumer's messages come in batches. A front end's loop reads the clock once per duty
 * cycle, so messages of the same time are of one cycle; and it looks at no reply before that ends.
 * Who takes each message of a long cycle as it comes wins nothing, and looks for the next on a
 * processor that those who read and write sockets may want.
 *
 * <p>With several loops their times alternate, and nothing is taken for a batch. One thread.
 */
final class BatchPace {

    private static final int BATCH_MIN = 8;
    private static final long CYCLE_MAX_NS = 10_000_000L;
    private static final long LULL_MAX_NS = 200_000L;

    private long cycleAtNs;
    private long cycleNs;
    private int lastCount;
    private int count;

    /** A message has come that was appended at this bus time. */
    void onMessage(long appendedNs) {
        if (appendedNs != cycleAtNs) {
            lastCount = count;
            count = 0;
            cycleNs = appendedNs - cycleAtNs;
            cycleAtNs = appendedNs;
        }
        count++;
    }

    /**
     * How long one that finds nothing need not look, in ns: a quarter of a cycle, to which the
     * system adds some, so that it has done most of a batch when its writer comes to the replies; 0
     * when messages come one by one.
     */
    long lullNs() {
        return Math.max(count, lastCount) < BATCH_MIN || cycleNs < 0 || cycleNs > CYCLE_MAX_NS
                ? 0
                : Math.min(cycleNs / 4, LULL_MAX_NS);
    }
}
