// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code headrace tail}: all messages as scripts read them. */
class TailTest {

    private static final List<String> ENVELOPE =
            List.of(
                    "channel",
                    "type",
                    "lane",
                    "index",
                    "sequence",
                    "connection",
                    "order",
                    "fate",
                    "consumer",
                    "redelivered",
                    "times",
                    "message");
    private static final List<String> CONNECTION_KEYS =
            List.of("GET", "COOKIES", "META", "path", "path_info", "send_channel");
    private static final List<String> REQUEST_KEYS =
            List.of(
                    "GET",
                    "POST",
                    "COOKIES",
                    "META",
                    "path",
                    "path_info",
                    "method",
                    "response_channel",
                    "body",
                    "files");

    @RegisterExtension
    static final RunningBus bus = new RunningBus(RunningBus::frontEndAndDemoWorker);

    private static final Instant START = Instant.now();

    private static List<Map<String, Object>> all;
    private static String frontEnd;
    private static String worker;

    /** One message of each type, and a few requests. */
    @BeforeAll
    static void fillLanes() {
        frontEnd = bus.processes().get(0).stdout().get(0).split("[ :]+")[2];
        worker = bus.processes().get(1).stdout().get(0).split("[ :]+")[2];
        try (HttpConnection client = bus.connect()) {
            client.send(
                    HttpConnection.head("GET /hello?n=0 HTTP/1.1")
                            + HttpConnection.head("GET /hello?n=1 HTTP/1.1"));
            client.answer();
            client.answer();
            client.post("/echo?binary", new byte[] {(byte) 0xFF, 0});
            // Far longer than it takes to see its client leave, and nobody waits for it.
            client.request("GET /later?ms=600000&left HTTP/1.1");
            bus.lanes().awaitTaken("/later?ms=600000&left");
        }
        bus.lanes().await("/later?ms=600000&left", "http.disconnect");
        try (WebSocketClient socket = new WebSocketClient(bus, "/ws/echo?q=1")) {
            socket.shouldEcho("text");
            socket.send(Frame.binary(new byte[] {1, (byte) 0xFF}), Frame.close(1000, "bye"));
            bus.lanes().await("/ws/echo?q=1", "websocket.disconnect");
        }
        try (WebSocketClient socket = new WebSocketClient(bus, "/ws/nowhere")) {
            socket.shouldBeClosed(4404);
        }
        Await.until(
                "the end of all messages",
                () ->
                        bus.lanes().all("*").stream()
                                .noneMatch(seen -> seen.fate().matches("pending|claimed")));
        all = tail();
    }

    private static List<Map<String, Object>> tail(String... args) {
        final HeadraceProcess tail =
                bus.start(
                                Stream.concat(Stream.of("tail", "--json"), Stream.of(args))
                                        .toArray(String[]::new))
                        .shouldExit(0);
        assertEquals(List.of(), tail.stderr(), tail::report);
        return tail.stdout().stream().map(Json::object).toList();
    }

    private static List<Map<String, Object>> of(String type) {
        return all.stream().filter(line -> line.get("type").equals(type)).toList();
    }

    @Test
    void shouldPrintEveryTypeWithItsEnvelopeAndKeysAndNoOthers() {
        for (final Map<String, Object> line : all) {
            final boolean isReply = ((String) line.get("channel")).startsWith("reply.");
            final List<String> names = new ArrayList<>(ENVELOPE);
            if (isReply) {
                names.add("to");
            }
            assertEquals(new LinkedHashSet<>(names), line.keySet(), line::toString);
            shouldHaveAGoodEnvelope(line, isReply);
            final List<String> keys =
                    switch ((String) line.get("type")) {
                        case "HttpRequest", "HttpDisconnect" -> REQUEST_KEYS;
                        case "HttpResponse" ->
                                List.of("content", "content_type", "status_code", "headers");
                        case "WebSocketConnection" -> CONNECTION_KEYS;
                        case "WebSocketReceive" -> with("content", "binary");
                        case "WebSocketClientClose" -> with("code", "reason", "closed_by");
                        case "WebSocketSend" -> List.of("content", "binary");
                        case "WebSocketServerClose" -> List.of("code", "reason", "closed_by");
                        default -> throw new AssertionError(line);
                    };
            assertEquals(
                    Set.copyOf(keys), ((Map<?, ?>) line.get("message")).keySet(), line::toString);
        }
        assertEquals(8, all.stream().map(line -> line.get("type")).distinct().count());
    }

