// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import org.agrona.concurrent.EpochNanoClock;

/** Bus time as one event loop reads it: at most once per duty cycle, and only when asked. */
public final class LoopClock {

    private final EpochNanoClock clock;
    private long nowNs;
    private boolean isStale = true;

    public LoopClock(EpochNanoClock clock) {
        this.clock = clock;
    }

    public long nowNs() {
        if (isStale) {
            nowNs = clock.nanoTime();
            isStale = false;
        }
        return nowNs;
    }

    /** A duty cycle begins, or the loop has slept in between. */
    void forget() {
        isStale = true;
    }
}
