// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.http2;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpServerUpgradeHandler;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http2.Http2CodecUtil;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.handler.codec.http2.Http2ServerUpgradeCodec;
import io.netty.util.AsciiString;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Changes a connection to HTTP/2 when its first request asks for that (RFC 7540, section 3.2) and
 * has no body; that request is the first stream's. Removes itself with the first request.
 */
public final class Http2Upgrade extends HttpServerUpgradeHandler {

    /**
     * @param removeHttp1 removes the handlers of HTTP/1.
     * @param handlers those of HTTP/2, the codec first.
     */
    public Http2Upgrade(
            Consumer<ChannelPipeline> removeHttp1, Supplier<ChannelHandler[]> handlers) {
        super(
                ctx -> {
                    ctx.pipeline().addBefore(ctx.name(), null, StreamCodec.newFlushConsolidation());
                    removeHttp1.accept(ctx.pipeline());
                },
                protocol -> codec(protocol, handlers),
                0,
                DefaultHttpHeadersFactory.headersFactory(),
                DefaultHttpHeadersFactory.trailersFactory(),
                true);
    }

    private static UpgradeCodec codec(CharSequence protocol, Supplier<ChannelHandler[]> handlers) {
        if (!AsciiString.contentEquals(Http2CodecUtil.HTTP_UPGRADE_PROTOCOL_NAME, protocol)) {
            return null;
        }
        final ChannelHandler[] all = handlers.get();
        return new Http2ServerUpgradeCodec(
                (Http2FrameCodec) all[0], Arrays.copyOfRange(all, 1, all.length));
    }

    @Override
    protected boolean shouldHandleUpgradeRequest(HttpRequest request) {
        return request.decoderResult().isSuccess()
                && request.headers().contains(Http2CodecUtil.HTTP_UPGRADE_SETTINGS_HEADER)
                && !HttpUtil.isTransferEncodingChunked(request)
                && HttpUtil.getContentLength(request, 0L) == 0;
    }
}
