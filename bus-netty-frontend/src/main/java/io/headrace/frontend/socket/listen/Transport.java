// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.listen;

import io.headrace.channel.bell.Bell;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultSelectStrategyFactory;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoRegistration;
import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.EpollServerDomainSocketChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.socket.nio.NioServerDomainSocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.UnixChannelOption;
import io.netty.util.concurrent.Future;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;

/**
 * Where sockets come from: epoll where it is, else the JDK's NIO. Every loop listens on the same
 * port itself (the kernel spreads connections over them), so that a connection never changes
 * threads.
 */
public final class Transport {

    // Sockets read in a cycle: of more, the first has left the caches when its reply comes.
    private static final int BATCH = 32;
    private static final int BACKLOG = 1_024;
    // Of what has been written, the kernel would take megabytes for a client that does not read:
    // work that nobody wants, and memory that no limit of ours knows of.
    private static final long UNSENT_LENGTH_MAX = 128 << 10;

    private final boolean epoll;

    /**
     * @param preferNative false to use NIO though epoll is there.
     */
    public Transport(boolean preferNative) {
        epoll = preferNative && Epoll.isAvailable();
    }

    /** Whether a loop can wait for a bell beside its sockets: NIO takes no file descriptor. */
    public boolean canWaitForBells() {
        return epoll;
    }

    /** Lets rings end a loop's wait for sockets; called on the loop's thread. */
    void addBell(IoEventLoop loop, Bell bell) {
        loop.register(new BellHandle(bell))
                .addListener(
                        (Future<IoRegistration> done) -> done.getNow().submit(EpollIoOps.EPOLLIN));
    }

    /** A bell among the sockets. Its descriptor is not Netty's to close. */
    private record BellHandle(Bell bell) implements EpollIoHandle {

        @Override
        public FileDescriptor fd() {
            return new FileDescriptor(bell.descriptor());
        }

        @Override
        public void handle(IoRegistration registration, IoEvent event) {
            bell.drain();
        }

        @Override
        public void close() {}
    }

    /** An event loop that its caller drives, from the thread that is set to own it. */
    ManualIoEventLoop newLoop() {
        final IoHandlerFactory factory =
                epoll
                        ? EpollIoHandler.newFactory(BATCH, DefaultSelectStrategyFactory.INSTANCE)
                        : NioIoHandler.newFactory();
        return new ManualIoEventLoop(null, factory);
    }

    ChannelFuture listen(IoEventLoop loop, SocketAddress address, ChannelHandler pipeline) {
        final ServerBootstrap bootstrap =
                new ServerBootstrap()
                        .group(loop, loop)
                        .option(ChannelOption.SO_BACKLOG, BACKLOG)
                        .childHandler(pipeline);
        if (address instanceof UnixDomainSocketAddress unix) {
            ListenAddress.clear(unix);
            return epoll
                    ? bootstrap
                            .channel(EpollServerDomainSocketChannel.class)
                            .bind(new DomainSocketAddress(unix.getPath().toFile()))
                    : bootstrap.channel(NioServerDomainSocketChannel.class).bind(unix);
        }
        bootstrap
                .channel(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .option(ChannelOption.SO_REUSEADDR, true)
                .childOption(ChannelOption.TCP_NODELAY, true);
        if (epoll) {
            bootstrap
                    .option(UnixChannelOption.SO_REUSEPORT, true)
                    .childOption(EpollChannelOption.TCP_NOTSENT_LOWAT, UNSENT_LENGTH_MAX);
        } else {
            bootstrap.option(NioChannelOption.of(StandardSocketOptions.SO_REUSEPORT), true);
        }
        return bootstrap.bind(address);
    }
}
