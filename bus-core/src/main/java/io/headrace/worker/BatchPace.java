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
    // A loop that takes longer for each message has rested meanwhile, and sees a reply at once.
    private static final long BUSY_NS = 40_000L;
    private static final long NAP_MAX_NS = 200_000L;

    private long cycleAtNs;
    private long lastNs;
    private int lastCount;
    private int count;

    /** A message has come that was appended at this bus time. */
    void onMessage(long appendedNs) {
        if (appendedNs != cycleAtNs) {
            lastCount = count;
            count = 0;
            lastNs = Math.max(0, appendedNs - cycleAtNs);
            cycleAtNs = appendedNs;
        }
        count++;
    }

    /**
     * How long one that finds nothing need not look, in ns: a quarter of a cycle, to which the
     * system adds some, so that it has done most of a batch when its writer comes to the replies; 0
     * when messages come one by one, or in bursts between which their loop rests.
     */
    long lullNs() {
        final int batch = Math.max(count, lastCount);
        return batch < BATCH_MIN || lastNs > batch * BUSY_NS ? 0 : Math.min(lastNs / 4, NAP_MAX_NS);
    }
}
