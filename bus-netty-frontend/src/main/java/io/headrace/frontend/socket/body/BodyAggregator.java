// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.body;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.FullHttpMessage;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Brings a request's body together. Unlike Netty's own, it answers nothing but 100 Continue: a body
 * that is too large goes on as {@link Oversized}, so that its 413 keeps its place behind the
 * answers to earlier requests.
 */
public final class BodyAggregator extends HttpObjectAggregator {

    /** A request whose body is over the limit; the rest of it is not read. */
    public record Oversized(HttpRequest head) {}

    private final UploadOptions uploads;
    private final BooleanSupplier drops;
    private final BooleanSupplier isFirst;
    private boolean inParts;

    /**
     * @param drops whether what comes goes to nobody.
     * @param isFirst whether all requests before the next are answered.
     */
    public BodyAggregator(
            int bodyLengthMax,
            UploadOptions uploads,
            BooleanSupplier drops,
            BooleanSupplier isFirst) {
        super(bodyLengthMax);
        this.uploads = uploads;
        this.drops = drops;
        this.isFirst = isFirst;
    }

    /** A request of which there is only the head, as one that is whole. */
    public static FullHttpRequest withoutBody(HttpRequest head) {
        return new DefaultFullHttpRequest(
                head.protocolVersion(),
                head.method(),
                head.uri(),
                Unpooled.EMPTY_BUFFER,
                head.headers(),
                EmptyHttpHeaders.INSTANCE);
    }

    /**
     * What is whole goes on; in Netty's own way that takes half a microsecond of type checks. So do
     * the pieces of what is not to be processed (RFC 9112, section 9.6): nobody would count them.
     */
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) throws Exception {
        final boolean isDropped = drops.getAsBoolean();
        if (isDropped) {
            releaseCurrentMessage();
        }
        if (isDropped || message instanceof DefaultFullHttpRequest) {
            ctx.fireChannelRead(message);
        } else {
            super.channelRead(ctx, message);
        }
    }

    /** What goes to its worker in parts goes on as it comes. */
    @Override
    public boolean acceptInboundMessage(Object message) throws Exception {
        if (message instanceof HttpRequest request) {
            inParts = uploads.isInParts(request, maxContentLength());
        }
        final boolean passes = inParts;
        inParts &= !(message instanceof LastHttpContent);
        return !passes && super.acceptInboundMessage(message);
    }

    /**
     * None in the middle of another request's answer: the client goes on without (RFC 9110, section
     * 10.1.1).
     */
    @Override
    protected Object newContinueResponse(
            HttpMessage start, int bodyLengthMax, ChannelPipeline pipeline) {
        return start.decoderResult().isSuccess()
                        && HttpUtil.is100ContinueExpected(start)
                        && !isContentLengthInvalid(start, bodyLengthMax)
                        && isFirst.getAsBoolean()
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
