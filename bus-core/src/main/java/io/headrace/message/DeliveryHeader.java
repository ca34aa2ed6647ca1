// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import org.agrona.DirectBuffer;
import org.agrona.MutableDirectBuffer;

/**
 * The 64 bytes in front of every message, little-endian.
 *
 * <pre>
 *   0        4            8             16              24       28
 *  +--------+------------+-------------+---------------+--------+--------+
 *  | claim  | flags 8    | writer      | connection    | order  | expiry |
 *  | word   | length 24  | sequence    | id            |        | ms     |
 *  +--------+------------+-------------+---------------+--------+--------+
 *   32             40             48             56              64
 *  +--------------+--------------+--------------+--------------+
 *  | received ns  | appended ns  | claimed ns   | done ns      |
 *  +--------------+--------------+--------------+--------------+
 * </pre>
 *
 * <p>The claim word is the only field that changes hands (by compare-and-set, see {@code
 * ClaimWord}); the consumer that won it writes the last two times, everything else is the writer's.
 * Payloads are 4-byte aligned, so the claim word is atomic and the longs may not be: read times of
 * a message only after its claim word says that it is done.
 *
 * <p>Times are bus time: nanoseconds since the epoch, monotonic, the same for all processes of a
 * bus; 0 means "not reached". Memory of a slot may be dirty, therefore a writer always writes all
 * 64 bytes.
 */
public final class DeliveryHeader {

    public static final int CLAIM_WORD_OFFSET = 0;
    public static final int FLAGS_LENGTH_OFFSET = 4;
    // The flags are the uppermost of these four bytes; their upper half counts redeliveries.
    private static final int FLAGS_OFFSET = 7;
    private static final int REDELIVERIES_SHIFT = 4;
    public static final int SEQUENCE_OFFSET = 8;
    public static final int CONNECTION_OFFSET = 16;
    public static final int ORDER_OFFSET = 24;
    public static final int EXPIRY_MS_OFFSET = 28;
    public static final int RECEIVED_NS_OFFSET = 32;
    public static final int APPENDED_NS_OFFSET = 40;
    public static final int CLAIMED_NS_OFFSET = 48;
    public static final int DONE_NS_OFFSET = 56;

    /** Length of the delivery header in bytes. */
    public static final int LENGTH = 64;

    /** Largest SBE message, with its 8-byte header, that the length field can say. */
    public static final int MESSAGE_LENGTH_MAX = (1 << 24) - 1;

    private DeliveryHeader() {}

    /**
     * Writes a whole header, unclaimed, with all times but {@code receivedNs} and {@code
     * appendedNs} unreached.
     *
     * @param messageLength of the SBE message behind it, its 8-byte header included.
     * @param expiryMs after {@code receivedNs}; 0 is never.
     */
    public static void write(
            MutableDirectBuffer buffer,
            int offset,
            int messageLength,
            long sequence,
            long connection,
            int order,
            int expiryMs,
            long receivedNs,
            long appendedNs) {
        buffer.putInt(offset + CLAIM_WORD_OFFSET, 0);
        buffer.putInt(offset + FLAGS_LENGTH_OFFSET, messageLength);
        buffer.putLong(offset + SEQUENCE_OFFSET, sequence);
        buffer.putLong(offset + CONNECTION_OFFSET, connection);
        buffer.putInt(offset + ORDER_OFFSET, order);
        buffer.putInt(offset + EXPIRY_MS_OFFSET, expiryMs);
        buffer.putLong(offset + RECEIVED_NS_OFFSET, receivedNs);
        buffer.putLong(offset + APPENDED_NS_OFFSET, appendedNs);
        buffer.putLong(offset + CLAIMED_NS_OFFSET, 0L);
        buffer.putLong(offset + DONE_NS_OFFSET, 0L);
    }

    /** Length of the SBE message behind the header, its own 8-byte header included. */
    public static int messageLength(DirectBuffer buffer, int offset) {
        return buffer.getInt(offset + FLAGS_LENGTH_OFFSET) & MESSAGE_LENGTH_MAX;
    }

    public static int flags(DirectBuffer buffer, int offset) {
        return buffer.getInt(offset + FLAGS_LENGTH_OFFSET) >>> 24;
    }

    /** How often the message was freed again: its consumer had died, or deferred it. */
    public static int redeliveries(DirectBuffer buffer, int offset) {
        return flags(buffer, offset) >>> REDELIVERIES_SHIFT;
    }

    /** Counts a redelivery; by one process at a time, while the message is claimed. */
    public static void countRedelivery(MutableDirectBuffer buffer, int offset) {
        buffer.putByte(
                offset + FLAGS_OFFSET,
                (byte) (redeliveries(buffer, offset) + 1 << REDELIVERIES_SHIFT));
    }

    /**
     * Says until when a message is to wait, in the place of its claim's time, and lets its expiry
     * count from then; by the consumer that has claimed it.
     */
    public static void defer(MutableDirectBuffer buffer, int offset, long untilNs) {
        countRedelivery(buffer, offset);
        final int expiryMs = expiryMs(buffer, offset);
        if (expiryMs != 0) {
            final long waitedMs = (untilNs - receivedNs(buffer, offset)) / 1_000_000L;
            buffer.putInt(
                    offset + EXPIRY_MS_OFFSET,
                    (int) Math.min(Integer.MAX_VALUE, expiryMs + waitedMs));
        }
        claimedNs(buffer, offset, untilNs);
    }

    /** Increases by one with every message of one writer, across all the channels it writes. */
    public static long sequence(DirectBuffer buffer, int offset) {
        return buffer.getLong(offset + SEQUENCE_OFFSET);
    }

    public static long connection(DirectBuffer buffer, int offset) {
        return buffer.getLong(offset + CONNECTION_OFFSET);
    }

    /**
     * Which message of its connection this is, from 0; in a reply, the order of what it answers.
     */
    public static int order(DirectBuffer buffer, int offset) {
        return buffer.getInt(offset + ORDER_OFFSET);
    }

    public static int expiryMs(DirectBuffer buffer, int offset) {
        return buffer.getInt(offset + EXPIRY_MS_OFFSET);
    }

    public static long receivedNs(DirectBuffer buffer, int offset) {
        return buffer.getLong(offset + RECEIVED_NS_OFFSET);
    }

    public static long appendedNs(DirectBuffer buffer, int offset) {
        return buffer.getLong(offset + APPENDED_NS_OFFSET);
    }

    public static long claimedNs(DirectBuffer buffer, int offset) {
        return buffer.getLong(offset + CLAIMED_NS_OFFSET);
    }

    public static long doneNs(DirectBuffer buffer, int offset) {
        return buffer.getLong(offset + DONE_NS_OFFSET);
    }

    public static void claimedNs(MutableDirectBuffer buffer, int offset, long nowNs) {
        buffer.putLong(offset + CLAIMED_NS_OFFSET, nowNs);
    }

    public static void doneNs(MutableDirectBuffer buffer, int offset, long nowNs) {
        buffer.putLong(offset + DONE_NS_OFFSET, nowNs);
    }
}
