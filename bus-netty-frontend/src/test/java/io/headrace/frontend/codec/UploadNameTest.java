// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/**
 * Expected values are those of Django 5.2's {@code sanitize_file_name} and {@code UploadedFile}.
 */
class UploadNameTest {

    @Test
    void shouldLeaveOrdinaryNamesAlone() {
        assertName("report.pdf", "report.pdf");
        assertName(" a  b ", " a  b ");
        assertName("Käse €😀.txt", "Käse €😀.txt");
        assertName("C:x", "C:x");
        assertName("...", "...");
        assertName(".profile", ".profile");
    }

    @Test
    void shouldKeepWhatStandsBehindTheLastSlashOrBackslash() {
        assertName("/a/b/c", "c");
        assertName("C:\\a\\b", "b");
        assertName("a\\b/c", "c");
        assertName("a/b\\c", "c");
        assertName("a/", "");
        assertName("a\\", "");
    }

    @Test
    void shouldDropNamesOfDirectories() {
        assertName("", "");
        assertName(".", "");
        assertName("..", "");
        assertName("../..", "");
        assertName("\0.\u200B.", "");
    }

    @Test
    void shouldRemoveWhatCannotBePrinted() {
        assertName("a\0\u001F\u007F\u0085b", "ab");
        assertName("a\u00A0\u3000\u200B\u2028\u2029\uFEFFb", "ab");
        assertName("a\u202Eb\uE000c\uDBFF\uDFFFd", "abcd");
        assertName("a\u00AD\u0378b", "ab");
        assertName("a\uFFFDb", "a\uFFFDb");
    }

    @Test
    void shouldDecodeNumericCharacterReferences() {
        assertName("&#228;&#xE4;&#XE4;&#8364;&#128512;", "äää€😀");
        assertName("&#65", "A");
        assertName("&#x41g", "Ag");
        assertName("&#0000000000000000000065;", "A");
        assertName("&#38;amp;", "&amp;");
    }

    @Test
    void shouldDecodeReferencesBeforeLookingForSlashes() {
        assertName("..&#47;..&#47;x", "x");
        assertName("a&#92;b", "b");
        assertName("&#46;&#46;", "");
        assertName("a&#10;b&#x2028;", "ab");
    }

    @Test
    void shouldTakeInvalidNumericReferencesAsHtmlDoes() {
        assertName("&#0;&#xD800;&#xDFFF;&#x110000;", "\uFFFD".repeat(4));
        assertName("&#" + "9".repeat(900) + ";&#x" + "f".repeat(900), "\uFFFD\uFFFD");
        assertName("&#128;&#159;&#x93;", "€Ÿ“");
        assertName("a&#129;&#xFFFE;&#xFDD0;&#13;b", "ab");
        assertName("&#;&#x;&#xg;&#", "&#;&#x;&#xg;&#");
    }

    @Test
    void shouldDecodeNamedReferencesThatNeedNoSemicolon() {
        assertName("&lt;&gt;&quot;&QUOT;&LT;&apos;&amp;", "<>\"\"<'&");
        assertName("&eacute;&Uuml;&yuml;&frac14;&COPY;&nbsp;", "éÜÿ¼©");
        assertName("&eacute&notx&copy2", "é¬x©2");
        assertName("&ampx;&AMP&amp", "&x;&&");
        assertName("R&D.txt", "R&D.txt");
        assertName("a&b;c&&;", "a&b;c&&;");
        assertName("&nosuch;&NoSuch", "&nosuch;&NoSuch");
        assertName("&apos", "&apos");
        assertName("$&amp;\\&lt;", "<");
        assertName("$1&amp;$2", "$1&$2");
    }

    @Test
    void shouldLeaveOtherNamedReferencesAsTheyAre() {
        // Django: a slash and a dot.
        assertName("a&sol;b&period;txt", "a&sol;b&period;txt");
    }

    @Test
    void shouldKeepTheExtensionOfANameThatIsTooLong() {
        assertName("x".repeat(255), "x".repeat(255));
        assertName("x".repeat(256), "x".repeat(255));
        assertName("x".repeat(300) + ".txt", "x".repeat(251) + ".txt");
        assertName("x." + "y".repeat(300), "." + "y".repeat(254));
        assertName(".".repeat(300), ".".repeat(255));
        assertName("..." + "y".repeat(300), "..." + "y".repeat(252));
        assertName("😀".repeat(256) + ".é", "😀".repeat(253) + ".é");
        assertName("x".repeat(250) + ".txt\0\0", "x".repeat(250) + ".txt");
    }

    private static void assertName(String clientName, String expected) {
        assertEquals(expected, UploadName.of(clientName));
    }
}
