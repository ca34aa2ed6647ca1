// SPDX-License-Identifier: Apache-2.0
package io.headrace.message.encode;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HexFormat;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Growing, slices, and the replacement of what is not UTF-8. */
class TextBufferTest {

    private static final String BAD = "\uFFFD";

    /** Unicode 15, table 3-7, a row each: the ranges of all bytes of a well-formed sequence. */
    private static final int[][] WELL_FORMED = {
        {0x00, 0x7F},
        {0xC2, 0xDF, 0x80, 0xBF},
        {0xE0, 0xE0, 0xA0, 0xBF, 0x80, 0xBF},
        {0xE1, 0xEC, 0x80, 0xBF, 0x80, 0xBF},
        {0xED, 0xED, 0x80, 0x9F, 0x80, 0xBF},
        {0xEE, 0xEF, 0x80, 0xBF, 0x80, 0xBF},
        {0xF0, 0xF0, 0x90, 0xBF, 0x80, 0xBF, 0x80, 0xBF},
        {0xF1, 0xF3, 0x80, 0xBF, 0x80, 0xBF, 0x80, 0xBF},
        {0xF4, 0xF4, 0x80, 0x8F, 0x80, 0xBF, 0x80, 0xBF},
    };

    @ParameterizedTest
    @CsvSource({
        "61, a",
        "C3A4, ä",
        "E282AC, €",
        "F09F9880, 😀",
        "C3, ?",
        "80, ?",
        "C080, ??",
        "C1BF, ??",
        "E080AF, ???",
        "EDA080, ???",
        "F0808080, ????",
        "F48FBFBF, \uDBFF\uDFFF",
        "F4908080, ????",
        "F5, ?",
        "FF, ?",
        "E282, ?",
        "E28261, ?a",
        "F09F98, ?",
        "F09F9861, ?a",
        "F09FC3A4, ?ä",
        "F1808080C3, \uD8C0\uDC00?",
        // The examples of Unicode 15, tables 3-8 to 3-11.
        "C0AFE080BFF0818241, ????????A",
        "EDA080EDBFBFEDAF41, ????????A",
        "F4919293FF4180BF42, ?????A??B",
        "E180E2F09192F1BF41, ????A"
    })
    void shouldReplaceEachMaximalSubpartOnce(String hex, String expected) {
        assertEquals(expected.replace("?", BAD), endUtf8(HexFormat.of().parseHex(hex)));
    }

    @Property(tries = 20_000)
    void shouldReplaceWhatTheTableOfUnicodeDoesNotAllow(@ForAll("nearlyUtf8") byte[] bytes) {
        assertArrayEquals(model(bytes), endUtf8(bytes).getBytes(UTF_8));
    }

    /**
     * It takes the three bytes of an encoded surrogate for one error, Unicode and Python for three.
     */
    @Property(tries = 20_000)
    void shouldReplaceAsTheJdkDoesButForSurrogates(@ForAll("nearlyUtf8") byte[] bytes) {
        for (int i = 0; i + 1 < bytes.length; i++) {
            if ((bytes[i] & 0xFF) == 0xED && (bytes[i + 1] & 0xE0) == 0xA0) {
                bytes[i] = 'x';
            }
        }
        assertEquals(new String(bytes, UTF_8), endUtf8(bytes));
    }

    @Property
    void shouldLeaveValidTextAsItIs(@ForAll String text) {
        final String valid = new String(text.getBytes(UTF_8), UTF_8);
        assertEquals(valid, endUtf8(valid.getBytes(UTF_8)));
    }

    @Property
    void shouldFindTheFirstInvalidByte(@ForAll("nearlyUtf8") byte[] bytes) {
        assertEquals(firstInvalid(bytes), TextBuffer.firstInvalid(bytes, 0, bytes.length));
    }

    @Property
    void shouldEncodeEveryCodePointAsTheJdkDoes(
            @ForAll @IntRange(max = Character.MAX_CODE_POINT) int codePoint) {
        if (codePoint < Character.MIN_SURROGATE || codePoint > Character.MAX_SURROGATE) {
            final TextBuffer text = new TextBuffer();
            text.begin();
            text.putCodePoint(codePoint);
            assertEquals(Character.toString(codePoint), utf8(text, text.end()));
        }
    }

    @Property
    void shouldKeepTheLowByteOfEachCharacter(
            @ForAll @CharRange(from = '\0', to = '\u00FF') String latin1) {
        final TextBuffer text = new TextBuffer();
        text.begin();
        text.putLatin1(latin1);
        final long slice = text.end();
        assertEquals(latin1.length(), TextBuffer.length(slice));
        for (int i = 0; i < latin1.length(); i++) {
            assertEquals((byte) latin1.charAt(i), text.array()[TextBuffer.offset(slice) + i]);
        }
    }