    private static List<String> with(String... more) {
        return Stream.concat(CONNECTION_KEYS.stream(), Stream.of(more)).toList();
    }

    private static void shouldHaveAGoodEnvelope(Map<String, Object> line, boolean isReply) {
        assertTrue(((String) line.get("index")).matches("0x[0-9a-f]+"), line::toString);
        assertInstanceOf(Long.class, line.get("sequence"));
        assertInstanceOf(Long.class, line.get("order"));
        // Member number, loop and number of the connection.
        final String loop = frontEnd.replaceFirst("f(\\d+)-.*", "$1-0-");
        assertTrue(((String) line.get("connection")).matches(loop + "\\d+"), line::toString);
        assertEquals(false, line.get("redelivered"));
        assertTrue(List.of("done", "cancelled").contains(line.get("fate")), line::toString);
        final String lane = (String) line.get("lane");
        assertTrue(lane.startsWith((isReply ? worker : frontEnd) + "-"), line::toString);
        final String consumer = (String) line.get("consumer");
        assertTrue(consumer.startsWith((isReply ? frontEnd : worker) + "-"), line::toString);
        final String connection = ((String) line.get("connection")).substring(loop.length());
        if (isReply) {
            assertEquals(
                    line.get("channel") + "!" + connection + "." + line.get("order"),
                    line.get("to"));
        } else {
            final Map<?, ?> message = (Map<?, ?>) line.get("message");
            final boolean isHttp = message.containsKey("response_channel");
            assertEquals(
                    "reply.%s-0!%s.%s"
                            .formatted(frontEnd, connection, isHttp ? line.get("order") : 0),
                    message.get(isHttp ? "response_channel" : "send_channel"));
        }
        shouldHaveGoodTimes(line);
    }

    private static void shouldHaveGoodTimes(Map<String, Object> line) {
        final Map<?, ?> times = (Map<?, ?>) line.get("times");
        assertEquals(
                List.of("received", "appended", "claimed", "done"), List.copyOf(times.keySet()));
        long lastNs = START.minusSeconds(60).getEpochSecond() * 1_000_000_000L;
        for (final Object time : times.values()) {
            assertTrue((Long) time >= lastNs, line::toString);
            lastNs = (Long) time;
        }
        assertTrue(lastNs <= Instant.now().plusSeconds(60).getEpochSecond() * 1_000_000_000L);
    }

    @Test
    void shouldPrintTheContentOfEachType() {
        final Map<String, Object> response =
                of("HttpResponse").stream()
                        .filter(line -> "Hello, World!".equals(Json.at(line, "message", "content")))
                        .findFirst()
                        .orElseThrow();
        assertEquals("text/plain", Json.at(response, "message", "content_type"));
        assertEquals(200L, Json.at(response, "message", "status_code"));
        assertEquals(List.of(), Json.at(response, "message", "headers"));
        assertEquals(
                List.of(List.of("ms", "600000"), List.of("left", "")),
                Json.at(of("HttpDisconnect").get(0), "message", "GET"));
        final Map<String, Object> receive = of("WebSocketReceive").get(0);
        assertEquals("text", Json.at(receive, "message", "content"));
        assertEquals(false, Json.at(receive, "message", "binary"));
        assertEquals(List.of(List.of("q", "1")), Json.at(receive, "message", "GET"));
        final Map<String, Object> clientClose = of("WebSocketClientClose").get(0);
        assertEquals(1000L, Json.at(clientClose, "message", "code"));
        assertEquals("bye", Json.at(clientClose, "message", "reason"));
        assertEquals("client", Json.at(clientClose, "message", "closed_by"));
        assertEquals("text", Json.at(of("WebSocketSend").get(0), "message", "content"));
        final Map<String, Object> serverClose = of("WebSocketServerClose").get(0);
        assertEquals(4404L, Json.at(serverClose, "message", "code"));
        assertEquals("nothing is at /ws/nowhere", Json.at(serverClose, "message", "reason"));
    }

