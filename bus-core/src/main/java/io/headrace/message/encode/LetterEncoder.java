// SPDX-License-Identifier: Apache-2.0
package io.headrace.message.encode;

import io.headrace.message.Datagram;
import io.headrace.message.Message;
import io.headrace.message.codec.DeadLetterEncoder;
import io.headrace.message.codec.FrameKind;
import io.headrace.message.codec.MessageHeaderEncoder;
import io.headrace.message.codec.WebSocketReceiveEncoder;
import org.agrona.concurrent.UnsafeBuffer;

/** Encodes dead letters, and what becomes one and so leaves its writer's lanes. Cold. */
public final class LetterEncoder {

    private static final int HEADER = MessageHeaderEncoder.ENCODED_LENGTH;

    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final WebSocketReceiveEncoder receive = new WebSocketReceiveEncoder();
    private final DeadLetterEncoder deadLetter = new DeadLetterEncoder();

    /**
     * Encodes a WebSocket Receive that carries the keys of its connection itself, and returns its
     * length, which is {@link EventEncoder#receiveLength} and the request's.
     *
     * @param request holds the WebSocket Connection's SBE message with its header.
     */
    public int encodeReceive(
            UnsafeBuffer buffer,
            int offset,
            UnsafeBuffer request,
            int requestOffset,
            int requestLength,
            Datagram datagram) {
        final byte[] content = datagram.content().toBytes();
        receive.wrapAndApplyHeader(buffer, offset, header)
                .requestIndex(Message.NO_INDEX)
                .binary(datagram.binary() ? FrameKind.BINARY : FrameKind.TEXT)
                .slot(datagram.slot())
                .putRequest(request, requestOffset, requestLength)
                .putContent(content, 0, content.length);
        return HEADER + receive.encodedLength();
    }

    /** Encoded length of a dead letter. */
    public static int deadLetterLength(int reasonLength, int recordLength) {
        return HEADER + DeadLetterEncoder.BLOCK_LENGTH + 1 + reasonLength + 4 + recordLength;
    }

    /**
     * Encodes a dead letter and returns its length.
     *
     * @param reason UTF-8, at most 254 bytes.
     * @param record a delivery header and a message.
     */
    public int encodeDeadLetter(
            UnsafeBuffer buffer, int offset, int attempts, byte[] reason, UnsafeBuffer record) {
        deadLetter
                .wrapAndApplyHeader(buffer, offset, header)
                .attempts((short) attempts)
                .putReason(reason, 0, reason.length)
                .putLetter(record, 0, record.capacity());
        return HEADER + deadLetter.encodedLength();
    }
}
