// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Connections that hold too much, behind a handler that says farewell in its own time, as TLS. */
class MeterTest {

    private static final int HELD_MAX = 1_000;

    private final Rounds rounds = new Rounds(HELD_MAX, 0, () -> {});

    private EmbeddedChannel holding(long length) {
        final EmbeddedChannel channel = new EmbeddedChannel();
        final Meter meter = new Meter(rounds, channel, 0);
        channel.pipeline()
                .addLast(
                        meter,
                        new ChannelOutboundHandlerAdapter() {
                            @Override
                            public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
                                // Later, when the client has taken all.
                            }
                        });
        channel.closeFuture().addListener(closed -> meter.onClosed());
        rounds.add(meter);
        meter.hold(length);
        return channel;
    }

    @Test
    void shouldCloseNoMoreThanHoldTooMuchAndAtOnce() {
        final List<EmbeddedChannel> channels =
                Stream.of(100L, 600L, 200L, 400L).map(this::holding).toList();
        rounds.shedIfOver();
        final List<Boolean> open = channels.stream().map(EmbeddedChannel::isOpen).toList();
        assertEquals(List.of(true, false, true, true), open);
    }

    @Test
    void shouldHoldNothingOfWhatTheSystemHasTakenSince() {
        final EmbeddedChannel reading = holding(0);
        reading.write(Unpooled.wrappedBuffer(new byte[HELD_MAX]));
        // When the socket has room again, without the front end's doing.
        reading.unsafe().flush();
        final EmbeddedChannel waiting = holding(HELD_MAX);
        rounds.shedIfOver();
        assertTrue(reading.isOpen());
        assertTrue(waiting.isOpen());
        final EmbeddedChannel another = holding(HELD_MAX / 2);
        rounds.shedIfOver();
        assertTrue(reading.isOpen());
        assertTrue(!waiting.isOpen());
        assertTrue(another.isOpen());
    }

    @Test
    void shouldHoldNothingThatIsWrittenWhenItIsClosed() {
        final EmbeddedChannel closed = holding(0);
        closed.closeFuture()
                .addListener(done -> closed.write(Unpooled.wrappedBuffer(new byte[HELD_MAX])));
        closed.pipeline().firstContext().close();
        final EmbeddedChannel another = holding(HELD_MAX / 2);
        rounds.shedIfOver();
        assertTrue(!closed.isOpen());
        assertTrue(another.isOpen());
    }
}
