// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.frontend.codec.Decoded.File;
import io.headrace.message.encode.RequestKeys;
import io.netty.util.AsciiString;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Expected values are those of Django 5.2's {@code HttpRequest}, if not said otherwise. */
class FormDecoderTest {

    private static final String URLENCODED = "application/x-www-form-urlencoded";
    private static final String MULTIPART = "multipart/form-data; boundary=B";
    private static final String FORM =
            "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
                    + "--B\r\nContent-Disposition: form-data; name=f; filename=x\r\n\r\n2\r\n--B--";

    private final RequestKeys keys = new RequestKeys();
    private final FormDecoder decoder = new FormDecoder(2, 1);

    @Test
    void shouldDecodeAUrlencodedForm() {
        for (final String contentType :
                new String[] {
                    URLENCODED,
                    "Application/X-WWW-Form-Urlencoded",
                    URLENCODED + "; charset=UTF-8",
                    URLENCODED + ";charset=\"utf-8\"",
                    URLENCODED + "; charset=no-such-charset",
                    URLENCODED + "; charset=",
                    " " + URLENCODED + " ; x=y"
                }) {
            assertEquals(0, decode("POST", contentType, "a=1&b=%C3%A9"), contentType);
            assertEquals(Decoded.pairs("a", "1", "b", "é"), Decoded.pairs(keys, keys.post()));
            assertEquals(0, keys.fileCount());
        }
    }

    @Test
    void shouldDecodeAMultipartForm() {
        for (final String contentType :
                new String[] {
                    MULTIPART,
                    "multipart/form-data; boundary=\"B\"",
                    "multipart/form-data;x=y;Boundary=B;charset=utf-8",
                    "multipart/form-data; boundary=A; boundary=B",
                }) {
            assertEquals(0, decode("POST", contentType, FORM), contentType);
            assertEquals(Decoded.pairs("a", "1"), Decoded.pairs(keys, keys.post()));
            assertEquals(List.of(new File("f", "x", "", "2")), Decoded.files(keys));
        }
    }

    @Test
    void shouldDecodeWhatDjangoRefusesForTheCaseOrNameOfThings() {
        // Django: 400, because its two parsers disagree about upper case (RFC 9110: it does not
        // matter).
        assertEquals(0, decode("POST", "Multipart/Form-Data; boundary=B", FORM));
        assertEquals(1, keys.fileCount());
        // Django: 400, because the name is not "utf-8".
        assertEquals(0, decode("POST", URLENCODED + "; charset=utf8", "a=1"));
        assertEquals(1, keys.post().count());
    }

    @Test
    void shouldDecodeNothingUnlessTheMethodIsPost() {
        for (final String method :
                new String[] {"GET", "PUT", "PATCH", "DELETE", "", "POSTS", "POS"}) {
            assertEquals(0, decode(method, URLENCODED, "a=1"));
            assertEquals(0, decode(method, MULTIPART, "not multipart" + "x".repeat(2000)));
            assertEquals(0, keys.post().count());
        }
        assertEquals(0, decode("post", URLENCODED, "a=1"));
        assertEquals(1, keys.post().count());
    }

    @Test
    void shouldDecodeNothingOfAnotherContentType() {
        for (final String contentType :
                new String[] {
                    "",
                    ";",
                    "text/plain",
                    "application/json",
                    "multipart/mixed; boundary=B",
                    "multipart/form-datax; boundary=B",
                    "application/x-www-form-urlencodedx",
                    "x; y=" + URLENCODED,
                    "\"" + URLENCODED,
                    URLENCODED + ", text/plain",
                    URLENCODED + " x"
                }) {
            assertEquals(0, decode("POST", contentType, "a=1"), contentType);
            assertEquals(0, keys.post().count(), contentType);
        }
    }

    @Test
    void shouldTakeHeaderValuesAsNettyGivesThem() {
        Decoded.body(keys, "a=1");
        assertEquals(
                0,
                decoder.decode(AsciiString.of("POST"), AsciiString.of(URLENCODED + ";x=y"), keys));
        assertEquals(1, keys.post().count());
    }

    @Test
    void shouldGiveNothingForAnEmptyBody() {
        assertEquals(0, decode("POST", URLENCODED, ""));
        assertEquals(0, decode("POST", MULTIPART, ""));
        keys.clear();
        assertEquals(0, decoder.decode("POST", URLENCODED, keys));
        assertEquals(0, decoder.decode("POST", MULTIPART, keys));
        assertEquals(0, keys.post().count());
    }

    @Test
    void shouldRefuseAUrlencodedFormInAnotherCharacterSet() {
        for (final String charset :
                new String[] {"iso-8859-1", "US-ASCII", "utf-16", "windows-1252"}) {
            assertEquals(
                    Refusal.UNSUPPORTED_CHARSET,
                    decode("POST", URLENCODED + "; charset=" + charset, "a=1"));
        }
    }

    @Test
    void shouldReadAMultipartFormInItsCharacterSet() {
        assertEquals(
                0,
                decode("POST", MULTIPART + "; charset=windows-1252", FORM.replace("1", "\u0080")));
        assertEquals(Decoded.pairs("a", "€"), Decoded.pairs(keys, keys.post()));
    }

    @Test
    void shouldRefuseAMultipartFormWithoutAValidBoundary() {
        for (final String contentType :
                new String[] {
                    "multipart/form-data",
                    "multipart/form-data;",
                    "multipart/form-data; boundary",
                    "multipart/form-data; boundary=",
                    "multipart/form-data; boundary=\"\"",
                    "multipart/form-data; boundary=\"B \"",
                    "multipart/form-data; x=boundary=B",
                    MULTIPART + "\u00E9",
                    MULTIPART + "; x=\u00E9",
                    "multipart/form-data; boundary=" + "x".repeat(202)
                }) {
            assertEquals(Refusal.MALFORMED, decode("POST", contentType, FORM), contentType);
            assertEquals(Refusal.MALFORMED, decode("POST", contentType, ""), contentType);
        }
    }

    @Test
    void shouldPassTheLimitsOn() {
        assertEquals(0, decode("POST", URLENCODED, "a&b"));
        assertEquals(Refusal.TOO_MANY_FIELDS, decode("POST", URLENCODED, "a&b&c"));
        assertEquals(Refusal.TOO_MANY_FIELDS, decode("POST", MULTIPART, "--B".repeat(5)));
        assertEquals(Refusal.TOO_MANY_FILES, decode("POST", MULTIPART, FORM + "\r\n" + FORM));
    }

    @Test
    void shouldHaveAWordForEveryRefusal() {
        assertEquals("malformed", Refusal.word(Refusal.MALFORMED));
        assertEquals("too-many-fields", Refusal.word(Refusal.TOO_MANY_FIELDS));
        assertEquals("too-many-files", Refusal.word(Refusal.TOO_MANY_FILES));
        assertEquals("unsupported-charset", Refusal.word(Refusal.UNSUPPORTED_CHARSET));
        assertEquals("header-too-large", Refusal.word(Refusal.TOO_LONG));
        assertEquals("outside-mount", Refusal.word(Refusal.OUTSIDE_MOUNT));
        final String message =
                assertThrows(IllegalArgumentException.class, () -> Refusal.word(0)).getMessage();
        assertTrue(message.contains("0"), message);
    }

    private int decode(String method, String contentType, String body) {
        keys.clear();
        return decoder.decode(method, contentType, Decoded.body(keys, body));
    }
}
