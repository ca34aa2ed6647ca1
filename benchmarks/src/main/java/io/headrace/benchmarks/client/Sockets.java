// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.client;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.uring.IoUring;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringServerSocketChannel;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;

/** Netty's kinds of sockets: epoll's where it is, else the JDK's; and io_uring's to compare. */
public final class Sockets {

    private static final boolean EPOLL = Epoll.isAvailable();

    private Sockets() {}

    public static IoHandlerFactory handlerFactory() {
        return EPOLL ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    }

    /** As many loops as a front end has by default. */
    public static EventLoopGroup newGroup() {
        return newGroup(handlerFactory());
    }

    private static EventLoopGroup newGroup(IoHandlerFactory factory) {
        return new MultiThreadIoEventLoopGroup(
                Math.max(1, Runtime.getRuntime().availableProcessors() / 4), factory);
    }

    /** As {@link #newGroup()}, for {@link #uringServer()}. */
    public static EventLoopGroup newUringGroup() {
        return newGroup(IoUringIoHandler.newFactory());
    }

    /** Whether the kernel has io_uring, and lets this process use it. */
    public static boolean hasUring() {
        return IoUring.isAvailable();
    }

    public static Class<? extends ServerChannel> uringServer() {
        return IoUringServerSocketChannel.class;
    }

    public static Class<? extends ServerChannel> tcpServer() {
        return EPOLL ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    }

    public static Class<? extends Channel> tcpClient() {
        return EPOLL ? EpollSocketChannel.class : NioSocketChannel.class;
    }

    public static Class<? extends ServerChannel> unixServer() {
        return EPOLL ? EpollServerDomainSocketChannel.class : NioServerDomainSocketChannel.class;
    }

    public static Class<? extends Channel> unixClient() {
        return EPOLL ? EpollDomainSocketChannel.class : NioDomainSocketChannel.class;
    }

    public static SocketAddress unixAddress(String path) {
        return EPOLL ? new DomainSocketAddress(path) : UnixDomainSocketAddress.of(path);
    }
}
