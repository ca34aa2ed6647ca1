// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.headrace.message.encode.RequestKeys;
import java.lang.management.ManagementFactory;
import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Expected values are those of Django 5.2's {@code QueryDict}. */
class QueryDecoderTest {

    private static final int FIELD_COUNT_MAX = 1000;

    private final RequestKeys keys = new RequestKeys();
    private final QueryDecoder decoder = new QueryDecoder(FIELD_COUNT_MAX);
    private final PathDecoder pathDecoder = new PathDecoder("");

    @Test
    void shouldGiveNothingForAnEmptyQuery() {
        assertDecoded("");
    }

    @Test
    void shouldKeepOrderAndDuplicates() {
        assertDecoded("b=2&a=1&b=3&a=1", "b", "2", "a", "1", "b", "3", "a", "1");
    }

    @Test
    void shouldKeepBlankValuesAndBlankKeys() {
        assertDecoded("a=&b&=c&=", "a", "", "b", "", "", "c", "", "");
    }

    @Test
    void shouldSkipEmptyPairs() {
        assertDecoded("&");
        assertDecoded("&&a=1&&b=2&", "a", "1", "b", "2");
    }

    @Test
    void shouldSplitAtTheFirstEqualsSign() {
        assertDecoded("a=b=c==", "a", "b=c==");
        assertDecoded("==", "", "=");
    }

    @Test
    void shouldNotSeparateAtSemicolons() {
        assertDecoded("a=1;b=2", "a", "1;b=2");
    }

    @Test
    void shouldDecodePlusAndEscapes() {
        assertDecoded("a+b=c+%2B+d%20e", "a b", "c + d e");
        assertDecoded("%61%3D%26=%3d%26%25%00", "a=&", "=&%\0");
        assertDecoded("q=%e2%82%AC%F0%9F%98%80", "q", "€😀");
    }

    @Test
    void shouldNotDecodeTwice() {
        assertDecoded("a=%2541%252B", "a", "%41%2B");
    }

    @Test
    void shouldKeepMalformedPercentEscapesAsTheyAre() {
        assertDecoded(
                "a=%&b=%4&c=%zz&d=%%41&e=%4g%&%=%",
                "a", "%", "b", "%4", "c", "%zz", "d", "%A", "e", "%4g%", "%", "%");
        assertDecoded("a=%+1%1+&%4=1", "a", "% 1%1 ", "%4", "1");
    }

    @Test
    void shouldNotTakeDigitsOutsideAsciiForAnEscape() {
        assertDecoded("a=%" + Decoded.utf8("٤٤"), "a", "%٤٤");
        assertDecoded("a=%4\u00B2", "a", "%4²");
        assertDecoded("a=%\u00C1\u00B1", "a", "%Á±");
    }

    @Test
    void shouldNotReadAnEscapeAcrossTheEndOfItsPair() {
        assertDecoded("a=%4&1=b", "a", "%4", "1", "b");
        assertDecoded("%4=1", "%4", "1");
    }

    @Test
    void shouldReplaceEachMaximalPartOfIllFormedUtf8() {
        assertDecoded("a=%ff%fe", "a", "\uFFFD\uFFFD");
        assertDecoded("a=%e2%82", "a", "\uFFFD");
        assertDecoded("a=%e2%82x", "a", "\uFFFDx");
        assertDecoded("a=%e2%82%e2%82%ac", "a", "\uFFFD€");
        assertDecoded("a=%f0%9f%98", "a", "\uFFFD");
        assertDecoded("a=%ed%a0%80", "a", "\uFFFD\uFFFD\uFFFD");
        assertDecoded("a=%c0%af", "a", "\uFFFD\uFFFD");
        assertDecoded("a=%f4%90%80%80", "a", "\uFFFD\uFFFD\uFFFD\uFFFD");
        assertDecoded("%c3=%a9", "\uFFFD", "\uFFFD");
    }

    @Test
    void shouldTakeRawBytesForUtf8() {
        assertDecoded(Decoded.utf8("é=€&😀"), "é", "€", "😀", "");
        assertDecoded(Decoded.utf8("a=%C3é%A9"), "a", "\uFFFDé\uFFFD");
    }

    @Test
    void shouldTakeAllRawBytesForLatin1WhenOneIsNotUtf8() {
        assertDecoded("a=\u00E9", "a", "é");
        // Once one byte is not UTF-8, the well-formed sequence before it is two characters.
        assertDecoded(Decoded.utf8("é") + "=\u00E9", "Ã©", "é");
        // Escapes are still UTF-8, and do not join raw bytes.
        assertDecoded("a=%C3%A9\u00E9%C3\u00A9", "a", "éé\uFFFD©");
        assertDecoded("\u0085\u00FF", "\u0085ÿ", "");
    }

