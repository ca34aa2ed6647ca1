// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.member.Member;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests over HTTP/2 with prior knowledge, from socket to socket. */
class Http2Test {

    private static final int BODY_MAX = 64 << 10;

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it ->
                            it.frontEndAndWorker(
                                    List.of("-Dheadrace.body.max=" + BODY_MAX),
                                    "--app",
                                    AwkwardApplication.class.getName(),
                                    "--consumers",
                                    "4"));

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
        assertEquals(
                List.of(),
                bus.errors(Member.Kind.FRONT_END).stream()
                        .filter(error -> !error.contains("invalid reply"))
                        .toList());
    }

    @AfterEach
    void shouldForgetItsConnections() {
        Await.until("no connection", () -> bus.counter(" connections") == 0);
    }

    private static Http2Client connect() {
        return new Http2Client(bus.port());
    }

    @Test
    void shouldGiveWorkersTheKeysOfHttp1() {
        try (Http2Client client = connect()) {
            final Http2Client.Stream stream =
                    client.request(
                            "POST",
                            "/keys/%C3%A9?a=1&a=2",
                            false,
                            "cookie: k=v",
                            "cookie: l=w",
                            "content-type: application/x-www-form-urlencoded",
                            "x-two: 1",
                            "x-two: 2");
            client.data(stream, "p=".getBytes(), false).data(stream, "q".getBytes(), true);
            final Map<String, Object> keys = Json.object(client.answer(stream).text());
            assertEquals("/keys/é", keys.get("path"));
            assertEquals(List.of(List.of("a", "1"), List.of("a", "2")), keys.get("GET"));
            assertEquals(List.of(List.of("p", "q")), keys.get("POST"));
            assertEquals(Map.of("k", "v", "l", "w"), keys.get("COOKIES"));
            assertEquals("HTTP/2", Json.at(keys, "META", "SERVER_PROTOCOL"));
            assertEquals("POST", Json.at(keys, "META", "REQUEST_METHOD"));
            assertEquals("localhost", Json.at(keys, "META", "HTTP_HOST"));
            assertEquals("1,2", Json.at(keys, "META", "HTTP_X_TWO"));
            assertEquals("127.0.0.1", Json.at(keys, "META", "REMOTE_ADDR"));
            assertEquals(
                    List.of(),
                    ((Map<?, ?>) keys.get("META"))
                            .keySet().stream()
                                    .map(Object::toString)
                                    .filter(name -> name.matches(".*(HTTP2|TRANSFER|CONNECTION).*"))
                                    .toList());
        }
    }

    @Test
    void shouldAnswerTheStreamsOfOneSocketEachByItself() {
        assertEquals(100L, connectAndGetMaxStreams());
        try (Http2Client client = connect()) {
            final List<Http2Client.Stream> streams =
                    IntStream.range(0, 100).mapToObj(i -> client.get("/keys?i=" + i)).toList();
            for (int i = 0; i < streams.size(); i++) {
                final Map<String, Object> keys = Json.object(client.answer(streams.get(i)).text());
                assertEquals(List.of(List.of("i", "" + i)), keys.get("GET"));
            }
        }
        final Set<Object> addresses = new HashSet<>();
        for (int i = 0; i < 100; i++) {
            addresses.add(
                    bus.lanes().await("/keys?i=" + i, "http.request").key("response_channel"));
        }
        assertEquals(100, addresses.size());
    }

    private static long connectAndGetMaxStreams() {
        try (Http2Client client = connect()) {
            return client.settings().settings().maxConcurrentStreams();
        }
    }

    @Test
    void shouldAnswerAsOverHttp1WithoutWhatIsTheConnections() {
        try (Http2Client client = connect()) {
            final HttpAnswer headers = client.answerTo("/headers");
            assertEquals("content", headers.text());
            assertEquals(List.of("a=1", "b=\u00e9"), headers.headers("set-cookie"));
            assertEquals(Optional.of("7"), headers.header("content-length"));
            assertEquals(Optional.empty(), headers.header("connection"));
            assertEquals(Optional.empty(), headers.header("transfer-encoding"));
            final HttpAnswer head = client.answer(client.request("HEAD", "/scheme", true));
            assertEquals(Optional.of("4"), head.header("content-length"));
            assertEquals(0, head.body().length);
            for (final int status : new int[] {204, 304}) {
                final HttpAnswer empty = client.answerTo("/status?value=" + status);
                assertEquals(status, empty.status());
                assertEquals(Optional.empty(), empty.header("content-length"));
            }
            client.answerTo("/status?value=1000").shouldBeRefusal(500, "invalid-reply");
            client.answerTo("/error").shouldBeRefusal(500, "handler-failed");
        }
    }

    @Test
    void shouldSendAsMuchAsTheClientsWindowAllows() {
        try (Http2Client client = connect().keepWindow()) {
            final Http2Client.Stream stream = client.get("/length?value=1000000");
            client.awaitBody(stream, 65_535);
            assertEquals(65_535, stream.body.size());
            while (!stream.ended) {
                client.acknowledge(stream);
                final int length = stream.body.size();
                client.await("more", () -> stream.body.size() > length || stream.ended);
            }
            assertArrayEquals(new byte[1_000_000], stream.body.toByteArray());
        }
    }

    @Test
    void shouldRefuseABodyOverTheLimitAndGoOn() {
        try (Http2Client client = connect()) {
            final Http2Client.Stream announced =
                    client.request("POST", "/keys", false, "content-length: " + (BODY_MAX + 1));
            client.answer(announced).shouldBeRefusal(413, "body-too-large");
            client.shouldBeReset(announced, Http2Error.NO_ERROR);
            // May have been on its way.
            client.dataOnClosedStream(announced, 1_000);

            final Http2Client.Stream sent = client.request("POST", "/keys", false);
            client.data(sent, new byte[BODY_MAX], false).data(sent, new byte[1], false);
            client.answer(sent).shouldBeRefusal(413, "body-too-large");
            client.shouldBeReset(sent, Http2Error.NO_ERROR);

            final Http2Client.Stream largest = client.request("POST", "/keys", false);
            client.data(largest, new byte[BODY_MAX], true);
            assertEquals(200, client.answer(largest).status());
        }
    }

    @Test
    void shouldRefuseAHeaderListOverTheLimitAndGoOn() {
        try (Http2Client client = connect()) {
            client.answerTo("/keys", "x-long: " + "x".repeat(16 << 10))
                    .shouldBeRefusal(431, "header-too-large");
            client.answerTo("/keys?" + "x".repeat(16 << 10))
                    .shouldBeRefusal(431, "header-too-large");
            final List<String> many = new ArrayList<>();
            for (int i = 0; i < 101; i++) {
                many.add("x-" + i + ": 1");
            }
            client.answerTo("/keys", many.toArray(String[]::new))
                    .shouldBeRefusal(431, "header-too-large");
            assertEquals(431, client.answerTo("/keys", "x-long: " + "x".repeat(33 << 10)).status());
            assertEquals(200, client.answerTo("/keys", "x-long: " + "x".repeat(15 << 10)).status());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"no-slash", "http://elsewhere/", "*", "/\t"})
    void shouldRefuseAPathThatIsNone(String path) {
        try (Http2Client client = connect()) {
            client.answerTo(path).shouldBeRefusal(400, "malformed");
            assertEquals("http", client.answerTo("/scheme").text());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/a b", "/%zz\u0001", ""})
    void shouldResetAStreamWhosePathCannotBe(String path) {
        try (Http2Client client = connect()) {
            client.shouldBeReset(client.get(path), Http2Error.PROTOCOL_ERROR);
            assertEquals("http", client.answerTo("/scheme").text());
        }
    }

    @Test
    void shouldTakeHostBesideTheAuthorityOnlyWhenItIsTheSame() {
        try (Http2Client client = connect()) {
            client.shouldBeReset(client.get("/keys", "host: elsewhere"), Http2Error.PROTOCOL_ERROR);
            final Map<String, Object> keys =
                    Json.object(client.answerTo("/keys", "host: localhost").text());
            assertEquals("localhost", Json.at(keys, "META", "HTTP_HOST"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"connection: close", "transfer-encoding: chunked", "UPPER: 1"})
    void shouldResetAStreamThatBreaksTheProtocol(String header) {
        try (Http2Client client = connect()) {
            client.shouldBeReset(client.get("/keys", header), Http2Error.PROTOCOL_ERROR);
            assertEquals("http", client.answerTo("/scheme").text());
        }
    }

    @Test
    void shouldTunnelNothing() {
        try (Http2Client client = connect()) {
            final Http2Headers connect =
                    new DefaultHttp2Headers().method("CONNECT").authority("localhost:25");
            client.answer(client.request(connect, false)).shouldBeRefusal(400, "malformed");
        }
    }

    @Test
    void shouldTellOfAClientThatResetsItsStream() {
        // Still at work when its client leaves; nobody waits for it.
        final String target = "/slow?value=20000&left=early";
        try (Http2Client client = connect()) {
            final Http2Client.Stream stream = client.get(target);
            bus.lanes().awaitTaken(target);
            client.reset(stream);
            final Lanes.Seen disconnect = bus.lanes().await(target, "http.disconnect");
            assertEquals("HttpDisconnect", disconnect.type());
            assertEquals("http", client.answerTo("/scheme").text());
        }
    }

    @Test
    void shouldSendAClientAwayThatResetsStreamAfterStream() {
        try (Http2Client client = connect()) {
            for (int i = 0; i <= 200; i++) {
                client.reset(client.get("/silence?i=" + i));
            }
            client.shouldGoAway(Http2Error.ENHANCE_YOUR_CALM);
            client.shouldEnd();
        }
    }

    @Test
    void shouldChangeToHttp2WhenTheFirstRequestAsksForIt() throws Exception {
        // This client does, and goes on with it.
        final HttpClient client = HttpClient.newHttpClient();
        for (int i = 0; i < 3; i++) {
            final HttpResponse<String> response =
                    client.send(
                            HttpRequest.newBuilder(
                                            URI.create(
                                                    "http://127.0.0.1:" + bus.port() + "/keys?a"))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertEquals(HttpClient.Version.HTTP_2, response.version());
            final Map<String, Object> keys = Json.object(response.body());
            assertEquals("HTTP/2", Json.at(keys, "META", "SERVER_PROTOCOL"));
            assertEquals(null, ((Map<?, ?>) keys.get("META")).get("HTTP_HTTP2_SETTINGS"));
        }
        // Its socket stays open for as long as the client lives.
        try (HttpConnection other = bus.connect()) {
            final String[] upgrade = {
                "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"
            };
            assertEquals("http", other.get("/scheme").text());
            assertEquals("http", other.get("/scheme", upgrade).text(), "only with the first");
        }
        try (HttpConnection other = bus.connect()) {
            final HttpAnswer kept =
                    other.get("/scheme", "Connection: Upgrade", "Upgrade: h2c", "HTTP2-Settings: ");
            assertEquals("http", kept.text());
        }
    }

    @Test
    void shouldTakeAPrefaceInPiecesAndHttp1OnTheSamePort() throws Exception {
        try (HttpConnection client = bus.connect()) {
            client.send("PRI * HTTP/2.0\r\n");
            client.send("\r\nSM\r\n\r\n").send(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0});
            final byte[] header = client.read(9);
            assertEquals(4, header[3], "SETTINGS");
        }
        try (HttpConnection client = bus.connect()) {
            client.send("P").send("RI").send(" /scheme HTTP/1.1\r\nHost: localhost\r\n\r\n");
            assertEquals("http", client.answer().text());
        }
        try (HttpConnection client = bus.connect()) {
            client.send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
            client.answer().shouldBeRefusal(400, "malformed");
        }
    }
}
