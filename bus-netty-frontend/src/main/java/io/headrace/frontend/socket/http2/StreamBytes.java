// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.http2;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.MessageToMessageCodec;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import java.util.List;

/** Takes bytes out of a stream's frames, and puts them into some (RFC 8441, section 5). */
final class StreamBytes extends MessageToMessageCodec<Http2DataFrame, ByteBuf> {

    @Override
    protected void decode(ChannelHandlerContext ctx, Http2DataFrame frame, List<Object> out) {
        out.add(frame.content().retain());
        if (frame.isEndStream()) {
            // As a socket that its client has closed, once the bytes have been read.
            ctx.channel().eventLoop().execute(ctx.channel()::close);
        }
    }

    @Override
    protected void encode(ChannelHandlerContext ctx, ByteBuf bytes, List<Object> out) {
        out.add(new DefaultHttp2DataFrame(bytes.retain()));
    }
}
