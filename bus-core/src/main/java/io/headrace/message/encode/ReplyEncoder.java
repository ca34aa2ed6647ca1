// SPDX-License-Identifier: Apache-2.0
package io.headrace.message.encode;

import io.headrace.message.codec.FrameKind;
import io.headrace.message.codec.HttpResponseEncoder;
import io.headrace.message.codec.HttpResponseStartEncoder;
import io.headrace.message.codec.MessageHeaderEncoder;
import io.headrace.message.codec.WebSocketAcceptEncoder;
import io.headrace.message.codec.WebSocketSendEncoder;
import io.headrace.message.codec.WebSocketServerCloseEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Encodes what a worker writes: the messages that go to clients, with twins that say their lengths
 * beforehand.
 *
 * <p>Not thread-safe; one per writer. Allocates nothing but what a caller's {@code String} headers
 * need.
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
    private byte[][] headers = new byte[16][];
    private int headerEntryCount;

    /** Adds a header to the next response or accept; names may repeat ({@code Set-Cookie}). */
    public void addHeader(String name, String value) {
        if (headerEntryCount == headers.length) {
            headers = Arrays.copyOf(headers, 2 * headers.length);
        }
        headers[headerEntryCount++] = name.getBytes(StandardCharsets.ISO_8859_1);
        headers[headerEntryCount++] = value.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Forgets the headers that were added. */
    public void clearHeaders() {
        headerEntryCount = 0;
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
        int length = GROUP;
        for (int i = 0; i < headerEntryCount; i++) {
            length += 2 + headers[i].length;
        }
        return length;
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
        final HttpResponseEncoder.HeadersEncoder group =
                response.headersCount(headerEntryCount / 2);
        for (int i = 0; i < headerEntryCount; i += 2) {
            group.next()
                    .putKey(headers[i], 0, headers[i].length)
                    .putValue(headers[i + 1], 0, headers[i + 1].length);
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
                        .headersCount(headerEntryCount / 2);
        for (int i = 0; i < headerEntryCount; i += 2) {
            group.next()
                    .putKey(headers[i], 0, headers[i].length)
                    .putValue(headers[i + 1], 0, headers[i + 1].length);
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
                accept.wrapAndApplyHeader(buffer, offset, header)
                        .headersCount(headerEntryCount / 2);
        for (int i = 0; i < headerEntryCount; i += 2) {
            group.next()
                    .putKey(headers[i], 0, headers[i].length)
                    .putValue(headers[i + 1], 0, headers[i + 1].length);
        }
        accept.putSubprotocol(subprotocol, 0, subprotocol.length);
        return HEADER + accept.encodedLength();
    }
}
