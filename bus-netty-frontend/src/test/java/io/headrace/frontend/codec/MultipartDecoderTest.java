// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.frontend.codec.Decoded.File;
import io.headrace.message.encode.RequestKeys;
import java.nio.charset.Charset;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Expected values are those of Django 5.2's {@code MultiPartParser}. */
class MultipartDecoderTest {

    static final String NAME = "Content-Disposition: form-data; name=";
    static final String END = "--B--\r\n";

    private final RequestKeys keys = new RequestKeys();
    private final MultipartDecoder decoder = new MultipartDecoder(1000, 100);

    @Test
    void shouldDecodeWhatABrowserSends() {
        final String body =
                part(NAME + "\"title\"", Decoded.utf8("Käse"))
                        + part(
                                NAME + "\"f\"; filename=\"a.png\"\r\nContent-Type: image/png",
                                "\u0089PNG\r\n\0")
                        + part(NAME + "\"empty\"; filename=\"\"\r\nContent-Type: a/b", "")
                        + part(NAME + "\"title\"", "")
                        + part(NAME + "\"f\"; filename=\"b.txt\"\r\nContent-Type: text/plain", "")
                        + END;
        assertEquals(0, decode(body));
        // An empty file input is a field: what an application sees in Django, too.
        assertFields("title", "Käse", "empty", "", "title", "");
        assertFiles(
                new File("f", "a.png", "image/png", "\u0089PNG\r\n\0"),
                new File("f", "b.txt", "text/plain", ""));
    }

    @Test
    void shouldGiveNothingForAnEmptyBodyOrOneWithoutParts() {
        for (final String body :
                new String[] {"", END, "--B--", "--B", "--B\r\n", "\r\n" + END, "x", "\r\n\r\n"}) {
            assertEquals(0, decode(body), body);
            assertFields();
            assertFiles();
        }
    }

    @Test
    void shouldSkipPreambleAndEpilogue() {
        assertEquals(0, decode("pre\r\n" + part(NAME + "a", "1") + END + "epi\r\n"));
        assertFields("a", "1");
        assertEquals(
                0, decode("x".repeat(1023) + part(NAME + "a", "1") + "--B--" + "x".repeat(1021)));
        assertFields("a", "1");
        // Longer ones are taken for headers without end.
        assertEquals(Refusal.MALFORMED, decode("x".repeat(1024) + part(NAME + "a", "1") + END));
        assertEquals(Refusal.MALFORMED, decode(part(NAME + "a", "1") + "--B--" + "x".repeat(1022)));
    }

    @Test
    void shouldTakeThePreambleForAPartIfItLooksLikeOne() {
        assertEquals(0, decode(NAME + "a\r\n\r\n1\r\n" + END));
        assertFields("a", "1");
    }

    @Test
    void shouldKeepAllOfTheContentButItsLastLineEnd() {
        for (final String value :
                new String[] {
                    "", "\r\n", "\r\n\r\n", "\n", "x\r", "--", "--A", "\r\n-", "-", "\0", " x "
                }) {
            assertEquals(0, decode(part(NAME + "a", value) + END));
            assertFields("a", value.endsWith("\r") ? "x\r" : value);
        }
        // The line end before a separator may be half of one, and may be missing.
        assertEquals(
                0,
                decode(
                        "--B\r\n"
                                + NAME
                                + "a\r\n\r\n1\n--B\r\n"
                                + NAME
                                + "b\r\n\r\n2\r--B\r\n"
                                + NAME
                                + "c\r\n\r\n3"
                                + END));
        assertFields("a", "1", "b", "2", "c", "3");
    }

