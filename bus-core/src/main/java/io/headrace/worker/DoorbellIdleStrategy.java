// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.channel.bell.Bell;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import org.agrona.concurrent.IdleStrategy;

/**
 * {@code doorbell}: spins, yields, then arms its bell, and sleeps once a whole duty cycle after
 * that has found nothing either. It sleeps until somebody rings, or for a bounded time: a writer
 * may be killed between its message and the ring.
 *
 * <p>Without a bell, and while there is something to wait for that nobody rings about, it takes
 * naps of up to {@link IdleStrategies#PARK_MAX_NS} instead.
 */
public final class DoorbellIdleStrategy implements IdleStrategy {

    private static final int SPINS_MAX = 20;
    private static final int YIELDS_MAX = 50;
    private static final long PARK_MIN_NS = 10_000L;

    private final Optional<Bell> bell;
    private final LongConsumer sleep;
    private final BooleanSupplier mayRest;
    private final long sleepMaxNs;
    private int idleCount;
    private long parkNs = PARK_MIN_NS;

    /**
     * @param sleep waits for at most so many nanoseconds, or until the bell is rung.
     * @param mayRest whether all that is waited for rings.
     * @param sleepMaxNs how long it sleeps when nobody rings.
     */
    public DoorbellIdleStrategy(
            Optional<Bell> bell, LongConsumer sleep, BooleanSupplier mayRest, long sleepMaxNs) {
        this.bell = bell;
        this.sleep = sleep;
        this.mayRest = mayRest;
        this.sleepMaxNs = sleepMaxNs;
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
        } else if (bell.isEmpty() || !mayRest.getAsBoolean()) {
            bell.ifPresent(Bell::disarm);
            sleep.accept(parkNs);
            parkNs = Math.min(parkNs * 2, IdleStrategies.PARK_MAX_NS);
        } else if (!bell.get().isArmed()) {
            bell.get().arm();
        } else {
            sleep.accept(sleepMaxNs);
            bell.get().disarm();
        }
    }

    @Override
    public void reset() {
        bell.ifPresent(Bell::disarm);
        idleCount = 0;
        parkNs = PARK_MIN_NS;
    }

    @Override
    public String alias() {
        return IdleStrategies.DOORBELL;
    }
}
