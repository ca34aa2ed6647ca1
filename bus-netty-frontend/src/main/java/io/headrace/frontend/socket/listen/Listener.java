// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.listen;

import io.headrace.HeadraceException;
import io.headrace.channel.bell.Bell;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ManualIoEventLoop;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One loop's share of the listening port, and Netty's event loop, driven by the thread that calls
 * {@link #poll()}.
 */
public final class Listener {

    private static final int SHUTDOWN_ROUNDS_MAX = 100;
    private static final long START_TIMEOUT_S = 30;

    private final Transport transport;
    private final ManualIoEventLoop loop;
    private final String host;
    private final int port;
    private final ChannelHandler pipeline;
    private final CompletableFuture<Integer> bound = new CompletableFuture<>();
    private Channel server;
    private Bell bell;

    /**
     * @param pipeline gives a new connection its handlers.
     */
    public Listener(Transport transport, String host, int port, ChannelHandler pipeline) {
        this.transport = transport;
        this.loop = transport.newLoop();
        this.host = host;
        this.port = port;
        this.pipeline = pipeline;
    }

    /** A bell whose rings are to end {@link #waitForSockets}; set before it starts. */
    public void bell(Bell rung) {
        bell = rung;
    }

    /** Listens; called on the loop's own thread, before the first {@link #poll()}. */
    public void start(Thread owner) {
        loop.setOwningThread(owner);
        if (bell != null) {
            transport.addBell(loop, bell);
        }
        final ChannelFuture future = transport.listen(loop, host, port, pipeline);
        future.addListener(
                done -> {
                    if (done.isSuccess()) {
                        server = future.channel();
                        bound.complete(((InetSocketAddress) server.localAddress()).getPort());
                    } else {
                        bound.completeExceptionally(done.cause());
                    }
                });
    }

    /** Waits, on any other thread, until it listens, and returns the port. */
    public int awaitPort() {
        try {
            return bound.get(START_TIMEOUT_S, TimeUnit.SECONDS);
        } catch (final ExecutionException | TimeoutException e) {
            throw new HeadraceException(
                    "cannot listen on " + host + ":" + port + ": " + e.getMessage(), e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HeadraceException("interrupted before " + host + ":" + port + " was open", e);
        }
    }

    /** Does what sockets have ready; never blocks. */
    public int poll() {
        return loop.runNow();
    }

    /** Does what sockets have ready, and waits for it at most so long. */
    public void waitForSockets(long waitNs) {
        loop.run(waitNs);
    }

    public void stopListening() {
        if (server != null) {
            server.close();
        }
    }

    /** Closes everything; called on the loop's own thread. */
    public void close() {
        stopListening();
        loop.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
        for (int i = 0; i < SHUTDOWN_ROUNDS_MAX && !loop.isTerminated(); i++) {
            loop.runNow();
        }
    }
}
