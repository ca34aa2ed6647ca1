// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.DefaultHttp2WindowUpdateFrame;
import io.netty.handler.codec.http2.Http2ChannelDuplexHandler;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2FrameStream;
import io.netty.handler.codec.http2.Http2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2SettingsFrame;
import io.netty.handler.codec.http2.Http2StreamFrame;
import io.netty.util.ReferenceCountUtil;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.function.BooleanSupplier;

/**
 * A client of HTTP/2 with prior knowledge, over any socket: sends the frames it is told to, and
 * keeps what comes for each stream. Data is acknowledged as it comes, unless it is told not to.
 */
final class Http2Client implements AutoCloseable {

    /** What has come on one stream. */
    static final class Stream {
        final Http2FrameStream frameStream;
        final List<Entry<String, String>> headers = new ArrayList<>();
        final ByteArrayOutputStream body = new ByteArrayOutputStream();
        String status = "";
        boolean ended;
        int unacknowledged;
        // Null while it has not been reset.
        Http2Error reset;

        Stream(Http2FrameStream frameStream) {
            this.frameStream = frameStream;
        }
    }

    private final Socket socket;
    private final EmbeddedChannel codec;
    private final Streams newStreams = new Streams();
    private final Map<Integer, Stream> streams = new HashMap<>();
    private final byte[] buffer = new byte[64 << 10];
    private boolean acknowledges = true;
    private boolean closed;
    private Http2SettingsFrame settings;
    // Null while there was none.
    private Http2Error goAway;

    Http2Client(int port) {
        this(open(port));
    }

    Http2Client(Socket socket) {
        this.socket = socket;
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout((int) Await.DEADLINE_MS);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        codec =
                new EmbeddedChannel(
                        Http2FrameCodecBuilder.forClient()
                                .encoderEnforceMaxRstFramesPerWindow(0, 0)
                                .encoderIgnoreMaxHeaderListSize(true)
                                .build(),
                        newStreams);
        send();
        await("settings", () -> settings != null);
    }

