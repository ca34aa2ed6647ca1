// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import io.headrace.HeadraceException;
import io.headrace.channel.bell.Bells;
import io.headrace.channel.page.CycleFile;
import io.headrace.message.DeliveryHeader;
import java.util.function.LongToIntFunction;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.wire.DocumentContext;
import org.agrona.BitUtil;
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
 * <p>Never blocks. Readers who sleep are rung with each commit. It touches no page that is not
 * there: {@link LaneFiles} gets them ahead, and only who outruns that waits for the kernel. A lane
 * goes on in a new file when the old one is long enough or its time is over; files are prepared,
 * too. Used by the lane's one thread. Allocates nothing but when it goes on to a new file.
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

    /** The appender is closed, or nobody reads what it would append. */
    public static final int CLOSED = -3;

    /** There is no memory for it. Refuse the client; try again later. */
    public static final int MEMORY_HIGH = -4;

    // What is got at once by a writer that has outrun the page agent.
    private static final int STRIDE_LENGTH = 64 << 10;
    private static final long RETRY_NS = 10_000_000L;
    private static final int UNCLAIMED = 0;

    private final Lane lane;
    private final WriterSequence sequence;
    private final Bells.Ringer ringer;
    private final int messageLengthMax;
    private final int rollLength;
    private final long cycleNs;
    private final UnsafeBuffer buffer = new UnsafeBuffer(0, 0);
    private LongToIntFunction readers = connection -> Bells.EVERYBODY;
    private ExcerptAppender appender;
    private DocumentContext context;
    private Bytes<?> bytes;
    private int messageLength;
    private long lastIndex = -1;
    private boolean closed;
    private CycleFile file;
    private boolean isFileEmpty;
    private long end;
    private long rollAtNs;
    private long retryAtNs;

    LaneAppender(Lane lane, WriterSequence sequence, Bells.Ringer ringer) {
        this.lane = lane;
        this.sequence = sequence;
        this.ringer = ringer;
        this.messageLengthMax =
                Math.min(
                        DeliveryHeader.MESSAGE_LENGTH_MAX,
                        lane.settings().recordLengthMax() - DeliveryHeader.LENGTH - 64);
        this.rollLength = LaneFiles.rollLength(lane.settings());
        this.cycleNs = lane.settings().cycleNs();
        sequence.add(this);
    }

    public Lane lane() {
        return lane;
    }

    /**
     * Makes the lane's first file and everything an append needs, so that the first message does
     * not wait for it.
     *
     * @throws HeadraceException when there is no memory for it.
     */
    void warmUp(long nowNs) {
        if (claim(1, nowNs) != OK) {
            close();
            lane.close();
            throw new HeadraceException("lane " + lane + " cannot be made: memory is high");
        }
        abortIfClaimed();
    }

    /**
     * Says who is to be rung for a connection's message: a consumer, or one of the constants of
     * {@link Bells}. Until then it is everybody.
     */
    public void readers(LongToIntFunction byConnection) {
        readers = byConnection;
    }

    /** Counts a message that is not appended. */
    public int refuse(int code) {
        if (!closed) {
            lane.entry().refused();
        }
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
     * @return {@link #OK}, {@link #TOO_LONG}, {@link #MEMORY_HIGH} or {@link #CLOSED}.
     */
    public int claim(int length, long nowNs) {
        final int code = tryClaim(length, nowNs);
        return code == OK ? OK : refuse(code);
    }

    /** As {@link #claim}, by one who may try again: counts no refusal. */
    public int tryClaim(int length, long nowNs) {
        assert context == null : "claimed already";
        if (closed || lane.isHidden()) {
            return CLOSED;
        }
        if (length > messageLengthMax) {
            return TOO_LONG;
        }
        if (appender == null) {
            appender = lane.queue().createAppender();
            // Warmed up by the thread that makes the lane, then used by its writer's alone.
            appender.singleThreadedCheckDisabled(true);
        }
        final int recordLength = DeliveryHeader.LENGTH + length;
        if ((file == null
                        || nowNs >= rollAtNs
                        || end + recordLength + LaneFiles.RESERVE > file.populatedTo())
                && !makeRoom(recordLength, nowNs)) {
            return MEMORY_HIGH;
        }
        context = appender.writingDocument();
        bytes = context.wire().bytes();
        buffer.wrap(bytes.addressForWrite(bytes.writePosition()), recordLength);
        messageLength = length;
        return OK;
    }

    /** Gets pages, or goes on to the next file; false when there is no memory for it. */
    private boolean makeRoom(int recordLength, long nowNs) {
        if (file == null
                || !isFileEmpty && (nowNs >= rollAtNs || end + recordLength > rollLength)) {
            roll(nowNs);
        } else if (nowNs >= rollAtNs) {
            // An empty file may grow old.
            rollAt(nextRollNs(nowNs));
        }
        if (file == null || end + recordLength + LaneFiles.RESERVE > lane.settings().blockSize()) {
            return false;
        }
        final long to = end + recordLength + LaneFiles.RESERVE;
        final long strideTo = Math.min(to + STRIDE_LENGTH, rollLength + LaneFiles.RESERVE);
        return file.populatedTo() >= to
                || strideTo > to && file.populate(strideTo)
                || file.populate(to);
    }

    private boolean roll(long nowNs) {
        if (nowNs < retryAtNs) {
            return false;
        }
        final int cycle = file == null ? (int) (nowNs / cycleNs) : file.cycle() + 1;
        final CycleFile next = lane.files().roll(cycle, nowNs).orElse(null);
        if (next == null) {
            retryAtNs = nowNs + RETRY_NS;
            return false;
        }
        file = next;
        isFileEmpty = true;
        end = LaneFiles.FIRST_RECORD_MAX;
        rollAt(nextRollNs(nowNs));
        lane.time().cycle(cycle);
        return true;
    }

    private long nextRollNs(long nowNs) {
        // Lanes do not all roll at the same time.
        final long shiftNs = Math.floorMod(lane.toString().hashCode() * 1_000_000L, cycleNs);
        return nowNs - Math.floorMod(nowNs - shiftNs, cycleNs) + cycleNs;
    }

    private void rollAt(long timeNs) {
        rollAtNs = timeNs;
        lane.files().rollAt(timeNs);
    }

    /** Goes on to the next file if this one is worth giving up, though nothing is appended. */
    void rollIfLarge(long nowNs) {
        if (!closed && !isFileEmpty && end > LaneFiles.TIGHT_LENGTH && roll(nowNs)) {
            context = appender.writingDocument();
            abortIfClaimed();
        }
    }

    boolean isClosed() {
        return closed;
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
        return commitAs(
                UNCLAIMED,
                readers.applyAsInt(connection),
                connection,
                order,
                expiryMs,
                receivedNs,
                nowNs);
    }

    /**
     * As {@link #commit}, with a claim word of the writer's: for a message that only one consumer
     * is to have, or that has ended as it is born and only keeps something on record.
     *
     * @param reader whom to ring.
     */
    public long commitAs(
            int claimWord,
            int reader,
            long connection,
            int order,
            int expiryMs,
            long receivedNs,
            long nowNs) {
        DeliveryHeader.write(
                buffer,
                0,
                messageLength,
                sequence.next(ringer),
                connection,
                order,
                expiryMs,
                receivedNs,
                nowNs);
        buffer.putInt(DeliveryHeader.CLAIM_WORD_OFFSET, claimWord);
        final int recordLength = DeliveryHeader.LENGTH + messageLength;
        end = BitUtil.align(bytes.writePosition() + recordLength, Integer.BYTES);
        isFileEmpty = false;
        bytes.writeSkip(recordLength);
        final DocumentContext committed = context;
        context = null;
        committed.close();
        lastIndex = appender.lastIndexAppended();
        lane.entry().appended(recordLength);
        ringer.ring(reader);
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
