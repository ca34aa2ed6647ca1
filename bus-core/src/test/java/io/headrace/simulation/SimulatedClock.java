// SPDX-License-Identifier: Apache-2.0
package io.headrace.simulation;

import org.agrona.concurrent.EpochNanoClock;

/** Bus time that stands still until it is wound. */
final class SimulatedClock implements EpochNanoClock {

    static final long MS = 1_000_000L;
    static final long START_NS = 1_800_000_000_000L * MS;

    private long nowNs = START_NS;

    void wind(long ns) {
        nowNs += ns;
    }

    @Override
    public long nanoTime() {
        return nowNs;
    }
}
