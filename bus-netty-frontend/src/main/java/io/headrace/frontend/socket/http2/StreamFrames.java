// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.http2;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Flags;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2FrameListener;
import io.netty.handler.codec.http2.Http2FrameListenerDecorator;

/** What a socket's codec has read, on its way to the streams. */
final class StreamFrames extends Http2FrameListenerDecorator {

    private final StreamsClient client;

    private StreamFrames(Http2FrameListener codec, StreamsClient client) {
        super(codec);
        this.client = client;
    }

    static void addTo(Http2FrameCodec codec, StreamsClient client) {
        codec.decoder().frameListener(new StreamFrames(codec.decoder().frameListener(), client));
    }

    @Override
    public int onDataRead(
            ChannelHandlerContext ctx, int id, ByteBuf data, int padding, boolean isLast)
            throws Http2Exception {
        client.onData(id, data.readableBytes());
        return super.onDataRead(ctx, id, data, padding, isLast);
    }

    /**
     * RFC 9113, section 5.5: it is discarded. No window limits how many would wait in a stream that
     * is not read.
     */
    @Override
    public void onUnknownFrame(
            ChannelHandlerContext ctx, byte type, int id, Http2Flags flags, ByteBuf payload) {}
}
