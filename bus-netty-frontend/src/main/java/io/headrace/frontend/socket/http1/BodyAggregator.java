// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.http1;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpMessage;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import java.util.List;

/**
 * Brings a request's body together. Unlike Netty's own, it answers nothing but 100 Continue: a body
 * that is too large goes on as {@link Oversized}, so that its 413 keeps its place behind the
 * answers to earlier requests.
 */
public final class BodyAggregator extends HttpObjectAggregator {

    /** A request whose body is over the limit; the rest of it is not read. */
    public record Oversized(HttpRequest head) {}

    public BodyAggregator(int bodyLengthMax) {
        super(bodyLengthMax);
    }

    @Override
    protected Object newContinueResponse(
            HttpMessage start, int bodyLengthMax, ChannelPipeline pipeline) {
        return start.decoderResult().isSuccess()
                        && HttpUtil.is100ContinueExpected(start)
                        && !isContentLengthInvalid(start, bodyLengthMax)
                ? new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE)
                : null;
    }

    @Override
    protected FullHttpMessage beginAggregation(HttpMessage start, ByteBuf content)
            throws Exception {
        final List<String> transferEncoding =
                start.headers().getAll(HttpHeaderNames.TRANSFER_ENCODING);
        final FullHttpMessage aggregated = super.beginAggregation(start, content);
        if (!transferEncoding.isEmpty()) {
            aggregated.headers().set(HttpHeaderNames.TRANSFER_ENCODING, transferEncoding);
        }
        return aggregated;
    }

    @Override
    protected void finishAggregation(FullHttpMessage aggregated) {
        // Netty would add a Content-Length. The headers stay what the client sent.
    }

    @Override
    protected void handleOversizedMessage(ChannelHandlerContext ctx, HttpMessage oversized) {
        ctx.fireChannelRead(new Oversized((HttpRequest) oversized));
    }
}
