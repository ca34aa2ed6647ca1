// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.channel.LaneAppender;
import io.headrace.frontend.codec.RequestMapper;
import io.headrace.frontend.exchange.Ingress;
import io.headrace.frontend.socket.websocket.Handshake;
import io.headrace.frontend.socket.websocket.HeldFrames;
import io.headrace.frontend.socket.websocket.SharedFrame;
import io.headrace.message.Close;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A connection that has become a WebSocket: takes its datagrams to the bus and worker's datagrams
 * to the client. The handlers in front of it do masks, fragments, compression and UTF-8; ping, pong
 * and the closing handshake are done here.
 *
 * <p>However a WebSocket ends, exactly one WebSocket Client Close is appended: its connection's
 * last message.
 */
final class WebSocketHandler extends ChannelInboundHandlerAdapter {

    private static final long CLOSE_TIMEOUT_MS = 5_000;
    // RFC 6455, section 7.4.1: codes that no frame carries.
    private static final int NO_STATUS = 1005;
    private static final int ABNORMAL = 1006;

    private final Connections connections;
    private final Connection connection;
    private final Channel channel;
    private final Ingress ingress;
    private final String group;
    private final int slot;
    private long connectIndex;
    private final int windowBits;
    private long renewAtNs;
    private long waitingLength;
    private final HeldFrames held;
    private final UnsafeBuffer content = new UnsafeBuffer(0, 0);
    // Null once it has been answered.
    private Handshake handshake;
    private int order;
    private int lastAnsweredOrder;
    private boolean closing;
    private boolean closeAppended;
    private int closeCode = ABNORMAL;
    private byte[] closeReason = {};
    private Close.By closedBy = Close.By.CLIENT;

    /**
     * @param exchange its handshake.
     * @param slot the connection's place in the loop's table.
     * @param connectIndex index of the record with its keys.
     */
    WebSocketHandler(
            Connections connections,
            Connection connection,
            Channel channel,
            Exchange exchange,
            int slot,
            long connectIndex,
            Handshake handshake) {
        this.connections = connections;
        this.connection = connection;
        this.channel = channel;
        this.held = new HeldFrames(connection.wire()::queue);
        this.ingress = exchange.ingress;
        this.group = exchange.group;
        this.slot = slot;
        this.handshake = handshake;
        this.windowBits = handshake.windowBits();
        keysAt(connectIndex);
    }

    /** Whether its client waits for a decision. */
    boolean isAwaited() {
        return handshake != null && !closing;
    }

    boolean isOpen() {
        return handshake == null && !closing && channel.isActive();
    }

    /** The response that would open it; see {@link Handshake#response}. */
    FullHttpResponse response(String subprotocol) {
        return handshake.response(subprotocol);
    }

    /** Answers the handshake, and takes the place of the HTTP handlers. */
    void open(FullHttpResponse response) {
        final ChannelPipeline pipeline = channel.pipeline();
        connection.write(response);
        final int lengthMax = connections.limits().webSocketMessageLengthMax();
        handshake.addHandlers(
                pipeline, connections.deflate(), lengthMax, connection.watch()::onMessage);
        pipeline.addLast(this);
        Pipeline.removeHandlers(pipeline);
        connection.wire().becomeBytes();
        handshake = null;
        connections.onWebSocketOpen(this);
        if (!group.isEmpty()) {
            // For as long as it is open.
            connection.join(group, Long.MAX_VALUE);
        }
        connections.counters().webSockets().getAndAddRelease(1);
    }

    /** Its client is sent away, or has left, before it was open. */
    void refused(Close.By by) {
        if (isAwaited()) {
            end(ABNORMAL, "", by);
        }
    }

    private void keysAt(long index) {
        connectIndex = index;
        connections.table().keys(slot, ingress.connectLaneNumber(), index);
    }

    /** When its keys are to be appended again, bus time in ns. */
    long renewAtNs() {
        return renewAtNs;
    }

