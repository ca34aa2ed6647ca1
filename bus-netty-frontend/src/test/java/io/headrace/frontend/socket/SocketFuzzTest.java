// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.headrace.frontend.codec.ReplyMapper;
import io.headrace.frontend.codec.RequestMapper;
import io.headrace.frontend.socket.body.BodyAggregator;
import io.headrace.frontend.socket.body.UploadOptions;
import io.headrace.frontend.socket.http1.StrictRequestDecoder;
import io.headrace.frontend.socket.websocket.Deflate;
import io.headrace.frontend.socket.websocket.Handshake;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.Response;
import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.ReplyEncoder;
import io.headrace.message.encode.RequestKeys;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.util.ReferenceCountUtil;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever bytes come from a client or from a worker: found by a fuzzer that sees what they make
 * the codecs do. Without {@code JAZZER_FUZZ} in the environment it only tries what is known.
 */
class SocketFuzzTest {

    private static final int LENGTH_MAX = 1 << 16;

    private static byte[] bytes(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    static Stream<byte[]> requests() {
        return Stream.of(
                        "GET /a%20b/%ff?c=d&e=%zz HTTP/1.1\r\nHost: h\r\nCookie: k=v; l=\"w\"\r\n\r\n",
                        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 7\r\n"
                                + "Content-Type: application/x-www-form-urlencoded\r\n\r\na=b&c=d",
                        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                                + "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
                                + "7e\r\n--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n"
                                + "--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"g\"\r\n\r\nh\r\n--x--\r\n"
                                + "\r\n0\r\nT: u\r\n\r\n",
                        "OPTIONS * HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n",
                        "GET http://h/ HTTP/1.0\r\n\r\nGET / HTTP/1.1\r\nHost: [::1]:80\r\nX:\r\n y\r\n\r\n")
                .map(SocketFuzzTest::bytes);
    }

    @MethodSource("requests")
    @FuzzTest(maxDuration = "5m")
    void shouldRefuseOrEncodeAnyRequest(byte[] bytes) {
        final EmbeddedChannel channel =
                new EmbeddedChannel(
                        new StrictRequestDecoder(new HttpDecoderConfig()),
                        new BodyAggregator(
                                LENGTH_MAX,
                                UploadOptions.fromProperties(),
                                () -> false,
                                () -> true));
        // In two pieces that the first byte chooses.
        final int cut = bytes.length == 0 ? 0 : (bytes[0] & 0xFF) % bytes.length;
        channel.writeInbound(
                Unpooled.copiedBuffer(bytes, 0, cut),
                Unpooled.copiedBuffer(bytes, cut, bytes.length - cut));
        final RequestMapper mapper = new RequestMapper("", 1_000, 100);
        for (Object next = channel.readInbound(); next != null; next = channel.readInbound()) {
            try {
                if (next instanceof FullHttpRequest request
                        && request.decoderResult().isSuccess()) {
                    encode(mapper, request);
                }
            } finally {
                ReferenceCountUtil.release(next);
            }
        }
        finish(channel);
    }

    private static void finish(EmbeddedChannel channel) {
        try {
            channel.finishAndReleaseAll();
        } catch (final PrematureChannelClosureException leftHalfWay) {
            // As clients do.
        }
    }

    private static void encode(RequestMapper mapper, FullHttpRequest request) {
        final RequestKeys keys = new RequestKeys();
        keys.clear();
        if (mapper.map(request, keys) != 0) {
            return;
        }
        final int length = EventEncoder.requestLength(keys);
        final UnsafeBuffer record = record(length);
        assertEquals(length, new EventEncoder().encodeRequest(record, DeliveryHeader.LENGTH, keys));
        final Message message = new Message().wrap(record);
        assertTrue(message.decode(), message::problem);
        assertEquals(request.content().readableBytes(), message.request().body().length());
        assertEquals(request.headers().size(), message.request().headers().count());
        assertTrue(message.request().meta().containsKey("REQUEST_METHOD"));
        assertTrue(message.request().path().startsWith("/"));
    }

    /** A record with room for a message of so many bytes. */
    private static UnsafeBuffer record(int length) {
        final UnsafeBuffer record = new UnsafeBuffer(new byte[DeliveryHeader.LENGTH + length]);
        record.putInt(DeliveryHeader.FLAGS_LENGTH_OFFSET, length);
        return record;
    }

    private static final byte[] MASK = {0, 0, 0, 0};

    private static byte[] frame(int first, int second, byte[] payload) {
        return ByteBuffer.allocate(6 + payload.length)
                .put((byte) first)
                .put((byte) (0x80 | second))
                .put(MASK)
                .put(payload)
                .array();
    }

    static Stream<byte[]> frames() {
        // RFC 7692, section 7.2.3.1: "Hello", compressed.
        final byte[] compressed = {
            (byte) 0xf2, 0x48, (byte) 0xcd, (byte) 0xc9, (byte) 0xc9, 0x07, 0
        };
        return Stream.of(
                frame(0x81, 5, bytes("Hello")),
                frame(0x01, 1, bytes("\u00c3")),
                frame(0x80, 1, bytes("\u00a9")),
                frame(0x82, 0, new byte[0]),
                frame(0x89, 1, bytes("p")),
                frame(0x88, 4, bytes("\u0003\u00e8ok")),
                frame(0xC1, 7, compressed),
                frame(0x41, 3, Arrays.copyOf(compressed, 3)),
                frame(0x80, 4, Arrays.copyOfRange(compressed, 3, 7)),
                frame(0xFE, 126, bytes("\u0000\u0004abcd")));
    }

    @MethodSource("frames")
    @FuzzTest(maxDuration = "5m")
    void shouldRefuseOrReadAnyFrames(byte[] bytes) throws CharacterCodingException {
        final DefaultFullHttpRequest request =
                new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
        request.headers().set("Sec-WebSocket-Extensions", "permessage-deflate");
        final Deflate deflate = new Deflate();
        final EmbeddedChannel channel = new EmbeddedChannel();
        new Handshake(request, true).addHandlers(channel.pipeline(), deflate, LENGTH_MAX, () -> {});
        try {
            channel.writeInbound(Unpooled.copiedBuffer(bytes));
        } catch (final CorruptedFrameException | TooLongFrameException refused) {
            // What a client is told with a close frame.
        }
        for (WebSocketFrame frame = channel.readInbound();
                frame != null;
                frame = channel.readInbound()) {
            assertTrue(frame.isFinalFragment());
            assertTrue(frame.content().readableBytes() <= LENGTH_MAX);
            if (frame instanceof TextWebSocketFrame) {
                StandardCharsets.UTF_8.newDecoder().decode(frame.content().nioBuffer());
            }
            if (frame instanceof CloseWebSocketFrame close) {
                assertTrue(close.reasonText() != null && close.statusCode() != 0);
            }
            frame.release();
        }
        finish(channel);
        deflate.close();
        request.release();
    }

    static Stream<byte[]> replies() {
        final UnsafeBuffer content = new UnsafeBuffer(bytes("content"));
        final ReplyEncoder encoder = new ReplyEncoder();
        encoder.addHeader("Set-Cookie", "a=b");
        encoder.addHeader("X", "\u00e9");
        final List<byte[]> replies = new ArrayList<>();
        for (final int status : new int[] {200, 204, 304, 404}) {
            final UnsafeBuffer buffer = new UnsafeBuffer(new byte[200]);
            final int length =
                    encoder.encodeResponse(buffer, 0, status, bytes("text/plain"), content, 0, 7);
            replies.add(Arrays.copyOf(buffer.byteArray(), length));
        }
        final UnsafeBuffer buffer = new UnsafeBuffer(new byte[400]);
        int length = encoder.encodeSend(buffer, 0, true, content, 0, 7);
        replies.add(Arrays.copyOf(buffer.byteArray(), length));
        length = encoder.encodeServerClose(buffer, 0, 1000, bytes("bye"));
        replies.add(Arrays.copyOf(buffer.byteArray(), length));
        // Longer than a close frame can be, and no UTF-8.
        length = encoder.encodeServerClose(buffer, 0, 1000, bytes("\u00ff".repeat(254)));
        replies.add(Arrays.copyOf(buffer.byteArray(), length));
        length = encoder.encodeAccept(buffer, 0, bytes("chat"));
        replies.add(Arrays.copyOf(buffer.byteArray(), length));
        return replies.stream();
    }

    @MethodSource("replies")
    @FuzzTest(maxDuration = "5m")
    void shouldRefuseOrWriteAnyReplyAsOne(byte[] bytes) {
        final UnsafeBuffer record = record(bytes.length);
        record.putBytes(DeliveryHeader.LENGTH, bytes);
        final Message message = new Message().wrap(record);
        if (!Message.isWhole(record) || !message.decode()) {
            return;
        }
        final ReplyMapper mapper = new ReplyMapper();
        switch (message.type()) {
            case HTTP_RESPONSE -> respond(mapper, message.response());
            case WEB_SOCKET_SEND ->
                    mapper.frame(message.datagram(), UnpooledByteBufAllocator.DEFAULT).release();
            case WEB_SOCKET_SERVER_CLOSE -> {
                final CloseWebSocketFrame close = mapper.closeFrame(message.close());
                // RFC 6455, section 5.5.
                assertTrue(close.content().readableBytes() <= 125);
                close.release();
            }
            default -> {
                // None of a worker's.
            }
        }
    }

    private static void respond(ReplyMapper mapper, Response response) {
        final FullHttpResponse http;
        try {
            http = mapper.response(response, UnpooledByteBufAllocator.DEFAULT);
        } catch (final IllegalArgumentException refused) {
            return;
        }
        final EmbeddedChannel server = new EmbeddedChannel(new HttpResponseEncoder());
        final byte[] content = new byte[http.content().readableBytes()];
        http.content().getBytes(0, content);
        server.writeOutbound(http);
        final EmbeddedChannel client =
                new EmbeddedChannel(
                        new HttpClientCodec(
                                new HttpDecoderConfig()
                                        .setMaxInitialLineLength(1 << 24)
                                        .setMaxHeaderSize(1 << 24),
                                false,
                                true),
                        new HttpObjectAggregator(1 << 24));
        client.writeOutbound(new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/"));
        for (ByteBuf piece = server.readOutbound(); piece != null; piece = server.readOutbound()) {
            client.writeInbound(piece);
        }
        final FullHttpResponse read = client.readInbound();
        assertTrue(read != null && read.decoderResult().isSuccess(), () -> "" + read);
        assertEquals(response.statusCode(), read.status().code());
        final byte[] readContent = new byte[read.content().readableBytes()];
        read.content().getBytes(0, readContent);
        assertArrayEquals(content, readContent);
        read.release();
        assertNull(client.<Object>readInbound(), "something behind the response");
        client.finishAndReleaseAll();
        server.finishAndReleaseAll();
    }
}
