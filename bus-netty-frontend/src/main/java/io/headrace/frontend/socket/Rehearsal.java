// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.frontend.codec.ReplyMapper;
import io.headrace.frontend.codec.RequestMapper;
import io.headrace.frontend.socket.body.BodyAggregator;
import io.headrace.frontend.socket.body.UploadOptions;
import io.headrace.frontend.socket.http1.StrictRequestDecoder;
import io.headrace.frontend.socket.limit.Limits;
import io.headrace.message.Message;
import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.RequestKeys;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpResponseEncoder;
import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Takes a made-up request through the codecs before a front end listens, so that the first client
 * does not wait for classes to be loaded: that took more than half a second.
 */
public final class Rehearsal {

    private static final String REQUEST =
            "POST /a%20b?c=d HTTP/1.1\r\nHost: h\r\nCookie: k=v\r\nContent-Length: 3\r\n"
                    + "Content-Type: application/x-www-form-urlencoded\r\n\r\ne=f";

    private Rehearsal() {}

    /** Runs it; nothing of it reaches a lane or a socket. */
    public static void run(Limits limits) {
        final EmbeddedChannel channel =
                new EmbeddedChannel(
                        new StrictRequestDecoder(new HttpDecoderConfig()),
                        new HttpResponseEncoder(),
                        new BodyAggregator(limits.bodyLengthMax(), UploadOptions.fromProperties()));
        channel.writeInbound(Unpooled.copiedBuffer(REQUEST, StandardCharsets.US_ASCII));
        final FullHttpRequest request = channel.readInbound();
        try {
            final RequestKeys keys = new RequestKeys();
            keys.clear();
            new RequestMapper("", limits.fieldCountMax(), Limits.FILE_COUNT_MAX).map(request, keys);
            final UnsafeBuffer encoded =
                    new UnsafeBuffer(new byte[EventEncoder.requestLength(keys)]);
            new EventEncoder().encodeRequest(encoded, 0, keys);
            new Message();
        } finally {
            request.release();
        }
        channel.writeOutbound(ReplyMapper.refusal(503, "rehearsal", "none\n"));
        channel.finishAndReleaseAll();
    }
}
