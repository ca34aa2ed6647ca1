// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.channel.bell.Bell;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.NanoClock;

/**
 * {@code doorbell}: spins, yields, then arms its bell, and sleeps once a whole duty cycle after
 * that has found nothing either. It sleeps until somebody rings, or for a bounded time: a writer
 * may be killed between its message and the ring.
 *
 * <p>How often it looks before it sleeps depends on what that was good for: less and less while its
 * sleeps are long, and more again when it is woken as soon as it sleeps. Who waits for a reply
 * looks longer, and learns that apart: to sleep and to be woken takes more of a processor than a
 * worker takes to answer. So does who was rung and finds nothing: the message may still be on its
 * way ({@code Bells.Ringer.ringAhead}).
 *
 * <p>Whose work comes in batches naps once after a few looks, unarmed: a ring costs who rings more
 * than the rest of a batch can gain.
 *
 * <p>Without a bell, and while there is something to wait for that nobody rings about, it takes
 * naps of up to {@link IdleStrategies#PARK_MAX_NS} instead, which a ring ends as well.
 */
public final class DoorbellIdleStrategy implements IdleStrategy {

    private static final int SPINS_MAX = 20;
    private static final int LOOKS_MAX = 70;
    private static final int LOOKS_MIN = 4;
    private static final int REPLY_LOOKS_MAX = 150;
    private static final int RING_LOOKS_MAX = 400;
    // A look is about 1 us: longer than all of them, and twice as long.
    private static final long SHORT_SLEEP_NS = 100_000L;
    private static final long LONG_SLEEP_NS = 200_000L;
    private static final long PARK_MIN_NS = 10_000L;

    private final Optional<Bell> bell;
    private final LongConsumer sleep;
    private final LongSupplier lullNs;
    private final BooleanSupplier expectsReply;
    private final BooleanSupplier mayRest;
    private final long sleepMaxNs;
    private final NanoClock clock;
    private final Patience forWork = new Patience(LOOKS_MAX);
    private final Patience forReply = new Patience(REPLY_LOOKS_MAX);
    private final Patience forRing = new Patience(RING_LOOKS_MAX);
    private Patience patience = forWork;
    private boolean isRung;
    private int idleCount;
    private long parkNs = PARK_MIN_NS;

    /**
     * @param sleep waits for at most so many nanoseconds, or until the bell is rung.
     * @param lullNs how long it need not look just now; 0 for it is to look.
     * @param expectsReply whether what it has sent is likely to be answered next.
     * @param mayRest whether all that is waited for rings.
     * @param sleepMaxNs how long it sleeps when nobody rings.
     * @param clock tells how long it has slept.
     */
    public DoorbellIdleStrategy(
            Optional<Bell> bell,
            LongConsumer sleep,
            LongSupplier lullNs,
            BooleanSupplier expectsReply,
            BooleanSupplier mayRest,
            long sleepMaxNs,
            NanoClock clock) {
        this.bell = bell;
        this.sleep = sleep;
        this.lullNs = lullNs;
        this.expectsReply = expectsReply;
        this.mayRest = mayRest;
        this.sleepMaxNs = sleepMaxNs;
        this.clock = clock;
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
        patience = isRung ? forRing : expectsReply.getAsBoolean() ? forReply : forWork;
        if (idleCount <= patience.looks) {
            giveWay();
        } else if (bell.isPresent() && mayRest.getAsBoolean()) {
            rest(bell.get());
        } else if (idleCount <= LOOKS_MAX) {
            giveWay();
        } else {
            nap();
        }
    }

    private void giveWay() {
        final long napNs = idleCount == LOOKS_MIN && !isRung ? lullNs.getAsLong() : 0;
        if (napNs > 0) {
            LockSupport.parkNanos(napNs);
        } else if (idleCount <= SPINS_MAX) {
            Thread.onSpinWait();
        } else {
            Thread.yield();
        }
    }

    private void rest(Bell itsBell) {
        if (itsBell.isArmed()) {
            final long beforeNs = clock.nanoTime();
            sleep.accept(sleepMaxNs);
            final long sleptNs = clock.nanoTime() - beforeNs;
            isRung = !itsBell.isArmed();
            if (sleptNs < sleepMaxNs) {
                itsBell.disarm();
            }
            // Else nobody has rung: one look, and it sleeps again. A ring in its last moment has
            // disarmed it, too.
            patience.onSlept(sleptNs);
            idleCount = isRung ? 0 : idleCount;
        } else {
            itsBell.arm();
        }
    }

    private void nap() {
        if (bell.isPresent() && !bell.get().isArmed()) {
            // What rings is not to wait for the end of the nap.
            bell.get().arm();
        } else {
            sleep.accept(parkNs);
            bell.ifPresent(Bell::disarm);
            parkNs = Math.min(parkNs * 2, IdleStrategies.PARK_MAX_NS);
        }
    }

    @Override
    public void reset() {
        bell.ifPresent(Bell::disarm);
        idleCount = 0;
        isRung = false;
        parkNs = PARK_MIN_NS;
    }

    /** How often to look before a sleep. */
    private static final class Patience {

        private final int max;
        private int looks;

        Patience(int max) {
            this.max = max;
            this.looks = max;
        }

        void onSlept(long ns) {
            if (ns >= LONG_SLEEP_NS) {
                looks = Math.max(LOOKS_MIN, looks / 2);
            } else if (ns < SHORT_SLEEP_NS) {
                looks = Math.min(max, looks * 2);
            }
        }
    }
}
