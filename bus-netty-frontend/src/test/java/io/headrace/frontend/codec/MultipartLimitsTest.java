// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import static io.headrace.frontend.codec.MultipartDecoderTest.END;
import static io.headrace.frontend.codec.MultipartDecoderTest.NAME;
import static io.headrace.frontend.codec.MultipartDecoderTest.part;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.frontend.codec.Decoded.File;
import io.headrace.message.encode.RequestKeys;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map.Entry;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The limits of multipart forms, and forms that are cut off, random or hostile. */
class MultipartLimitsTest {

    private static final int FIELD_COUNT_MAX = 1000;
    private static final int FILE_COUNT_MAX = 100;

    private final RequestKeys keys = new RequestKeys();
    private final MultipartDecoder decoder = new MultipartDecoder(FIELD_COUNT_MAX, FILE_COUNT_MAX);

    @Test
    void shouldKeepATruncatedFieldAndDropATruncatedFile() {
        final String field = part(NAME + "a", "1");
        final String cut = "--B\r\n" + NAME + "b\r\n\r\n2\r\n--";
        assertEquals(0, decode(field + cut));
        assertFields("a", "1", "b", "2\r\n--");
        final String file = "--B\r\n" + NAME + "f; filename=x\r\n\r\n2";
        for (final String end : new String[] {"", "\r", "\r\n", "\r\n-", "\r\n--", "\r\n--B"}) {
            assertEquals(0, decode(field + file + end));
            assertFields("a", "1");
            assertFiles();
        }
        for (final String end :
                new String[] {"\r\n--B-", "\r\n--B--", "\r\n--B\r", "\r\n--B\r\n"}) {
            assertEquals(0, decode(field + file + end));
            assertFiles(new File("f", "x", "", "2"));
        }
    }

    @Test
    void shouldDieNowhereInTheMiddle() {
        final String body =
                "pre\r\n"
                        + part(NAME + "a", "1")
                        + part(NAME + "f; filename=x\r\nContent-Type: a/b", "2\r\n3")
                        + END;
        for (int length = 0; length <= body.length(); length++) {
            assertEquals(0, decode(body.substring(0, length)));
            assertTrue(keys.post().count() <= 1);
            assertTrue(keys.fileCount() <= 1);
        }
    }

    @Test
    void shouldRefuseAHeaderBlockThatIsTooLong() {
        // CR LF, header, CR LF CR LF: 1,024 bytes altogether are allowed.
        final String name = "a".repeat(1024 - 6 - NAME.length());
        assertEquals(0, decode(part(NAME + name, "1") + END));
        assertFields(name, "1");
        assertEquals(Refusal.MALFORMED, decode(part(NAME + name + "a", "1") + END));
        assertEquals(Refusal.MALFORMED, decode("--B\r\n" + "x".repeat(1022)));
        assertEquals(0, decode("--B\r\n" + "x".repeat(1021)));
    }

    @Test
    void shouldRefuseMoreFieldsThanAllowed() {
        // Two parts more than fields are allowed, for preamble and epilogue.
        assertEquals(0, decode(part(NAME + "a", "").repeat(FIELD_COUNT_MAX) + END));
        assertEquals(FIELD_COUNT_MAX, keys.post().count());
        assertEquals(
                Refusal.TOO_MANY_FIELDS,
                decode(part(NAME + "a", "").repeat(FIELD_COUNT_MAX + 1) + END));
        assertEquals(0, decode("--B".repeat(FIELD_COUNT_MAX + 2)));
        assertEquals(Refusal.TOO_MANY_FIELDS, decode("--B".repeat(FIELD_COUNT_MAX + 3)));
    }

    @Test
    void shouldRefuseMoreFilesThanAllowed() {
        final String file = part(NAME + "a; filename=x", "");
        assertEquals(0, decode(file.repeat(FILE_COUNT_MAX) + END));
        assertEquals(FILE_COUNT_MAX, keys.fileCount());
        assertEquals(Refusal.TOO_MANY_FILES, decode(file.repeat(FILE_COUNT_MAX + 1) + END));
        // One whose name is dropped counts as well.
        final String dropped = part(NAME + "a; filename=..", "");
        assertEquals(Refusal.TOO_MANY_FILES, decode(file.repeat(FILE_COUNT_MAX) + dropped + END));
    }

