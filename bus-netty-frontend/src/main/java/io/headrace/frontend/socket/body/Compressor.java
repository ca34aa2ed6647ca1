// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.body;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.compression.Brotli;
import io.netty.handler.codec.compression.CompressionOptions;
import io.netty.handler.codec.compression.StandardCompressionOptions;
import io.netty.handler.codec.compression.Zstd;
import io.netty.handler.codec.http.HttpContentCompressor;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.ReferenceCountUtil;
import java.util.ArrayDeque;
import java.util.List;
import java.util.stream.Stream;

/**
 * Compresses the responses of a connection, and each part of those that come in parts as it comes:
 * gzip, and br and zstd where their native libraries are.
 */
public final class Compressor extends HttpContentCompressor {

    private static final CompressionOptions[] OPTIONS =
            Stream.of(
                            Stream.of(StandardCompressionOptions.gzip()),
                            Brotli.isAvailable()
                                    ? Stream.of(StandardCompressionOptions.brotli())
                                    : Stream.<CompressionOptions>of(),
                            Zstd.isAvailable()
                                    ? Stream.of(StandardCompressionOptions.zstd())
                                    : Stream.<CompressionOptions>of())
                    .flatMap(options -> options)
                    .toArray(CompressionOptions[]::new);

    private final int lengthMin;
    // Of the requests that have no response yet.
    private final ArrayDeque<HttpVersion> versions = new ArrayDeque<>();
    private HttpVersion version;

    public Compressor(Compression compression) {
        // Requests that are read behind the last to be answered have no response.
        super(0, Integer.MAX_VALUE, OPTIONS);
        this.lengthMin = compression.lengthMin();
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, HttpRequest request, List<Object> out)
            throws Exception {
        versions.add(request.protocolVersion());
        super.decode(ctx, request, out);
    }

    @Override
    protected void encode(ChannelHandlerContext ctx, HttpObject message, List<Object> out)
            throws Exception {
        if (message instanceof HttpResponse response
                && response.status().codeClass() != HttpStatusClass.INFORMATIONAL) {
            version = versions.poll();
            if (version == null) {
                // The answer to a request that has not come.
                out.add(ReferenceCountUtil.retain(message));
                return;
            }
        }
        super.encode(ctx, message, out);
    }

    @Override
    protected Result beginEncode(HttpResponse response, String acceptEncoding) throws Exception {
        final HttpHeaders headers = response.headers();
        if (!version.isKeepAliveDefault()
                || headers.contains(HttpHeaderNames.CONTENT_RANGE)
                || headers.contains(
                        HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_TRANSFORM, true)
                || headers.getInt(HttpHeaderNames.CONTENT_LENGTH, Integer.MAX_VALUE) < lengthMin
                || !Compression.isCompressible(headers.get(HttpHeaderNames.CONTENT_TYPE, ""))) {
            return null;
        }
        // RFC 9110, section 12.5.5: for caches, also with a response that is not compressed.
        headers.add(HttpHeaderNames.VARY, HttpHeaderNames.ACCEPT_ENCODING);
        final Result result = super.beginEncode(response, acceptEncoding);
        final String tag = headers.get(HttpHeaderNames.ETAG, "");
        if (result != null && tag.startsWith("\"")) {
            // Section 8.8.1: it is not the same bytes that a strong one is for.
            headers.set(HttpHeaderNames.ETAG, "W/" + tag);
        }
        return result;
    }
}
