// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.member.Member;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that are refused: every one is told why, and no other client notices. */
class HttpLimitsTest {

    private static final int LIMIT = 1 << 20;
    private static final int HEADER_LIMIT = 16 << 10;

    @RegisterExtension
    static final RunningBus bus = new RunningBus(RunningBus::frontEndAndDemoWorker);

    private List<String> errorsBefore;
    private HttpConnection client;
    private HttpConnection neighbour;

    @BeforeEach
    void connect() {
        errorsBefore = bus.errors(Member.Kind.FRONT_END);
        neighbour = bus.connect();
        assertEquals("Hello, World!", neighbour.get("/hello").text());
        client = bus.connect();
    }

    @AfterEach
    void shouldServeOthersAsBefore() {
        assertEquals("Hello, World!", neighbour.get("/hello").text());
        assertEquals(errorsBefore, bus.errors(Member.Kind.FRONT_END));
        client.close();
        neighbour.close();
    }

    private void shouldBeRefusedAndClosed(int status, String reason) {
        final HttpAnswer answer = client.answer().shouldBeRefusal(status, reason);
        assertEquals(Optional.of("close"), answer.header("connection"));
        assertEquals("", client.readToEnd());
    }

    @Test
    void shouldRefuseABodyOfOneByteTooMany() {
        client.request("POST /echo HTTP/1.1", "Content-Length: " + (LIMIT + 1));
        client.trySend(new byte[LIMIT + 1]);

        shouldBeRefusedAndClosed(413, "body-too-large");
    }

    @Test
    void shouldRefuseABodyByItsLengthAlone() {
        client.request("POST /echo HTTP/1.1", "Content-Length: 9999999999999");

        shouldBeRefusedAndClosed(413, "body-too-large");
    }

    @Test
    void shouldRefuseAChunkedBodyOfOneByteTooMany() {
        client.request("POST /echo HTTP/1.1", "Transfer-Encoding: chunked");
        for (int i = 0; i < 16; i++) {
            client.send("10000\r\n" + "c".repeat(1 << 16) + "\r\n");
        }
        client.trySend("1\r\nc\r\n0\r\n\r\n".getBytes());

        shouldBeRefusedAndClosed(413, "body-too-large");
    }

    @Test
    void shouldRefuseATooLargeBodyInsteadOfSayingContinue() {
        client.request(
                "POST /echo HTTP/1.1", "Content-Length: " + (LIMIT + 1), "Expect: 100-continue");

        shouldBeRefusedAndClosed(413, "body-too-large");
    }

    @Test
    void shouldRefuseATooLargeBodyBehindTheAnswersToEarlierRequests() {
        client.send(
                HttpConnection.head("GET /slow?ms=100 HTTP/1.1")
                        + HttpConnection.head(
                                "POST /echo HTTP/1.1", "Content-Length: " + (LIMIT + 1)));

        assertEquals("answered after 100 ms\n", client.answer().text());
        shouldBeRefusedAndClosed(413, "body-too-large");
    }

