// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.http2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.Http2CodecUtil;
import java.util.List;
import java.util.function.Consumer;

/**
 * Tells a client that begins with HTTP/2's preface (RFC 9113, section 3.4) from all others, and
 * then removes itself. What has been read goes to the handlers behind it.
 */
public final class PrefaceDetector extends ByteToMessageDecoder {

    private static final ByteBuf PREFACE = Http2CodecUtil.connectionPrefaceBuf();

    private final Consumer<ChannelPipeline> onPreface;

    /**
     * @param onPreface gives the connection its handlers for HTTP/2, instead of those it has.
     */
    public PrefaceDetector(Consumer<ChannelPipeline> onPreface) {
        this.onPreface = onPreface;
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        final int length = Math.min(in.readableBytes(), PREFACE.readableBytes());
        if (!ByteBufUtil.equals(PREFACE, PREFACE.readerIndex(), in, in.readerIndex(), length)) {
            ctx.pipeline().remove(this);
        } else if (length == PREFACE.readableBytes()) {
            onPreface.accept(ctx.pipeline());
            ctx.pipeline().remove(this);
        }
    }
}
