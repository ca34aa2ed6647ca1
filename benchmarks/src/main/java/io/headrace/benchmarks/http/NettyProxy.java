// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.http;

import io.headrace.benchmarks.client.Sockets;
import io.headrace.benchmarks.harness.Command;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;

/**
 * A reverse proxy written with Netty, in front of a server behind a Unix socket: parses requests
 * and responses, adds who the client is, keeps connections, and becomes a pipe when a connection is
 * upgraded. Both connections of a client are on one event loop.
 */
public final class NettyProxy {

    private NettyProxy() {}

    /**
     * @param args path of the Unix socket.
     */
    public static void main(String[] args) throws Exception {
        final EventLoopGroup group = Sockets.newGroup();
        final Channel server =
                new ServerBootstrap()
                        .group(group)
                        .channel(Sockets.tcpServer())
                        .option(ChannelOption.SO_BACKLOG, 1_024)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .childOption(ChannelOption.AUTO_READ, false)
                        .childHandler(
                                new ChannelInitializer<>() {
                                    @Override
                                    protected void initChannel(Channel channel) {
                                        channel.pipeline()
                                                .addLast(new HttpServerCodec())
                                                .addLast(new Client(args[0]));
                                    }
                                })
                        .bind("127.0.0.1", 0)
                        .sync()
                        .channel();
        System.out.println(
                Command.ok().with("port", ((InetSocketAddress) server.localAddress()).getPort()));
        while (System.in.read() >= 0) {
            // Until its end.
        }
        Runtime.getRuntime().halt(0);
    }

    /** Passes on what comes from one side; closes the other with it. */
    private static class Pipe extends ChannelInboundHandlerAdapter {

        Channel other;

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            other.write(message, other.voidPromise());
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext ctx) {
            other.flush();
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            if (other != null) {
                other.close();
            }
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    private static final class Client extends Pipe {

        private final String path;
        private String address;

        Client(String path) {
            this.path = path;
        }

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            address = ((InetSocketAddress) ctx.channel().remoteAddress()).getHostString();
            final Backend backend = new Backend();
            backend.other = ctx.channel();
            other =
                    new Bootstrap()
                            .group(ctx.channel().eventLoop())
                            .channel(Sockets.unixClient())
                            .handler(
                                    new ChannelInitializer<>() {
                                        @Override
                                        protected void initChannel(Channel channel) {
                                            channel.pipeline()
                                                    .addLast(new HttpClientCodec())
                                                    .addLast(backend);
                                        }
                                    })
                            .connect(Sockets.unixAddress(path))
                            .addListener(
                                    (ChannelFutureListener)
                                            connected -> {
                                                if (connected.isSuccess()) {
                                                    ctx.channel().config().setAutoRead(true);
                                                } else {
                                                    ctx.close();
                                                }
                                            })
                            .channel();
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof HttpRequest request) {
                request.headers().set("X-Forwarded-For", address);
            }
            super.channelRead(ctx, message);
        }
    }

    private static final class Backend extends Pipe {

        private boolean upgraded;

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof HttpResponse response) {
                upgraded = HttpResponseStatus.SWITCHING_PROTOCOLS.equals(response.status());
            }
            if (upgraded && message instanceof LastHttpContent) {
                ReferenceCountUtil.release(message);
                other.flush();
                other.pipeline().remove(HttpServerCodec.class);
                ctx.pipeline().remove(HttpClientCodec.class);
                return;
            }
            super.channelRead(ctx, message);
        }
    }
}