    void renewAtNs(long timeNs) {
        renewAtNs = timeNs;
    }

    /** Appends its keys again; when there is no room they are tried again next time. */
    void renewKeys() {
        final long index = ingress.renewConnection(connection.id(), connectIndex);
        if (index >= 0) {
            keysAt(index);
        }
    }

    /**
     * Whether a reply may still go out: not when it answers an earlier message than the last one
     * did, because its consumer was stopped or hung and another has gone on. Order 0 answers none.
     */
    boolean isInTime(int answeredOrder) {
        if (answeredOrder != 0 && answeredOrder - lastAnsweredOrder < 0) {
            return false;
        }
        lastAnsweredOrder = answeredOrder == 0 ? lastAnsweredOrder : answeredOrder;
        return true;
    }

    /** The form that its client gets of a message that others get as well. */
    ByteBuf shared(SharedFrame frame) {
        connections.counters().framesOut().incrementRelease();
        return frame.frame(windowBits);
    }

    Connection connection() {
        return connection;
    }

    /** Lets workers see how much waits for its client. */
    void publishWaiting(long length) {
        if (length != waitingLength && !closeAppended) {
            waitingLength = length;
            connections.table().waiting(slot, length);
        }
    }

    /** Sends its client away, because it does not keep up. */
    void closeSlow() {
        fail(WebSocketCloseStatus.TRY_AGAIN_LATER, "too slow");
    }

