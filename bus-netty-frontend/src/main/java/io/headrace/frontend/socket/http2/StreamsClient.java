// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.http2;

import io.headrace.frontend.exchange.LoopCounters;
import io.headrace.frontend.exchange.LoopCounters.Closed;
import io.headrace.frontend.socket.limit.ClientPace;
import io.headrace.frontend.socket.limit.ClientPace.Phase;
import io.headrace.frontend.socket.limit.ClientPace.Verdict;
import io.headrace.frontend.socket.limit.Meter;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.DefaultHttp2WindowUpdateFrame;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Set;
import java.util.function.Consumer;
import org.agrona.collections.Int2ObjectHashMap;

/**
 * The client of an HTTP/2 socket: the last of the socket's handlers. Sends the client away when it
 * has no stream for long, or takes too slowly what its streams have for it; the streams' own
 * connections see to the rest.
 */
public final class StreamsClient extends ChannelInboundHandlerAdapter implements Meter.Client {

    // Streams that are not read must not keep others from sending. Netty opens the window again
    // when half of it has been read; the other half is what all streams together can leave unread.
    private static final int WINDOW_LENGTH =
            2 * StreamCodec.STREAM_COUNT_MAX * StreamCodec.WINDOW_LENGTH;

    private final Set<StreamsClient> open;
    private final LoopCounters counters;
    private final ClientPace pace;
    private final int streamCountMax;
    private final Consumer<Throwable> onError;
    private final Int2ObjectHashMap<StreamWire> wires = new Int2ObjectHashMap<>();
    private Channel channel;
    private Meter meter;
    private int streamCount;

    /**
     * @param open contains it while it is open.
     * @param streamCountMax how many streams the socket may have one after the other; then it is
     *     told to go.
     * @param onError told of errors of our own.
     */
    public StreamsClient(
            Set<StreamsClient> open,
            LoopCounters counters,
            ClientPace pace,
            int streamCountMax,
            Consumer<Throwable> onError) {
        this.open = open;
        this.counters = counters;
        this.pace = pace;
        this.streamCountMax = streamCountMax;
        this.onError = onError;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        channel = ctx.channel();
        open.add(this);
        StreamFrames.addTo(ctx.pipeline().get(Http2FrameCodec.class), this);
        ctx.write(
                new DefaultHttp2WindowUpdateFrame(
                        WINDOW_LENGTH - Http2CodecUtil.DEFAULT_WINDOW_SIZE));
        meter = Meter.of(channel);
        // What its streams keep is counted with them.
        meter.onMessage();
        meter.drops(true);
        meter.client(this);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        open.remove(this);
    }

    /** A stream has begun. */
    public void onStream(int id, StreamWire wire) {
        wires.put(id, wire);
        if (++streamCount == streamCountMax) {
            goAway();
        }
    }

    /** A stream has ended. */
    public void onStreamEnd(int id) {
        wires.remove(id).onEnd();
    }

    /** Data has come for a stream. */
    void onData(int id, int length) {
        final StreamWire wire = wires.get(id);
        if (wire != null) {
            wire.onData(length);
        }
    }

    /** Takes no new streams, and closes when the open ones have ended. */
    public void goAway() {
        channel.close();
    }

    @Override
    public void check(long nowNs) {
        for (final StreamWire wire : new ArrayList<>(wires.values())) {
            wire.check(nowNs);
        }
        final long inSocket = meter.pendingLength();
        final long pending = inSocket + recount(inSocket);
        final long taken = meter.writtenLength() - inSocket;
        if (pace.onWrite(nowNs, taken + pending, pending) != Verdict.FINE) {
            counters.closed(Closed.SLOW_READER).incrementRelease();
            cutOff();
        } else if (pace.onRead(
                        nowNs,
                        wires.isEmpty() ? Phase.IDLE : Phase.ANSWER,
                        streamCount,
                        meter.readLength(),
                        true)
                == Verdict.IDLE) {
            counters.closed(Closed.IDLE).incrementRelease();
            goAway();
        }
    }

    @Override
    public void recount() {
        recount(meter.pendingLength());
    }

    /**
     * @param inSocket what waits for the socket, which is part of what waits in the streams.
     * @return how much waits for the client to open its windows.
     */
    private long recount(long inSocket) {
        long pending = -inSocket;
        long queued = 0;
        for (final StreamWire wire : wires.values()) {
            pending += wire.pendingLength();
            queued += wire.queuedLength();
        }
        final long inWindows = Math.max(0, pending);
        meter.queued(queued + inWindows);
        return inWindows;
    }

    @Override
    public void onShed() {
        counters.closed(Closed.MEMORY_HIGH).incrementRelease();
        cutOff();
    }

    /** Closes at once: a farewell would have to wait for the client. */
    public void cutOff() {
        channel.pipeline().context(meter).close();
    }

    /** Netty would leave a stream open that has something to be read and is not read. */
    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        new ArrayList<>(wires.values()).forEach(StreamWire::cutOff);
        ctx.fireChannelInactive();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object frame) {
        // Of the socket as a whole; the codec has done what it asks for.
        ReferenceCountUtil.release(frame);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // What concerns the protocol, the codec answers.
        if (Http2CodecUtil.getEmbeddedHttp2Exception(cause) == null) {
            if (!(cause instanceof IOException)) {
                onError.accept(cause);
            }
            cutOff();
        }
    }
}
