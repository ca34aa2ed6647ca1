// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a handler gets to see of a request: the keys of the specification, as {@code /echo} answers
 * them.
 */
class HttpKeysTest {

    @RegisterExtension
    static final RunningBus bus = new RunningBus(RunningBus::frontEndAndDemoWorker);

    private HttpConnection client;

    @BeforeEach
    void connect() {
        client = bus.connect();
    }

    @AfterEach
    void close() {
        client.close();
    }

    private static Map<String, Object> keys(HttpAnswer answer) {
        assertEquals(200, answer.status(), answer::toString);
        return Json.object(answer.text());
    }

    /** The bytes of a text in UTF-8, each as a character: what the connection sends as it is. */
    private static String utf8(String text) {
        return new String(text.getBytes(UTF_8), ISO_8859_1);
    }

    @Test
    void shouldEchoExactlyWhatCurlSends() {
        client.send(
                "POST /echo?a=1&a=2&b=%C3%A9 HTTP/1.1\r\n"
                        + "Host: localhost:8080\r\n"
                        + "User-Agent: curl/7.88.1\r\n"
                        + "Accept: */*\r\n"
                        + "Cookie: k=\"v w\"; z=1\r\n"
                        + "Content-Length: 9\r\n"
                        + "Content-Type: application/x-www-form-urlencoded\r\n"
                        + "\r\n"
                        + "x=1&x=2+3");
        final HttpAnswer answer = client.answer();
        assertEquals("application/json", answer.header("content-type").orElseThrow());
        final Map<String, Object> keys = keys(answer);

        final Map<String, Object> expected = new LinkedHashMap<>();
        expected.put("GET", List.of(List.of("a", "1"), List.of("a", "2"), List.of("b", "é")));
        expected.put("POST", List.of(List.of("x", "1"), List.of("x", "2 3")));
        expected.put("COOKIES", Map.of("k", "v w", "z", "1"));
        final Map<String, String> meta = new LinkedHashMap<>();
        meta.put("REQUEST_METHOD", "POST");
        meta.put("QUERY_STRING", "a=1&a=2&b=%C3%A9");
        meta.put("REMOTE_ADDR", "127.0.0.1");
        meta.put("REMOTE_PORT", Integer.toString(client.localPort()));
        meta.put("SERVER_NAME", "127.0.0.1");
        meta.put("SERVER_PORT", Integer.toString(bus.port()));
        meta.put("SERVER_PROTOCOL", "HTTP/1.1");
        meta.put("SCRIPT_NAME", "");
        meta.put("PATH_INFO", "/echo");
        meta.put("HTTP_HOST", "localhost:8080");
        meta.put("HTTP_USER_AGENT", "curl/7.88.1");
        meta.put("HTTP_ACCEPT", "*/*");
        meta.put("HTTP_COOKIE", "k=\"v w\"; z=1");
        meta.put("CONTENT_LENGTH", "9");
        meta.put("CONTENT_TYPE", "application/x-www-form-urlencoded");
        expected.put("META", meta);
        expected.put("path", "/echo");
        expected.put("path_info", "/echo");
        expected.put("method", "POST");
        expected.put("body", "x=1&x=2+3");
        expected.put("files", List.of());
        assertEquals(expected.keySet().stream().toList(), keys.keySet().stream().limit(9).toList());
        final Object worker = keys.remove("worker");
        assertEquals(expected, keys);
        assertEquals(bus.processes().get(1).pid(), worker);
    }