    @Test
    void shouldReplaceOnlyInTheFieldThatIsEnded() {
        final TextBuffer text = new TextBuffer();
        text.begin();
        text.put((byte) 0xC3);
        final long raw = text.end();
        text.begin();
        text.put((byte) 0xA4);
        final long replaced = text.endUtf8();
        assertEquals(1, TextBuffer.length(raw));
        assertEquals((byte) 0xC3, text.array()[TextBuffer.offset(raw)]);
        assertEquals(BAD, utf8(text, replaced));
    }

    @Test
    void shouldKeepEverythingWhileItGrowsOneByteAtATime() {
        final TextBuffer text = new TextBuffer();
        final int count = 3 * 4096 + 1;
        for (int i = 0; i < count; i++) {
            text.put((byte) i);
        }
        assertEquals(count, text.position());
        for (int i = 0; i < count; i++) {
            assertEquals((byte) i, text.array()[i]);
        }
    }

    @ParameterizedTest
    @CsvSource({"4095", "4096", "4097", "100000"})
    void shouldTakeAFieldOfAnyLengthAtOnce(int length) {
        final byte[] source = new byte[length + 2];
        Arrays.fill(source, (byte) 'x');
        source[1] = 'a';
        source[length] = 'z';
        final TextBuffer text = new TextBuffer();
        text.put((byte) '!');
        text.begin();
        text.put(source, 1, length);
        final long slice = text.end();
        assertEquals(1, TextBuffer.offset(slice));
        assertEquals(length, TextBuffer.length(slice));
        assertEquals('a', text.array()[1]);
        assertEquals('z', text.array()[length]);
    }

    @Test
    void shouldGrowWhenReplacementsTakeMoreRoomThanTheBytesTheyReplace() {
        final byte[] bytes = new byte[4096];
        Arrays.fill(bytes, (byte) 0xFF);
        assertEquals(BAD.repeat(4096), endUtf8(bytes));
    }

    @Test
    void shouldBeNewAfterItWasCleared() {
        final TextBuffer text = new TextBuffer();
        text.begin();
        text.putLatin1("something", 2, 6);
        assertEquals("meth", utf8(text, text.end()));
        text.clear();
        assertEquals(0, text.position());
        assertEquals(TextBuffer.EMPTY, text.end());
        assertEquals(TextBuffer.EMPTY, text.endUtf8());
    }

    @Property
    void shouldKeepOffsetAndLengthInASlice(
            @ForAll @IntRange int offset, @ForAll @IntRange int length) {
        final long slice = TextBuffer.slice(offset, length);
        assertEquals(offset, TextBuffer.offset(slice));
        assertEquals(length, TextBuffer.length(slice));
    }

    @Provide
    Arbitrary<byte[]> nearlyUtf8() {
        final Arbitrary<Byte> borders =
                Arbitraries.of(
                                0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2,
                                0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4,
                                0xF5, 0xFF)
                        .map(Integer::byteValue);
        return Arbitraries.frequencyOf(Tuple.of(9, borders), Tuple.of(1, Arbitraries.bytes()))
                .array(byte[].class)
                .ofMaxSize(12);
    }

    private static String endUtf8(byte[] bytes) {
        final TextBuffer text = new TextBuffer();
        text.begin();
        text.put(bytes, 0, bytes.length);
        return utf8(text, text.endUtf8());
    }

    private static String utf8(TextBuffer text, long slice) {
        return new String(text.array(), TextBuffer.offset(slice), TextBuffer.length(slice), UTF_8);
    }

    private static byte[] model(byte[] bytes) {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < bytes.length; ) {
            int longest = 1;
            boolean whole = false;
            for (final int[] row : WELL_FORMED) {
                final int matched = matched(row, bytes, i);
                if (matched >= longest) {
                    longest = matched;
                    whole = 2 * matched == row.length;
                }
            }
            if (whole) {
                out.write(bytes, i, longest);
            } else {
                out.writeBytes(BAD.getBytes(UTF_8));
            }
            i += longest;
        }
        return out.toByteArray();
    }

    private static int matched(int[] row, byte[] bytes, int from) {
        int count = 0;
        while (2 * count < row.length && from + count < bytes.length) {
            final int value = bytes[from + count] & 0xFF;
            if (value < row[2 * count] || value > row[2 * count + 1]) {
                break;
            }
            count++;
        }
        return count;
    }

    private static int firstInvalid(byte[] bytes) {
        int at = 0;
        while (at < bytes.length) {
            final int length = sequenceLength(bytes, at);
            if (length == 0) {
                return at;
            }
            at += length;
        }
        return at;
    }

    private static int sequenceLength(byte[] bytes, int at) {
        for (final int[] row : WELL_FORMED) {
            if (2 * matched(row, bytes, at) == row.length) {
                return row.length / 2;
            }
        }
        return 0;
    }
}
