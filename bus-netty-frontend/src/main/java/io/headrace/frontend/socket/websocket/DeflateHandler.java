// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.util.ReferenceCountUtil;

/**
 * permessage-deflate on one WebSocket: messages that come in compressed go on whole and
 * uncompressed, and long ones are compressed on their way out, but for those that are already.
 */
final class DeflateHandler extends ChannelDuplexHandler {

    // RFC 7692, section 6: marks a compressed message, in its first frame.
    private static final int COMPRESSED = 4;

    private final Deflate deflate;
    private final int windowBits;
    private final int messageLengthMax;
    // What has come of a compressed message in fragments. They are copied: many short ones would
    // each keep a buffer, or be put together over and over.
    private ByteBuf fragments;
    private boolean fragmentsAreText;

    DeflateHandler(Deflate deflate, int windowBits, int messageLengthMax) {
        this.deflate = deflate;
        this.windowBits = windowBits;
        this.messageLengthMax = messageLengthMax;
    }

    private static boolean isData(Object message) {
        return message instanceof TextWebSocketFrame || message instanceof BinaryWebSocketFrame;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        final WebSocketFrame frame = (WebSocketFrame) message;
        final boolean continues = frame instanceof ContinuationWebSocketFrame && fragments != null;
        if (frame.rsv() == 0 && !continues) {
            ctx.fireChannelRead(frame);
            return;
        }
        try {
            if (frame.rsv() != (continues ? 0 : COMPRESSED) || !continues && !isData(frame)) {
                throw new CorruptedWebSocketFrameException(
                        WebSocketCloseStatus.PROTOCOL_ERROR, "reserved bit");
            }
            if (continues || !frame.isFinalFragment()) {
                add(ctx, frame);
            }
            if (!frame.isFinalFragment()) {
                return;
            }
            final boolean isText =
                    continues ? fragmentsAreText : frame instanceof TextWebSocketFrame;
            final ByteBuf content = inflate(ctx, continues ? fragments : frame.content());
            ctx.fireChannelRead(
                    isText ? new TextWebSocketFrame(content) : new BinaryWebSocketFrame(content));
        } finally {
            frame.release();
        }
    }

    private ByteBuf inflate(ChannelHandlerContext ctx, ByteBuf compressed) {
        try {
            return deflate.inflate(compressed, messageLengthMax, ctx.alloc());
        } finally {
            releaseFragments();
        }
    }

    private void add(ChannelHandlerContext ctx, WebSocketFrame frame) {
        if (fragments == null) {
            fragments = ctx.alloc().ioBuffer();
            fragmentsAreText = frame instanceof TextWebSocketFrame;
        }
        if (frame.content().readableBytes() > messageLengthMax - fragments.readableBytes()) {
            releaseFragments();
            throw new TooLongFrameException("longer than " + messageLengthMax);
        }
        fragments.writeBytes(frame.content());
    }

    private void releaseFragments() {
        ReferenceCountUtil.release(fragments);
        fragments = null;
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (isData(message)
                && ((WebSocketFrame) message).rsv() == 0
                && ((WebSocketFrame) message).content().readableBytes() >= Deflate.LENGTH_MIN) {
            final WebSocketFrame frame = (WebSocketFrame) message;
            final ByteBuf content = deflate.deflate(frame.content(), windowBits, ctx.alloc());
            frame.release();
            ctx.write(
                    frame instanceof TextWebSocketFrame
                            ? new TextWebSocketFrame(true, COMPRESSED, content)
                            : new BinaryWebSocketFrame(true, COMPRESSED, content),
                    promise);
        } else {
            ctx.write(message, promise);
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        releaseFragments();
    }
}
