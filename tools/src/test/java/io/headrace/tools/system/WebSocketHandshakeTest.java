// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.member.Member;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How a connection becomes a WebSocket, when it may not, and what a worker may do with it. */
class WebSocketHandshakeTest {

    private static final String UPGRADE = "Upgrade: websocket";
    private static final String CONNECTION = "Connection: Upgrade";
    private static final String KEY = "Sec-WebSocket-Key: " + WebSocketClient.KEY;
    private static final String VERSION = "Sec-WebSocket-Version: 13";

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(it -> it.frontEndAndWorker("--app", AwkwardApplication.class.getName()));

    private HttpConnection client;

    @BeforeEach
    void connect() {
        client = bus.connect();
    }

    @AfterEach
    void close() {
        client.close();
    }

    private void shouldBeRefused(String method, String version, String... headers) {
        final String target = "/refused?" + client.localPort();
        client.request(method + " " + target + " " + version, headers);
        final HttpAnswer answer =
                method.equals("HEAD") ? client.answerWithoutBody() : client.answer();

        assertEquals(400, answer.status(), answer::toString);
        assertEquals(Optional.of("malformed"), answer.header("headrace-reason"));
        assertEquals(Optional.of("13"), answer.header("sec-websocket-version"));
        assertEquals("", client.readToEnd());
        assertEquals(List.of(), bus.lanes().about(target, "*"));
        assertEquals(List.of(), bus.errors(Member.Kind.FRONT_END));
    }

    @Test
    void shouldRefuseAHandshakeWithoutAKey() {
        shouldBeRefused("GET", "HTTP/1.1", UPGRADE, CONNECTION, VERSION);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "short", "dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ=="})
    void shouldRefuseAKeyOfAnotherLength(String key) {
        shouldBeRefused(
                "GET", "HTTP/1.1", UPGRADE, CONNECTION, VERSION, "Sec-WebSocket-Key: " + key);
    }

    @ParameterizedTest
    @ValueSource(strings = {"12", "14", "0", "x", "", "8", "7"})
    void shouldRefuseAnotherVersion(String version) {
        shouldBeRefused(
                "GET", "HTTP/1.1", UPGRADE, CONNECTION, KEY, "Sec-WebSocket-Version: " + version);
    }

    @Test
    void shouldRefuseAHandshakeWithoutAVersion() {
        shouldBeRefused("GET", "HTTP/1.1", UPGRADE, CONNECTION, KEY);
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "HEAD", "PUT"})
    void shouldRefuseAHandshakeThatIsNoGet(String method) {
        shouldBeRefused(method, "HTTP/1.1", UPGRADE, CONNECTION, KEY, VERSION);
    }

    @Test
    void shouldRefuseAHandshakeInHttp10() {
        shouldBeRefused("GET", "HTTP/1.0", UPGRADE, CONNECTION, KEY, VERSION);
    }

    @Test
    void shouldTakeTheHeadersInAnySpelling() {
        client.request(
                "GET /ws/spelling HTTP/1.1",
                "upgrade: WebSocket",
                "CONNECTION: keep-alive, UPGRADE",
                KEY,
                VERSION);

        assertEquals(101, client.answerWithoutBody().status());
        assertEquals(Frame.text("welcome"), Frame.read(client));
    }

    @Test
    void shouldTakeARequestWithoutUpgradeForAnOrdinaryOne() {
        assertEquals(200, client.get("/keys", KEY, VERSION).status());
        assertEquals(200, client.get("/keys", "Upgrade: h2c", CONNECTION).status());
    }

    @Test
    void shouldUpgradeAConnectionThatHasServedRequestsBefore() {
        assertEquals(200, client.get("/keys").status());
        assertEquals(200, client.get("/keys").status());
        assertEquals(
                101, WebSocketClient.request(client, "/ws/later").answerWithoutBody().status());

        assertEquals(Frame.text("welcome"), Frame.read(client));
        client.send(Frame.text("hello").masked());
        assertEquals(Frame.text("hello"), Frame.read(client));
    }

    @Test
    void shouldRefuseToUpgradeBehindARequestThatHasNoAnswerYet() {
        client.request("GET /slow?value=200 HTTP/1.1");
        WebSocketClient.request(client, "/ws/behind");

        assertEquals("at last", client.answer().text());
        client.answer().shouldBeRefusal(400, "malformed");
        assertEquals("", client.readToEnd());
    }

    @Test
    void shouldGiveTheWorkerTheKeysOfTheHandshake() {
        client.request(
                "GET /ws/k%C3%A9ys?a=1&a=2 HTTP/1.1",
                UPGRADE, CONNECTION, KEY, VERSION, "Cookie: k=v", "Origin: http://localhost");
        assertEquals(101, client.answerWithoutBody().status());

        final Lanes.Seen connect = bus.lanes().await("/ws/kéys?a=1&a=2", "websocket.connect");
        assertEquals("WebSocketConnection", connect.type());
        assertEquals(
                Set.of("GET", "COOKIES", "META", "path", "path_info", "send_channel"),
                connect.message().keySet());
        assertEquals(List.of(List.of("a", "1"), List.of("a", "2")), connect.key("GET"));
        assertEquals(Map.of("k", "v"), connect.key("COOKIES"));
        assertEquals("http://localhost", connect.key("META", "HTTP_ORIGIN"));
        assertEquals("" + client.localPort(), connect.key("META", "REMOTE_PORT"));
    }

    @Test
    void shouldWriteAWorkersMessagesBeforeItsCloseAndDropThoseBehindIt() {
        final long dropped = bus.counter(" replies dropped");
        try (WebSocketClient socket = new WebSocketClient(bus, "/ws/pending")) {
            socket.shouldReceive(Frame.text("welcome"));
            socket.send(Frame.text("close 4000"));
            for (int i = 0; i < 100; i++) {
                socket.shouldReceive(Frame.text("before the close " + i));
            }
            assertEquals("said the worker", socket.shouldBeClosed(4000).reason());
            socket.send(Frame.close(4000, ""));
            socket.shouldEnd();
        }

        Await.until("a dropped message", () -> bus.counter(" replies dropped") == dropped + 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1005, 1006, 1015, 999, 0})
    void shouldCloseWith1011InsteadOfACodeThatNobodyMaySend(int code) {
        try (WebSocketClient socket = new WebSocketClient(bus, "/ws/bad-code")) {
            socket.shouldReceive(Frame.text("welcome"));
            socket.send(Frame.text("close " + code));
            Frame frame = socket.receive();
            while (frame.opcode() == Frame.TEXT) {
                frame = socket.receive();
            }
            assertEquals(1011, frame.code(), frame::toString);
        }
    }

    @Test
    void shouldStayOpenWhenAHandlerThrows() {
        try (WebSocketClient socket = new WebSocketClient(bus, "/ws/throw")) {
            socket.shouldReceive(Frame.text("welcome"));
            socket.send(Frame.text("throw"));
            socket.shouldEcho("still open");
        }

        final List<Lanes.Seen> received = bus.lanes().about("/ws/throw", "websocket.receive");
        assertEquals("failed", received.get(0).fate());
        assertTrue(bus.counter(" failed websocket.receive") > 0);
    }
}
