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
 * </pre>
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

    /** Greatest consumer id; 0 is nobody. */
    public static final int CONSUMER_MAX = (1 << 28) - 1;

    private static final int STATE_BITS = 4;
    private static final int STATE_MASK = (1 << STATE_BITS) - 1;
    private static final String[] LABELS = {
        "pending", "claimed", "done", "failed", "expired", "cancelled", "lost", "pending"
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

    /** Whether nobody has a message that has this word, and it has not ended. */
    public static boolean isFree(int word) {
        return word == FREE || word == REDELIVERED;
    }

    /** Whether a message that has this word has its fate. */
    public static boolean hasEnded(int word) {
        return state(word) >= DONE && state(word) <= LOST;
    }

    /** Gives a free message to this consumer; false when another was first. */
    public static boolean tryClaim(UnsafeBuffer record, int consumerId) {
        return fromFree(record, of(consumerId, CLAIMED));
    }

    private static boolean fromFree(UnsafeBuffer record, int word) {
        return record.compareAndSetInt(CLAIM_WORD_OFFSET, FREE, word)
                || record.compareAndSetInt(CLAIM_WORD_OFFSET, REDELIVERED, word);
    }

    /** Frees a message again that a dead consumer claimed; false when another was first. */
    static boolean unclaim(UnsafeBuffer record, int holderId) {
        return record.compareAndSetInt(CLAIM_WORD_OFFSET, of(holderId, CLAIMED), REDELIVERED);
    }

    /** Ends a free message as EXPIRED or CANCELLED; false when a consumer was first. */
    public static boolean tryEnd(UnsafeBuffer record, int byConsumerId, int state) {
        return fromFree(record, of(byConsumerId, state));
    }

    /**
     * Ends a message that this consumer claimed.
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