    void send(WebSocketFrame frame) {
        connections.counters().framesOut().incrementRelease();
        connection.write(frame);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            if (message instanceof CloseWebSocketFrame close) {
                onClose(close);
            } else if (closing) {
                // RFC 6455, section 5.5.1: after a close frame there is nothing more to say.
                return;
            } else if (message instanceof PingWebSocketFrame ping) {
                connection.write(new PongWebSocketFrame(ping.content().retain()));
            } else if (message instanceof TextWebSocketFrame
                    || message instanceof BinaryWebSocketFrame) {
                onDatagram((WebSocketFrame) message);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    /** Appends a datagram, or keeps it until its channel has room, and reads no more meanwhile. */
    private void onDatagram(WebSocketFrame frame) {
        connections.counters().framesIn().incrementRelease();
        if (held.isEmpty()) {
            // Not before those that wait already.
            if (!connections.isBlocked(ingress) && append(frame)) {
                return;
            }
            channel.config().setAutoRead(false);
            connections.onBlocked(ingress, this);
        }
        // Those read already are few.
        held.add(frame, connections.ingresses().nowNs());
        ingress.refuseReceive();
    }

    /** Appends a datagram, or answers a close; false when the channel is full. */
    private boolean append(WebSocketFrame frame) {
        if (frame instanceof CloseWebSocketFrame close) {
            answer(close);
            return true;
        }
        RequestMapper.wrap(frame.content(), content);
        final long index =
                ingress.appendReceive(
                        connection.id(),
                        order + 1,
                        connectIndex,
                        slot,
                        frame instanceof BinaryWebSocketFrame,
                        content);
        if (index >= 0) {
            order++;
            connections.table().order(slot, order);
        } else if (index == LaneAppender.TOO_LONG) {
            ingress.refuseReceive();
            fail(WebSocketCloseStatus.MESSAGE_TOO_BIG, "message too long");
        } else if (index == LaneAppender.BACK_PRESSURED || index == LaneAppender.MEMORY_HIGH) {
            return false;
        } else {
            fail(WebSocketCloseStatus.TRY_AGAIN_LATER, "shutting down");
        }
        return true;
    }

    /** Tries the kept frames again; true when there is nothing left to try. */
    boolean retry() {
        held.pass(frame -> !closing && append(frame));
        if (!closing && !held.isEmpty()) {
            if (!held.isOverdue(connections.ingresses().nowNs())) {
                return false;
            }
            fail(WebSocketCloseStatus.TRY_AGAIN_LATER, "channel full");
        }
        held.release();
        channel.config().setAutoRead(true);
        return true;
    }

    private void onClose(CloseWebSocketFrame frame) {
        if (closing) {
            // The answer to our own close frame.
            channel.close();
        } else if (held.isEmpty()) {
            answer(frame);
        } else {
            // What it has sent before goes first; nothing comes after it.
            held.add(frame, connections.ingresses().nowNs());
        }
    }

    private void answer(CloseWebSocketFrame frame) {
        final int code = frame.statusCode();
        end(code < 0 ? NO_STATUS : code, frame.reasonText(), Close.By.CLIENT);
        // RFC 6455, section 5.5.1: echoes the status code.
        channel.write(code < 0 ? new CloseWebSocketFrame() : new CloseWebSocketFrame(code, ""))
                .addListener(ChannelFutureListener.CLOSE);
        connection.markDirty();
    }

    /** Closes from our side: sends the frame, then waits a while for the client's. */
    void close(CloseWebSocketFrame frame, Close.By by) {
        end(frame.statusCode(), frame.reasonText(), by);
        final ChannelFuture written = channel.write(frame);
        if (by == Close.By.FRONT_END) {
            // RFC 6455, section 7.1.7: the connection ends. What the client still sends is read and
            // dropped, so that no reset overtakes the frame.
            written.addListener(done -> connection.wire().endOutput());
        }
        if (held.hasClose()) {
            // The client's has come before ours.
            written.addListener(ChannelFutureListener.CLOSE);
        }
        connection.markDirty();
        // The client's answer is wanted, though its channel may be full.
        channel.config().setAutoRead(true);
        channel.eventLoop()
                .schedule((Runnable) channel::close, CLOSE_TIMEOUT_MS, TimeUnit.MILLISECONDS);
    }

    void goAway() {
        if (!closing) {
            close(
                    new CloseWebSocketFrame(WebSocketCloseStatus.ENDPOINT_UNAVAILABLE),
                    Close.By.FRONT_END);
        }
    }

    /** Closes from our side with a reason, unless it is being closed already. */
    void fail(WebSocketCloseStatus status, String reason) {
        if (!closing) {
            close(new CloseWebSocketFrame(status, reason), Close.By.FRONT_END);
        }
    }

    /** Its client breaks the protocol; what it sends from now on means nothing. */
    private void reject(WebSocketCloseStatus status) {
        fail(status, "");
        connection.watch().onMessage();
        connection.watch().dropsWhatComes(true);
        Handshake.dropFrames(channel.pipeline());
    }

    /** Its client has caught up, or lets more wait: workers are to see that without a write. */
    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        publishWaiting(connection.watch().pendingLength());
    }

    private void end(int code, String reason, Close.By by) {
        closing = true;
        closeCode = code;
        closeReason = reason.getBytes(StandardCharsets.UTF_8);
        closedBy = by;
        appendClose();
    }

    private void appendClose() {
        if (!closeAppended) {
            closeAppended = true;
            connections.fanout().discardAll(connection.id());
            connections.owe(this::tryAppendClose);
        }
    }

    private long tryAppendClose() {
        final long index =
                ingress.appendClientClose(
                        connection.id(), order + 1, connectIndex, closeCode, closedBy, closeReason);
        if (index >= 0) {
            connections.table().close(slot);
        }
        return index;
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        closing = true;
        held.release();
        appendClose();
        connections.counters().webSockets().getAndAddRelease(-1);
        connection.onInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (cause instanceof CorruptedWebSocketFrameException corrupted) {
            reject(corrupted.closeStatus());
        } else if (cause instanceof TooLongFrameException) {
            reject(WebSocketCloseStatus.MESSAGE_TOO_BIG);
        } else if (cause instanceof CorruptedFrameException) {
            reject(WebSocketCloseStatus.PROTOCOL_ERROR);
        } else {
            if (!(cause instanceof IOException)
                    && !(cause instanceof PrematureChannelClosureException)) {
                connections.onError(cause);
            }
            ctx.close();
        }
    }
}
