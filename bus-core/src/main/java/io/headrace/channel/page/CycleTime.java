// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.page;

import net.openhft.chronicle.core.time.TimeProvider;
import org.agrona.concurrent.EpochNanoClock;

/**
 * What Chronicle takes for the time: the beginning of the cycle that the lane's writer is in, so
 * that an append reads no clock. Cycles follow each other without a gap, whenever a file is long or
 * old enough; they may run ahead of the clock. For a lane only read it is bus time.
 */
public final class CycleTime implements TimeProvider {

    private final EpochNanoClock clock;
    private final long cycleNs;
    private volatile long nowMs = -1;

    /**
     * @param clock bus time.
     * @param cycleNs length of a cycle.
     */
    public CycleTime(EpochNanoClock clock, long cycleNs) {
        this.clock = clock;
        this.cycleNs = cycleNs;
    }

    /** The writer is in this cycle now. */
    public void cycle(int cycle) {
        nowMs = cycle * (cycleNs / 1_000_000L);
    }

    @Override
    public long currentTimeMillis() {
        final long ms = nowMs;
        return ms < 0 ? clock.nanoTime() / 1_000_000L : ms;
    }
}