    @Test
    void shouldPrintBytesThatAreNoTextAsBase64() {
        final Map<String, Object> request =
                of("HttpRequest").stream()
                        .filter(line -> "/echo".equals(Json.at(line, "message", "path")))
                        .findFirst()
                        .orElseThrow();
        assertEquals(Map.of("base64", "/wA="), Json.at(request, "message", "body"));
        final Map<String, Object> binary = of("WebSocketReceive").get(1);
        assertEquals(Map.of("base64", "Af8="), Json.at(binary, "message", "content"));
        assertEquals(true, Json.at(binary, "message", "binary"));
    }

    @Test
    void shouldPrintTheOldestFirstAndStopAtTheLimit() {
        // The first request is the one that waited for a worker.
        final List<Map<String, Object>> lines = tail("http.request", "--limit", "3");

        assertEquals(3, lines.size());
        assertEquals(List.of(List.of("n", "0")), Json.at(lines.get(1), "message", "GET"));
        assertEquals(List.of(List.of("n", "1")), Json.at(lines.get(2), "message", "GET"));
        assertTrue((Long) lines.get(1).get("sequence") < (Long) lines.get(2).get("sequence"));
        assertEquals(List.of(), tail("--limit", "0"));
    }

    @ParameterizedTest
    @CsvSource({
        "http.*, http\\.(request|disconnect)",
        "*.disconnect, (http|websocket)\\.disconnect",
        "websocket.*, websocket\\..*",
        "reply.*!1.0, reply\\..*"
    })
    void shouldPrintTheChannelsThatMatch(String pattern, String regex) {
        final List<String> channels =
                tail(pattern).stream().map(line -> (String) line.get("channel")).toList();

        assertTrue(!channels.isEmpty() && channels.stream().allMatch(c -> c.matches(regex)));
        assertEquals(
                bus.lanes().all("*").stream()
                        .filter(seen -> ((String) seen.json().get("channel")).matches(regex))
                        .count(),
                channels.size());
    }

    @Test
    void shouldPrintNothingOfAChannelThatIsNotThere() {
        assertEquals(List.of(), tail("no.such.channel"));
        assertEquals(List.of(), tail("HTTP.REQUEST"));
    }

    @Test
    void shouldPrintOneLineOfTextForEachMessage() {
        final HeadraceProcess tail = bus.start("tail", "http.request", "websocket.*").shouldExit(0);

        assertEquals(
                bus.lanes().all("http.request").size() + bus.lanes().all("websocket.*").size(),
                tail.stdout().size(),
                tail::report);
        assertTrue(tail.stdout().stream().anyMatch(line -> line.contains("/hello?n=1")));
    }

    @Test
    void shouldFollowFromNowOnAndEndWithASignal() {
        final HeadraceProcess tail =
                bus.start("tail", "http.request", "--json", "--follow", "--from", "now");
        final HeadraceProcess limited =
                bus.start("tail", "http.request", "--json", "--follow", "--limit", "10");
        Await.until(
                "a line of each tail",
                () -> {
                    bus.get("/hello?now");
                    return !tail.stdout().isEmpty() && !limited.isAlive();
                });
        limited.shouldExit(0);
        assertEquals(10, limited.stdout().size());
        tail.terminate();
        tail.shouldExit(0);

        for (final String line : tail.stdout()) {
            assertEquals(List.of(List.of("now", "")), Json.at(Json.object(line), "message", "GET"));
        }
    }
}