    @Test
    void shouldReadOnWhatItRefusesSoThatItsAnswerArrives() {
        final long refused = bus.counter(" refused 413 body-too-large");
        client.request("POST /echo HTTP/1.1", "Content-Length: " + 32 * LIMIT);
        Await.until("a refusal", () -> bus.counter(" refused 413 body-too-large") > refused);

        // Far more than any socket's buffers hold; had it closed, this would fail.
        for (int i = 0; i < 32; i++) {
            client.send(new byte[LIMIT]);
        }
        shouldBeRefusedAndClosed(413, "body-too-large");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldLetTheJdksClientReadWhyItsBodyIsRefused(boolean chunked) throws Exception {
        final byte[] body = new byte[4 * LIMIT];
        final HttpRequest request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + bus.port() + "/echo"))
                        .timeout(Duration.ofMillis(Await.DEADLINE_MS))
                        .POST(
                                chunked
                                        ? HttpRequest.BodyPublishers.ofByteArrays(List.of(body))
                                        : HttpRequest.BodyPublishers.ofByteArray(body))
                        .build();
        final HttpResponse<String> answer =
                HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());

        assertEquals(413, answer.statusCode());
        assertEquals(Optional.of("body-too-large"), answer.headers().firstValue("Headrace-Reason"));
    }

    @Test
    void shouldTakeAHeaderBlockJustBelowTheLimit() {
        final String header = "X: " + "h".repeat(HEADER_LIMIT - 100);

        assertEquals(200, client.get("/hello", header).status());
    }

    @Test
    void shouldRefuseAHeaderOverTheLimit() {
        client.request("GET /hello HTTP/1.1", "X: " + "h".repeat(HEADER_LIMIT));

        shouldBeRefusedAndClosed(431, "header-too-large");
    }

    @Test
    void shouldRefuseManyHeadersThatAreOverTheLimitTogether() {
        final String[] headers = new String[50];
        for (int i = 0; i < headers.length; i++) {
            headers[i] = "X-" + i + ": " + "h".repeat(HEADER_LIMIT / headers.length);
        }
        client.request("GET /hello HTTP/1.1", headers);

        shouldBeRefusedAndClosed(431, "header-too-large");
    }

    @Test
    void shouldTakeATargetJustBelowTheLimitAndRefuseOneOverIt() {
        final String target = "/hello?" + "q".repeat(HEADER_LIMIT - 100);
        assertEquals(200, client.get(target).status());

        client.request("GET " + target + "q".repeat(100) + " HTTP/1.1");

        shouldBeRefusedAndClosed(431, "header-too-large");
    }

    @Test
    void shouldTakeAHundredHeadersAndRefuseOneMore() {
        final String[] headers = new String[99];
        for (int i = 0; i < headers.length; i++) {
            headers[i] = "X-" + i + ": " + i;
        }
        // Host is the hundredth.
        assertEquals(200, client.get("/hello", headers).status());

        client.request(
                "GET /hello HTTP/1.1",
                Stream.concat(Stream.of(headers), Stream.of("X-99: 99")).toArray(String[]::new));
        shouldBeRefusedAndClosed(431, "header-too-large");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "NONSENSE",
                "GET /hello",
                "GET  HTTP/1.1",
                "GET hello HTTP/1.1",
                "GET /hello HTTP/x.y",
                "GET /hello FTP/1.1",
                "GET /he llo HTTP/1.1",
                "\u0001GET /hello HTTP/1.1",
                "GET /hello\u0000 HTTP/1.1",
                "G@T /hello HTTP/1.1"
            })
    void shouldRefuseAMalformedRequestLine(String line) {
        client.request(line);

        client.answer().shouldBeRefusal(400, "malformed");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /hello HTTP/0.9",
                "GET /hello HTTP/1.2",
                "GET /hello HTTP/2.0",
                "GET /hello HTTP/9.9",
                "GET /hello HTTP/30.0",
                "GET /hello HTTP/99999.1"
            })
    void shouldAnswerAVersionItDoesNotKnow(String line) {
        client.request(line, "Connection: close");

        final HttpAnswer answer = client.answer();
        assertTrue(answer.status() == 200 || answer.status() == 400, answer::toString);
    }

    @Test
    void shouldAnswerAMethodOfAnyLength() {
        assertEquals(200, client.request("M".repeat(254) + " /hello HTTP/1.1").answer().status());

        client.request("M".repeat(255) + " /hello HTTP/1.1");
        client.answer().shouldBeRefusal(400, "malformed");
    }

    static Stream<String> malformedHeaders() {
        return Stream.of(
                "X: a\u0000b",
                "X: a\u0001b",
                "X: a\rb",
                "X: a\nY: b",
                "X : a",
                ": a",
                "X",
                "X\u0001: a",
                "X Y: a",
                "Content-Length: x",
                "Content-Length: -1",
                "Content-Length: +1",
                "Content-Length: 1, 2",
                "Content-Length: 1\r\nContent-Length: 2",
                "Content-Length: 3\r\nTransfer-Encoding: chunked",
                "Transfer-Encoding: chunked\r\nContent-Length: 3",
                "Transfer-Encoding: gzip",
                "Transfer-Encoding: chunked, gzip",
                "Transfer-Encoding: chunked, chunked",
                "Transfer-Encoding: xchunked");
    }

    @ParameterizedTest
    @MethodSource("malformedHeaders")
    void shouldRefuseAMalformedHeader(String header) {
        client.request("POST /hello HTTP/1.1", header);

        shouldBeRefusedAndClosed(400, "malformed");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "zz\r\nabc\r\n0\r\n\r\n",
                "-1\r\na\r\n0\r\n\r\n",
                "\r\n\r\n",
                "1 2\r\na\r\n0\r\n\r\n",
                "FFFFFFFFFFFFFFFFFF\r\na\r\n0\r\n\r\n",
                "1\na\n0\n\n",
                "1\r\nab\r\n0\r\n\r\n",
                "1;\n\r\na\r\n0\r\n\r\n"
            })
    void shouldRefuseABadChunk(String body) {
        client.request("POST /hello HTTP/1.1", "Transfer-Encoding: chunked").send(body);

        shouldBeRefusedAndClosed(400, "malformed");
    }

    @Test
    void shouldRefuseABareLineFeedInsteadOfALineEnd() {
        client.send("GET /hello HTTP/1.1\nHost: localhost\n\n");

        shouldBeRefusedAndClosed(400, "malformed");
    }

    @Test
    void shouldTakeNothingBehindAMalformedRequest() {
        client.send("NONSENSE\r\n\r\n" + HttpConnection.head("GET /behind-nonsense HTTP/1.1"));

        shouldBeRefusedAndClosed(400, "malformed");
        assertEquals(List.of(), bus.lanes().about("/behind-nonsense", "http.request"));
    }

    @Test
    void shouldRefuseMoreFieldsThanAllowed() {
        assertEquals(200, client.get("/hello?" + "a&".repeat(999)).status());

        client.get("/hello?" + "a&".repeat(1_000)).shouldBeRefusal(400, "too-many-fields");
        client.post(
                        "/hello",
                        "a=1&".repeat(1_001).getBytes(),
                        "Content-Type: application/x-www-form-urlencoded")
                .shouldBeRefusal(400, "too-many-fields");
        // What it refuses there it has read, so the connection stays.
        assertEquals("Hello, World!", client.get("/hello").text());
    }
}
