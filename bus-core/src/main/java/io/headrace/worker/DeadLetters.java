// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.channel.Bus;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.LetterEncoder;
import io.headrace.worker.reply.Texts;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One consumer's lanes in the channels {@code dead.<channel>}: what was deferred too often lies
 * there until it is put back. One thread; cold.
 */
final class DeadLetters implements AutoCloseable {

    static final String PREFIX = "dead.";

    private static final int REASON_LENGTH_MAX = 254;

    private final Bus bus;
    private final String writer;
    private final WriterSequence sequence;
    private final EventEncoder encoder = new EventEncoder();
    private final LetterEncoder letters = new LetterEncoder();
    private final Map<String, LaneAppender> lanes = new HashMap<>();

    /**
     * @param sequence of the writer, which has other lanes, too.
     */
    DeadLetters(Bus bus, String writer, WriterSequence sequence) {
        this.bus = bus;
        this.writer = writer;
        this.sequence = sequence;
    }

    /**
     * Appends a message as a dead letter.
     *
     * @param requests finds the record of the request that it points at.
     * @return {@link LaneAppender#OK} or a negative code, and then it was not appended.
     */
    synchronized int append(
            String channel,
            Message message,
            Function<Message, UnsafeBuffer> requests,
            int attempts,
            String reason,
            long nowNs) {
        final UnsafeBuffer letter = letter(message, requests);
        final byte[] text = Texts.cut(reason, REASON_LENGTH_MAX);
        final LaneAppender lane =
                lanes.computeIfAbsent(
                        channel, name -> bus.newLane(PREFIX + name, writer, sequence));
        final int code =
                lane.claim(LetterEncoder.deadLetterLength(text.length, letter.capacity()), nowNs);
        if (code != LaneAppender.OK) {
            return code;
        }
        try {
            letters.encodeDeadLetter(lane.buffer(), lane.offset(), attempts, text, letter);
            lane.commit(message.connection(), message.order(), 0, nowNs, nowNs);
            return LaneAppender.OK;
        } finally {
            lane.abortIfClaimed();
        }
    }

    /** The message's record, with the keys of the request that it points at put inside. */
    private UnsafeBuffer letter(Message message, Function<Message, UnsafeBuffer> requests) {
        final UnsafeBuffer record = message.record();
        if (message.requestIndex() == Message.NO_INDEX) {
            return copy(record, DeliveryHeader.messageLength(record, 0));
        }
        final UnsafeBuffer request = requests.apply(message);
        final int requestLength = DeliveryHeader.messageLength(request, 0);
        final int length = DeliveryHeader.messageLength(record, 0) + requestLength;
        final UnsafeBuffer letter = copy(record, length);
        final int at = DeliveryHeader.LENGTH;
        switch (message.type()) {
            case HTTP_DISCONNECT ->
                    encoder.encodeDisconnect(letter, at, request, at, requestLength);
            case WEB_SOCKET_RECEIVE ->
                    letters.encodeReceive(
                            letter, at, request, at, requestLength, message.datagram());
            default ->
                    encoder.encodeClientClose(
                            letter,
                            at,
                            request,
                            at,
                            requestLength,
                            message.close().code(),
                            message.close().closedBy(),
                            message.close().reason().getBytes(StandardCharsets.UTF_8));
        }
        return letter;
    }

    private static UnsafeBuffer copy(UnsafeBuffer record, int messageLength) {
        final int length = DeliveryHeader.LENGTH + messageLength;
        final UnsafeBuffer copy = new UnsafeBuffer(new byte[length]);
        copy.putBytes(0, record, 0, Math.min(length, record.capacity()));
        copy.putInt(DeliveryHeader.CLAIM_WORD_OFFSET, 0);
        copy.putInt(DeliveryHeader.FLAGS_LENGTH_OFFSET, messageLength);
        return copy;
    }

    @Override
    public synchronized void close() {
        CloseHelper.quietCloseAll(lanes.values());
    }
}