    @Test
    void shouldRefuseMoreFieldsThanAllowedCountingEmptyOnes() {
        assertEquals(0, decode("a=1&".repeat(FIELD_COUNT_MAX - 1) + "a=1"));
        assertEquals(FIELD_COUNT_MAX, keys.get().count());
        assertEquals(Refusal.TOO_MANY_FIELDS, decode("a=1&".repeat(FIELD_COUNT_MAX) + "a=1"));
        assertEquals(0, keys.get().count());
        assertEquals(0, decode("&".repeat(FIELD_COUNT_MAX - 1)));
        assertEquals(Refusal.TOO_MANY_FIELDS, decode("&".repeat(FIELD_COUNT_MAX)));
    }

    @Test
    void shouldAllowNoFieldAtAllOrOne() {
        pathDecoder.decode("/?", keys);
        assertEquals(0, new QueryDecoder(0).decodeGet(keys));
        pathDecoder.decode("/?a", keys);
        assertEquals(Refusal.TOO_MANY_FIELDS, new QueryDecoder(0).decodeGet(keys));
        assertEquals(0, new QueryDecoder(1).decodeGet(keys));
    }

    @Test
    void shouldKeepTheQueryStringWhereItIsWhileTheTextGrows() {
        final String value = "x".repeat(100_000);
        assertDecoded("a=" + value + "&b=" + value, "a", value, "b", value);
    }

    @Test
    void shouldReadBackWhatUrlEncoderWrites() {
        final Random random = new Random(7283);
        for (int round = 0; round < 500; round++) {
            final List<String> expected = new ArrayList<>();
            final StringBuilder query = new StringBuilder();
            for (int i = random.nextInt(20); i >= 0; i--) {
                final String key = text(random);
                final String value = text(random);
                expected.add(key);
                expected.add(value);
                query.append(query.length() == 0 ? "" : "&");
                query.append(URLEncoder.encode(key, UTF_8)).append('=');
                query.append(URLEncoder.encode(value, UTF_8));
            }
            assertDecoded(query.toString(), expected.toArray(new String[0]));
        }
    }

    @Test
    void shouldGiveValidTextsForAnyBytes() {
        final Random random = new Random(3827);
        final String alphabet = "%%%%&=+;aAfF09\u00C3\u00A9\u00E2\u0082\u00AC\u00F0\0\n";
        for (int round = 0; round < 20_000; round++) {
            final StringBuilder query = new StringBuilder();
            for (int i = random.nextInt(24); i > 0; i--) {
                query.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            assertEquals(0, decode(query.toString()));
            assertEquals(Decoded.pairs(keys, keys.get()), Decoded.pairs(keys, keys.post()));
        }
    }

    @Test
    void shouldAllocateNothingForWellFormedInput() {
        final ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        final String target = "/caf%C3%A9?q=a+b&page=2&x=%e2%82%ac";
        Decoded.body(keys, "name=J%C3%BCrgen&text=" + "word+".repeat(200));
        final int rounds = 20_000;
        long allocated = 0;
        for (int warm = 0; warm < 2; warm++) {
            final long before = thread.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < rounds; i++) {
                keys.text().clear();
                keys.get().clear();
                keys.post().clear();
                pathDecoder.decode(target, keys);
                decoder.decodeGet(keys);
                decoder.decodePost(keys);
            }
            allocated = thread.getCurrentThreadAllocatedBytes() - before;
        }
        assertTrue(allocated < rounds, allocated + " bytes for " + rounds + " requests");
    }

    private static String text(Random random) {
        return random.ints(random.nextInt(12), 0, 0x11000)
                .filter(c -> !Character.isSurrogate((char) c))
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    /** Decodes bytes as query string and as body. */
    private int decode(String bytes) {
        keys.clear();
        assertEquals(0, pathDecoder.decode("/?" + bytes, keys));
        final int code = decoder.decodeGet(keys);
        Decoded.body(keys, bytes);
        assertEquals(code, decoder.decodePost(keys));
        return code;
    }

    private void assertDecoded(String bytes, String... keysAndValues) {
        assertEquals(bytes, new String(bytes.getBytes(ISO_8859_1), ISO_8859_1), "vector");
        assertEquals(0, decode(bytes));
        assertEquals(Decoded.pairs(keysAndValues), Decoded.pairs(keys, keys.get()));
        assertEquals(Decoded.pairs(keysAndValues), Decoded.pairs(keys, keys.post()));
    }
}
