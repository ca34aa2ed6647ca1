// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.RequestKeys;
import io.headrace.message.encode.TextBuffer;
import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.AsciiString;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.Map.Entry;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Stop 2: collects the specification's keys from a decoded request. The keys of the client's and
 * server's addresses are the connection's to add.
 *
 * <p>Not thread-safe; one per event loop.
 */
public final class RequestMapper {

    // What an 8-bit length can say.
    private static final int METHOD_LENGTH_MAX = 254;

    private final PathDecoder pathDecoder;
    private final QueryDecoder queryDecoder;
    private final CookieDecoder cookieDecoder = new CookieDecoder();
    private final FormDecoder formDecoder;
    private final UnsafeBuffer body = new UnsafeBuffer(0, 0);

    /**
     * @param mountPrefix the path below which the application is: {@code SCRIPT_NAME}.
     * @param fieldCountMax largest number of fields of a query string or form.
     * @param fileCountMax largest number of uploaded files.
     */
    public RequestMapper(String mountPrefix, int fieldCountMax, int fileCountMax) {
        pathDecoder = new PathDecoder(mountPrefix);
        queryDecoder = new QueryDecoder(fieldCountMax);
        formDecoder = new FormDecoder(fieldCountMax, fileCountMax);
    }

    /**
     * Fills the keys, which must be clear. The body stays in the request's buffer, which must live
     * until the keys have been encoded.
     *
     * @return 0 or one of the codes of {@link Refusal}.
     */
    public int map(FullHttpRequest request, RequestKeys keys) {
        final HttpVersion version = request.protocolVersion();
        final String method = request.method().name();
        if (version.majorVersion() > 2 || method.length() > METHOD_LENGTH_MAX) {
            return Refusal.MALFORMED;
        }
        // RFC 9110, section 2.5: a higher minor version is handled as the highest that is known.
        final int minor = version.majorVersion() == 1 && version.minorVersion() > 0 ? 1 : 0;
        keys.httpVersion(version.majorVersion() * 10 + minor);

        final TextBuffer text = keys.text();
        text.begin();
        for (int i = 0; i < method.length(); i++) {
            final char c = method.charAt(i);
            text.put((byte) (c >= 'a' && c <= 'z' ? c - 32 : c));
        }
        keys.method(text.end());

        final HttpHeaders headers = request.headers();
        for (final Iterator<Entry<CharSequence, CharSequence>> all = headers.iteratorCharSequence();
                all.hasNext(); ) {
            final Entry<CharSequence, CharSequence> header = all.next();
            final long name = put(text, header.getKey());
            keys.headers().add(name, put(text, header.getValue()));
        }
        wrapBody(request.content(), keys);
        int code = pathDecoder.decode(request.uri(), keys);
        if (code == 0) {
            code = queryDecoder.decodeGet(keys);
        }
        if (code == 0) {
            cookieDecoder.decode(keys);
            code = formDecoder.decode(method, headers.get(HttpHeaderNames.CONTENT_TYPE, ""), keys);
        }
        return code == 0 && !fits(keys) ? Refusal.TOO_LONG : code;
    }

    private static long put(TextBuffer text, CharSequence value) {
        text.begin();
        if (value instanceof AsciiString ascii) {
            text.put(ascii.array(), ascii.arrayOffset(), ascii.length());
        } else {
            text.putLatin1(value.toString());
        }
        return text.end();
    }

    /** Whether every text that a 16-bit length must describe is short enough once decoded. */
    private static boolean fits(RequestKeys keys) {
        // Replacement characters and re-made escapes make a text at most three times as long as its
        // bytes.
        if (keys.text().position() <= EventEncoder.TEXT_LENGTH_MAX) {
            return true;
        }
        boolean fits = fits(keys.path());
        for (int i = 0; fits && i < keys.get().count(); i++) {
            fits = fits(keys.get().key(i)) && fits(keys.get().value(i));
        }
        for (int i = 0; fits && i < keys.cookies().count(); i++) {
            fits = fits(keys.cookies().key(i)) && fits(keys.cookies().value(i));
        }
        for (int i = 0; fits && i < keys.files().count(); i += 2) {
            fits =
                    fits(keys.files().key(i))
                            && fits(keys.files().value(i))
                            && fits(keys.files().key(i + 1));
        }
        return fits;
    }

    private static boolean fits(long slice) {
        return TextBuffer.length(slice) <= EventEncoder.TEXT_LENGTH_MAX;
    }

    private void wrapBody(ByteBuf content, RequestKeys keys) {
        if (content.isReadable()) {
            wrap(content, body);
            keys.body(body, 0, body.capacity());
        }
    }

    /**
     * Views a buffer's readable bytes where they are; those in several pieces are brought together
     * first.
     */
    public static void wrap(ByteBuf source, UnsafeBuffer view) {
        final int length = source.readableBytes();
        if (source.hasMemoryAddress()) {
            view.wrap(source.memoryAddress() + source.readerIndex(), length);
        } else if (source.hasArray()) {
            view.wrap(source.array(), source.arrayOffset() + source.readerIndex(), length);
        } else {
            final ByteBuffer whole = ByteBuffer.allocate(length);
            source.getBytes(source.readerIndex(), whole);
            view.wrap(whole.array());
        }
    }
}
