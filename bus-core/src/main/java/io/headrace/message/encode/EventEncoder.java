// SPDX-License-Identifier: Apache-2.0
package io.headrace.message.encode;

import static io.headrace.message.encode.TextBuffer.length;
import static io.headrace.message.encode.TextBuffer.offset;

import io.headrace.message.Close;
import io.headrace.message.Message;
import io.headrace.message.codec.Admission;
import io.headrace.message.codec.BodyKind;
import io.headrace.message.codec.ClosedBy;
import io.headrace.message.codec.FrameKind;
import io.headrace.message.codec.HttpDisconnectEncoder;
import io.headrace.message.codec.HttpRequestEncoder;
import io.headrace.message.codec.HttpVersion;
import io.headrace.message.codec.MessageHeaderEncoder;
import io.headrace.message.codec.Scheme;
import io.headrace.message.codec.WebSocketClientCloseEncoder;
import io.headrace.message.codec.WebSocketConnectionEncoder;
import io.headrace.message.codec.WebSocketReceiveEncoder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Encodes what a front end writes: the five messages that come from clients. Each has a twin that
 * says its length beforehand, so that exactly that much of a lane can be claimed and the message
 * encoded in place.
 *
 * <p>Not thread-safe; one per writer. Allocates nothing.
 */
public final class EventEncoder {

    /** Largest text of a key, name or header value: what a 16-bit length can say. */
    public static final int TEXT_LENGTH_MAX = 65_534;

    /** Largest number of pairs in one list. */
    public static final int PAIR_COUNT_MAX = 65_534;

    private static final int HEADER = MessageHeaderEncoder.ENCODED_LENGTH;
    private static final int GROUP = 4;
    private static final UnsafeBuffer NOTHING = new UnsafeBuffer(0, 0);

    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final HttpRequestEncoder request = new HttpRequestEncoder();
    private final WebSocketConnectionEncoder connection = new WebSocketConnectionEncoder();
    private final HttpDisconnectEncoder disconnect = new HttpDisconnectEncoder();
    private final WebSocketReceiveEncoder receive = new WebSocketReceiveEncoder();
    private final WebSocketClientCloseEncoder clientClose = new WebSocketClientCloseEncoder();

    /** Encoded length of an HTTP Request. */
    public static int requestLength(RequestKeys keys) {
        long length = HEADER + HttpRequestEncoder.BLOCK_LENGTH + 5L * GROUP;
        length += pairsLength(keys.get(), 2) + pairsLength(keys.post(), 4);
        length += pairsLength(keys.cookies(), 2) + pairsLength(keys.headers(), 2);
        // Three 16-bit lengths and a 32-bit one for each file, which is two entries of the list.
        length += pairsLength(keys.files(), 2) + 2L * keys.fileCount();
        length += 1 + length(keys.method()) + endpointLength(keys);
        length += 4 + keys.body().capacity();
        return (int) Math.min(length, Integer.MAX_VALUE);
    }

    /** Encoded length of a WebSocket Connection. */
    public static int connectionLength(RequestKeys keys) {
        long length = HEADER + WebSocketConnectionEncoder.BLOCK_LENGTH + 3L * GROUP;
        length += pairsLength(keys.get(), 2) + pairsLength(keys.cookies(), 2);
        length += pairsLength(keys.headers(), 2) + endpointLength(keys);
        return (int) Math.min(length, Integer.MAX_VALUE);
    }

    private static int endpointLength(RequestKeys keys) {
        return 4 * 2
                + 4
                + length(keys.path())
                + length(keys.pathInfo())
                + length(keys.queryString())
                + length(keys.remoteAddr())
                + length(keys.serverName())
                + length(keys.replyChannel())
                + length(keys.clientSubject())
                + length(keys.forwardedHost());
    }

    private static long pairsLength(PairList pairs, int lengthBytes) {
        long length = 0;
        for (int i = 0, count = pairs.count(); i < count; i++) {
            length += 2L * lengthBytes;
            length += length(pairs.key(i)) + (long) length(pairs.value(i));
        }
        return length;
    }

