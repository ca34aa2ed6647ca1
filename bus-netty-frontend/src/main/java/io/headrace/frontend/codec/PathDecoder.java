// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.headrace.HeadraceException;
import io.headrace.message.encode.RequestKeys;
import io.headrace.message.encode.TextBuffer;
import io.netty.util.AsciiString;
import java.util.Arrays;

/**
 * Splits the request target into the keys {@code path} and {@code path_info} and the query string,
 * as Django's {@code WSGIRequest} has them. Escapes are decoded ({@code +} is none, malformed ones
 * stay); bytes that are not UTF-8 become escapes again, in upper case (Django's {@code
 * repercent_broken_unicode}, RFC 3987 section 3.2).
 *
 * <ul>
 *   <li>Origin-form, {@code /path?query}: everything up to the first {@code ?} is the path. A
 *       {@code #} is part of it or of the query string: RFC 9112 knows no fragment in a target and
 *       wsgiref keeps it too.
 *   <li>Absolute-form, {@code http://host/path?query} (RFC 9112 section 3.2.2): the same behind the
 *       authority. That overrides the header {@code Host}, which is the caller's business.
 *   <li>Asterisk-form, {@code *}: {@code path_info} is {@code *} and {@code path} is {@code /*}, as
 *       in Django.
 *   <li>Anything else, as the authority-form of {@code CONNECT}, is malformed.
 * </ul>
 *
 * <p>The mount prefix is WSGI's {@code SCRIPT_NAME}; it is compared with the decoded path and ends
 * where a segment ends.
 */
public final class PathDecoder {

    private static final char[] HEX = "0123456789ABCDEF".toCharArray();

    private final byte[] mount;

    /**
     * @param mountPrefix decoded path below which the application is, or an empty text or {@code /}
     *     for all paths.
     */
    public PathDecoder(String mountPrefix) {
        final String prefix = mountPrefix.replaceFirst("/+\\z", "");
        if (!prefix.isEmpty() && prefix.charAt(0) != '/') {
            throw new HeadraceException("mount prefix '" + mountPrefix + "' must begin with /");
        }
        mount = prefix.getBytes(UTF_8);
    }

    /**
     * Decodes a target, whose characters stand for bytes, into {@code path}, {@code path_info} and
     * the query string. The latter stays as received if it is UTF-8 and is read as ISO-8859-1 if
     * not, as {@code QueryDict} would.
     *
     * @return 0, {@link Refusal#MALFORMED} or {@link Refusal#OUTSIDE_MOUNT}.
     */
    public int decode(String target, RequestKeys keys) {
        final TextBuffer text = keys.text();
        final int length = target.length();
        if (length == 1 && target.charAt(0) == '*') {
            return asterisk(keys);
        }
        final int from = pathStart(target);
        if (from < 0) {
            return Refusal.MALFORMED;
        }
        int to = from;
        while (to < length && target.charAt(to) != '?') {
            to++;
        }
        long path = unquote(target, from, to, text);
        if (!isMounted(text.array(), path)) {
            return Refusal.OUTSIDE_MOUNT;
        }
        if (TextBuffer.length(path) == mount.length) {
            // Django: "operate as if '/' was requested".
            text.put((byte) '/');
            path = TextBuffer.slice(TextBuffer.offset(path), mount.length + 1);
        }
        final int offset = TextBuffer.offset(path) + mount.length;
        keys.path(path).pathInfo(TextBuffer.slice(offset, TextBuffer.length(path) - mount.length));
        keys.queryString(queryString(target, Math.min(to + 1, length), length, text));
        return 0;
    }

    private int asterisk(RequestKeys keys) {
        if (mount.length > 0) {
            return Refusal.OUTSIDE_MOUNT;
        }
        keys.text().begin();
        keys.text().putLatin1("/*");
        final long path = keys.text().end();
        keys.path(path).pathInfo(TextBuffer.slice(TextBuffer.offset(path) + 1, 1));
        keys.queryString(TextBuffer.EMPTY);
        return 0;
    }

    /**
     * Index of the path in the target, where it may be empty, or -1 if the target has no form with
     * a path.
     */
    private static int pathStart(String target) {
        if (target.length() > 0 && target.charAt(0) == '/') {
            return 0;
        }
        final int authority =
                startsWith(target, "http://") ? 7 : startsWith(target, "https://") ? 8 : -1;
        int i = authority;
        while (i >= 0 && i < target.length()) {
            final char c = target.charAt(i);
            if (c == '/' || c == '?') {
                break;
            }
            i = c == '#' ? -1 : i + 1;
        }
        return i == authority ? -1 : i;
    }

    private static boolean startsWith(String target, String scheme) {
        return AsciiString.regionMatches(target, true, 0, scheme, 0, scheme.length());
    }

    private boolean isMounted(byte[] array, long path) {
        final int from = TextBuffer.offset(path);
        final int end = from + mount.length;
        final int to = from + TextBuffer.length(path);
        return end <= to
                && Arrays.equals(array, from, end, mount, 0, mount.length)
                && (end == to || array[end] == '/');
    }

    private static long unquote(String target, int from, int to, TextBuffer text) {
        text.begin();
        for (int i = from; i < to; i++) {
            int b = target.charAt(i);
            if (b == '%' && i + 2 < to) {
                final int value = PercentEscape.value(target.charAt(i + 1), target.charAt(i + 2));
                if (value >= 0) {
                    b = value;
                    i += 2;
                }
            }
            text.put((byte) b);
        }
        final long path = text.end();
        final int offset = TextBuffer.offset(path);
        final int invalid = TextBuffer.firstInvalid(text.array(), offset, text.position());
        return invalid == text.position() ? path : repercent(text, offset, invalid);
    }

    /**
     * Writes the path once more. Behind an ill-formed lead byte, each byte of its sequence is
     * ill-formed by itself.
     */
    private static long repercent(TextBuffer text, int offset, int firstInvalid) {
        final byte[] source = text.array();
        final int to = text.position();
        text.begin();
        int invalid = firstInvalid;
        for (int i = offset; i < to; i++) {
            if (i == invalid) {
                text.put((byte) '%');
                text.put((byte) HEX[source[i] >> 4 & 0xF]);
                text.put((byte) HEX[source[i] & 0xF]);
                invalid = TextBuffer.firstInvalid(source, i + 1, to);
            } else {
                text.put(source[i]);
            }
        }
        return text.end();
    }

    private static long queryString(String target, int from, int to, TextBuffer text) {
        final int offset = text.position();
        text.begin();
        text.putLatin1(target, from, to);
        if (TextBuffer.firstInvalid(text.array(), offset, text.position()) < text.position()) {
            text.begin();
            for (int i = from; i < to; i++) {
                text.putCodePoint(target.charAt(i) & 0xFF);
            }
        }
        return text.end();
    }
}
