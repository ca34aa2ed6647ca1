// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.headrace.message.encode.RequestKeys;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Expected values are those of Django 5.2's {@code parse_cookie}. */
class CookieDecoderTest {

    private final RequestKeys keys = new RequestKeys();
    private final CookieDecoder decoder = new CookieDecoder();

    @Test
    void shouldGiveNothingWithoutAHeaderOrAValue() {
        assertDecoded(new String[0]);
        assertDecoded(new String[] {""});
        assertDecoded(new String[] {" ; ;; = ;\t"});
    }

    @Test
    void shouldSplitAtSemicolonsAndFirstEqualsSigns() {
        assertCookies("a=1; b=2;c=3", "a", "1", "b", "2", "c", "3");
        assertCookies("a=b=c; d==; =e", "a", "b=c", "d", "=", "", "e");
        assertCookies("a=1, b=2", "a", "1, b=2");
    }

    @Test
    void shouldTakeAChunkWithoutEqualsSignForTheValueOfTheEmptyName() {
        assertCookies("a", "", "a");
        assertCookies("a; b=1; c", "", "c", "b", "1");
        assertCookies("a=", "a", "");
    }

    @Test
    void shouldLetTheLastValueCountAtTheFirstPlace() {
        assertCookies("a=1; b=2; a=3; A=4; b=", "a", "3", "b", "", "A", "4");
    }

    @Test
    void shouldStripWhatPythonStrips() {
        assertCookies(" \t a \t = \t 1 2 \t ", "a", "1 2");
        assertCookies("\u001C\u001Fa\u000B=\f1\u001E", "a", "1");
        assertCookies(
                Decoded.utf8("\u00A0\u3000a\u2003=\u16801\u0085\u2028\u00A0;\u205Fb\u202F=\u2009"),
                "a",
                "1",
                "b",
                "");
        // A zero width space is none, nor is a control character.
        assertCookies(Decoded.utf8("\u200Ba=\u00011\u007F"), "\u200Ba", "\u00011\u007F");
    }

    @Test
    void shouldNotTakeIllFormedBytesForSpace() {
        assertCookies("a=\u00A0", "a", "\uFFFD");
        assertCookies("a=\u00E0\u0082\u00A0", "a", "\uFFFD\uFFFD\uFFFD");
        assertCookies("a=\u00C2;\u00A0=b", "a", "\uFFFD", "\uFFFD", "b");
        assertCookies("a=\u00E3\u0080", "a", "\uFFFD");
        assertCookies("a=\u00F0\u00E3\u0080\u0080", "a", "\uFFFD");
    }

    @Test
    void shouldRemoveQuotesAndDecodeEscapesBetweenThem() {
        assertCookies("a=\"b\"; c=\"d e\"", "a", "b", "c", "d e");
        assertCookies("a=\"say \\\"hi\\\" \\\\ \\x\"", "a", "say \"hi\" \\ x");
        assertCookies("a=\"\\101\\040\\054\"", "a", "A ,");
        assertCookies("a=\" b \"", "a", " b ");
        assertCookies("a=\"\"", "a", "");
        assertCookies("=\"\"", "", "");
    }

    @Test
    void shouldGiveOctalEscapesAsLatin1() {
        assertCookies("a=\"\\351\\303\\251\\377\\000\"", "a", "é\u00C3\u00A9ÿ\0");
        // More than \377 is no octal escape, so the backslash makes the 4 stand for itself.
        assertCookies("a=\"\\400\\38\\07\\1\"", "a", "40038071");
        assertCookies("a=\"\\\\101\"", "a", "\\101");
        assertCookies("a=\"\\10\"", "a", "10");
        assertCookies("a=\"\\101\\\"", "a", "A\\");
    }

    @Test
    void shouldLeaveValuesAloneThatAreNotQuotedOnBothSides() {
        assertCookies("a=\"", "a", "\"");
        assertCookies("a=\"b", "a", "\"b");
        assertCookies("a=b\"", "a", "b\"");
        assertCookies("a=b\\101\\\"", "a", "b\\101\\\"");
        assertCookies("a=x\"b\"", "a", "x\"b\"");
        // The quotes do not protect a semicolon.
        assertCookies("a=\"b;c\"", "a", "\"b", "", "c\"");
        assertCookies("\"a\"=b", "\"a\"", "b");
    }

