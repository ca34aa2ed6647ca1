// SPDX-License-Identifier: Apache-2.0
package io.headrace.message.encode;

import io.headrace.message.codec.FrameKind;
import io.headrace.message.codec.HttpResponseEncoder;
import io.headrace.message.codec.HttpResponseStartEncoder;
import io.headrace.message.codec.MessageHeaderEncoder;
import io.headrace.message.codec.WebSocketAcceptEncoder;
import io.headrace.message.codec.WebSocketSendEncoder;
import io.headrace.message.codec.WebSocketServerCloseEncoder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Encodes what a worker writes: the messages that go to clients, with twins that say their lengths
 * beforehand.
 *
 * <p>Not thread-safe; one per writer. Allocates nothing once its headers have had room.
 */
public final class ReplyEncoder {

    private static final int HEADER = MessageHeaderEncoder.ENCODED_LENGTH;
    private static final int GROUP = 4;

    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final HttpResponseEncoder response = new HttpResponseEncoder();
    private final HttpResponseStartEncoder start = new HttpResponseStartEncoder();
    private final WebSocketSendEncoder send = new WebSocketSendEncoder();
    private final WebSocketServerCloseEncoder serverClose = new WebSocketServerCloseEncoder();
    private final WebSocketAcceptEncoder accept = new WebSocketAcceptEncoder();
    // Small: each answer that comes later has an encoder of its own.
    private final TextBuffer texts = new TextBuffer(64);
    private final PairList headers = new PairList(2);

    /** Adds a header to the next response or accept; names may repeat ({@code Set-Cookie}). */
    public void addHeader(String name, String value) {
        headers.add(put(name), put(value));
    }

    private long put(String text) {
        texts.begin();
        final int begin = texts.position();
        texts.putLatin1(text);
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) > 0xFF) {
                // It has no such byte, and another one might end the line.
                texts.array()[begin + i] = '?';
            }
        }
        return texts.end();
    }

    /** Forgets the headers that were added. */
    public void clearHeaders() {
        headers.clear();
        texts.clear();
    }

    /** Encoded length of an HTTP Response with the headers added so far. */
    public int responseLength(int contentTypeLength, int contentLength) {
        return HEADER
                + HttpResponseEncoder.BLOCK_LENGTH
                + headersLength()
                + 1
                + contentTypeLength
                + 4
                + contentLength;
    }

    private int headersLength() {
        return GROUP + 2 * 2 * headers.count() + texts.position();
    }

    /**
     * Encodes an HTTP Response with the headers added so far and returns its length.
     *
     * @param contentType ASCII, at most 254 bytes.
     */
    public int encodeResponse(
            UnsafeBuffer buffer,
            int offset,
            int statusCode,
            byte[] contentType,
            UnsafeBuffer content,
            int contentOffset,
            int contentLength) {
        response.wrapAndApplyHeader(buffer, offset, header).statusCode(statusCode);
        final HttpResponseEncoder.HeadersEncoder group = response.headersCount(headers.count());
        for (int i = 0; i < headers.count(); i++) {
            final long name = headers.key(i);
            final long value = headers.value(i);
            group.next()
                    .putKey(texts.array(), TextBuffer.offset(name), TextBuffer.length(name))
                    .putValue(texts.array(), TextBuffer.offset(value), TextBuffer.length(value));
        }
        response.putContentType(contentType, 0, contentType.length)
                .putContent(content, contentOffset, contentLength);
        return HEADER + response.encodedLength();
    }

    /** Encoded length of the start of a response in parts, with the headers added so far. */
    public int startLength(int contentTypeLength) {
        return HEADER
                + HttpResponseStartEncoder.BLOCK_LENGTH
                + headersLength()
                + 1
                + contentTypeLength;
    }

    /**
     * Encodes the start of a response in parts, with the headers added so far, and returns its
     * length.
     *
     * @param contentLength of all parts together; -1 when it is not known.
     * @param contentType ASCII, at most 254 bytes.
     */
    public int encodeStart(
            UnsafeBuffer buffer,
            int offset,
            int statusCode,
            long contentLength,
            byte[] contentType) {
        final HttpResponseStartEncoder.HeadersEncoder group =
                start.wrapAndApplyHeader(buffer, offset, header)
                        .contentLength(contentLength)
                        .statusCode(statusCode)
                        .headersCount(headers.count());
        for (int i = 0; i < headers.count(); i++) {
            final long name = headers.key(i);
            final long value = headers.value(i);
            group.next()
                    .putKey(texts.array(), TextBuffer.offset(name), TextBuffer.length(name))
                    .putValue(texts.array(), TextBuffer.offset(value), TextBuffer.length(value));
        }
        start.putContentType(contentType, 0, contentType.length);
        return HEADER + start.encodedLength();
    }

    /** Encoded length of a WebSocket Send. */
    public static int sendLength(int contentLength) {
        return HEADER + WebSocketSendEncoder.BLOCK_LENGTH + 4 + contentLength;
    }

    /** Encodes a WebSocket Send and returns its length. */
    public int encodeSend(
            UnsafeBuffer buffer,
            int offset,
            boolean binary,
            UnsafeBuffer content,
            int contentOffset,
            int contentLength) {
        send.wrapAndApplyHeader(buffer, offset, header)
                .binary(binary ? FrameKind.BINARY : FrameKind.TEXT)
                .putContent(content, contentOffset, contentLength);
        return HEADER + send.encodedLength();
    }

    /** Encoded length of a WebSocket Server Close. */
    public static int serverCloseLength(int reasonLength) {
        return HEADER + WebSocketServerCloseEncoder.BLOCK_LENGTH + 1 + reasonLength;
    }

    /**
     * Encodes a WebSocket Server Close and returns its length.
     *
     * @param reason UTF-8, at most 123 bytes (RFC 6455, section 5.5).
     */
    public int encodeServerClose(UnsafeBuffer buffer, int offset, int code, byte[] reason) {
        serverClose
                .wrapAndApplyHeader(buffer, offset, header)
                .code(code)
                .putReason(reason, 0, reason.length);
        return HEADER + serverClose.encodedLength();
    }

    /** Encoded length of a WebSocket Accept with the headers added so far. */
    public int acceptLength(int subprotocolLength) {
        return HEADER
                + WebSocketAcceptEncoder.BLOCK_LENGTH
                + headersLength()
                + 1
                + subprotocolLength;
    }

    /**
     * Encodes a WebSocket Accept with the headers added so far and returns its length.
     *
     * @param subprotocol ASCII, at most 254 bytes.
     */
    public int encodeAccept(UnsafeBuffer buffer, int offset, byte[] subprotocol) {
        final WebSocketAcceptEncoder.HeadersEncoder group =
                accept.wrapAndApplyHeader(buffer, offset, header).headersCount(headers.count());
        for (int i = 0; i < headers.count(); i++) {
            final long name = headers.key(i);
            final long value = headers.value(i);
            group.next()
                    .putKey(texts.array(), TextBuffer.offset(name), TextBuffer.length(name))
                    .putValue(texts.array(), TextBuffer.offset(value), TextBuffer.length(value));
        }
        accept.putSubprotocol(subprotocol, 0, subprotocol.length);
        return HEADER + accept.encodedLength();
    }
}
