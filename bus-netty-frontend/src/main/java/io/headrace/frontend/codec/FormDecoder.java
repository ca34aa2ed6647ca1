// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.headrace.message.encode.RequestKeys;
import io.netty.util.AsciiString;
import java.nio.charset.Charset;

/**
 * Decides by method and content type whether a body is a form, as Django's {@code
 * HttpRequest._load_post_and_files}: only that of a {@code POST}, urlencoded into {@code POST} or
 * multipart into {@code POST} and {@code FILES}.
 *
 * <p>Two things are more lenient than Django, which answers 400: {@code Multipart/Form-Data} in
 * upper case (RFC 9110 section 8.3.1), and another name for UTF-8 than {@code utf-8} as the charset
 * of a urlencoded form.
 *
 * <p>Not thread-safe; one per event loop.
 */
public final class FormDecoder {

    private static final String URLENCODED = "application/x-www-form-urlencoded";
    private static final String MULTIPART = "multipart/form-data";

    private final QueryDecoder queryDecoder;
    private final MultipartDecoder multipartDecoder;

    public FormDecoder(int fieldCountMax, int fileCountMax) {
        queryDecoder = new QueryDecoder(fieldCountMax);
        multipartDecoder = new MultipartDecoder(fieldCountMax, fileCountMax);
    }

    /**
     * Decodes the keys' body, if it is a form.
     *
     * @param contentType the header {@code Content-Type}, empty if there is none.
     * @return 0 or one of the codes of {@link Refusal}.
     */
    public int decode(CharSequence method, CharSequence contentType, RequestKeys keys) {
        if (!AsciiString.contentEqualsIgnoreCase(method, "POST")) {
            return 0;
        }
        if (AsciiString.contentEqualsIgnoreCase(contentType, URLENCODED)) {
            return queryDecoder.decodePost(keys);
        }
        if (!AsciiString.containsIgnoreCase(contentType, URLENCODED)
                && !AsciiString.containsIgnoreCase(contentType, MULTIPART)) {
            return 0;
        }
        final HeaderParameters header = HeaderParameters.parse(contentType.toString());
        final Charset charset =
                header.parameter("charset").flatMap(HeaderParameters::charset).orElse(UTF_8);
        if (header.value().equals(URLENCODED)) {
            return charset.equals(UTF_8)
                    ? queryDecoder.decodePost(keys)
                    : Refusal.UNSUPPORTED_CHARSET;
        }
        if (header.value().equals(MULTIPART)) {
            final boolean ascii = contentType.chars().allMatch(c -> c < 0x80);
            final String boundary = header.parameter("boundary").orElse("");
            return ascii ? multipartDecoder.decode(boundary, charset, keys) : Refusal.MALFORMED;
        }
        return 0;
    }
}
