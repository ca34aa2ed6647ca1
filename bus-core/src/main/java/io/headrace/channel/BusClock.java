// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import org.agrona.concurrent.EpochNanoClock;

/**
 * Bus time: nanoseconds since the epoch as they were when the bus was anchored, going on with the
 * machine's monotonic clock. All processes of a host read the same time, and a step of the wall
 * clock changes nothing.
 */
final class BusClock implements EpochNanoClock {

    private final long offsetNs;

    BusClock(long offsetNs) {
        this.offsetNs = offsetNs;
    }

    @Override
    public long nanoTime() {
        return System.nanoTime() + offsetNs;
    }
}
