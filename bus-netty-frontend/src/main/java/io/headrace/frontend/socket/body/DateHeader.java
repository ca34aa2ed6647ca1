// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.body;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.DateFormatter;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.util.AsciiString;
import java.util.Date;
import java.util.function.LongSupplier;

/**
 * Dates the responses of one loop's connections (RFC 9110, section 6.6.1), but for those that their
 * worker has dated. The text is made anew once a second, when there is a response.
 */
@ChannelHandler.Sharable
public final class DateHeader extends ChannelOutboundHandlerAdapter {

    private static final long SECOND_MS = 1_000;
    private static final long DAY_MS = 86_400_000;
    private static final long MS_NS = 1_000_000;
    private static final int HOUR_OFFSET = "Fri, 27 Nov 2026 ".length();
    private static final int SECOND_OFFSET = HOUR_OFFSET + "15:34:".length();

    private final LongSupplier clock;
    private long day = -1;
    private byte[] ofDay;
    private AsciiString text;
    private long untilNs;

    /**
     * @param clock bus time; it says when a second has passed, and not what time it is.
     */
    public DateHeader(LongSupplier clock) {
        this.clock = clock;
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (message instanceof HttpResponse response
                && response.status().codeClass() != HttpStatusClass.INFORMATIONAL
                && !response.headers().contains(HttpHeaderNames.DATE)) {
            response.headers().set(HttpHeaderNames.DATE, now());
        }
        ctx.write(message, promise);
    }

    private AsciiString now() {
        final long nowNs = clock.getAsLong();
        if (text == null || nowNs - untilNs >= 0) {
            final long wallMs = System.currentTimeMillis();
            text = new AsciiString(textOf(wallMs), false);
            untilNs = nowNs + (SECOND_MS - wallMs % SECOND_MS) * MS_NS;
        }
        return text;
    }

    /** Netty's, but made once a day: what runs once a second is never compiled, and takes 80 us. */
    byte[] textOf(long wallMs) {
        if (wallMs / DAY_MS != day) {
            day = wallMs / DAY_MS;
            ofDay = DateFormatter.format(new Date(wallMs)).getBytes(US_ASCII);
        }
        final byte[] bytes = ofDay.clone();
        long left = wallMs % DAY_MS / SECOND_MS;
        for (int at = SECOND_OFFSET; at >= HOUR_OFFSET; at -= 3, left /= 60) {
            bytes[at] = (byte) ('0' + left % 60 / 10);
            bytes[at + 1] = (byte) ('0' + left % 60 % 10);
        }
        return bytes;
    }
}
