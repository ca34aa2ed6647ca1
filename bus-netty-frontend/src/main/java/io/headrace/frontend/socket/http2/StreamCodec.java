// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.http2;

import io.headrace.frontend.socket.http1.RequestRules;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionEncoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2Settings;
import io.netty.handler.codec.http2.Http2StreamFrame;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.codec.http2.HttpConversionUtil;
import io.netty.handler.flush.FlushConsolidationHandler;
import java.util.Iterator;
import java.util.List;
import java.util.Map.Entry;

/**
 * Makes of a stream's frames what the same request would be over HTTP/1, and frames of its answer.
 */
public final class StreamCodec extends Http2StreamFrameToHttpObjectCodec {

    /** How many streams of one socket may be open at a time. */
    public static final int STREAM_COUNT_MAX = 100;

    // How much of a stream a client may send ahead of its handlers.
    static final int WINDOW_LENGTH = 256 << 10;
    private static final int FLUSH_COUNT_MAX = 256;
    private static final HttpVersion VERSION = new HttpVersion("HTTP", 2, 0, true);
    // In the block of HTTP/1: a colon, a space and the line's end.
    private static final int LINE_LENGTH = 4;

    private final int headerLengthMax;

    /**
     * @param headerLengthMax largest header list, in bytes; over it: 431.
     */
    public StreamCodec(int headerLengthMax) {
        super(true);
        this.headerLengthMax = headerLengthMax;
    }

    /**
     * The frame codec of a new socket. Netty's limits on floods of resets, pings, settings, empty
     * data and small continuations are on as they are.
     *
     * @param headerLengthMax largest header list, in bytes, that is answered by {@link StreamCodec}
     *     itself; one of twice the length is not decoded.
     */
    public static Http2FrameCodec newFrameCodec(int headerLengthMax) {
        final Http2FrameCodec codec =
                new Builder()
                        .initialSettings(
                                new Http2Settings()
                                        .maxConcurrentStreams(STREAM_COUNT_MAX)
                                        .initialWindowSize(WINDOW_LENGTH)
                                        .maxHeaderListSize(2 * headerLengthMax)
                                        .connectProtocolEnabled(true))
                        .validateHeaders(true)
                        .validateRequiredPseudoHeaders(true)
                        .build();
        // Streams have their own times.
        codec.gracefulShutdownTimeoutMillis(-1);
        return codec;
    }

    private static final class Builder extends Http2FrameCodecBuilder {

        Builder() {
            server(true);
        }

        @Override
        protected Http2FrameCodec build(
                Http2ConnectionDecoder decoder,
                Http2ConnectionEncoder encoder,
                Http2Settings settings) {
            return super.build(new ClosedStreams(decoder), encoder, settings);
        }
    }

    /** Has what the streams of one socket flush in a duty cycle leave with one write. */
    public static ChannelHandler newFlushConsolidation() {
        return new FlushConsolidationHandler(FLUSH_COUNT_MAX, true);
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, Http2StreamFrame frame, List<Object> out)
            throws Exception {
        if (frame instanceof Http2HeadersFrame headers && headers.headers().method() != null) {
            final HttpRequest request = request(headers);
            normalize(request);
            final String problem = problem(headers.headers(), request);
            if (isTooLong(request)) {
                request.setDecoderResult(
                        DecoderResult.failure(new TooLongHttpHeaderException("header list")));
            } else if (!problem.isEmpty()) {
                request.setDecoderResult(
                        DecoderResult.failure(new IllegalArgumentException(problem)));
            }
            request.setProtocolVersion(VERSION);
            out.add(request);
        } else {
            super.decode(ctx, frame, out);
        }
    }

    private static HttpRequest request(Http2HeadersFrame frame) throws Http2Exception {
        final Http2Headers headers = frame.headers();
        final int id = frame.stream().id();
        try {
            if (HttpMethod.CONNECT.asciiName().contentEquals(headers.method())) {
                // Its data is no body.
                final HttpRequest request =
                        new DefaultFullHttpRequest(
                                HttpVersion.HTTP_1_1,
                                HttpMethod.CONNECT,
                                String.valueOf(headers.path()),
                                Unpooled.EMPTY_BUFFER);
                HttpConversionUtil.addHttp2ToHttpHeaders(
                        id, headers, request.headers(), HttpVersion.HTTP_1_1, false, true);
                return request;
            }
            return frame.isEndStream()
                    ? HttpConversionUtil.toFullHttpRequest(id, headers, Unpooled.EMPTY_BUFFER, true)
                    : HttpConversionUtil.toHttpRequest(id, headers, true);
        } catch (final IllegalArgumentException invalid) {
            throw Http2Exception.streamError(
                    id, Http2Error.PROTOCOL_ERROR, invalid, "no HTTP request");
        }
    }

    private static String problem(Http2Headers headers, HttpRequest request) {
        final boolean isConnect = HttpMethod.CONNECT.equals(request.method());
        final CharSequence protocol = headers.get(Http2Headers.PseudoHeaderName.PROTOCOL.value());
        return isConnect && !HttpHeaderValues.WEBSOCKET.contentEquals(protocol)
                ? "neither a request nor a WebSocket"
                : new RequestRules().problem(request);
    }

    private boolean isTooLong(HttpRequest request) {
        int length = request.uri().length();
        for (final Iterator<Entry<CharSequence, CharSequence>> all =
                        request.headers().iteratorCharSequence();
                all.hasNext(); ) {
            final Entry<CharSequence, CharSequence> header = all.next();
            length += header.getKey().length() + header.getValue().length() + LINE_LENGTH;
        }
        return length > headerLengthMax;
    }

    /** Removes what the conversion adds to what the client has sent. */
    private static void normalize(HttpRequest request) {
        final HttpHeaders headers = request.headers();
        for (final HttpConversionUtil.ExtensionHeaderNames name :
                HttpConversionUtil.ExtensionHeaderNames.values()) {
            headers.remove(name.text());
        }
        headers.remove(HttpHeaderNames.TRANSFER_ENCODING);
        final List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
        if (hosts.size() == 2 && hosts.get(0).equals(hosts.get(1))) {
            // RFC 9113, section 8.3.1: Host may repeat the authority.
            headers.set(HttpHeaderNames.HOST, hosts.get(0));
        }
    }

    @Override
    protected void encode(ChannelHandlerContext ctx, HttpObject message, List<Object> out)
            throws Exception {
        if (message instanceof HttpResponse response
                && HttpResponseStatus.SWITCHING_PROTOCOLS.equals(response.status())) {
            // RFC 8441, section 5: what opens a WebSocket here.
            final Http2Headers headers = HttpConversionUtil.toHttp2Headers(response, true);
            headers.status(HttpResponseStatus.OK.codeAsText());
            out.add(new DefaultHttp2HeadersFrame(headers, false));
        } else {
            super.encode(ctx, message, out);
        }
    }
}