    /** Encodes an HTTP Request and returns its length. */
    public int encodeRequest(UnsafeBuffer buffer, int offset, RequestKeys keys) {
        final byte[] text = keys.text().array();
        request.wrapAndApplyHeader(buffer, offset, header)
                .remotePort(keys.remotePort())
                .serverPort(keys.serverPort())
                .httpVersion(HttpVersion.get((short) keys.httpVersion()))
                .scheme(keys.https() ? Scheme.HTTPS : Scheme.HTTP)
                .bodyKind(keys.inParts() ? BodyKind.PARTS : BodyKind.WHOLE)
                .slot(keys.slot())
                .deadlineMs(keys.deadlineMs())
                .contentLength(keys.contentLength());

        final HttpRequestEncoder.GetEncoder get = request.getCount(keys.get().count());
        for (int i = 0, count = keys.get().count(); i < count; i++) {
            final long key = keys.get().key(i);
            final long value = keys.get().value(i);
            get.next()
                    .putKey(text, offset(key), length(key))
                    .putValue(text, offset(value), length(value));
        }
        final HttpRequestEncoder.PostEncoder post = request.postCount(keys.post().count());
        for (int i = 0, count = keys.post().count(); i < count; i++) {
            final long key = keys.post().key(i);
            final long value = keys.post().value(i);
            post.next()
                    .putKey(text, offset(key), length(key))
                    .putValue(text, offset(value), length(value));
        }
        final HttpRequestEncoder.CookiesEncoder cookies =
                request.cookiesCount(keys.cookies().count());
        for (int i = 0, count = keys.cookies().count(); i < count; i++) {
            final long key = keys.cookies().key(i);
            final long value = keys.cookies().value(i);
            cookies.next()
                    .putKey(text, offset(key), length(key))
                    .putValue(text, offset(value), length(value));
        }
        final HttpRequestEncoder.HeadersEncoder headers =
                request.headersCount(keys.headers().count());
        for (int i = 0, count = keys.headers().count(); i < count; i++) {
            final long key = keys.headers().key(i);
            final long value = keys.headers().value(i);
            headers.next()
                    .putKey(text, offset(key), length(key))
                    .putValue(text, offset(value), length(value));
        }
        encodeFiles(keys, text);
        request.putMethod(text, offset(keys.method()), length(keys.method()))
                .putPath(text, offset(keys.path()), length(keys.path()))
                .putPathInfo(text, offset(keys.pathInfo()), length(keys.pathInfo()))
                .putQueryString(text, offset(keys.queryString()), length(keys.queryString()))
                .putRemoteAddr(text, offset(keys.remoteAddr()), length(keys.remoteAddr()))
                .putServerName(text, offset(keys.serverName()), length(keys.serverName()))
                .putResponseChannel(text, offset(keys.replyChannel()), length(keys.replyChannel()))
                .putBody(keys.body(), 0, keys.body().capacity())
                .putClientSubject(text, offset(keys.clientSubject()), length(keys.clientSubject()))
                .putForwardedHost(text, offset(keys.forwardedHost()), length(keys.forwardedHost()));
        return HEADER + request.encodedLength();
    }

    private void encodeFiles(RequestKeys keys, byte[] text) {
        final int count = keys.fileCount();
        final HttpRequestEncoder.FilesEncoder files = request.filesCount(count);
        for (int i = 0; i < count; i++) {
            final long key = keys.files().key(2 * i);
            final long fileName = keys.files().value(2 * i);
            final long contentType = keys.files().key(2 * i + 1);
            final long content = keys.files().value(2 * i + 1);
            files.next()
                    .putKey(text, offset(key), length(key))
                    .putFileName(text, offset(fileName), length(fileName))
                    .putContentType(text, offset(contentType), length(contentType))
                    .putContent(text, offset(content), length(content));
        }
    }

    /** Encodes a WebSocket Connection and returns its length. */
    public int encodeConnection(UnsafeBuffer buffer, int offset, RequestKeys keys) {
        final byte[] text = keys.text().array();
        connection
                .wrapAndApplyHeader(buffer, offset, header)
                .remotePort(keys.remotePort())
                .serverPort(keys.serverPort())
                .httpVersion(HttpVersion.get((short) keys.httpVersion()))
                .scheme(keys.https() ? Scheme.HTTPS : Scheme.HTTP)
                .admission(keys.awaitsAccept() ? Admission.AWAITED : Admission.OPEN)
                .slot(keys.slot());

        final WebSocketConnectionEncoder.GetEncoder get = connection.getCount(keys.get().count());
        for (int i = 0, count = keys.get().count(); i < count; i++) {
            final long key = keys.get().key(i);
            final long value = keys.get().value(i);
            get.next()
                    .putKey(text, offset(key), length(key))
                    .putValue(text, offset(value), length(value));
        }
        final WebSocketConnectionEncoder.CookiesEncoder cookies =
                connection.cookiesCount(keys.cookies().count());
        for (int i = 0, count = keys.cookies().count(); i < count; i++) {
            final long key = keys.cookies().key(i);
            final long value = keys.cookies().value(i);
            cookies.next()
                    .putKey(text, offset(key), length(key))
                    .putValue(text, offset(value), length(value));
        }
        final WebSocketConnectionEncoder.HeadersEncoder headers =
                connection.headersCount(keys.headers().count());
        for (int i = 0, count = keys.headers().count(); i < count; i++) {
            final long key = keys.headers().key(i);
            final long value = keys.headers().value(i);
            headers.next()
                    .putKey(text, offset(key), length(key))
                    .putValue(text, offset(value), length(value));
        }
        connection
                .putPath(text, offset(keys.path()), length(keys.path()))
                .putPathInfo(text, offset(keys.pathInfo()), length(keys.pathInfo()))
                .putQueryString(text, offset(keys.queryString()), length(keys.queryString()))
                .putRemoteAddr(text, offset(keys.remoteAddr()), length(keys.remoteAddr()))
                .putServerName(text, offset(keys.serverName()), length(keys.serverName()))
                .putSendChannel(text, offset(keys.replyChannel()), length(keys.replyChannel()))
                .putClientSubject(text, offset(keys.clientSubject()), length(keys.clientSubject()))
                .putForwardedHost(text, offset(keys.forwardedHost()), length(keys.forwardedHost()));
        return HEADER + connection.encodedLength();
    }

