// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import static io.headrace.message.DeliveryHeader.CLAIM_WORD_OFFSET;

import io.headrace.message.DeliveryHeader;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The claim word: one int32 of a message's delivery header that says who has it and how it ended.
 * It changes by compare-and-set alone, so each message goes to exactly one consumer and ends in
 * exactly one fate.
 *
 * <pre>
 *   31                        4 3     0
 *  +---------------------------+-------+
 *  |  consumer id              | state |
 *  +---------------------------+-------+
 *
 *             +--> EXPIRED    (older than its expiry)
 *             +--> CANCELLED  (the client left first)
 *             |
 *   FREE -----+--> CLAIMED ---+--> DONE
 *                             +--> FAILED     (the handler threw, or the record cannot be decoded)
 *                             +--> LOST       (its consumer died or hung)
 *                             +--> REDELIVERED, which is as FREE: claimed, expired or cancelled next
 *                             +--> DEFERRED   (the handler wants it later), then REDELIVERED
 *
 *   ADDRESSED, at birth: as FREE, but for one consumer only; LOST when that one is dead
 * </pre>
 *
 * <p>FREE, REDELIVERED, DEFERRED and ADDRESSED are all pending: nobody has the message, and it has
 * not ended.
 */
public final class ClaimWord {

    public static final int FREE = 0;
    public static final int CLAIMED = 1;
    public static final int DONE = 2;
    public static final int FAILED = 3;
    public static final int EXPIRED = 4;
    public static final int CANCELLED = 5;
    public static final int LOST = 6;

    /** Free again: its consumer died, and its channel allows another one to have it. */
    public static final int REDELIVERED = 7;

    /** To be freed again at the time that stands where its claim's would be. */
    public static final int DEFERRED = 8;

    /** For the consumer in the word, and no other. */
    public static final int ADDRESSED = 9;

    /** Greatest consumer id; 0 is nobody. */
    public static final int CONSUMER_MAX = (1 << 28) - 1;

    private static final int STATE_BITS = 4;
    private static final int STATE_MASK = (1 << STATE_BITS) - 1;
    private static final String[] LABELS = {
        "pending",
        "claimed",
        "done",
        "failed",
        "expired",
        "cancelled",
        "lost",
        "pending",
        "pending",
        "pending"
    };

    private ClaimWord() {}

    public static int of(int consumerId, int state) {
        return consumerId << STATE_BITS | state;
    }

    public static int state(int word) {
        return word & STATE_MASK;
    }

    public static int consumer(int word) {
        return word >>> STATE_BITS;
    }

    /** The name under which tools print a state. */
    public static String label(int state) {
        return state < LABELS.length ? LABELS[state] : "unknown-" + state;
    }

    /** The word as it is now. */
    public static int read(UnsafeBuffer record) {
        return record.getIntVolatile(CLAIM_WORD_OFFSET);
    }

    /** Whether any consumer may claim a message that has this word. */
    public static boolean isFree(int word) {
        return word == FREE || word == REDELIVERED;
    }

    /** Whether nobody has a message that has this word, and it has not ended. */
    public static boolean isPending(int word) {
        final int state = state(word);
        return isFree(word) || state == DEFERRED || state == ADDRESSED;
    }

    /** The state under which ledgers count a message: FREE for all that is pending. */
    public static int ledgerState(int word) {
        return isPending(word) ? FREE : state(word);
    }

    /** Whether a message that has this word has its fate. */
    public static boolean hasEnded(int word) {
        return state(word) >= DONE && state(word) <= LOST;
    }

    /**
     * Gives a message to this consumer that is free or addressed to it; false when another was
     * first.
     */
    public static boolean tryClaim(UnsafeBuffer record, int consumerId) {
        final int claimed = of(consumerId, CLAIMED);
        return record.compareAndSetInt(CLAIM_WORD_OFFSET, FREE, claimed)
                || record.compareAndSetInt(CLAIM_WORD_OFFSET, REDELIVERED, claimed)
                || record.compareAndSetInt(CLAIM_WORD_OFFSET, of(consumerId, ADDRESSED), claimed);
    }

    /** Frees a message again that a dead consumer claimed; false when another was first. */
    static boolean unclaim(UnsafeBuffer record, int holderId) {
        return record.compareAndSetInt(CLAIM_WORD_OFFSET, of(holderId, CLAIMED), REDELIVERED);
    }

    /** Frees a message that was deferred; false when another was first. */
    public static boolean undefer(UnsafeBuffer record, int word) {
        return state(word) == DEFERRED
                && record.compareAndSetInt(CLAIM_WORD_OFFSET, word, REDELIVERED);
    }

    /**
     * Ends a message as LOST that is addressed to a dead consumer; false when another was first.
     */
    public static boolean lose(UnsafeBuffer record, int word) {
        return state(word) == ADDRESSED
                && record.compareAndSetInt(CLAIM_WORD_OFFSET, word, of(consumer(word), LOST));
    }

    /** Ends a pending message as EXPIRED or CANCELLED; false when a consumer was first. */
    public static boolean tryEnd(UnsafeBuffer record, int byConsumerId, int state) {
        for (int word = read(record); isPending(word); word = read(record)) {
            if (record.compareAndSetInt(CLAIM_WORD_OFFSET, word, of(byConsumerId, state))) {
                return true;
            }
        }
        return false;
    }

    /**
     * Ends a message that this consumer claimed, or defers it.
     *
     * @return false when it is this consumer's no more: it was taken for dead and the message has
     *     ended as LOST.
     */
    public static boolean finish(UnsafeBuffer record, int consumerId, int state) {
        return record.compareAndSetInt(
                CLAIM_WORD_OFFSET, of(consumerId, CLAIMED), of(consumerId, state));
    }

    /** Whether a record is older than its expiry; never early. */
    public static boolean hasExpired(UnsafeBuffer record, long nowNs) {
        final int expiryMs = DeliveryHeader.expiryMs(record, 0);
        return expiryMs != 0
                && nowNs - DeliveryHeader.receivedNs(record, 0) >= expiryMs * 1_000_000L;
    }
}
