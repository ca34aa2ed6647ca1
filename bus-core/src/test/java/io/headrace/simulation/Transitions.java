// SPDX-License-Identifier: Apache-2.0
package io.headrace.simulation;

import io.headrace.delivery.ClaimWord;
import io.headrace.message.DeliveryHeader;
import org.agrona.concurrent.EpochNanoClock;
import org.agrona.concurrent.UnsafeBuffer;

/** What may become of a message from one look at it to the next. */
final class Transitions {

    /** Whether a claim may be taken from its holder. */
    @FunctionalInterface
    interface Claims {
        boolean mayBeTaken(int consumerId, long claimedNs);
    }

    private final EpochNanoClock clock;
    private final Claims mayBeLost;
    private final Claims mayBeFreed;

    Transitions(EpochNanoClock clock, Claims mayBeLost, Claims mayBeFreed) {
        this.clock = clock;
        this.mayBeLost = mayBeLost;
        this.mayBeFreed = mayBeFreed;
    }

    /**
     * Fails when a message may not have gone from one claim word to the other since the last look.
     */
    void check(Ledger.Entry entry, int before, int after, UnsafeBuffer record) {
        final int from = ClaimWord.state(before);
        final int to = ClaimWord.state(after);
        final long claimedNs = DeliveryHeader.claimedNs(record, 0);
        final int holder = ClaimWord.consumer(before);
        final boolean drawn =
                switch (from) {
                    // Between two looks it may have been claimed and have ended as well.
                    case ClaimWord.FREE, ClaimWord.REDELIVERED ->
                            to == ClaimWord.EXPIRED && isOld(record)
                                    || to == ClaimWord.CANCELLED
                                    || to == ClaimWord.DEFERRED
                                    || to >= ClaimWord.CLAIMED && to <= ClaimWord.FAILED;
                    case ClaimWord.DEFERRED ->
                            to == ClaimWord.CANCELLED
                                    || isDue(entry)
                                            && (to == ClaimWord.REDELIVERED
                                                    || to == ClaimWord.EXPIRED && isOld(record)
                                                    || to == ClaimWord.DEFERRED
                                                    || to >= ClaimWord.CLAIMED
                                                            && to <= ClaimWord.FAILED);
                    case ClaimWord.CLAIMED ->
                            switch (to) {
                                case ClaimWord.DONE, ClaimWord.FAILED, ClaimWord.DEFERRED ->
                                        ClaimWord.consumer(after) == holder;
                                case ClaimWord.LOST ->
                                        ClaimWord.consumer(after) == holder
                                                && mayBeLost.mayBeTaken(holder, claimedNs);
                                case ClaimWord.REDELIVERED ->
                                        after == ClaimWord.REDELIVERED
                                                && mayBeFreed.mayBeTaken(holder, claimedNs);
                                // Freed and ended by the janitor in one duty cycle.
                                case ClaimWord.EXPIRED, ClaimWord.CANCELLED ->
                                        DeliveryHeader.redeliveries(record, 0) > 0
                                                && mayBeFreed.mayBeTaken(holder, claimedNs);
                                default -> false;
                            };
                    default -> false;
                };
        Simulation.check(
                drawn && (to == ClaimWord.REDELIVERED || ClaimWord.consumer(after) != 0),
                () -> "%s may not become %s".formatted(entry, describe(after)));
    }

    /** Whether the time to wait is over that stood in the record when it was deferred. */
    private boolean isDue(Ledger.Entry entry) {
        return clock.nanoTime() >= entry.dueNs;
    }

    /** Reckoned here once more: whoever ended it may have asked the wrong question. */
    private boolean isOld(UnsafeBuffer record) {
        final long ageNs = clock.nanoTime() - DeliveryHeader.receivedNs(record, 0);
        final int expiryMs = DeliveryHeader.expiryMs(record, 0);
        return expiryMs > 0 && ageNs / 1_000 >= expiryMs * 1_000L;
    }

    static String describe(int word) {
        return ClaimWord.consumer(word) + ":" + ClaimWord.label(ClaimWord.state(word));
    }
}