    @Test
    void shouldFindASeparatorThatFollowsItsOwnBeginning() {
        for (final String boundary :
                new String[] {"B", "--", "-B-", "--B--B", "aab", "-".repeat(201)}) {
            final String separator = "--" + boundary;
            final String value = separator.substring(0, separator.length() - 1);
            final String body =
                    separator
                            + "\r\n"
                            + NAME
                            + "a\r\n\r\n"
                            + value
                            + "x\r\n"
                            + separator
                            + "--\r\n";
            keys.clear();
            Decoded.body(keys, body);
            assertEquals(0, decoder.decode(boundary, UTF_8, keys));
            assertFields("a", value + "x");
        }
    }

    @Test
    void shouldRefuseAnInvalidBoundary() {
        for (final String boundary :
                new String[] {"", " ", "x ", "\t", "\u00E9", "x\n", "x".repeat(202)}) {
            assertEquals(Refusal.MALFORMED, decoder.decode(boundary, UTF_8, keys), boundary);
        }
        for (final String boundary : new String[] {"x", " x", "'()+_,-./:=? x", "x".repeat(201)}) {
            assertEquals(0, decoder.decode(boundary, UTF_8, keys), boundary);
        }
    }

    @Test
    void shouldReadHeaderNamesInWhateverCaseAndOrder() {
        assertEquals(
                0,
                decode(
                        part(
                                        "content-type: Text/HTML; charset=latin1\r\nX-Y: z\r\n"
                                                + "CONTENT-disposition:attachment;NAME=f;"
                                                + "FileName=\"x\"",
                                        "1")
                                + END));
        assertFiles(new File("f", "x", "text/html", "1"));
    }

    @Test
    void shouldSkipPartsWithoutAName() {
        final String body =
                part("Content-Disposition: form-data", "1")
                        + part("Content-Disposition: form-data; filename=\"x\"", "2")
                        + part("Content-Type: text/plain", "3")
                        + part("Content-Disposition : form-data; name=a", "4")
                        + part("Content-Disposition; name=a", "5")
                        + part("Content-Disposition: form-data; name=\"\u00E9\"", "6")
                        + "--B\r\n\r\n7\r\n"
                        + "--B\r\n"
                        + NAME
                        + "a\r\n8\r\n"
                        + part(NAME + "b", "9")
                        + END;
        assertEquals(0, decode(body));
        assertFields("b", "9");
        assertFiles();
    }

    @Test
    void shouldKeepFieldsButNotFilesWithAnEmptyName() {
        assertEquals(0, decode(part(NAME + "\"\"", "1") + part(NAME + "; filename=x", "2") + END));
        assertFields("", "1");
        assertFiles();
    }

    @Test
    void shouldStripFieldNamesAndKeepWhatIsInside() {
        assertEquals(
                0,
                decode(
                        part(NAME + "\" \ta;\\\"b\\\\c= \"", "1")
                                + part(NAME + Decoded.utf8("é"), "2")
                                + END));
        assertFields("a;\"b\\c=", "1", "é", "2");
    }

    @Test
    void shouldReadExtendedParameters() {
        assertEquals(0, decode(part(NAME + "f; filename*=UTF-8''%e2%82%ac%20%zz.txt", "1") + END));
        assertFiles(new File("f", "€ %zz.txt", "", "1"));
        assertEquals(
                0,
                decode(part(NAME + "f; filename=\"a\"; filename*=iso-8859-1'en'%A3", "1") + END));
        assertFiles(new File("f", "£", "", "1"));
        // The last one counts, whichever it is; one of an unknown character set does not.
        assertEquals(0, decode(part(NAME + "f; filename*=UTF-8''b; filename=a", "1") + END));
        assertFiles(new File("f", "a", "", "1"));
        assertEquals(0, decode(part(NAME + "f; filename=a; filename*=x-none''%41", "1") + END));
        assertFiles(new File("f", "a", "", "1"));
        assertEquals(
                0, decode(part("Content-Disposition: form-data; name*=UTF-8''%C3%A9", "1") + END));
        assertFields("é", "1");
    }