    @Test
    void shouldForgetTheRequestBefore() {
        final String body = part(NAME + "a; filename=x", "").repeat(FILE_COUNT_MAX) + END;
        assertEquals(0, decode(body));
        assertEquals(0, decode(body));
        assertEquals(
                0,
                decode(
                        part("Content-Type: a/b\r\n" + NAME + "a; filename=x", "")
                                + part(NAME + "a; filename=y", "")
                                + END));
        assertFiles(new File("a", "x", "a/b", ""), new File("a", "y", "", ""));
    }

    @Test
    void shouldSkipAPartOfAnyLength() {
        for (final int length : new int[] {1023, 8191, 8192, 8193, 65_536, 300_000}) {
            final String skipped = part("Content-Disposition: form-data", "x".repeat(length));
            assertEquals(0, decode(skipped + part(NAME + "a", "1") + END));
            assertFields("a", "1");
        }
    }

    @Test
    void shouldReadBackRandomForms() {
        final Random random = new Random(20260101);
        for (int round = 0; round < 300; round++) {
            final List<Entry<String, String>> fields = new ArrayList<>();
            final List<File> files = new ArrayList<>();
            final StringBuilder body = new StringBuilder();
            for (int i = random.nextInt(8); i > 0; i--) {
                final String name = "n" + random.nextInt(3);
                final String content = bytes(random, random.nextInt(10) == 0 ? 20_000 : 40);
                final boolean base64 = random.nextInt(4) == 0;
                final String encoded =
                        base64
                                ? Base64.getMimeEncoder()
                                        .encodeToString(content.getBytes(ISO_8859_1))
                                : content;
                final String header = base64 ? "\r\nContent-Transfer-Encoding: base64" : "";
                if (random.nextBoolean()) {
                    body.append(part(NAME + name + header, encoded));
                    fields.add(
                            Decoded.pairs(name, new String(content.getBytes(ISO_8859_1), UTF_8))
                                    .get(0));
                } else {
                    body.append(part(NAME + name + "; filename=x.bin" + header, encoded));
                    files.add(new File(name, "x.bin", "", content));
                }
            }
            assertEquals(0, decode(body + END));
            assertEquals(fields, Decoded.pairs(keys, keys.post()));
            assertEquals(files, Decoded.files(keys));
        }
    }

    @Test
    void shouldNeverThrowWhateverTheBytesAre() {
        final Random random = new Random(5);
        final String[] pieces = {
            "--B",
            "\r\n",
            "\r\n\r\n",
            NAME,
            "a",
            "\"",
            ";",
            "=",
            "filename=",
            "*",
            "'",
            "UTF-8''",
            "%41",
            "&#47;",
            "Content-Transfer-Encoding: base64",
            "Content-Type:",
            ":",
            "\\",
            "\u00E9",
            "\0",
            "--",
            "&amp",
            "&#x",
            "YWJj"
        };
        for (int round = 0; round < 20_000; round++) {
            final StringBuilder body = new StringBuilder("--B\r\n").append(NAME);
            for (int i = random.nextInt(24); i > 0; i--) {
                body.append(pieces[random.nextInt(pieces.length)]);
            }
            final int code = decode(body.toString());
            assertTrue(code == 0 || code == Refusal.MALFORMED, body.toString());
            Decoded.pairs(keys, keys.post());
            Decoded.files(keys);
        }
    }

    /** Random well-formed UTF-8 without the separator, as bytes. */
    private static String bytes(Random random, int lengthMax) {
        final StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(lengthMax + 1); i > 0; i--) {
            text.appendCodePoint(
                    new int[] {'\r', '\n', '-', '=', 'A', 0, 0xE9, 0x20AC, 0x1F600}
                            [random.nextInt(9)]);
        }
        return Decoded.utf8(text.toString());
    }

    private int decode(String body) {
        keys.clear();
        return decoder.decode("B", UTF_8, Decoded.body(keys, body));
    }

    private void assertFields(String... keysAndValues) {
        assertEquals(Decoded.pairs(keysAndValues), Decoded.pairs(keys, keys.post()));
    }

    private void assertFiles(File... files) {
        assertEquals(List.of(files), Decoded.files(keys));
    }
}
