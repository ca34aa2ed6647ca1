// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.member.Member;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Responses that are compressed when a client accepts that and it is worth it. */
class HttpCompressionTest {

    private static final String LONG = "abcdefgh".repeat(1 << 7);
    private static final String GZIP = "Accept-Encoding: gzip";

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it ->
                            it.frontEndAndWorker(
                                    List.of(
                                            "-Dheadrace.http.compression=on",
                                            "-Dheadrace.header.timeout=500ms"),
                                    "--app",
                                    StreamApplication.class.getName(),
                                    "--consumers",
                                    "2"));

    @AfterAll
    static void shouldKeepNoErrors() {
        assertEquals(List.of(), bus.errors(Member.Kind.FRONT_END));
    }

    private static void answer(String name, String text) {
        Await.until(
                "the request",
                () -> bus.get("/answer?name=" + name + "&value=" + text).text().equals("0"));
    }

    private static HttpAnswer answerTo(String line, String name, String text, String... headers) {
        try (HttpConnection client = bus.connect()) {
            client.request(line.formatted("/hold?name=" + name), headers);
            answer(name, text);
            return line.startsWith("HEAD") ? client.answerWithoutBody() : client.answer();
        }
    }

    private static String gunzip(byte[] bytes, int length) {
        try {
            return new String(
                    new GZIPInputStream(new ByteArrayInputStream(bytes)).readNBytes(length),
                    StandardCharsets.UTF_8);
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
    }

    private static void shouldBeCompressed(HttpAnswer answer) {
        assertEquals(Optional.of("gzip"), answer.header("content-encoding"), answer::toString);
        assertEquals(Optional.of("accept-encoding"), answer.header("vary"));
        assertEquals(Optional.of("" + answer.body().length), answer.header("content-length"));
        assertTrue(answer.body().length < LONG.length() / 2);
        assertEquals(LONG, gunzip(answer.body(), LONG.length() + 1));
    }

    @Test
    void shouldCompressALongTextOverHttp1AndHttp2() {
        shouldBeCompressed(answerTo("GET %s HTTP/1.1", "one", LONG, GZIP));
        try (Http2Client client = new Http2Client(bus.port())) {
            final Http2Client.Stream stream =
                    client.get("/hold?name=two", "accept-encoding: gzip, deflate, br, zstd");
            answer("two", LONG);
            shouldBeCompressed(client.answer(stream));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "X: none",
                "Accept-Encoding: identity",
                "Accept-Encoding: gzip;q=0",
                "Accept-Encoding: deflate, compress"
            })
    void shouldNotCompressForAClientThatDoesNotAcceptItButTellCaches(String header) {
        // A name for each: another consumer could answer the one before, which it still knows.
        final String name = "plain" + header.hashCode();
        final HttpAnswer answer = answerTo("GET %s HTTP/1.1", name, LONG, header);
        assertEquals(LONG, answer.text());
        assertEquals(Optional.empty(), answer.header("content-encoding"));
        assertEquals(Optional.of("accept-encoding"), answer.header("vary"));
    }

    @Test
    void shouldNotCompressWhatIsShortNorForAnOldClientNorForHead() {
        final String text = LONG.substring(1);
        final HttpAnswer small = answerTo("GET %s HTTP/1.1", "short", text, GZIP);
        assertEquals(text, small.text());
        assertEquals(Optional.empty(), small.header("vary"));
        assertEquals(LONG, answerTo("GET %s HTTP/1.0", "old", LONG, GZIP).text());
        final HttpAnswer head = answerTo("HEAD %s HTTP/1.1", "head", LONG, GZIP);
        assertEquals(Optional.empty(), head.header("content-encoding"));
    }

    @Test
    void shouldCompressEachPartAsItComes() {
        try (HttpConnection client = bus.connect()) {
            client.request("GET /begin?name=parts HTTP/1.1", GZIP);
            final HttpAnswer head = client.answerHead();
            assertEquals(Optional.of("gzip"), head.header("content-encoding"));
            final ByteArrayOutputStream received = new ByteArrayOutputStream();
            String sent = "";
            for (final String part : new String[] {"one", "two", LONG, "x"}) {
                assertEquals("0", bus.get("/part?name=parts&value=" + part).text());
                sent += part;
                received.writeBytes(client.chunk());
                assertEquals(sent, gunzip(received.toByteArray(), sent.length()));
            }
            assertEquals("0", bus.get("/end?name=parts").text());
            for (byte[] chunk = client.chunk(); chunk.length > 0; chunk = client.chunk()) {
                received.writeBytes(chunk);
            }
            assertEquals(sent, gunzip(received.toByteArray(), sent.length() + 1));
            assertEquals("none", client.get("/next", GZIP).text());
        }
    }

    @Test
    void shouldAnswerPipelinedRequestsEachInItsCoding() {
        try (HttpConnection client = bus.connect()) {
            client.request("GET /hold?name=p1 HTTP/1.1", GZIP);
            client.request("GET /hold?name=p2 HTTP/1.1");
            client.request("GET /hold?name=p3 HTTP/1.1", GZIP);
            answer("p3", LONG);
            answer("p2", LONG);
            answer("p1", LONG);
            shouldBeCompressed(client.answer());
            assertEquals(LONG, client.answer().text());
            shouldBeCompressed(client.answer());
        }
    }

    @Test
    void shouldStillAnswerWhatIsNoRequestYet() {
        try (HttpConnection client = bus.connect()) {
            assertEquals("none", client.get("/else", GZIP).text());
            client.send("GET / HTTP/1.1\r\nHost: local");
            client.answer().shouldBeRefusal(408, "headers-too-slow");
        }
        try (HttpConnection client = bus.connect()) {
            client.send("no request\r\n\r\n");
            client.answer().shouldBeRefusal(400, "malformed");
        }
    }
}
