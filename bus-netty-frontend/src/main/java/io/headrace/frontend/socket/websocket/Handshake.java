// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.websocket;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.Utf8FrameValidator;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/** A client's request to open a WebSocket (RFC 6455, section 4), and the answer that opens it. */
public final class Handshake {

    /** The only version there is (RFC 6455, section 4.1). */
    public static final String VERSION = "13";

    // RFC 6455, section 4.1: 16 bytes in base64.
    private static final int KEY_LENGTH = 24;
    private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private final HttpRequest request;
    private final HttpHeaders headers;
    private final int windowBits;

    /**
     * @param deflates whether an offer of permessage-deflate is taken.
     */
    public Handshake(HttpRequest request, boolean deflates) {
        this.request = request;
        this.headers = request.headers();
        this.windowBits =
                deflates
                        ? Deflate.windowBits(
                                headers.getAll(HttpHeaderNames.SEC_WEBSOCKET_EXTENSIONS))
                        : Deflate.NOT_AGREED;
    }

    /** Whether a request asks for a WebSocket, if perhaps badly. */
    public static boolean isWanted(HttpRequest request) {
        final HttpHeaders headers = request.headers();
        return isOverHttp2(request) && HttpMethod.CONNECT.equals(request.method())
                || headers.containsValue(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true)
                        && headers.containsValue(
                                HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE, true);
    }

    /** RFC 8441: a stream that becomes a WebSocket. */
    private static boolean isOverHttp2(HttpRequest request) {
        return request.protocolVersion().majorVersion() == 2;
    }

    /** Whether it is all that RFC 6455, section 4.2.1, or RFC 8441, section 5, asks for. */
    public boolean isValid() {
        if (!VERSION.equals(headers.get(HttpHeaderNames.SEC_WEBSOCKET_VERSION))) {
            return false;
        }
        return isOverHttp2(request)
                || HttpMethod.GET.equals(request.method())
                        && HttpVersion.HTTP_1_1.equals(request.protocolVersion())
                        && headers.get(HttpHeaderNames.SEC_WEBSOCKET_KEY, "").length()
                                == KEY_LENGTH;
    }

    /** The window of compressed messages, in bits, or {@link Deflate#NOT_AGREED}. */
    public int windowBits() {
        return windowBits;
    }

    /** The page's origin, or an empty text; only browsers say one. */
    public String origin() {
        return headers.get(HttpHeaderNames.ORIGIN, "");
    }

    /** The first of the client's subprotocols that is among these, or an empty text. */
    public String subprotocol(List<String> served) {
        return headers.getAll(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL).stream()
                .flatMap(line -> Stream.of(line.split(",")))
                .map(String::trim)
                .filter(served::contains)
                .findFirst()
                .orElse("");
    }

    /**
     * The response that opens the WebSocket.
     *
     * @param subprotocol one of the client's, or an empty text for none.
     * @throws IllegalArgumentException when the client did not offer it.
     */
    public FullHttpResponse response(String subprotocol) {
        if (!subprotocol.equals(subprotocol(List.of(subprotocol)))) {
            throw new IllegalArgumentException(
                    "the client does not offer the subprotocol '" + subprotocol + "'");
        }
        final FullHttpResponse response =
                new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1,
                        HttpResponseStatus.SWITCHING_PROTOCOLS,
                        Unpooled.EMPTY_BUFFER);
        response.headers()
                .set(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.UPGRADE);
        if (!isOverHttp2(request)) {
            response.headers().set(HttpHeaderNames.SEC_WEBSOCKET_ACCEPT, accept());
        }
        if (!subprotocol.isEmpty()) {
            response.headers().set(HttpHeaderNames.SEC_WEBSOCKET_PROTOCOL, subprotocol);
        }
        if (windowBits != Deflate.NOT_AGREED) {
            response.headers()
                    .set(HttpHeaderNames.SEC_WEBSOCKET_EXTENSIONS, Deflate.agreement(windowBits));
        }
        return response;
    }

    private String accept() {
        try {
            final String key = headers.get(HttpHeaderNames.SEC_WEBSOCKET_KEY) + GUID;
            return Base64.getEncoder()
                    .encodeToString(
                            MessageDigest.getInstance("SHA-1")
                                    .digest(key.getBytes(StandardCharsets.ISO_8859_1)));
        } catch (final NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-1", e);
        }
    }

    /** Drops what comes, unseen: after an error, Netty's decoder goes through it byte by byte. */
    public static void dropFrames(ChannelPipeline pipeline) {
        pipeline.replace(
                WebSocket13FrameDecoder.class,
                "drop",
                new ChannelInboundHandlerAdapter() {
                    @Override
                    public void channelRead(ChannelHandlerContext ctx, Object message) {
                        ReferenceCountUtil.release(message);
                    }
                });
    }

    /**
     * Adds the handlers that make whole, valid messages of bytes, and bytes of them.
     *
     * @param messageLengthMax largest message, in bytes, compressed or not; over it they throw.
     * @param onMessage run when all that has come is whole messages.
     */
    public void addHandlers(
            ChannelPipeline pipeline, Deflate deflate, int messageLengthMax, Runnable onMessage) {
        final boolean deflates = windowBits != Deflate.NOT_AGREED;
        final WebSocketDecoderConfig config =
                WebSocketDecoderConfig.newBuilder()
                        .maxFramePayloadLength(messageLengthMax)
                        .expectMaskedFrames(true)
                        .allowMaskMismatch(false)
                        .allowExtensions(deflates)
                        // Ours is the close, so that the code is ours to report.
                        .closeOnProtocolViolation(false)
                        .withUTF8Validator(false)
                        .build();
        pipeline.addLast(new FrameDecoder(config, onMessage), new WebSocket13FrameEncoder(false));
        if (deflates) {
            pipeline.addLast(new DeflateHandler(deflate, windowBits, messageLengthMax));
        }
        pipeline.addLast(
                new Utf8FrameValidator(false), new WebSocketFrameAggregator(messageLengthMax));
    }
}
