// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.util.List;

/** Netty's decoder, which also says when all that has come is whole messages. */
final class FrameDecoder extends WebSocket13FrameDecoder {

    private final Runnable onMessage;
    private boolean isInMessage;

    FrameDecoder(WebSocketDecoderConfig config, Runnable onMessage) {
        super(config);
        this.onMessage = onMessage;
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out)
            throws Exception {
        super.decode(ctx, in, out);
        if (out.isEmpty()) {
            return;
        }
        final WebSocketFrame frame = (WebSocketFrame) out.get(0);
        // RFC 6455, section 5.4: those may come between the fragments of a message, which are kept.
        if (!(frame instanceof PingWebSocketFrame
                || frame instanceof PongWebSocketFrame
                || frame instanceof CloseWebSocketFrame)) {
            isInMessage = !frame.isFinalFragment();
        }
        if (!isInMessage) {
            onMessage.run();
        }
    }
}
