// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import io.headrace.message.Close;
import io.headrace.message.Datagram;
import io.headrace.message.Field;
import io.headrace.message.Pairs;
import io.headrace.message.Response;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Stop 8: turns workers' replies into what Netty's encoders write. Content is copied once, from the
 * lane into a buffer that the socket is written from.
 *
 * <p>Not thread-safe; one per event loop.
 */
public final class ReplyMapper {

    private static final int STATUS_MIN = 200;
    private static final int STATUS_MAX = 599;
    private static final int CLOSE_REASON_LENGTH_MAX = 123;
    // How a message is delimited, what becomes of its connection, and how a WebSocket opens.
    private static final Set<String> OURS = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);

    static {
        Collections.addAll(
                OURS,
                "Content-Length",
                "Transfer-Encoding",
                "Trailer",
                "TE",
                "Connection",
                "Keep-Alive",
                "Proxy-Connection",
                "Upgrade",
                "Sec-WebSocket-Accept",
                "Sec-WebSocket-Protocol",
                "Sec-WebSocket-Extensions");
    }

    private final UnsafeBuffer target = new UnsafeBuffer(0, 0);

    /**
     * A worker's response.
     *
     * @throws IllegalArgumentException when its status or a header cannot be put on the wire: Netty
     *     refuses control characters in names and values, so a reply cannot inject headers.
     */
    public FullHttpResponse response(Response response, ByteBufAllocator allocator) {
        final int status = response.statusCode();
        if (status < STATUS_MIN || status > STATUS_MAX) {
            throw new IllegalArgumentException("status code " + status + " is not from 200 to 599");
        }
        final Field content = response.content();
        // RFC 9110, sections 15.3.5 and 15.4.5: these have no content, and no length of one.
        final boolean hasContent = status != 204 && status != 304;
        final DefaultFullHttpResponse http =
                new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1,
                        HttpResponseStatus.valueOf(status),
                        hasContent ? copy(content, allocator) : Unpooled.EMPTY_BUFFER);
        try {
            if (response.contentType().length() > 0) {
                http.headers().set(HttpHeaderNames.CONTENT_TYPE, response.contentType().toString());
            }
            addHeaders(response.headers(), http);
            if (hasContent) {
                http.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, content.length());
            }
            return http;
        } catch (final IllegalArgumentException invalid) {
            http.release();
            throw invalid;
        }
    }

    /**
     * The start of a worker's response whose content comes in parts.
     *
     * @throws IllegalArgumentException when its status or a header cannot be put on the wire.
     */
    public HttpResponse start(Response response, HttpVersion version, boolean isHead) {
        final int status = response.statusCode();
        if (status < STATUS_MIN || status > STATUS_MAX || status == 204 || status == 304) {
            throw new IllegalArgumentException(
                    "status code " + status + " is not from 200 to 599, or has no content");
        }
        final HttpResponse http =
                new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status));
        if (response.contentType().length() > 0) {
            http.headers().set(HttpHeaderNames.CONTENT_TYPE, response.contentType().toString());
        }
        addHeaders(response.headers(), http);
        if (response.contentLength() >= 0) {
            http.headers().set(HttpHeaderNames.CONTENT_LENGTH, response.contentLength());
        } else if (version.isKeepAliveDefault() && !isHead) {
            // An older client knows the end by the connection's. For HEAD nothing comes, not even
            // the end of the chunks (RFC 9112, section 6.3).
            HttpUtil.setTransferEncodingChunked(http, true);
        }
        return http;
    }

    /**
     * Adds a worker's headers, but for those that are the front end's to say.
     *
     * @throws IllegalArgumentException when one cannot be put on the wire.
     */
    public static void addHeaders(Pairs headers, HttpResponse http) {
        for (int i = 0; i < headers.count(); i++) {
            final String name = headers.key(i).toString();
            if (!OURS.contains(name)) {
                http.headers().add(name, headers.value(i).toString());
            }
        }
    }

    /** An answer that comes from Headrace itself. */
    public static FullHttpResponse refusal(int status, String reason, String text) {
        final DefaultFullHttpResponse http =
                new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1,
                        HttpResponseStatus.valueOf(status),
                        Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
        http.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, "text/plain")
                .set("Headrace-Reason", reason)
                .setInt(HttpHeaderNames.CONTENT_LENGTH, text.length());
        if (status == HttpResponseStatus.SERVICE_UNAVAILABLE.code()) {
            http.headers().set(HttpHeaderNames.RETRY_AFTER, "1");
        }
        return http;
    }

    /** A worker's datagram. */
    public WebSocketFrame frame(Datagram datagram, ByteBufAllocator allocator) {
        final ByteBuf content = copy(datagram.content(), allocator);
        return datagram.binary()
                ? new BinaryWebSocketFrame(content)
                : new TextWebSocketFrame(content);
    }

    /**
     * A worker's close; one with a code that may not be on the wire is 1011, internal error, and a
     * reason that is too long for a frame is cut.
     */
    public CloseWebSocketFrame closeFrame(Close close) {
        final int code =
                WebSocketCloseStatus.isValidStatusCode(close.code())
                        ? close.code()
                        : WebSocketCloseStatus.INTERNAL_SERVER_ERROR.code();
        // RFC 6455, section 5.5: 125 bytes at most, of which two are the code.
        String reason = close.reason();
        while (ByteBufUtil.utf8Bytes(reason) > CLOSE_REASON_LENGTH_MAX) {
            reason = reason.substring(0, reason.offsetByCodePoints(reason.length(), -1));
        }
        return new CloseWebSocketFrame(code, reason);
    }

    /** A copy of a field, for the caller to release. */
    public ByteBuf copy(Field content, ByteBufAllocator allocator) {
        final int length = content.length();
        if (length == 0) {
            return Unpooled.EMPTY_BUFFER;
        }
        final ByteBuf copy = allocator.ioBuffer(length, length);
        if (copy.hasMemoryAddress()) {
            target.wrap(copy.memoryAddress(), length);
            content.copyTo(target, 0);
            copy.writerIndex(length);
        } else {
            copy.writeBytes(content.toBytes());
        }
        return copy;
    }
}
