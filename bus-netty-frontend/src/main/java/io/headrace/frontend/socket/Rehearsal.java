// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.frontend.codec.ReplyMapper;
import io.headrace.frontend.codec.RequestMapper;
import io.headrace.frontend.socket.body.BodyAggregator;
import io.headrace.frontend.socket.body.UploadOptions;
import io.headrace.frontend.socket.http1.StrictRequestDecoder;
import io.headrace.frontend.socket.http2.StreamCodec;
import io.headrace.frontend.socket.limit.Limits;
import io.headrace.message.Message;
import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.RequestKeys;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Takes a made-up request through the codecs before a front end listens, so that the first client
 * does not wait for classes to be loaded: that took more than half a second.
 */
public final class Rehearsal {

    private static final String REQUEST =
            "POST /a%20b?c=d HTTP/1.1\r\nHost: h\r\nCookie: k=v\r\nContent-Length: 3\r\n"
                    + "Content-Type: application/x-www-form-urlencoded\r\n\r\ne=f";

    // The preface, SETTINGS, and HEADERS of GET http://h/ on stream 3 (RFC 9113; RFC 7541).
    private static final String HTTP2_REQUEST =
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
                    + "\0\0\6\1\5\0\0\0\3\u0082\u0086\u0084\u0041\1h";

    private Rehearsal() {}

    /** Runs it; nothing of it reaches a lane or a socket. */
    public static void run(Limits limits) {
        final EmbeddedChannel channel =
                new EmbeddedChannel(
                        new StrictRequestDecoder(new HttpDecoderConfig()),
                        new HttpResponseEncoder(),
                        new BodyAggregator(
                                limits.bodyLengthMax(),
                                UploadOptions.fromProperties(),
                                () -> false,
                                () -> true));
        channel.writeInbound(Unpooled.copiedBuffer(REQUEST, StandardCharsets.US_ASCII));
        final FullHttpRequest request = channel.readInbound();
        try {
            final RequestKeys keys = new RequestKeys();
            keys.clear();
            new RequestMapper("", limits.fieldCountMax(), Limits.FILE_COUNT_MAX).map(request, keys);
            final UnsafeBuffer encoded =
                    new UnsafeBuffer(new byte[EventEncoder.requestLength(keys)]);
            new EventEncoder().encodeRequest(encoded, 0, keys);
            new Message();
        } finally {
            request.release();
        }
        channel.writeOutbound(ReplyMapper.refusal(503, "rehearsal", "none\n"));
        channel.finishAndReleaseAll();
        runHttp2(limits);
    }

    private static void runHttp2(Limits limits) {
        final ChannelInitializer<Channel> streams =
                new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel stream) {
                        stream.pipeline()
                                .addLast(new StreamCodec(limits.headerLengthMax()), new Refuser());
                    }
                };
        final EmbeddedChannel socket =
                new EmbeddedChannel(
                        StreamCodec.newFrameCodec(limits.headerLengthMax()),
                        new Http2MultiplexHandler(streams));
        socket.writeInbound(Unpooled.copiedBuffer(HTTP2_REQUEST, StandardCharsets.ISO_8859_1));
        socket.finishAndReleaseAll();
    }

    private static final class Refuser extends SimpleChannelInboundHandler<HttpRequest> {
        @Override
        protected void channelRead0(ChannelHandlerContext ctx, HttpRequest request) {
            ctx.writeAndFlush(ReplyMapper.refusal(503, "rehearsal", "none\n"));
        }
    }
}
