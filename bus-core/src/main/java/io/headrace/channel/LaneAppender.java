// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import io.headrace.message.DeliveryHeader;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.wire.DocumentContext;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The one appender of a lane: claim room, encode in place, commit or abort.
 *
 * <pre>{@code
 * final int code = appender.claim(length, nowNs);
 * if (code == LaneAppender.OK) {
 *     try {
 *         encoder.encode(appender.buffer(), appender.offset(), ...);
 *         appender.commit(connection, order, expiryMs, receivedNs, nowNs);
 *     } finally {
 *         appender.abortIfClaimed();
 *     }
 * }
 * }</pre>
 *
 * <p>Never blocks and, once its lane's pages are there, never enters the kernel. Used by the lane's
 * one thread. Allocates nothing.
 */
public final class LaneAppender implements AutoCloseable {

    /** The room is claimed. */
    public static final int OK = 0;

    /**
     * The channel holds as much as it may. Refuse the client, or stop reading its socket; try again
     * later.
     */
    public static final int BACK_PRESSURED = -1;

    /** Larger than a record may be; it can never be sent. Nothing was written. */
    public static final int TOO_LONG = -2;

    /** The appender or its bus is closed. */
    public static final int CLOSED = -3;

    private static final int UNCLAIMED = 0;

    private final Lane lane;
    private final WriterSequence sequence;
    private final int messageLengthMax;
    private final UnsafeBuffer buffer = new UnsafeBuffer(0, 0);
    private ExcerptAppender appender;
    private DocumentContext context;
    private Bytes<?> bytes;
    private int messageLength;
    private long lastIndex = -1;
    private boolean closed;

    LaneAppender(Lane lane, WriterSequence sequence) {
        this.lane = lane;
        this.sequence = sequence;
        this.messageLengthMax =
                Math.min(
                        DeliveryHeader.MESSAGE_LENGTH_MAX,
                        lane.settings().recordLengthMax() - DeliveryHeader.LENGTH - 64);
    }

    public Lane lane() {
        return lane;
    }

    /**
     * Makes the file of the current cycle and takes everything an append needs into memory, so that
     * the first message does not wait for it.
     */
    void warmUp(long nowNs) {
        claim(1, nowNs);
        abortIfClaimed();
    }

    /** Counts a message that its writer did not even try to append. */
    public int refuse(int code) {
        lane.entry().refused();
        return code;
    }

    /** Length of the largest message that {@link #claim} accepts. */
    public int messageLengthMax() {
        return messageLengthMax;
    }

    /**
     * Claims room for one message.
     *
     * @param length of the SBE message with its 8-byte header.
     * @param nowNs bus time of the duty cycle; it decides about rolling to a new file.
     * @return {@link #OK}, {@link #TOO_LONG} or {@link #CLOSED}.
     */
    public int claim(int length, long nowNs) {
        assert context == null : "claimed already";
        if (closed) {
            return CLOSED;
        }
        if (length > messageLengthMax) {
            lane.entry().refused();
            return TOO_LONG;
        }
        if (appender == null) {
            appender = lane.queue().createAppender();
            // Warmed up by the thread that makes the lane, then used by its writer's alone.
            appender.singleThreadedCheckDisabled(true);
        }
        lane.time().nowNs(nowNs);
        context = appender.writingDocument();
        bytes = context.wire().bytes();
        final int recordLength = DeliveryHeader.LENGTH + length;
        buffer.wrap(bytes.addressForWrite(bytes.writePosition()), recordLength);
        messageLength = length;
        return OK;
    }

    /** The claimed record: room for the delivery header, then for the message. */
    public UnsafeBuffer buffer() {
        return buffer;
    }

    /** Where in {@link #buffer()} the message begins. */
    public int offset() {
        return DeliveryHeader.LENGTH;
    }

    /**
     * Publishes the claimed message.
     *
     * @param order which message of its connection this is.
     * @param expiryMs after {@code receivedNs}; 0 is never.
     * @param receivedNs when its cause reached the process.
     * @param nowNs bus time of the duty cycle.
     * @return index of the record in the lane.
     */
    public long commit(long connection, int order, int expiryMs, long receivedNs, long nowNs) {
        return commitAs(UNCLAIMED, connection, order, expiryMs, receivedNs, nowNs);
    }

    /**
     * As {@link #commit}, with a claim word of the writer's: for a message that only one consumer
     * is to have, or that has ended as it is born and only keeps something on record.
     */
    public long commitAs(
            int claimWord, long connection, int order, int expiryMs, long receivedNs, long nowNs) {
        DeliveryHeader.write(
                buffer,
                0,
                messageLength,
                sequence.next(),
                connection,
                order,
                expiryMs,
                receivedNs,
                nowNs);
        buffer.putInt(DeliveryHeader.CLAIM_WORD_OFFSET, claimWord);
        bytes.writeSkip(DeliveryHeader.LENGTH + (long) messageLength);
        final DocumentContext committed = context;
        context = null;
        committed.close();
        lastIndex = appender.lastIndexAppended();
        lane.entry().appended(DeliveryHeader.LENGTH + messageLength);
        return lastIndex;
    }

    /**
     * Gives claimed room back; a half-written message is never published. Does nothing after a
     * commit.
     */
    public void abortIfClaimed() {
        if (context != null) {
            final DocumentContext aborted = context;
            context = null;
            aborted.rollbackOnClose();
            aborted.close();
        }
    }

    /** Index of the last record, or -1. */
    public long lastIndex() {
        return lastIndex;
    }

    @Override
    public void close() {
        abortIfClaimed();
        closed = true;
        if (appender != null) {
            appender.close();
        }
    }
}