    @Test
    void shouldDecodeUtf8AndReplaceWhatIsIllFormed() {
        assertCookies(Decoded.utf8("é=€😀"), "é", "€😀");
        assertCookies(
                "a=\u00E9; b=\u00E2\u0082; \u00FF=\u00C3\u00A9",
                "a",
                "\uFFFD",
                "b",
                "\uFFFD",
                "\uFFFD",
                "é");
        assertCookies("a=%C3%A9+", "a", "%C3%A9+");
        // A backslash stands between the two bytes until after they have been replaced.
        assertCookies("a=\"\u00C3\\\u00A9\"", "a", "\uFFFD\uFFFD");
        assertCookies("a=\"\u00E2\u0082\\254\"", "a", "\uFFFD¬");
    }

    @Test
    void shouldTellNamesApartThatAreOnlyAlikeBeforeDecoding() {
        // Both names are one replacement character.
        assertCookies("\u00FF=1; \u00FE=2", "\uFFFD", "2");
    }

    @Test
    void shouldTakeSeveralHeadersForOne() {
        assertDecoded(
                new String[] {"a=1; b=2", "", "b=3; c", "d=\"4"},
                "a",
                "1",
                "b",
                "3",
                "",
                "c",
                "d",
                "\"4");
    }

    @Test
    void shouldReadCookieHeadersOnlyInWhateverCase() {
        header("cookie", "a=1");
        header("COOKIE", "b=2");
        header("Cookie2", "c=3");
        header("Set-Cookie", "d=4");
        header("Cooki", "e=5");
        header("#OOKIE", "f=6");
        decoder.decode(keys);
        assertEquals(Decoded.pairs("a", "1", "b", "2"), Decoded.pairs(keys, keys.cookies()));
    }

    @Test
    void shouldForgetTheNamesOfTheRequestBefore() {
        assertCookies("a=1; b=2", "a", "1", "b", "2");
        assertCookies("b=3; a=4", "b", "3", "a", "4");
    }

    @Test
    void shouldCopyNothingForOrdinaryCookies() {
        header("Cookie", "sessionid=abc; csrftoken=\"def\"");
        final byte[] array = keys.text().array();
        final int position = keys.text().position();
        decoder.decode(keys);
        assertSame(array, keys.text().array());
        assertEquals(position, keys.text().position());
    }

    @Test
    void shouldKeepOrderAndUniquenessOfThousandsOfNames() {
        final Random random = new Random(4);
        for (final int count : new int[] {1, 31, 32, 33, 127, 128, 129, 2_000, 1}) {
            final Map<String, String> expected = new LinkedHashMap<>();
            final StringBuilder header = new StringBuilder();
            for (int i = 0; i < 2 * count; i++) {
                final String name = Integer.toString(random.nextInt(count), 36);
                // A quoted value with an escape grows the text meanwhile.
                header.append(name).append("=\"\\\"").append(i).append("\"; ");
                expected.put(name, "\"" + i);
            }
            decode(header.toString());
            assertEquals(new ArrayList<>(expected.entrySet()), Decoded.pairs(keys, keys.cookies()));
        }
    }

    @Test
    void shouldGiveValidTextsAndUniqueNamesForAnyBytes() {
        final Random random = new Random(11);
        final String alphabet = "==;;\"\"\\\\ 0137ab\u00C2\u00A0\u00E2\u0080\u0083\u00FF";
        for (int round = 0; round < 20_000; round++) {
            final StringBuilder header = new StringBuilder();
            for (int i = random.nextInt(24); i > 0; i--) {
                header.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            decode(header.toString());
            final List<Entry<String, String>> cookies = Decoded.pairs(keys, keys.cookies());
            assertEquals(cookies.size(), cookies.stream().map(Entry::getKey).distinct().count());
        }
    }

    private void header(String name, String value) {
        keys.text().begin();
        keys.text().putLatin1(name);
        final long slice = keys.text().end();
        keys.text().begin();
        keys.text().putLatin1(value);
        keys.headers().add(slice, keys.text().end());
    }

    private void decode(String... headers) {
        keys.clear();
        for (final String header : headers) {
            header("Cookie", header);
        }
        decoder.decode(keys);
    }

    private void assertCookies(String header, String... namesAndValues) {
        assertDecoded(new String[] {header}, namesAndValues);
    }

    private void assertDecoded(String[] headers, String... namesAndValues) {
        decode(headers);
        assertEquals(Decoded.pairs(namesAndValues), Decoded.pairs(keys, keys.cookies()));
    }
}
