// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import java.util.function.LongConsumer;
import org.agrona.concurrent.IdleStrategy;

/**
 * {@code backoff} for an event loop: spins, yields, then sleeps in the selector, where a socket's
 * event wakes it at once; a reply waits for the sleep's end, which is never later than {@code
 * parkMaxNs}.
 */
final class LoopIdleStrategy implements IdleStrategy {

    private static final int SPINS_MAX = 20;
    private static final int YIELDS_MAX = 50;
    private static final long PARK_MIN_NS = 10_000L;

    private final LongConsumer waitForSockets;
    private final long parkMaxNs;
    private int idleCount;
    private long parkNs = PARK_MIN_NS;

    /**
     * @param waitForSockets waits in the selector for at most so many nanoseconds.
     */
    LoopIdleStrategy(LongConsumer waitForSockets, long parkMaxNs) {
        this.waitForSockets = waitForSockets;
        this.parkMaxNs = parkMaxNs;
    }

    @Override
    public void idle(int workCount) {
        if (workCount > 0) {
            reset();
        } else {
            idle();
        }
    }

    @Override
    public void idle() {
        idleCount++;
        if (idleCount <= SPINS_MAX) {
            Thread.onSpinWait();
        } else if (idleCount <= SPINS_MAX + YIELDS_MAX) {
            Thread.yield();
        } else {
            waitForSockets.accept(parkNs);
            parkNs = Math.min(parkNs * 2, parkMaxNs);
        }
    }

    @Override
    public void reset() {
        idleCount = 0;
        parkNs = PARK_MIN_NS;
    }

    @Override
    public String alias() {
        return "backoff";
    }
}
