// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.listen;

import io.headrace.HeadraceException;
import io.headrace.channel.bell.Bell;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ManualIoEventLoop;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * One loop's share of the addresses that are listened on, and Netty's event loop, driven by the
 * thread that calls {@link #poll()}.
 */
public final class Listener {

    private static final int SHUTDOWN_ROUNDS_MAX = 100;
    private static final long START_TIMEOUT_S = 30;

    private final Transport transport;
    private final ManualIoEventLoop loop;
    private final List<SocketAddress> addresses;
    private final ChannelHandler pipeline;
    private final CompletableFuture<Void> bound = new CompletableFuture<>();
    private final List<Channel> servers = new ArrayList<>();
    private final List<UnixDomainSocketAddress> files = new ArrayList<>();
    private int boundCount;
    private Bell bell;

    /**
     * @param pipeline gives a new connection its handlers.
     */
    public Listener(Transport transport, List<SocketAddress> addresses, ChannelHandler pipeline) {
        this.transport = transport;
        this.loop = transport.newLoop();
        this.addresses = addresses;
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
        try {
            for (final SocketAddress address : addresses) {
                final ChannelFuture future = transport.listen(loop, address, pipeline);
                servers.add(future.channel());
                future.addListener(done -> onBound(address, done.cause()));
            }
        } catch (final HeadraceException e) {
            bound.completeExceptionally(e);
        }
    }

    private void onBound(SocketAddress address, Throwable cause) {
        if (cause != null) {
            bound.completeExceptionally(
                    new HeadraceException("cannot listen on " + address + ": " + cause, cause));
            return;
        }
        if (address instanceof UnixDomainSocketAddress unix) {
            files.add(unix);
        }
        if (++boundCount == addresses.size()) {
            bound.complete(null);
        }
    }

    /** Waits, on any other thread, until it listens. */
    public void awaitListening() {
        try {
            bound.get(START_TIMEOUT_S, TimeUnit.SECONDS);
        } catch (final ExecutionException e) {
            throw (HeadraceException) e.getCause();
        } catch (final TimeoutException e) {
            throw new HeadraceException("does not listen on " + addresses + " in time", e);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HeadraceException("interrupted before it listened on " + addresses, e);
        }
    }

    /** Does what sockets have ready; never blocks. */
    public int poll() {
        return loop.runNow();
    }

    /** Does what sockets have ready, and waits for it at most so long. */
    public int waitForSockets(long waitNs) {
        return loop.run(waitNs);
    }

    public void stopListening() {
        servers.forEach(Channel::close);
        files.forEach(ListenAddress::remove);
        files.clear();
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
