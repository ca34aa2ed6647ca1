// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import io.headrace.message.encode.PairList;
import io.headrace.message.encode.RequestKeys;
import io.headrace.message.encode.TextBuffer;
import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Decodes the headers {@code Cookie} as Django's {@code parse_cookie} does: chunks between {@code
 * ;}, name and value between the first {@code =}, both stripped as by {@code str.strip}, a chunk
 * without {@code =} being the value of the empty name. Of a repeated name the last value counts, at
 * the first one's place, as in a Python dictionary. Text is UTF-8 with ill-formed bytes replaced.
 * Names and values are parts of the header's own slice, so nothing is copied for the ordinary
 * cookie.
 *
 * <p>Not thread-safe; one per event loop.
 */
public final class CookieDecoder {

    private static final int SLOT_COUNT = 64;

    // Open addressing, because a header block can hold thousands of names, and a hash that clients
    // cannot foresee.
    private final int factor = ThreadLocalRandom.current().nextInt() | 1;
    private int[] slots = new int[SLOT_COUNT];

    /**
     * Decodes all headers {@code Cookie} among the keys' headers into {@code COOKIES}, which must
     * be empty. Several count as one joined with {@code "; "} (RFC 9113 section 8.2.3).
     */
    public void decode(RequestKeys keys) {
        if (slots.length > SLOT_COUNT) {
            slots = new int[SLOT_COUNT];
        } else {
            Arrays.fill(slots, 0);
        }
        final PairList headers = keys.headers();
        for (int i = 0, count = headers.count(); i < count; i++) {
            if (isCookie(keys.text().array(), headers.key(i))) {
                decodeHeader(keys.text(), headers.value(i), keys.cookies());
            }
        }
    }

    private static boolean isCookie(byte[] array, long name) {
        boolean same = TextBuffer.length(name) == 6;
        for (int i = 0; same && i < 6; i++) {
            same = (array[TextBuffer.offset(name) + i] | 0x20) == "cookie".charAt(i);
        }
        return same;
    }

    private void decodeHeader(TextBuffer text, long header, PairList cookies) {
        final int offset = TextBuffer.offset(header);
        final int end = offset + TextBuffer.length(header);
        long valid = header;
        if (TextBuffer.firstInvalid(text.array(), offset, end) < end) {
            text.begin();
            text.put(text.array(), offset, end - offset);
            valid = text.endUtf8();
        }
        final int to = TextBuffer.offset(valid) + TextBuffer.length(valid);
        int from = TextBuffer.offset(valid);
        for (int i = from; i <= to; i++) {
            if (i == to || text.array()[i] == ';') {
                decodeChunk(text, from, i, cookies);
                from = i + 1;
            }
        }
    }

    private void decodeChunk(TextBuffer text, int from, int to, PairList cookies) {
        final byte[] array = text.array();
        int equals = from;
        while (equals < to && array[equals] != '=') {
            equals++;
        }
        final boolean named = equals < to;
        final long name = strip(array, from, named ? equals : from);
        final long value = strip(array, named ? equals + 1 : from, to);
        if (TextBuffer.length(name) > 0 || TextBuffer.length(value) > 0) {
            put(text, name, unquote(text, value), cookies);
        }
    }

    private static long strip(byte[] array, int from, int to) {
        int first = from;
        int length;
        do {
            length = spaceLength(array, first, to);
            first += length;
        } while (length > 0);
        int last = to;
        do {
            length = 0;
            for (int k = 1; k <= 3 && length == 0 && last - k >= first; k++) {
                length = spaceLength(array, last - k, last) == k ? k : 0;
            }
            last -= length;
        } while (length > 0);
        return TextBuffer.slice(first, last - first);
    }

    /** Length of the space in well-formed UTF-8 at {@code i}, or 0. */
    private static int spaceLength(byte[] array, int i, int to) {
        if (i >= to) {
            return 0;
        }
        final int lead = array[i];
        int length = 1;
        int codePoint = lead;
        if (lead >> 5 == -2 && i + 1 < to) {
            length = 2;
            codePoint = (lead & 0x1F) << 6 | array[i + 1] & 0x3F;
        } else if (lead >> 4 == -2 && i + 2 < to) {
            length = 3;
            codePoint = (lead & 0xF) << 12 | (array[i + 1] & 0x3F) << 6 | array[i + 2] & 0x3F;
        }
        return HeaderParameters.isSpace(codePoint) ? length : 0;
    }

    /**
     * Python's {@code http.cookies._unquote}: quotes are removed and, between them only, escapes
     * decoded.
     */
    private static long unquote(TextBuffer text, long value) {
        final byte[] array = text.array();
        final int from = TextBuffer.offset(value) + 1;
        final int to = TextBuffer.offset(value) + TextBuffer.length(value) - 1;
        if (from > to || array[from - 1] != '"' || array[to] != '"') {
            return value;
        }
        int i = from;
        while (i < to && array[i] != '\\') {
            i++;
        }
        if (i == to) {
            return TextBuffer.slice(from, to - from);
        }
        text.begin();
        text.put(array, from, i - from);
        for (; i < to; i++) {
            if (array[i] == '\\' && i + 3 < to && isOctal(array, i + 1)) {
                text.putCodePoint(
                        array[i + 1] - '0' << 6 | array[i + 2] - '0' << 3 | array[i + 3] - '0');
                i += 3;
            } else {
                // Any other backslash makes the next character stand for itself; the last one
                // stands for itself.
                i += array[i] == '\\' && i + 1 < to ? 1 : 0;
                text.put(array[i]);
            }
        }
        return text.end();
    }

    /** At most 377: the first digit has two bits only. */
    private static boolean isOctal(byte[] array, int i) {
        return (array[i] & ~3) == '0' && (array[i + 1] & ~7) == '0' && (array[i + 2] & ~7) == '0';
    }

    private void put(TextBuffer text, long name, long value, PairList cookies) {
        final int slot = slot(text.array(), name, cookies);
        if (slots[slot] > 0) {
            cookies.value(slots[slot] - 1, value);
            return;
        }
        cookies.add(name, value);
        slots[slot] = cookies.count();
        if (2 * cookies.count() > slots.length) {
            slots = new int[4 * slots.length];
            for (int i = 0; i < cookies.count(); i++) {
                slots[slot(text.array(), cookies.key(i), cookies)] = i + 1;
            }
        }
    }

    /**
     * The slot that holds the index plus one of the cookie of this name, or the free one where it
     * belongs.
     */
    private int slot(byte[] array, long name, PairList cookies) {
        final int from = TextBuffer.offset(name);
        final int to = from + TextBuffer.length(name);
        int hash = 0;
        for (int i = from; i < to; i++) {
            hash = hash * factor + array[i];
        }
        int slot = hash * 0x9E3779B9 >>> 12 & slots.length - 1;
        while (slots[slot] > 0) {
            final long other = cookies.key(slots[slot] - 1);
            final int offset = TextBuffer.offset(other);
            final int end = offset + TextBuffer.length(other);
            if (Arrays.equals(array, from, to, array, offset, end)) {
                break;
            }
            slot = slot + 1 & slots.length - 1;
        }
        return slot;
    }
}