    private static Socket open(int port) {
        try {
            return new Socket(InetAddress.getLoopbackAddress(), port);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Netty gives new streams to handlers only. */
    private static final class Streams extends Http2ChannelDuplexHandler {
        Http2FrameStream next() {
            return newStream();
        }
    }

    /** From now on data that comes does not open the window again. */
    Http2Client keepWindow() {
        acknowledges = false;
        return this;
    }

    /** Opens the window for all that has come on a stream. */
    void acknowledge(Stream stream) {
        if (stream.unacknowledged > 0) {
            codec.writeOutbound(
                    new DefaultHttp2WindowUpdateFrame(stream.unacknowledged)
                            .stream(stream.frameStream));
            stream.unacknowledged = 0;
            send();
        }
    }

    Http2SettingsFrame settings() {
        return settings;
    }

    /** Sends a request without a body; headers are {@code name: value}. */
    Stream get(String path, String... headers) {
        return request("GET", path, true, headers);
    }

    /** Sends the headers of a request. */
    Stream request(String method, String path, boolean isAll, String... headers) {
        final Http2Headers all =
                new DefaultHttp2Headers(false)
                        .method(method)
                        .scheme("http")
                        .authority("localhost")
                        .path(path);
        for (final String header : headers) {
            final int colon = header.indexOf(": ");
            all.add(header.substring(0, colon), header.substring(colon + 2));
        }
        return request(all, isAll);
    }

    Stream request(Http2Headers headers, boolean isAll) {
        final Stream stream = new Stream(newStreams.next());
        codec.writeOutbound(
                new DefaultHttp2HeadersFrame(headers, isAll).stream(stream.frameStream));
        streams.put(stream.frameStream.id(), stream);
        send();
        return stream;
    }

    /** Asks for a WebSocket (RFC 8441, section 5). */
    Stream webSocket(String path, String... headers) {
        final Http2Headers all =
                new DefaultHttp2Headers(false)
                        .method("CONNECT")
                        .add(":protocol", "websocket")
                        .scheme("http")
                        .authority("localhost")
                        .path(path)
                        .add("sec-websocket-version", "13");
        for (final String header : headers) {
            final int colon = header.indexOf(": ");
            all.set(header.substring(0, colon), header.substring(colon + 2));
        }
        return request(all, false);
    }

    /** A stream as if it were a socket of its own; the data that comes is taken out of it. */
    Socket tunnel(Stream stream) {
        return new Socket() {
            @Override
            public void setTcpNoDelay(boolean on) {}

            @Override
            public void setSoTimeout(int timeoutMs) {}

            @Override
            public InputStream getInputStream() {
                return new InputStream() {
                    @Override
                    public int read() {
                        final byte[] one = new byte[1];
                        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
                    }

                    @Override
                    public int read(byte[] bytes, int offset, int length) {
                        await(
                                "data",
                                () ->
                                        stream.body.size() > 0
                                                || stream.ended
                                                || stream.reset != null);
                        final byte[] all = stream.body.toByteArray();
                        final int count = Math.min(length, all.length);
                        System.arraycopy(all, 0, bytes, offset, count);
                        stream.body.reset();
                        stream.body.write(all, count, all.length - count);
                        return count == 0 ? -1 : count;
                    }
                };
            }

            @Override
            public OutputStream getOutputStream() {
                return new OutputStream() {
                    @Override
                    public void write(int b) {
                        write(new byte[] {(byte) b}, 0, 1);
                    }

                    @Override
                    public void write(byte[] bytes, int offset, int length) {
                        data(stream, Arrays.copyOfRange(bytes, offset, offset + length), false);
                    }
                };
            }

            @Override
            public synchronized void close() {
                if (stream.reset == null) {
                    reset(stream);
                }
            }
        };
    }

    Http2Client data(Stream stream, byte[] bytes, boolean isLast) {
        // What waits for the window when the stream is reset fails, which is no failure of a test.
        codec.writeAndFlush(
                new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(bytes), isLast)
                        .stream(stream.frameStream));
        send();
        return this;
    }

    /** Sends what the codec would refuse to send. */
    void dataOnClosedStream(Stream stream, int length) {
        final ByteBuf frame = Unpooled.buffer();
        frame.writeMedium(length).writeByte(0).writeByte(0).writeInt(stream.frameStream.id());
        frame.writeZero(length);
        try {
            socket.getOutputStream().write(ByteBufUtil.getBytes(frame));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Http2Client reset(Stream stream) {
        codec.writeAndFlush(
                new DefaultHttp2ResetFrame(Http2Error.CANCEL).stream(stream.frameStream));
        send();
        return this;
    }

    private void send() {
        try {
            for (ByteBuf bytes = codec.readOutbound();
                    bytes != null;
                    bytes = codec.readOutbound()) {
                socket.getOutputStream().write(ByteBufUtil.getBytes(bytes));
                bytes.release();
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for the whole answer on a stream. */
    HttpAnswer answer(Stream stream) {
        await("an answer", () -> stream.ended || stream.reset != null);
        assertTrue(stream.ended, () -> "reset with " + stream.reset);
        return answerSoFar(stream);
    }

    /** Waits for the headers of an answer. */
    HttpAnswer answerHead(Stream stream) {
        await("headers", () -> !stream.status.isEmpty() || stream.reset != null);
        assertEquals(null, stream.reset);
        return answerSoFar(stream);
    }

    private static HttpAnswer answerSoFar(Stream stream) {
        return new HttpAnswer("HTTP/2 " + stream.status, stream.headers, stream.body.toByteArray());
    }

    HttpAnswer answerTo(String path, String... headers) {
        return answer(get(path, headers));
    }

    /** Waits until so much of a body has come. */
    void awaitBody(Stream stream, int length) {
        await(length + " bytes", () -> stream.body.size() >= length);
    }

    /** Waits for the reset of a stream. */
    void shouldBeReset(Stream stream, Http2Error error) {
        await("a reset", () -> stream.reset != null);
        assertEquals(error, stream.reset);
    }

    /** Waits until the server says that it takes no more streams. */
    void shouldGoAway(Http2Error error) {
        await("GOAWAY", () -> goAway != null);
        assertEquals(error, goAway);
    }

    boolean isGoingAway() {
        return goAway != null;
    }

    /** Waits until the server closes the socket. */
    void shouldEnd() {
        while (!closed) {
            read();
        }
    }

    /** Reads what comes until a condition holds. */
    void await(String what, BooleanSupplier condition) {
        while (!condition.getAsBoolean()) {
            assertTrue(!closed, () -> "closed before " + what + ", GOAWAY " + goAway);
            read();
        }
    }

    private void read() {
        try {
            final int length = socket.getInputStream().read(buffer);
            closed = length < 0;
            if (!closed) {
                codec.writeInbound(Unpooled.copiedBuffer(buffer, 0, length));
            }
        } catch (final java.net.SocketException reset) {
            closed = true;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        for (Object frame = codec.readInbound(); frame != null; frame = codec.readInbound()) {
            onFrame(frame);
            ReferenceCountUtil.release(frame);
        }
        if (!closed) {
            send();
        }
    }

    private void onFrame(Object frame) {
        if (frame instanceof Http2SettingsFrame first) {
            settings = first;
        } else if (frame instanceof Http2GoAwayFrame end) {
            goAway = Http2Error.valueOf(end.errorCode());
        } else if (frame instanceof Http2StreamFrame ofStream && ofStream.stream() != null) {
            final Stream stream = streams.get(ofStream.stream().id());
            if (frame instanceof Http2HeadersFrame headers) {
                onHeaders(stream, headers);
            } else if (frame instanceof Http2DataFrame data) {
                stream.body.writeBytes(ByteBufUtil.getBytes(data.content()));
                stream.ended |= data.isEndStream();
                stream.unacknowledged += data.initialFlowControlledBytes();
                if (acknowledges) {
                    acknowledge(stream);
                }
            } else if (frame instanceof Http2ResetFrame reset) {
                stream.reset = Http2Error.valueOf(reset.errorCode());
            }
        }
    }

    private static void onHeaders(Stream stream, Http2HeadersFrame frame) {
        stream.ended |= frame.isEndStream();
        stream.headers.clear();
        for (final Entry<CharSequence, CharSequence> header : frame.headers()) {
            final String name = header.getKey().toString();
            if (name.equals(":status")) {
                stream.status = header.getValue().toString();
            } else {
                stream.headers.add(Map.entry(name, header.getValue().toString()));
            }
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
            codec.finishAndReleaseAll();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