    @Test
    void shouldSanitizeFileNamesAndDropFilesWithoutOne() {
        assertEquals(
                0,
                decode(
                        part(NAME + "f; filename=\"C:\\\\dir\\\\x.txt\"", "1")
                                + part(NAME + "f; filename=\"../../etc/passwd\"", "2")
                                + part(NAME + "f; filename=\"..\"", "3")
                                + part(NAME + "f; filename=\"dir/\"", "4")
                                + part(NAME + "f; filename=\"\u0007\"", "5")
                                + END));
        assertFields();
        assertFiles(new File("f", "x.txt", "", "1"), new File("f", "passwd", "", "2"));
    }

    @Test
    void shouldDecodeBase64() {
        final String header = "\r\nContent-Transfer-Encoding: Base64";
        final String body =
                part(NAME + "a" + header, "SGVsbG8g\r\n8J+YgA==")
                        + part(NAME + "f; filename=x" + header, "AP8Q\n /w==")
                        + part(NAME + "b" + header, "")
                        + part(NAME + "c" + header, "YWJj!-_=YWJj")
                        + part(NAME + "d" + header, "YQ==YQ==")
                        + END;
        assertEquals(0, decode(body));
        assertFields("a", "Hello 😀", "b", "", "c", "abcabc", "d", "a");
        assertFiles(new File("f", "x", "", "\0\u00FF\u0010\u00FF"));
    }

    @Test
    void shouldTakeAFieldAsItIsButRefuseAFileThatIsNotBase64() {
        final String header = "\r\nContent-Transfer-Encoding: base64";
        for (final String value :
                new String[] {
                    "Y", "YW", "YWJ", "YW=", "YWJjY", "YWJjYW=x", "YW=JjYW=", "a\u00C3\u00A9b"
                }) {
            assertEquals(0, decode(part(NAME + "a" + header, value) + END));
            assertFields("a", value.equals("a\u00C3\u00A9b") ? "aéb" : value);
            assertEquals(
                    Refusal.MALFORMED, decode(part(NAME + "a; filename=x" + header, value) + END));
        }
    }

    @Test
    void shouldIgnoreOtherTransferEncodings() {
        for (final String encoding :
                new String[] {"binary", "7bit", "quoted-printable", "base64x", ""}) {
            assertEquals(
                    0,
                    decode(
                            part(NAME + "a\r\nContent-Transfer-Encoding: " + encoding, "YQ==")
                                    + END));
            assertFields("a", "YQ==");
        }
    }

    @Test
    void shouldReplaceIllFormedUtf8InFieldsAndKeepItInFiles() {
        assertEquals(
                0,
                decode(
                        part(NAME + "a", "\u00E9x\u00E2\u0082")
                                + part(NAME + "f; filename=x", "\u00E9")
                                + END));
        assertFields("a", "\uFFFDx\uFFFD");
        assertFiles(new File("f", "x", "", "\u00E9"));
    }

    @Test
    void shouldReadFieldsInTheCharacterSetOfTheForm() {
        assertEquals(
                0,
                decode(
                        part(NAME + "a", "\u00E9")
                                + part(NAME + Decoded.utf8("é") + "; filename=x", "\u00E9")
                                + END,
                        ISO_8859_1));
        assertFields("a", "é");
        assertFiles(new File("Ã©", "x", "", "\u00E9"));
    }

    static String part(String header, String content) {
        return "--B\r\n" + header + "\r\n\r\n" + content + "\r\n";
    }

    private int decode(String body) {
        return decode(body, UTF_8);
    }

    private int decode(String body, Charset charset) {
        keys.clear();
        return decoder.decode("B", charset, Decoded.body(keys, body));
    }

    private void assertFields(String... keysAndValues) {
        assertEquals(Decoded.pairs(keysAndValues), Decoded.pairs(keys, keys.post()));
    }

    private void assertFiles(File... files) {
        assertEquals(List.of(files), Decoded.files(keys));
    }
}
