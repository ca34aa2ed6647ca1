// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.function.Consumer;

/**
 * One client's connection. It knows what it gets byte by byte, and compares instead of parsing: the
 * client must cost less than the servers.
 */
final class LoadConnection extends ChannelInboundHandlerAdapter {

    private static final String HEADER_END = "\r\n\r\n";
    private static final String DATE = "\r\ndate: ";
    // RFC 9110, section 5.6.7.
    private static final int DATE_LENGTH = "Sun, 06 Nov 1994 08:49:37 GMT".length();

    private final Consumer<LoadConnection> onAnswer;
    private final Consumer<Throwable> onFailure;
    private ByteBuf request;
    private ByteBuf expected;
    private final ByteBuf unknown = Unpooled.buffer();
    private int dateFrom;
    private int matched;
    private ChannelHandlerContext ctx;

    /** When the request that is being answered was to be sent. */
    long startNs;

    LoadConnection(Consumer<LoadConnection> onAnswer, Consumer<Throwable> onFailure) {
        this.onAnswer = onAnswer;
        this.onFailure = onFailure;
    }

    /**
     * What to send and what to expect from now on; an empty buffer expects whatever begins with a
     * status line, up to its end.
     */
    void expect(ByteBuf sent, ByteBuf answer) {
        request = sent;
        expected = answer;
        final int date = answer.toString(US_ASCII).toLowerCase().indexOf(DATE);
        dateFrom = date < 0 ? Integer.MAX_VALUE : date + DATE.length();
        unknown.clear();
    }

    /** What it got when it did not know what to expect. */
    ByteBuf learned() {
        return Unpooled.unreleasableBuffer(Unpooled.copiedBuffer(unknown));
    }

    void send(long intendedNs) {
        startNs = intendedNs;
        ctx.writeAndFlush(request.duplicate(), ctx.voidPromise());
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
    }

    void close() {
        ctx.close();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        final ByteBuf bytes = (ByteBuf) message;
        try {
            if (expected.isReadable()) {
                compare(bytes);
            } else {
                learn(bytes);
            }
        } finally {
            bytes.release();
        }
    }

    private void compare(ByteBuf bytes) {
        final int length = expected.readableBytes();
        while (bytes.isReadable()) {
            final int count = Math.min(bytes.readableBytes(), length - matched);
            if (!matches(bytes, count)) {
                throw new IllegalStateException(
                        "an unexpected answer: " + bytes.toString(US_ASCII));
            }
            bytes.skipBytes(count);
            matched += count;
            if (matched == length) {
                matched = 0;
                onAnswer.accept(this);
            }
        }
    }

    /** Whether these are the next bytes of the answer, whatever its date is. */
    private boolean matches(ByteBuf bytes, int count) {
        final int first = bytes.readerIndex();
        final int end = matched + count;
        final int before = Math.min(end, dateFrom) - matched;
        final int after =
                dateFrom == Integer.MAX_VALUE ? 0 : end - Math.max(matched, dateFrom + DATE_LENGTH);
        return (before <= 0 || ByteBufUtil.equals(bytes, first, expected, matched, before))
                && (after <= 0
                        || ByteBufUtil.equals(
                                bytes, first + count - after, expected, end - after, after));
    }

    private void learn(ByteBuf bytes) {
        unknown.writeBytes(bytes);
        final String text = unknown.toString(US_ASCII);
        final int headerEnd = text.indexOf(HEADER_END);
        if (headerEnd < 0) {
            return;
        }
        final int at = text.toLowerCase().indexOf("content-length: ");
        final int contentLength =
                at < 0 || at > headerEnd
                        ? 0
                        : Integer.parseInt(text.substring(at + 16, text.indexOf('\r', at)).strip());
        if (text.length() >= headerEnd + HEADER_END.length() + contentLength) {
            onAnswer.accept(this);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        onFailure.accept(new IllegalStateException("the server closed a connection"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        onFailure.accept(cause);
        context.close();
    }
}
