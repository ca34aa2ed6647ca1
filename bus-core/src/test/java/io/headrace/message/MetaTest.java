// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.RequestKeys;
import io.headrace.testing.Samples;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The key META: names and values as Django computes them. */
class MetaTest {

    private final RequestKeys keys = Samples.bareKeys();

    @Test
    void shouldHaveTheFixedNamesOfCgiAndNothingElseForABareRequest() {
        assertEquals(
                List.of(
                        "REQUEST_METHOD",
                        "QUERY_STRING",
                        "REMOTE_ADDR",
                        "REMOTE_PORT",
                        "SERVER_NAME",
                        "SERVER_PORT",
                        "SERVER_PROTOCOL",
                        "SCRIPT_NAME",
                        "PATH_INFO"),
                List.copyOf(meta().keySet()));
    }

    @Test
    void shouldSayWhereTheRequestCameFromAndWhatItReached() {
        keys.remote(Samples.text(keys, "192.0.2.7"), 65_535)
                .server(Samples.text(keys, "::1"), 0)
                .queryString(Samples.text(keys, "a=%20&b"))
                .method(Samples.text(keys, "PATCH"));
        final Map<String, String> meta = meta();
        assertEquals("192.0.2.7", meta.get("REMOTE_ADDR"));
        assertEquals("65535", meta.get("REMOTE_PORT"));
        assertEquals("::1", meta.get("SERVER_NAME"));
        assertEquals("0", meta.get("SERVER_PORT"));
        assertEquals("a=%20&b", meta.get("QUERY_STRING"));
        assertEquals("PATCH", meta.get("REQUEST_METHOD"));
    }

    @ParameterizedTest
    @CsvSource({"10, HTTP/1.0", "11, HTTP/1.1", "20, HTTP/2"})
    void shouldNameTheProtocol(int version, String protocol) {
        keys.httpVersion(version);
        assertEquals(protocol, meta().get("SERVER_PROTOCOL"));
    }

    @ParameterizedTest
    @CsvSource({
        "/, /, ''",
        "/app/x, /x, /app",
        "/*, *, ''",
        "/grüße/ä, /ä, /grüße",
        "'', '', ''",
        "/x, /longer/than/path, ''",
        "/app/x, /y, ''"
    })
    void shouldSplitThePathIntoScriptNameAndPathInfo(String path, String info, String script) {
        keys.path(Samples.text(keys, path)).pathInfo(Samples.text(keys, info));
        assertEquals(script, meta().get("SCRIPT_NAME"));
        assertEquals(info, meta().get("PATH_INFO"));
    }

    @ParameterizedTest
    @CsvSource({
        "Host, HTTP_HOST",
        "x-forwarded-for, HTTP_X_FORWARDED_FOR",
        "CONTENT-type, CONTENT_TYPE",
        "content-LENGTH, CONTENT_LENGTH",
        "Content-Encoding, HTTP_CONTENT_ENCODING",
        "-, HTTP_-",
        "X--Y, HTTP_X__Y",
        "Content, HTTP_CONTENT"
    })
    void shouldNameAHeader(String header, String name) {
        Samples.header(keys, header, "v");
        assertEquals("v", meta().get(name.replace("HTTP_-", "HTTP__")));
    }

    @Test
    void shouldJoinValuesOfARepeatedHeaderWithACommaInTheirOrder() {
        Samples.header(keys, "X-Tag", "one");
        Samples.header(keys, "Other", "between");
        Samples.header(keys, "x-TAG", "");
        Samples.header(keys, "X-Tag", "three");
        assertEquals("one,,three", meta().get("HTTP_X_TAG"));
    }

    @Test
    void shouldJoinCookieHeadersAsCookiesAreJoined() {
        Samples.header(keys, "Cookie", "a=1");
        Samples.header(keys, "cookie", "b=2");
        assertEquals("a=1; b=2", meta().get("HTTP_COOKIE"));
    }

    @Test
    void shouldLeaveOutEveryHeaderThatCouldPassForAnother() {
        Samples.header(keys, "X-Real-Ip", "genuine");
        Samples.header(keys, "X_Real-Ip", "forged");
        Samples.header(keys, "X-Real_Ip", "forged");
        Samples.header(keys, "Content_Length", "7");
        Samples.header(keys, "_", "x");
        final Map<String, String> meta = meta();
        assertEquals("genuine", meta.get("HTTP_X_REAL_IP"));
        assertFalse(meta.containsKey("CONTENT_LENGTH"));
        assertFalse(meta.values().contains("forged"));
        assertFalse(meta.containsKey("HTTP__"));
    }

    @Test
    void shouldKeepTheHeadersThemselvesAsTheClientSentThem() {
        Samples.header(keys, "X_Tag", "a");
        Samples.header(keys, "x-TAG", "ÿ");
        assertEquals("[X_Tag=a, x-TAG=ÿ]", request().headers().toList().toString());
        assertEquals("ÿ", meta().get("HTTP_X_TAG"));
    }

    @Test
    void shouldNotLetAHeaderReplaceAFixedName() {
        Samples.header(keys, "Request-Method", "DELETE");
        Samples.header(keys, "Path-Info", "/etc");
        final Map<String, String> meta = meta();
        assertEquals("GET", meta.get("REQUEST_METHOD"));
        assertEquals("/", meta.get("PATH_INFO"));
        assertEquals("DELETE", meta.get("HTTP_REQUEST_METHOD"));
    }

    @Test
    void shouldGiveOneEntryOrTheEmptyString() {
        assertEquals("GET", request().meta("REQUEST_METHOD"));
        assertEquals("", request().meta("HTTP_ABSENT"));
        assertTrue(request().meta("REMOTE_ADDR").isEmpty());
    }

    private Map<String, String> meta() {
        return request().meta();
    }

    private Request request() {
        final Message message =
                new Message()
                        .wrap(
                                Samples.record(
                                        EventEncoder.requestLength(keys),
                                        (buffer, offset) ->
                                                new EventEncoder()
                                                        .encodeRequest(buffer, offset, keys)));
        assertTrue(message.decode(), message::problem);
        return message.request();
    }
}
