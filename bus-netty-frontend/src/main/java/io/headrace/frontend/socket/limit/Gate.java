// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.limit;

import io.headrace.Setting;
import io.headrace.frontend.exchange.LoopCounters;
import io.headrace.frontend.exchange.Refused;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.internal.PlatformDependent;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Where connections come into a loop: each is counted and metered, or turned away. */
public final class Gate {

    private static final String HELD_MAX_PROPERTY = "headrace.held.max";
    private static final long LINGER_MS = 1_000;
    // Those that are told why they must leave; more are not.
    private static final int LINGERING_COUNT_MAX = 1_000;

    private final Admission admission;
    private final LoopCounters counters;
    private final LongSupplier clock;
    private final Rounds rounds;
    private int lingeringCount;

    /**
     * The gate of one of so many loops, which may hold its share of {@code headrace.held.max}, by
     * default of half the memory that buffers can have.
     */
    public static Gate of(
            Admission admission,
            Patience patience,
            int loopCount,
            LoopCounters counters,
            LongSupplier clock) {
        final long heldLengthMax =
                Setting.size(HELD_MAX_PROPERTY, PlatformDependent.maxDirectMemory() / 2);
        return new Gate(admission, patience, heldLengthMax / loopCount, counters, clock);
    }

    /**
     * @param admission shared by all loops.
     * @param heldLengthMax see {@link Rounds}.
     * @param clock bus time.
     */
    Gate(
            Admission admission,
            Patience patience,
            long heldLengthMax,
            LoopCounters counters,
            LongSupplier clock) {
        this.admission = admission;
        this.counters = counters;
        this.clock = clock;
        this.rounds = new Rounds(heldLengthMax, patience.headersNs(), this::onNoProtocol);
    }

    /** A connection is closed that spoke no protocol, or not the one it should. */
    public void onNoProtocol() {
        counters.closed(LoopCounters.Closed.HANDSHAKE).incrementRelease();
    }

    public Rounds rounds() {
        return rounds;
    }

    /**
     * Lets a connection in whose handlers are not there yet.
     *
     * @param isPlain whether it can be told why it is turned away: not through TLS.
     * @return false when it is turned away; it gets no other handlers.
     */
    public boolean admit(Channel channel, boolean isPlain) {
        final SocketAddress peer = channel.remoteAddress();
        if (!admission.enter(peer)) {
            counters.refused(Refused.TOO_MANY_CONNECTIONS).incrementRelease();
            turnAway(channel, isPlain);
            return false;
        }
        final Meter meter = new Meter(rounds, channel, clock.getAsLong());
        rounds.add(meter);
        channel.closeFuture()
                .addListener(
                        closed -> {
                            admission.leave(peer);
                            meter.onClosed();
                        });
        channel.pipeline().addLast(meter);
        return true;
    }

    private void turnAway(Channel channel, boolean isPlain) {
        if (!isPlain || lingeringCount >= LINGERING_COUNT_MAX) {
            channel.close();
            return;
        }
        lingeringCount++;
        channel.closeFuture().addListener(closed -> lingeringCount--);
        channel.pipeline().addLast(new Farewell());
    }

    /** Says why, and reads on for a while, so that no reset overtakes it. */
    private static final class Farewell extends ChannelInboundHandlerAdapter {

        @Override
        public void channelActive(ChannelHandlerContext ctx) {
            final Refused refused = Refused.TOO_MANY_CONNECTIONS;
            final String answer =
                    """
                    HTTP/1.1 %d Service Unavailable\r
                    content-type: text/plain\r
                    Headrace-Reason: %s\r
                    retry-after: 1\r
                    connection: close\r
                    content-length: %d\r
                    \r
                    %s"""
                            .formatted(
                                    refused.status(),
                                    refused.reason(),
                                    refused.text().length(),
                                    refused.text());
            final Channel channel = ctx.channel();
            ctx.writeAndFlush(Unpooled.copiedBuffer(answer, StandardCharsets.US_ASCII))
                    .addListener(done -> ((DuplexChannel) channel).shutdownOutput());
            channel.eventLoop()
                    .schedule((Runnable) channel::close, LINGER_MS, TimeUnit.MILLISECONDS);
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }
}
