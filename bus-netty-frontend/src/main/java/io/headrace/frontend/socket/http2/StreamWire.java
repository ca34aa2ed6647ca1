// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.http2;

import io.headrace.frontend.socket.limit.Meter;
import io.headrace.frontend.socket.limit.Wire;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;

/** A stream that carries one connection: the first of its handlers, which sees all its frames. */
public final class StreamWire extends ChannelDuplexHandler implements Wire {

    // What a frame keeps beside its content, about.
    private static final int FRAME_LENGTH = 256;

    private ChannelHandlerContext context;
    private Meter meter;
    private Meter.Client client;
    private boolean drops;
    private boolean inputEnded;
    private boolean outputEnded;
    private boolean carriesBytes;
    private boolean ended;
    private long readLength;
    private long writtenLength;
    private long messageLength;
    private long queuedLength;

    /** The wire of this stream. */
    public static StreamWire of(Channel stream) {
        return stream.pipeline().get(StreamWire.class);
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        meter = Meter.of(ctx.channel().parent());
    }

    /** Data has come, which waits until it is read. */
    void onData(int length) {
        queue(FRAME_LENGTH + length);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object frame) {
        if (frame instanceof Http2HeadersFrame headers) {
            inputEnded |= headers.isEndStream();
        } else if (frame instanceof Http2DataFrame data) {
            inputEnded |= data.isEndStream();
            final int length = data.content().readableBytes();
            readLength += length;
            queue(-FRAME_LENGTH - length);
            if (!drops) {
                messageLength += length + FRAME_LENGTH;
                meter.hold(length + FRAME_LENGTH);
            }
        }
        ctx.fireChannelRead(frame);
    }

    /** Else it would stay, if it has something to be read and is not read. */
    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event instanceof Http2ResetFrame) {
            // Later, when the codec knows of the reset: it is not to be answered by another (RFC
            // 9113, section 5.4.2).
            ctx.channel().eventLoop().execute(this::cutOff);
        }
        ctx.fireUserEventTriggered(event);
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object frame, ChannelPromise promise) {
        if (frame instanceof Http2HeadersFrame headers) {
            outputEnded |= headers.isEndStream();
        } else if (frame instanceof Http2DataFrame data) {
            outputEnded |= data.isEndStream();
            final int length = data.content().readableBytes();
            writtenLength += length;
            // Until it is known how much of it the client's window lets through.
            meter.queue(length);
        }
        ctx.write(frame, promise);
    }

    /**
     * Without an error where there is none: an answer is not to be taken for an unfinished one
     * because the rest of its request is not wanted.
     */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        if (carriesBytes && !outputEnded) {
            endOutput();
        }
        if (outputEnded && !inputEnded) {
            reset();
        }
        ctx.close(promise);
    }

    /** The client has closed it: closes without a farewell. */
    void cutOff() {
        context.close();
    }

    @Override
    public void client(Meter.Client value) {
        client = value;
    }

    void check(long nowNs) {
        if (client != null) {
            client.check(nowNs);
        }
    }

    @Override
    public void onMessage() {
        meter.hold(-messageLength);
        messageLength = 0;
    }

    @Override
    public void queue(long length) {
        if (!ended) {
            meter.queue(length);
            queuedLength += length;
        }
    }

    /** What waits for others than its client, or to be read. */
    long queuedLength() {
        return queuedLength;
    }

    /** Its stream is closed: nothing waits any more. */
    void onEnd() {
        queue(-queuedLength);
        ended = true;
    }

    @Override
    public void drops(boolean value) {
        drops = value;
    }

    @Override
    public boolean isInHeaders() {
        return false;
    }

    @Override
    public boolean isInBody() {
        return !inputEnded;
    }

    @Override
    public long requestCount() {
        return 1;
    }

    @Override
    public long readLength() {
        return readLength;
    }

    @Override
    public long writtenLength() {
        return writtenLength;
    }

    /** What waits for the client to open its window, and for the socket. */
    @Override
    public long pendingLength() {
        final Channel stream = context.channel();
        if (!stream.isOpen()) {
            return 0;
        }
        return stream.isWritable()
                ? stream.config().getWriteBufferHighWaterMark() + 1 - stream.bytesBeforeUnwritable()
                : stream.config().getWriteBufferLowWaterMark() - 1 + stream.bytesBeforeWritable();
    }

    @Override
    public int send(ByteBuf bytes) {
        return 0;
    }

    @Override
    public void endOutput() {
        if (!outputEnded) {
            outputEnded = true;
            context.writeAndFlush(new DefaultHttp2DataFrame(true));
        } else if (!inputEnded) {
            reset();
        }
    }

    /** RFC 9113, section 8.1: the answer is complete, and the rest of the request not wanted. */
    private void reset() {
        inputEnded = true;
        context.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.NO_ERROR));
    }

    @Override
    public void becomeBytes() {
        carriesBytes = true;
        context.pipeline().replace(StreamCodec.class, null, new StreamBytes());
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        onMessage();
    }
}