    @Test
    void shouldShowNoHeaderThatTheClientDidNotSend() {
        final Map<String, Object> get = keys(client.get("/echo"));
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
                        "PATH_INFO",
                        "HTTP_HOST"),
                List.copyOf(((Map<?, ?>) get.get("META")).keySet()));

        client.request("POST /echo HTTP/1.1", "Transfer-Encoding: chunked", "Expect: 100-continue");
        assertEquals("HTTP/1.1 100 Continue", client.answerWithoutBody().statusLine());
        final Map<String, Object> chunked =
                keys(client.send("3\r\nabc\r\n0\r\nX-Trailer: t\r\n\r\n").answer());
        assertEquals("abc", chunked.get("body"));
        assertEquals("chunked", Json.at(chunked, "META", "HTTP_TRANSFER_ENCODING"));
        assertEquals("100-continue", Json.at(chunked, "META", "HTTP_EXPECT"));
        assertNull(Json.at(chunked, "META", "CONTENT_LENGTH"));
        assertNull(Json.at(chunked, "META", "HTTP_X_TRAILER"));
    }

    @Test
    void shouldEchoAMultipartFormWithFiles() {
        final String body =
                "--xyz\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n"
                        + utf8("Grüße")
                        + "\r\n--xyz\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nagain"
                        + "\r\n--xyz\r\nContent-Disposition: form-data; name=\"doc\"; filename=\""
                        + utf8("brüf.txt")
                        + "\"\r\nContent-Type: text/plain\r\n\r\nline 1\r\nline 2\r\n"
                        + "\r\n--xyz\r\nContent-Disposition: form-data; name=\"raw\"; filename=\"a.bin\""
                        + "\r\n\r\n\u0000\u00ff\r\n--xyz--\r\n";
        final Map<String, Object> keys =
                keys(
                        client.post(
                                "/echo",
                                body.getBytes(ISO_8859_1),
                                "Content-Type: multipart/form-data; boundary=xyz"));

        assertEquals(
                List.of(List.of("title", "Grüße"), List.of("title", "again")), keys.get("POST"));
        assertEquals(
                List.of(
                        Map.of(
                                "name", "doc",
                                "file_name", "brüf.txt",
                                "content_type", "text/plain",
                                "content", "line 1\r\nline 2\r\n"),
                        Map.of(
                                "name", "raw",
                                "file_name", "a.bin",
                                "content_type", "",
                                "content", Map.of("base64", "AP8="))),
                keys.get("files"));
        // The body as a whole is no text, because of one file.
        assertEquals(
                Map.of("base64", Base64.getEncoder().encodeToString(body.getBytes(ISO_8859_1))),
                keys.get("body"));
    }

    @Test
    void shouldRefuseAMultipartFormWithoutABoundary() {
        client.post("/echo", "abc".getBytes(), "Content-Type: multipart/form-data")
                .shouldBeRefusal(400, "malformed");
        assertEquals("Hello, World!", client.get("/hello").text());
    }

    @ParameterizedTest
    @ValueSource(strings = {"PUT", "PATCH", "DELETE", "OPTIONS", "GET", "get", "Purge"})
    void shouldCarryTheBodyOfAnyMethodAndUpperCaseItsName(String method) {
        client.request(
                method + " /echo HTTP/1.1",
                "Content-Length: 3",
                "Content-Type: application/x-www-form-urlencoded");
        final Map<String, Object> keys = keys(client.send("a=1").answer());

        assertEquals(method.toUpperCase(Locale.ROOT), keys.get("method"));
        assertEquals("a=1", keys.get("body"));
        assertEquals(List.of(), keys.get("POST"));
    }

    @Test
    void shouldJoinRepeatedHeadersAndDropThoseWithUnderscores() {
        final Map<String, Object> keys =
                keys(
                        client.get(
                                "/echo",
                                "X-Twice: 1",
                                "x-under_score: forged",
                                "X_Forwarded_For: forged",
                                "x-TWICE: 2",
                                "Cookie: a=1",
                                "X-Empty:",
                                "X-Spaces: \t inner  space \t",
                                "Cookie: b=2"));

        assertEquals("1,2", Json.at(keys, "META", "HTTP_X_TWICE"));
        assertEquals("", Json.at(keys, "META", "HTTP_X_EMPTY"));
        assertEquals("inner  space", Json.at(keys, "META", "HTTP_X_SPACES"));
        assertEquals(Map.of("a", "1", "b", "2"), keys.get("COOKIES"));
        assertEquals("a=1; b=2", Json.at(keys, "META", "HTTP_COOKIE"));
        assertFalse(keys.get("META").toString().contains("forged"));
    }

    @Test
    void shouldTakeAFoldedHeaderAsOneLineOrNotAtAll() {
        // RFC 9112, section 5.2: rejected, or read as if the fold were spaces.
        client.request("GET /echo HTTP/1.1", "X-Folded: a", "  X-Forged: b");
        final HttpAnswer answer = client.answer();

        if (answer.status() == 200) {
            assertEquals("a X-Forged: b", Json.at(keys(answer), "META", "HTTP_X_FOLDED"));
            assertNull(Json.at(keys(answer), "META", "HTTP_X_FORGED"));
        } else {
            answer.shouldBeRefusal(400, "malformed");
        }
    }

    @Test
    void shouldReadBytesOver127InAQueryAsUtf8() {
        assertQuery(utf8("q=é&q=%C3%A9&€="), "€", "q=é&q=%C3%A9&€=");
        // What is not UTF-8 as a whole is read as ISO-8859-1, but for its escapes.
        assertQuery("q=\u00e9&q=%C3%A9&\u00ff=", "ÿ", "q=é&q=%C3%A9&ÿ=");
    }

    private void assertQuery(String raw, String lastKey, String queryString) {
        final Map<String, Object> keys = keys(client.get("/echo?" + raw));
        assertEquals(
                List.of(List.of("q", "é"), List.of("q", "é"), List.of(lastKey, "")),
                keys.get("GET"));
        assertEquals(queryString, Json.at(keys, "META", "QUERY_STRING"));
    }

    @Test
    void shouldHandHeaderValuesOnAsTheBytesTheyAre() {
        final Map<String, Object> keys =
                keys(client.get("/echo", "X-Latin: \u00e9\u00ff\u0080", "X-Utf8: " + utf8("é€")));

        assertEquals("\u00e9\u00ff\u0080", Json.at(keys, "META", "HTTP_X_LATIN"));
        assertEquals(utf8("é€"), Json.at(keys, "META", "HTTP_X_UTF8"));
    }

    @Test
    void shouldReadCookiesAsUtf8() {
        final Map<String, Object> keys =
                keys(client.get("/echo", "Cookie: " + utf8("name=Jürgen €; q=\"Zürich\"")));

        assertEquals(Map.of("name", "Jürgen €", "q", "Zürich"), keys.get("COOKIES"));
    }

    @Test
    void shouldReadBytesOver127InAPathAsUtf8() {
        // Nothing is at these paths, so the lanes tell what arrived.
        client.get("/raw/" + utf8("é€"));
        client.get("/escaped/%C3%A9%E2%82%AC%2F");
        client.get("/latin/\u00e9");

        bus.lanes().await("/raw/é€", "http.request");
        bus.lanes().await("/escaped/é€/", "http.request");
        final Lanes.Seen latin = bus.lanes().await("/latin/%E9", "http.request");
        assertEquals("/latin/%E9", latin.key("path_info"));
        assertEquals("/latin/%E9", latin.key("META", "PATH_INFO"));
    }
}
