// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.http2;

import io.headrace.frontend.socket.body.Upload;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;

/**
 * Copies what is short of streams' data, so that it does not keep all that has been read with it:
 * other frames, or such as mean nothing (RFC 9113, section 5.5). In front of the streams, because
 * one that is not read keeps its frames as well.
 */
public final class ShortData extends ChannelInboundHandlerAdapter {

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object frame) {
        // What ends a body waits for no more of it.
        if (frame instanceof DefaultHttp2DataFrame data
                && !data.isEndStream()
                && Upload.isShort(data.content())) {
            ctx.fireChannelRead(data.copy().stream(data.stream()));
            data.release();
        } else {
            ctx.fireChannelRead(frame);
        }
    }
}
