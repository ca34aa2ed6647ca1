// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.codec;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.message.encode.RequestKeys;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Expected values are those of Django 5.2's {@code WSGIRequest} behind wsgiref. */
class PathDecoderTest {

    private final RequestKeys keys = new RequestKeys();

    @Test
    void shouldSplitOriginFormAtTheFirstQuestionMark() {
        assertPath("", "/", "/", "/", "");
        assertPath("", "/x/y?a=b", "/x/y", "/x/y", "a=b");
        assertPath("", "/x?", "/x", "/x", "");
        assertPath("", "/?a?b", "/", "/", "a?b");
        assertPath("", "/%3Fx?%3F", "/?x", "/?x", "%3F");
    }

    @Test
    void shouldDecodeEscapesButNotPlus() {
        assertPath("", "/a+b%20c%2Bd", "/a+b c+d", "/a+b c+d", "");
        assertPath("", "/a%2Fb%2f%25", "/a/b/%", "/a/b/%", "");
        assertPath("", "/caf%C3%A9/%F0%9F%98%80%00", "/café/😀\0", "/café/😀\0", "");
        assertPath("", "/%2541", "/%41", "/%41", "");
    }

    @Test
    void shouldKeepMalformedEscapesAsTheyAre() {
        assertPath("", "/%", "/%", "/%", "");
        assertPath("", "/%4", "/%4", "/%4", "");
        assertPath("", "/%zz%4g%%41", "/%zz%4g%A", "/%zz%4g%A", "");
        assertPath("", "/%4?1", "/%4", "/%4", "1");
    }

    @Test
    void shouldPercentEncodeIllFormedUtf8Again() {
        assertPath("", "/%e9", "/%E9", "/%E9", "");
        assertPath("", "/%e2%82/%C3%A9", "/%E2%82/é", "/%E2%82/é", "");
        assertPath("", "/a%c3", "/a%C3", "/a%C3", "");
        assertPath("", "/%ed%a0%80", "/%ED%A0%80", "/%ED%A0%80", "");
        assertPath("", "/%f4%90%80%80x", "/%F4%90%80%80x", "/%F4%90%80%80x", "");
        assertPath("", "/\u00FF%fe\u00C3\u00A9", "/%FF%FEé", "/%FF%FEé", "");
    }

    @Test
    void shouldTakeRawBytesForUtf8() {
        assertPath("", "/" + Decoded.utf8("é€😀"), "/é€😀", "/é€😀", "");
        // A sequence may be half escaped, half raw.
        assertPath("", "/%C3\u00A9", "/é", "/é", "");
    }

    @Test
    void shouldKeepSlashesAndDotsAndFragments() {
        assertPath("", "//a///b/", "//a///b/", "//a///b/", "");
        assertPath("", "/a/../b/.", "/a/../b/.", "/a/../b/.", "");
        assertPath("", "/a#b?c#d", "/a#b", "/a#b", "c#d");
        assertPath("", "/a;p=1", "/a;p=1", "/a;p=1", "");
    }

    @Test
    void shouldReadAbsoluteForm() {
        assertPath("", "http://example.org/x%20y?a=b", "/x y", "/x y", "a=b");
        assertPath("", "HTTPS://user@example.org:8443/x", "/x", "/x", "");
        assertPath("", "http://[::1]:80/x", "/x", "/x", "");
        assertPath("", "http://example.org", "/", "/", "");
        assertPath("", "http://example.org?a=b", "/", "/", "a=b");
        assertPath("", "http://example.org//x", "//x", "//x", "");
        assertPath("/app", "http://example.org/app", "/app/", "/", "");
    }

    @Test
    void shouldReadAsteriskForm() {
        assertPath("", "*", "/*", "*", "");
        assertEquals(Refusal.OUTSIDE_MOUNT, decode("/app", "*"));
    }

