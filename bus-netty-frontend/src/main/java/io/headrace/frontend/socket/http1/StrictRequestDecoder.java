// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.http1;

import io.headrace.frontend.socket.body.BodyAggregator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultLastHttpContent;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.AsciiString;
import java.util.List;

/**
 * Netty's decoder without its leniency. A request that it refuses has a decoder result that says
 * why, and nothing is read behind it. Refused are, beside what Netty refuses itself:
 *
 * <ul>
 *   <li>a request line with anything but one space between its three words, or a version that is
 *       not {@code HTTP/}, digit, dot, digit (RFC 9112, section 3);
 *   <li>a folded header or trailer line (section 5.2), and a bare line feed before a request line;
 *   <li>a repeated Content-Length in HTTP/1.0, too (section 6.3);
 *   <li>what {@link RequestRules} says of the whole head.
 * </ul>
 */
public final class StrictRequestDecoder extends HttpRequestDecoder {

    private static final int VERSION_LENGTH = 8;
    private static final int EMPTY_LINE_LENGTH = 2;
    private static final byte CR = '\r';
    private static final byte LF = '\n';

    private final RequestRules rules = new RequestRules();
    private int wordEnd;
    private boolean hasContentLength;
    private byte lastByte;
    private boolean lineRefused;
    private boolean refused;
    private boolean inHeaders;
    private boolean inBody;
    private long requestCount;

    public StrictRequestDecoder(HttpDecoderConfig config) {
        super(config);
    }

    /** Whether a request has begun whose headers have not ended. */
    public boolean isInHeaders() {
        return inHeaders;
    }

    /** Whether a request's headers have ended and its body has not. */
    public boolean isInBody() {
        return inBody;
    }

    /** How many requests' headers have ended. */
    public long requestCount() {
        return requestCount;
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out)
            throws Exception {
        if (refused) {
            in.skipBytes(in.readableBytes());
            return;
        }
        final int from = in.readerIndex();
        final int count = out.size();
        super.decode(ctx, in, out);
        final Object decoded = out.size() > count ? out.get(count) : null;
        locate(decoded, out, in, from);
        if (decoded instanceof HttpContent content && content.content().isReadable()) {
            lastByte = 0;
            return;
        }
        checkLines(in, from, in.readerIndex());
        if (decoded instanceof HttpRequest request) {
            hasContentLength = false;
            final String problem =
                    lineRefused
                            ? "a line is folded or ends with a bare line feed"
                            : request.decoderResult().isSuccess() ? rules.problem(request) : "";
            if (!problem.isEmpty()) {
                request.setDecoderResult(failure(problem));
            }
            refused = request.decoderResult().isFailure();
            // A first request may change the protocol, which Netty decides by its parts.
            if (!refused && requestCount > 1 && out.size() > count + 1) {
                // It has no body. As one object it goes through the handlers once.
                out.remove(count + 1);
                out.set(count, BodyAggregator.withoutBody(request));
            }
        } else if (decoded instanceof HttpContent last && lineRefused) {
            final HttpContent failed = new DefaultLastHttpContent(Unpooled.EMPTY_BUFFER);
            failed.setDecoderResult(failure("a trailer is folded"));
            out.set(count, failed);
            last.release();
            refused = true;
        }
    }

    /** Notes where it is after a step that may have decoded something. */
    private void locate(Object decoded, List<Object> out, ByteBuf in, int from) {
        if (decoded instanceof HttpRequest) {
            requestCount++;
            inHeaders = false;
            inBody = true;
        }
        if (decoded != null) {
            inBody &= !(out.get(out.size() - 1) instanceof LastHttpContent);
        } else if (!inBody) {
            // An empty line alone does not begin a request.
            inHeaders |= in.isReadable() || in.readerIndex() - from > EMPTY_LINE_LENGTH;
        }
    }

    private static DecoderResult failure(String problem) {
        return DecoderResult.failure(new IllegalArgumentException(problem));
    }

    /** Looks at the lines of a head or of trailers that have just been read. */
    private void checkLines(ByteBuf in, int from, int to) {
        if (from == to) {
            return;
        }
        lineRefused |= lastByte == LF && isBlank(in.getByte(from));
        int at = in.indexOf(from, to, LF);
        while (at >= 0 && !lineRefused) {
            lineRefused =
                    (at == from ? lastByte : in.getByte(at - 1)) != CR
                            || at + 1 < to && isBlank(in.getByte(at + 1));
            at = in.indexOf(at + 1, to, LF);
        }
        lastByte = in.getByte(to - 1);
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    // The array holds the line from its beginning.

    @Override
    protected String splitFirstWordInitialLine(byte[] line, int start, int length) {
        if (start != 0) {
            throw new IllegalArgumentException("the request line begins with a blank");
        }
        wordEnd = length;
        return super.splitFirstWordInitialLine(line, start, length);
    }

    @Override
    protected String splitSecondWordInitialLine(byte[] line, int start, int length) {
        checkSpace(line, start);
        wordEnd = start + length;
        return super.splitSecondWordInitialLine(line, start, length);
    }

    @Override
    protected String splitThirdWordInitialLine(byte[] line, int start, int length) {
        checkSpace(line, start);
        final String version = super.splitThirdWordInitialLine(line, start, length);
        if (length != VERSION_LENGTH || !version.startsWith("HTTP/") || line[start + 6] != '.') {
            throw new IllegalArgumentException("the request line ends with no HTTP version");
        }
        return version;
    }

    private void checkSpace(byte[] line, int wordStart) {
        if (wordStart != wordEnd + 1 || line[wordEnd] != ' ') {
            throw new IllegalArgumentException("the request line has more than single spaces");
        }
    }

    @Override
    protected AsciiString splitHeaderName(byte[] line, int start, int length) {
        final AsciiString name = super.splitHeaderName(line, start, length);
        if (HttpHeaderNames.CONTENT_LENGTH.contentEqualsIgnoreCase(name)) {
            if (hasContentLength) {
                throw new IllegalArgumentException("Content-Length repeats");
            }
            hasContentLength = true;
        }
        return name;
    }
}