    /** Encoded length of an HTTP Disconnect that points at its request's record. */
    public static int disconnectLength() {
        return HEADER + HttpDisconnectEncoder.BLOCK_LENGTH + 4;
    }

    /**
     * Encodes an HTTP Disconnect and returns its length.
     *
     * @param requestIndex index of the request's record in the same writer's lane of its channel.
     */
    public int encodeDisconnect(UnsafeBuffer buffer, int offset, long requestIndex) {
        return encodeDisconnect(buffer, offset, requestIndex, NOTHING, 0, 0);
    }

    /**
     * Encodes an HTTP Disconnect that carries the keys of its request itself, because the record
     * may be gone before it is read; its length is {@link #disconnectLength()} and the request's.
     *
     * @param request holds the HTTP Request's SBE message with its header.
     */
    public int encodeDisconnect(
            UnsafeBuffer buffer,
            int offset,
            UnsafeBuffer request,
            int requestOffset,
            int requestLength) {
        return encodeDisconnect(
                buffer, offset, Message.NO_INDEX, request, requestOffset, requestLength);
    }

    private int encodeDisconnect(
            UnsafeBuffer buffer,
            int offset,
            long requestIndex,
            UnsafeBuffer request,
            int requestOffset,
            int requestLength) {
        disconnect
                .wrapAndApplyHeader(buffer, offset, header)
                .requestIndex(requestIndex)
                .putRequest(request, requestOffset, requestLength);
        return HEADER + disconnect.encodedLength();
    }

    /** Encoded length of a WebSocket Receive that points at its connection's record. */
    public static int receiveLength(int contentLength) {
        return HEADER + WebSocketReceiveEncoder.BLOCK_LENGTH + 4 + 4 + contentLength;
    }

    /** Encodes a WebSocket Receive and returns its length. */
    public int encodeReceive(
            UnsafeBuffer buffer,
            int offset,
            long requestIndex,
            int slot,
            boolean binary,
            UnsafeBuffer content,
            int contentOffset,
            int contentLength) {
        receive.wrapAndApplyHeader(buffer, offset, header)
                .requestIndex(requestIndex)
                .binary(binary ? FrameKind.BINARY : FrameKind.TEXT)
                .slot(slot)
                .putRequest(NOTHING, 0, 0)
                .putContent(content, contentOffset, contentLength);
        return HEADER + receive.encodedLength();
    }

    /** Encoded length of a WebSocket Client Close that points at its connection's record. */
    public static int clientCloseLength(int reasonLength) {
        return HEADER + WebSocketClientCloseEncoder.BLOCK_LENGTH + 4 + 1 + reasonLength;
    }

    /**
     * Encodes a WebSocket Client Close and returns its length.
     *
     * @param reason UTF-8, at most 123 bytes (RFC 6455, section 5.5).
     */
    public int encodeClientClose(
            UnsafeBuffer buffer,
            int offset,
            long requestIndex,
            int code,
            Close.By closedBy,
            byte[] reason) {
        return encodeClientClose(
                buffer, offset, requestIndex, NOTHING, 0, 0, code, closedBy, reason);
    }

    /**
     * Encodes a WebSocket Client Close that carries the keys of its connection itself, because the
     * record may be gone before it is read.
     *
     * @param request holds the WebSocket Connection's SBE message with its header.
     */
    public int encodeClientClose(
            UnsafeBuffer buffer,
            int offset,
            UnsafeBuffer request,
            int requestOffset,
            int requestLength,
            int code,
            Close.By closedBy,
            byte[] reason) {
        return encodeClientClose(
                buffer,
                offset,
                Message.NO_INDEX,
                request,
                requestOffset,
                requestLength,
                code,
                closedBy,
                reason);
    }

    private int encodeClientClose(
            UnsafeBuffer buffer,
            int offset,
            long requestIndex,
            UnsafeBuffer request,
            int requestOffset,
            int requestLength,
            int code,
            Close.By closedBy,
            byte[] reason) {
        clientClose
                .wrapAndApplyHeader(buffer, offset, header)
                .requestIndex(requestIndex)
                .code(code)
                .closedBy(ClosedBy.get((short) closedBy.ordinal()))
                .putRequest(request, requestOffset, requestLength)
                .putReason(reason, 0, reason.length);
        return HEADER + clientClose.encodedLength();
    }
}