    @Test
    void shouldRefuseTargetsWithoutAPath() {
        for (final String target :
                new String[] {
                    "",
                    "x",
                    "x/y",
                    "?a=b",
                    "*x",
                    "**",
                    "#",
                    "%2F",
                    "example.org:443",
                    "ftp://h/x",
                    "http:",
                    "http:/",
                    "http://",
                    "http:///x",
                    "http://?a",
                    "https://",
                    "http:x/y",
                    "http://h#f",
                    "http://#/x",
                    "javascript:alert(1)",
                    "\u00FF"
                }) {
            assertEquals(Refusal.MALFORMED, decode("", target), target);
        }
    }

    @Test
    void shouldSeparateTheMountPrefix() {
        assertPath("/app", "/app/x", "/app/x", "/x", "");
        assertPath("/app/", "/app/x?q", "/app/x", "/x", "q");
        assertPath("/app", "/%61pp/%78", "/app/x", "/x", "");
        assertPath("/app", "/app//x", "/app//x", "//x", "");
        assertPath("/a/b", "/a/b/a/b", "/a/b/a/b", "/a/b", "");
        assertPath("/café", "/caf%C3%A9/x", "/café/x", "/x", "");
        assertPath("/app", "/app/%e9", "/app/%E9", "/%E9", "");
        assertPath("/", "/x", "/x", "/x", "");
        assertPath("//", "//x", "//x", "//x", "");
    }

    @Test
    void shouldTakeAnEmptyPathInfoForASlash() {
        assertPath("/app", "/app", "/app/", "/", "");
        assertPath("/app", "/app?a=b", "/app/", "/", "a=b");
        assertPath("/app", "/app/", "/app/", "/", "");
    }

    @Test
    void shouldRefuseAPathOutsideTheMountPrefix() {
        for (final String target :
                new String[] {"/", "/ap", "/apple", "/x/app", "/APP/x", "//app/x", "/app%00"}) {
            assertEquals(Refusal.OUTSIDE_MOUNT, decode("/app", target), target);
        }
    }

    @Test
    void shouldKeepTheQueryStringAsReceivedUnlessItIsNotUtf8() {
        assertPath("", "/?%zz+%E9&" + Decoded.utf8("é"), "/", "/", "%zz+%E9&é");
        assertPath("", "/?" + Decoded.utf8("é") + "\u00E9", "/", "/", "Ã©é");
    }

    @Test
    void shouldRefuseARelativeMountPrefix() {
        final String message =
                assertThrows(HeadraceException.class, () -> new PathDecoder("app")).getMessage();
        assertTrue(message.contains("'app'"), message);
    }

    @Test
    void shouldReadBackAnyEscapedPath() {
        final Random random = new Random(99);
        for (int round = 0; round < 2_000; round++) {
            final StringBuilder path = new StringBuilder("/");
            final StringBuilder target = new StringBuilder("/");
            for (int i = random.nextInt(30); i > 0; i--) {
                final int codePoint = random.nextInt(0x3000);
                path.appendCodePoint(codePoint);
                for (final char b : Decoded.utf8(Character.toString(codePoint)).toCharArray()) {
                    final boolean escaped = b == '%' || b == '?' || random.nextBoolean();
                    target.append(escaped ? String.format("%%%02x", (int) b) : b);
                }
            }
            assertPath("", target.toString(), path.toString(), path.toString(), "");
            assertPath("/m", "/m" + target, "/m" + path, path.toString(), "");
        }
    }

    private int decode(String mount, String target) {
        keys.clear();
        return new PathDecoder(mount).decode(target, keys);
    }

    private void assertPath(
            String mount, String target, String path, String pathInfo, String queryString) {
        assertEquals(0, decode(mount, target), target);
        assertEquals(path, Decoded.text(keys, keys.path()));
        assertEquals(pathInfo, Decoded.text(keys, keys.pathInfo()));
        assertEquals(queryString, Decoded.text(keys, keys.queryString()));
    }
}
