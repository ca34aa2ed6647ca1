// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.limit;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;

/**
 * The first handler of a connection: counts what is read and written, and knows what its client
 * makes the front end hold. That is what has been read of a message that is not whole yet, and what
 * has been written and not taken.
 */
public final class Meter extends ChannelDuplexHandler {

    /** What a connection has become, once it speaks a protocol. */
    public interface Client {

        /** Looks whether the client keeps up, and does what is to be done about it. */
        void check(long nowNs);

        /** Tells its meter how much waits now that cannot be written yet, if it knows better. */
        default void recount() {}

        /** Its connection is closed, because the loop holds too much. */
        void onShed();
    }

    private final Rounds rounds;
    private final Channel channel;
    private final long sinceNs;
    private Client client;
    // Where it is in the rounds.
    int place;
    private boolean drops;
    private long readLength;
    private long writtenLength;
    private long messageLength;
    private long pendingLength;
    private long queuedLength;
    private long movedLength;
    private long recentLength;
    private boolean closed;

    Meter(Rounds rounds, Channel channel, long nowNs) {
        this.rounds = rounds;
        this.channel = channel;
        this.sinceNs = nowNs;
    }

    /** The meter of this connection. */
    public static Meter of(Channel channel) {
        return channel.pipeline().get(Meter.class);
    }

    /** It speaks a protocol now, and looks after its client itself. */
    public void client(Client value) {
        client = value;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof ByteBuf bytes) {
            final int length = bytes.readableBytes();
            readLength += length;
            if (!drops) {
                // A single byte that is kept keeps all of its buffer.
                hold(bytes.capacity());
            }
        }
        ctx.fireChannelRead(message);
    }

    /** Whether what is read from now on is dropped. */
    public void drops(boolean value) {
        drops = value;
    }

    /** All that has been read is a whole message. */
    public void onMessage() {
        hold(-messageLength);
    }

    /** Something that is kept of what has been read is this much longer, or shorter. */
    public void hold(long length) {
        if (!closed) {
            rounds.hold(length);
            messageLength += length;
        }
    }

    /** What waits for others than the client is this much longer, or shorter. */
    public void queue(long length) {
        if (!closed) {
            rounds.hold(length);
            queuedLength += length;
        }
    }

    /** All that waits for somebody else, or for the client's windows, has this length now. */
    public void queued(long length) {
        queue(length - queuedLength);
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        // The streams of a closed socket hear of that later.
        if (!closed && message instanceof ByteBuf bytes) {
            final int length = bytes.readableBytes();
            writtenLength += length;
            pendingLength += length;
            rounds.hold(length);
        }
        ctx.write(message, promise);
    }

    /** So many bytes were sent past the handlers. */
    public void onSent(int length) {
        writtenLength += length;
    }

    /** How many bytes have been read. */
    public long readLength() {
        return readLength;
    }

    /** How many bytes have been written. */
    public long writtenLength() {
        return writtenLength;
    }

    /** How many bytes the client has not taken, as it is now. */
    public long pendingLength() {
        // Null when it is closed.
        final ChannelOutboundBuffer buffer = channel.unsafe().outboundBuffer();
        final long pending = buffer == null ? 0 : buffer.totalPendingWriteBytes();
        rounds.hold(pending - pendingLength);
        pendingLength = pending;
        return pending;
    }

    /** Counts what it holds as it is now: the system takes more whenever the socket has room. */
    void recount() {
        pendingLength();
        if (client != null) {
            client.recount();
        }
    }

    void check(long nowNs) {
        final long moved = readLength + writtenLength - pendingLength();
        recentLength = recentLength / 2 + moved - movedLength;
        movedLength = moved;
        if (client != null) {
            client.check(nowNs);
        } else if (rounds.isTooLate(sinceNs, nowNs)) {
            channel.close();
        }
    }

    /** How much it holds for how little it moves. */
    double idleness() {
        return (double) heldLength() / (recentLength + 1);
    }

    boolean holds() {
        return heldLength() > 0;
    }

    private long heldLength() {
        return messageLength + pendingLength + queuedLength;
    }

    void shed() {
        if (client != null) {
            client.onShed();
        }
        // Past TLS, whose farewell would wait for the client behind all that is to be given up.
        channel.pipeline().context(this).close();
    }

    /** The connection is closed. */
    void onClosed() {
        closed = true;
        rounds.hold(-heldLength());
        messageLength = 0;
        pendingLength = 0;
        queuedLength = 0;
        rounds.remove(this);
    }
}
