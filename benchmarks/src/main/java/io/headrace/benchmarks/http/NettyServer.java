// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.headrace.benchmarks.client.Sockets;
import io.headrace.benchmarks.client.Wire;
import io.headrace.benchmarks.harness.Command;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.Utf8FrameValidator;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker13;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * In-process Netty: a server with the pipeline of Headrace's front end, whose handler answers on
 * the event loop. It sleeps in epoll and has as many loops as a front end by default. Listens on a
 * port, and on a Unix socket for the proxy.
 */
public final class NettyServer {

    private static final int LENGTH_MAX = 1 << 20;
    private static final int HEADER_LENGTH_MAX = 16 << 10;

    // Held: what nobody holds forgets its level.
    private static final Logger URING_LOGGER = Logger.getLogger("io.netty.channel.uring");

    private static final ByteBuf HELLO =
            Unpooled.unreleasableBuffer(
                    Unpooled.directBuffer().writeBytes(Wire.HELLO.getBytes(US_ASCII)));

    private NettyServer() {}

    /**
     * @param args path of the Unix socket; none for io_uring, and no such socket.
     */
    public static void main(String[] args) throws Exception {
        final boolean uring = args.length == 0;
        // It would warn of each overflow of a queue that the kernel goes on with; a larger one is
        // slower.
        URING_LOGGER.setLevel(Level.SEVERE);
        final EventLoopGroup group = uring ? Sockets.newUringGroup() : Sockets.newGroup();
        final ChannelGroup chat = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
        final Channel tcp =
                bootstrap(group, chat)
                        .channel(uring ? Sockets.uringServer() : Sockets.tcpServer())
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .bind("127.0.0.1", 0)
                        .sync()
                        .channel();
        if (!uring) {
            bootstrap(group, chat)
                    .channel(Sockets.unixServer())
                    .bind(Sockets.unixAddress(args[0]))
                    .sync();
        }
        System.out.println(
                Command.ok().with("port", ((InetSocketAddress) tcp.localAddress()).getPort()));
        while (System.in.read() >= 0) {
            // Until its end.
        }
        Runtime.getRuntime().halt(0);
    }

    private static ServerBootstrap bootstrap(EventLoopGroup group, ChannelGroup chat) {
        return new ServerBootstrap()
                .group(group)
                .option(ChannelOption.SO_BACKLOG, 1_024)
                .childHandler(
                        new ChannelInitializer<>() {
                            @Override
                            protected void initChannel(Channel channel) {
                                channel.pipeline()
                                        .addLast(
                                                new HttpServerCodec(
                                                        new HttpDecoderConfig()
                                                                .setMaxInitialLineLength(
                                                                        HEADER_LENGTH_MAX)
                                                                .setMaxHeaderSize(
                                                                        HEADER_LENGTH_MAX)))
                                        .addLast(new HttpObjectAggregator(LENGTH_MAX))
                                        .addLast(new Http(chat));
                            }
                        });
    }

    private static final class Http extends SimpleChannelInboundHandler<FullHttpRequest> {

        private final ChannelGroup chat;

        Http(ChannelGroup chat) {
            this.chat = chat;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
            if (request.headers().contains(HttpHeaderNames.UPGRADE)) {
                upgrade(ctx, request);
                return;
            }
            final boolean found = request.uri().startsWith(Wire.HELLO_PATH);
            final FullHttpResponse response =
                    new DefaultFullHttpResponse(
                            HttpVersion.HTTP_1_1,
                            found ? HttpResponseStatus.OK : HttpResponseStatus.NOT_FOUND,
                            found ? HELLO.duplicate() : Unpooled.EMPTY_BUFFER);
            response.headers()
                    .set(HttpHeaderNames.CONTENT_TYPE, "text/plain")
                    .setInt(HttpHeaderNames.CONTENT_LENGTH, response.content().readableBytes());
            if (HttpUtil.isKeepAlive(request)) {
                ctx.write(response, ctx.voidPromise());
            } else {
                ctx.write(response).addListener(ChannelFutureListener.CLOSE);
            }
        }

        private void upgrade(ChannelHandlerContext ctx, FullHttpRequest request) {
            final boolean isChat = request.uri().startsWith(Wire.CHAT_PATH);
            new WebSocketServerHandshaker13(
                            request.uri(),
                            null,
                            WebSocketDecoderConfig.newBuilder()
                                    .maxFramePayloadLength(LENGTH_MAX)
                                    .allowExtensions(false)
                                    .withUTF8Validator(false)
                                    .build())
                    .handshake(ctx.channel(), request);
            ctx.pipeline()
                    .addLast(new Utf8FrameValidator(false))
                    .addLast(new WebSocketFrameAggregator(LENGTH_MAX))
                    .addLast(isChat ? new ChatMember(chat) : new EchoSocket());
            if (isChat) {
                chat.add(ctx.channel());
            }
            ctx.pipeline().remove(this);
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    private static final class EchoSocket extends SimpleChannelInboundHandler<WebSocketFrame> {

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
            ctx.write(frame.retain(), ctx.voidPromise());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            ctx.flush();
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    private static final class ChatMember extends SimpleChannelInboundHandler<WebSocketFrame> {

        private final ChannelGroup chat;

        ChatMember(ChannelGroup chat) {
            this.chat = chat;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
            // Takes the frame's content for each member without copying it.
            chat.writeAndFlush(frame.retain(), channel -> true, true);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
