// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.tools.demo.DemoApplication;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests and answers on the wire: what any HTTP client may do. */
class HttpRequestsTest {

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it -> {
                        final HeadraceProcess frontEnd = it.startFrontEnd("--loops", "2");
                        it.demoWorker("--consumers", "4");
                        it.awaitListening(frontEnd);
                        it.awaitServed();
                    });

    @Test
    void shouldSayHello() {
        try (HttpConnection client = bus.connect()) {
            final HttpAnswer answer = client.get("/hello");

            assertEquals("HTTP/1.1 200 OK", answer.statusLine());
            assertEquals("Hello, World!", answer.text());
            assertEquals(Optional.of("13"), answer.header("content-length"));
            assertEquals(Optional.of("text/plain"), answer.header("content-type"));
            assertEquals(Optional.empty(), answer.header("headrace-reason"));
        }
    }

    @Test
    void shouldAnswerAnUnknownPathWithTheApplicationsOwn404() {
        final HttpAnswer answer = bus.get("/nothing/here");

        assertEquals(404, answer.status());
        assertEquals(Optional.empty(), answer.header("headrace-reason"));
    }

    @Test
    void shouldAnswerForAHandlerThatThrowsAndKeepItsWorker() {
        try (HttpConnection client = bus.connect()) {
            final Object worker = Json.object(client.get("/echo").text()).get("worker");
            final HttpAnswer answer = client.get("/fail");
            assertEquals(500, answer.status());
            assertEquals(Optional.of("handler-failed"), answer.header("headrace-reason"));
            assertEquals(worker, Json.object(client.get("/echo").text()).get("worker"));
        }
    }

    @Test
    void shouldAnswerManyRequestsOnOneConnection() {
        try (HttpConnection client = bus.connect()) {
            for (int i = 0; i < 500; i++) {
                final HttpAnswer answer = client.get("/echo?i=" + i);
                assertEquals(
                        List.of(List.of("i", Integer.toString(i))),
                        Json.object(answer.text()).get("GET"));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 64, 65, 200})
    void shouldAnswerPipelinedRequestsInTheirOrder(int count) {
        try (HttpConnection client = bus.connect()) {
            final StringBuilder requests = new StringBuilder();
            for (int i = 0; i < count; i++) {
                requests.append(HttpConnection.head("GET /echo?i=" + i + " HTTP/1.1"));
            }
            client.send(requests.toString());

            for (int i = 0; i < count; i++) {
                assertEquals(
                        "[[i, " + i + "]]", Json.object(client.answer().text()).get("GET") + "");
            }
            assertEquals("Hello, World!", client.get("/hello").text());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 64, 65, 200})
    void shouldKeepFastAnswersBehindASlowOne(int count) {
        try (HttpConnection client = bus.connect()) {
            final StringBuilder requests =
                    new StringBuilder(HttpConnection.head("GET /slow?ms=200 HTTP/1.1"));
            for (int i = 0; i < count; i++) {
                requests.append(HttpConnection.head("GET /echo?i=" + i + " HTTP/1.1"));
            }
            client.send(requests.toString());

            assertEquals("answered after 200 ms\n", client.answer().text());
            for (int i = 0; i < count; i++) {
                assertEquals(
                        "[[i, " + i + "]]", Json.object(client.answer().text()).get("GET") + "");
            }
        }
    }

    @Test
    void shouldTakeARequestByteByByte() {
        try (HttpConnection client = bus.connect()) {
            final String request =
                    HttpConnection.head(
                                    "POST /echo?q=1 HTTP/1.1",
                                    "Transfer-Encoding: chunked",
                                    "Content-Type: application/x-www-form-urlencoded")
                            + "3;ext=\"a\"\r\na=1\r\n1\r\n&\r\nA\r\nb=23456789\r\n0\r\nTrailer: t\r\n\r\n";
            for (int i = 0; i < request.length(); i++) {
                client.send(request.substring(i, i + 1));
            }

            final var echo = Json.object(client.answer().text());
            assertEquals("a=1&b=23456789", echo.get("body"));
            assertEquals("[[a, 1], [b, 23456789]]", echo.get("POST").toString());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 7, 16, 61, 1000})
    void shouldTakeChunkedBodiesInOddPieces(int pieceLength) {
        final byte[] body = new byte[5_000];
        Arrays.fill(body, (byte) 'x');
        final StringBuilder chunked =
                new StringBuilder(
                        HttpConnection.head("POST /echo HTTP/1.1", "Transfer-Encoding: chunked"));
        for (int at = 0, length = 1; at < body.length; at += length, length = length * 3 + 1) {
            length = Math.min(length, body.length - at);
            chunked.append(Integer.toHexString(length)).append("\r\n");
            chunked.append("x".repeat(length)).append("\r\n");
        }
        final byte[] request =
                chunked.append("0\r\n\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
        try (HttpConnection client = bus.connect()) {
            for (int at = 0; at < request.length; at += pieceLength) {
                client.send(
                        Arrays.copyOfRange(
                                request, at, Math.min(at + pieceLength, request.length)));
            }
            assertEquals("x".repeat(5_000), Json.object(client.answer().text()).get("body"));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1 << 20})
    void shouldTakeBodiesUpToTheLimit(int length) {
        try (HttpConnection client = bus.connect()) {
            final HttpAnswer answer = client.post("/echo", "b".repeat(length).getBytes());

            assertEquals(200, answer.status());
            final var echo = Json.object(answer.text());
            assertEquals("b".repeat(length), echo.get("body"));
            assertEquals(Integer.toString(length), Json.at(echo, "META", "CONTENT_LENGTH"));
            assertEquals("Hello, World!", client.get("/hello").text());
        }
    }

    @Test
    void shouldTakeAChunkedBodyOfExactlyTheLimit() {
        try (HttpConnection client = bus.connect()) {
            client.request("POST /echo HTTP/1.1", "Transfer-Encoding: chunked");
            for (int i = 0; i < 16; i++) {
                client.send("10000\r\n" + "c".repeat(1 << 16) + "\r\n");
            }
            client.send("0\r\n\r\n");

            assertEquals("c".repeat(1 << 20), Json.object(client.answer().text()).get("body"));
        }
    }

    @Test
    void shouldAnswerExpectContinueAndThenTheRequest() {
        try (HttpConnection client = bus.connect()) {
            client.request("POST /echo HTTP/1.1", "Content-Length: 4", "Expect: 100-continue");
            assertEquals("HTTP/1.1 100 Continue", client.answerWithoutBody().statusLine());
            client.send("body");

            assertEquals("body", Json.object(client.answer().text()).get("body"));
        }
    }

    @Test
    void shouldNotTakeTheAnswerToAnExpectingRequestForTheOneToAHeadBehindIt() {
        try (HttpConnection client = bus.connect()) {
            client.request("POST /echo HTTP/1.1", "Content-Length: 4", "Expect: 100-continue");
            assertEquals("HTTP/1.1 100 Continue", client.answerWithoutBody().statusLine());
            client.send("body").request("HEAD /hello HTTP/1.1").request("GET /hello HTTP/1.1");

            assertEquals("body", Json.object(client.answer().text()).get("body"));
            assertEquals(200, client.answerWithoutBody().status());
            assertEquals("Hello, World!", client.answer().text());
        }
    }

    @Test
    void shouldAnswerHeadWithTheLengthOfGetAndNoBody() {
        try (HttpConnection client = bus.connect()) {
            final HttpAnswer get = client.get("/hello");
            final HttpAnswer head = client.request("HEAD /hello HTTP/1.1").answerWithoutBody();

            assertEquals(200, head.status());
            assertEquals(get.header("content-length"), head.header("content-length"));
            // What follows is the next answer, and not a body.
            assertEquals("Hello, World!", client.get("/hello").text());
        }
    }

    @Test
    void shouldCloseAfterTheAnswerToHttp10() {
        try (HttpConnection client = bus.connect()) {
            client.send("GET /hello HTTP/1.0\r\n\r\n");

            assertEquals("Hello, World!", client.answer().text());
            assertEquals("", client.readToEnd());
        }
    }

    @Test
    void shouldKeepAnHttp10ConnectionThatAsksForIt() {
        try (HttpConnection client = bus.connect()) {
            for (int i = 0; i < 3; i++) {
                client.send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
                final HttpAnswer answer = client.answer();
                assertEquals("Hello, World!", answer.text());
                assertEquals(Optional.of("keep-alive"), answer.header("connection"));
            }
        }
    }

    @Test
    void shouldCloseAfterTheAnswerWhenAskedTo() {
        try (HttpConnection client = bus.connect()) {
            client.request("GET /hello HTTP/1.1", "Connection: close");
            final HttpAnswer answer = client.answer();

            assertEquals("Hello, World!", answer.text());
            assertEquals(Optional.of("close"), answer.header("connection"));
            assertEquals("", client.readToEnd());
        }
    }

    @Test
    void shouldAnswerNothingThatIsPipelinedBehindAConnectionClose() {
        try (HttpConnection client = bus.connect()) {
            client.send(
                    HttpConnection.head("GET /slow?ms=50 HTTP/1.1")
                            + HttpConnection.head("GET /hello HTTP/1.1", "Connection: close")
                            + HttpConnection.head("GET /echo HTTP/1.1"));

            assertEquals("answered after 50 ms\n", client.answer().text());
            assertEquals("Hello, World!", client.answer().text());
            assertEquals("", client.readToEnd());
        }
    }

    @Test
    void shouldServeTheJdksClientAlsoWithManyRequestsAtOnce() throws Exception {
        final HttpClient client = HttpClient.newHttpClient();
        final List<CompletableFuture<HttpResponse<byte[]>>> answers = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            final HttpRequest request =
                    HttpRequest.newBuilder(uri("/echo?i=" + i))
                            .timeout(Duration.ofMillis(Await.DEADLINE_MS))
                            .POST(HttpRequest.BodyPublishers.ofString("body " + i))
                            .build();
            answers.add(client.sendAsync(request, HttpResponse.BodyHandlers.ofByteArray()));
        }
        for (int i = 0; i < answers.size(); i++) {
            final var echo =
                    Json.object(new String(answers.get(i).get().body(), StandardCharsets.UTF_8));
            assertEquals("[[i, " + i + "]]", echo.get("GET").toString());
            assertEquals("body " + i, echo.get("body"));
        }
    }

    @Test
    void shouldServeTheDemosPage() throws Exception {
        final HttpResponse<byte[]> page =
                HttpClient.newHttpClient()
                        .send(
                                HttpRequest.newBuilder(uri("/")).build(),
                                HttpResponse.BodyHandlers.ofByteArray());

        assertEquals(200, page.statusCode());
        assertEquals(
                Optional.of("text/html; charset=utf-8"), page.headers().firstValue("Content-Type"));
        assertTrue(new String(page.body(), StandardCharsets.UTF_8).startsWith("<!"));
        try (var resource = DemoApplication.class.getResourceAsStream("index.html")) {
            assertArrayEquals(resource.readAllBytes(), page.body());
        }
    }

    private static URI uri(String target) {
        return URI.create("http://127.0.0.1:" + bus.port() + target);
    }
}
