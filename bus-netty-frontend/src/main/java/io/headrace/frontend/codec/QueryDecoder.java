// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import io.headrace.message.encode.PairList;
import io.headrace.message.encode.RequestKeys;
import io.headrace.message.encode.TextBuffer;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Decodes query strings ({@code GET}) and urlencoded forms ({@code POST}) as Django's {@code
 * QueryDict} does, that is {@code urllib.parse.parse_qsl} with {@code keep_blank_values}: pairs are
 * separated by {@code &} alone and empty ones skipped, key and value by the first {@code =}, {@code
 * +} is a space, malformed escapes stay as they are, and ill-formed UTF-8 becomes U+FFFD. Order and
 * duplicates are kept.
 *
 * <p>Not thread-safe; one per event loop. Allocates nothing for well-formed input in ASCII.
 */
public final class QueryDecoder {

    private final UnsafeBuffer queryString = new UnsafeBuffer(0, 0);
    private final int fieldCountMax;

    /**
     * @param fieldCountMax largest number of pairs, empty ones included (Django's default: 1000).
     */
    public QueryDecoder(int fieldCountMax) {
        this.fieldCountMax = fieldCountMax;
    }

    /**
     * Decodes the query string, which {@link PathDecoder} has put into the keys, into {@code GET}.
     *
     * @return 0 or {@link Refusal#TOO_MANY_FIELDS}.
     */
    public int decodeGet(RequestKeys keys) {
        final long slice = keys.queryString();
        // The array stays as it is up to here, even when the text grows into another one meanwhile.
        final byte[] array = keys.text().array();
        queryString.wrap(array, TextBuffer.offset(slice), TextBuffer.length(slice));
        return decode(queryString, keys.text(), keys.get());
    }

    /**
     * Decodes the body into {@code POST}.
     *
     * @return 0 or {@link Refusal#TOO_MANY_FIELDS}.
     */
    public int decodePost(RequestKeys keys) {
        return decode(keys.body(), keys.text(), keys.post());
    }

    private int decode(UnsafeBuffer source, TextBuffer text, PairList into) {
        final int length = source.capacity();
        int fieldCount = length == 0 ? 0 : 1;
        int bits = 0;
        for (int i = 0; i < length; i++) {
            final byte b = source.getByte(i);
            bits |= b;
            fieldCount += b == '&' ? 1 : 0;
        }
        if (fieldCount > fieldCountMax) {
            return Refusal.TOO_MANY_FIELDS;
        }
        // QueryDict: "some user agents are misbehaving", so what is not UTF-8 as a whole is
        // ISO-8859-1.
        final boolean latin1 = bits < 0 && !isUtf8(source);
        for (int from = 0; from < length; ) {
            final int to = indexOf(source, '&', from, length);
            if (to > from) {
                final int keyEnd = indexOf(source, '=', from, to);
                final long key = unquotePlus(source, from, keyEnd, text, latin1);
                into.add(key, unquotePlus(source, Math.min(keyEnd + 1, to), to, text, latin1));
            }
            from = to + 1;
        }
        return 0;
    }

    /**
     * Python decodes escapes within runs of ASCII only. Decoding all bytes first and then the text
     * comes to the same: beside the escapes there is only well-formed UTF-8, which neither
     * continues nor ends a sequence of theirs.
     */
    private static long unquotePlus(
            DirectBuffer source, int from, int to, TextBuffer text, boolean latin1) {
        text.begin();
        int bits = 0;
        for (int i = from; i < to; i++) {
            byte b = source.getByte(i);
            if (b == '+') {
                b = ' ';
            } else if (b == '%' && i + 2 < to) {
                final int value = PercentEscape.value(source.getByte(i + 1), source.getByte(i + 2));
                if (value >= 0) {
                    b = (byte) value;
                    i += 2;
                }
            } else if (b < 0 && latin1) {
                text.putCodePoint(b & 0xFF);
                bits = -1;
                continue;
            }
            bits |= b;
            text.put(b);
        }
        return bits < 0 ? text.endUtf8() : text.end();
    }

    private static int indexOf(DirectBuffer source, char sought, int from, int to) {
        int i = from;
        while (i < to && source.getByte(i) != sought) {
            i++;
        }
        return i;
    }

    private static boolean isUtf8(DirectBuffer source) {
        final byte[] copy = new byte[source.capacity()];
        source.getBytes(0, copy);
        return TextBuffer.firstInvalid(copy, 0, copy.length) == copy.length;
    }
}
