// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.body;

import io.headrace.Setting;
import io.headrace.channel.name.Glob;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import java.util.function.Predicate;

/**
 * Which bodies that do not fit one message go to workers in parts; all others are refused with 413.
 *
 * @param paths of requests whose bodies may be longer ({@code headrace.upload.paths}, patterns,
 *     default none).
 * @param lengthMax longest body in bytes ({@code headrace.upload.max}, default 16 GiB).
 */
public record UploadOptions(Predicate<String> paths, long lengthMax) {

    /** System property of {@link #paths}. */
    public static final String PATHS_PROPERTY = "headrace.upload.paths";

    private static final String MAX_PROPERTY = "headrace.upload.max";

    public UploadOptions {
        Setting.check(MAX_PROPERTY, lengthMax, 1, Long.MAX_VALUE);
    }

    /** System properties, else defaults. */
    public static UploadOptions fromProperties() {
        return new UploadOptions(
                Glob.of(System.getProperty(PATHS_PROPERTY, "")),
                Setting.size(MAX_PROPERTY, 16L << 30));
    }

    /** The same for other paths: patterns, comma-separated. */
    public UploadOptions paths(String patterns) {
        return new UploadOptions(Glob.of(patterns), lengthMax);
    }

    /**
     * Whether a request's body goes to its worker in parts.
     *
     * @param bodyLengthMax longest body that fits one message.
     */
    public boolean isInParts(HttpRequest request, int bodyLengthMax) {
        if (!request.decoderResult().isSuccess()) {
            return false;
        }
        // Over HTTP/2 a body needs neither header.
        final boolean isLong =
                request.protocolVersion().majorVersion() == 2
                                && !(request instanceof FullHttpRequest)
                                && !HttpUtil.isContentLengthSet(request)
                        || HttpUtil.isTransferEncodingChunked(request)
                        || HttpUtil.getContentLength(request, 0L) > bodyLengthMax;
        final int queryAt = request.uri().indexOf('?');
        return isLong
                && paths.test(queryAt < 0 ? request.uri() : request.uri().substring(0, queryAt));
    }
}
