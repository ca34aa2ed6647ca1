// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.http2;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.DecoratingHttp2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2ConnectionDecoder;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2Stream;
import java.util.List;

/**
 * Is as strict as RFC 9113, section 5.1, with clients that send more on a stream that they have
 * ended: Netty resets the stream for that, and not always for the right reason. On a stream that we
 * have reset, frames may be on their way yet.
 */
final class ClosedStreams extends DecoratingHttp2ConnectionDecoder {

    // More than a client can have open.
    private static final int RESET_COUNT_MAX = 256;

    private final int[] resetIds = new int[RESET_COUNT_MAX];
    private int resetCount;

    ClosedStreams(Http2ConnectionDecoder delegate) {
        super(delegate);
        delegate.connection()
                .addListener(
                        new Http2ConnectionAdapter() {
                            @Override
                            public void onStreamClosed(Http2Stream stream) {
                                if (stream.isResetSent()) {
                                    resetIds[resetCount++ % RESET_COUNT_MAX] = stream.id();
                                }
                            }
                        });
    }

    @Override
    public void decodeFrame(ChannelHandlerContext ctx, ByteBuf in, List<Object> out)
            throws Http2Exception {
        try {
            super.decodeFrame(ctx, in, out);
        } catch (final Http2Exception.StreamException e) {
            throw isBehindEnd(e.streamId())
                    ? Http2Exception.connectionError(
                            Http2Error.STREAM_CLOSED, e, "stream %d has ended", e.streamId())
                    : e;
        }
    }

    private boolean isBehindEnd(int id) {
        final Http2Stream stream = connection().stream(id);
        if (stream != null) {
            return stream.state() == Http2Stream.State.HALF_CLOSED_REMOTE
                    && stream.isTrailersReceived();
        }
        return connection().streamMayHaveExisted(id) && !wasReset(id);
    }

    private boolean wasReset(int id) {
        for (final int resetId : resetIds) {
            if (resetId == id) {
                return true;
            }
        }
        return false;
    }
}
