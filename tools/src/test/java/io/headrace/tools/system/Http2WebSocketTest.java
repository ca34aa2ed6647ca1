// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.member.Member;
import io.netty.handler.codec.http2.Http2Error;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** WebSockets on streams of HTTP/2 (RFC 8441), which a worker accepts or refuses. */
class Http2WebSocketTest {

    private static final int MESSAGE_MAX = 1 << 20;

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it ->
                            it.frontEndAndWorker(
                                    List.of(
                                            "-Dheadrace.websocket.accept=worker",
                                            "-Dheadrace.websocket.origins=https://example.org",
                                            // It bounds those that are accepted, too.
                                            "-Dheadrace.handshake.timeout=60s"),
                                    "--app",
                                    AdmissionApplication.class.getName()));

    private static final String ORIGIN = "origin: https://example.org";

    private final Http2Client client = new Http2Client(bus.port());

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
        assertEquals(List.of(), bus.errors(Member.Kind.FRONT_END));
    }

    @AfterEach
    void shouldForgetItsConnections() {
        client.close();
        Await.until("no connection", () -> bus.counter(" connections") == 0);
        assertEquals(0, bus.counter(" websockets"));
    }

    private WebSocketClient open(String path, String... headers) {
        final List<String> all = new ArrayList<>(List.of(headers));
        all.add(ORIGIN);
        final Http2Client.Stream stream = client.webSocket(path, all.toArray(String[]::new));
        final HttpAnswer answer = client.answerHead(stream);
        assertEquals(200, answer.status(), answer::toString);
        assertTrue(!stream.ended);
        assertEquals(Optional.empty(), answer.header("sec-websocket-accept"));
        return new WebSocketClient(new HttpConnection(client.tunnel(stream)), answer);
    }

    @Test
    void shouldSayThatItCan() {
        assertEquals(true, client.settings().settings().connectProtocolEnabled());
    }

    @Test
    void shouldOpenManyBesideRequestsOnOneSocket() {
        final List<WebSocketClient> sockets = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            sockets.add(open("/many?i=" + i));
        }
        for (int round = 0; round < 3; round++) {
            for (final WebSocketClient socket : sockets) {
                socket.shouldEcho("round " + round);
            }
            assertEquals("here", client.answerTo("/").text());
        }
        final Lanes.Seen connect = bus.lanes().await("/many?i=7", "websocket.connect");
        assertEquals("HTTP/2", Json.at(connect.message(), "META", "SERVER_PROTOCOL"));
        assertEquals("GET", Json.at(connect.message(), "META", "REQUEST_METHOD"));
        assertEquals("localhost", Json.at(connect.message(), "META", "HTTP_HOST"));
    }

    @Test
    void shouldEchoMessagesUpToTheLimitThroughTheWindows() {
        try (WebSocketClient socket = open("/long")) {
            for (final int length : new int[] {0, 125, 126, 65_535, 65_536, MESSAGE_MAX}) {
                socket.shouldEcho("x".repeat(length));
            }
            final byte[] tooLong = Frame.text("x".repeat(MESSAGE_MAX + 1)).masked();
            socket.send(Arrays.copyOf(tooLong, 100));
            socket.shouldBeClosed(1009);
        }
    }

    @Test
    void shouldAgreeOnCompressionAndOnTheWorkersSubprotocol() {
        try (WebSocketClient socket =
                open(
                        "/subprotocol?name=v2",
                        "sec-websocket-protocol: v1, v2",
                        "sec-websocket-extensions: permessage-deflate")) {
            assertEquals(Optional.of("v2"), socket.handshake().header("sec-websocket-protocol"));
            assertTrue(socket.handshake().header("sec-websocket-extensions").isPresent());
            socket.send(Frame.text("x".repeat(5_000)));
            final Frame echo = socket.receive();
            assertEquals(Frame.FIN | 4, echo.flags(), "compressed");
            assertTrue(echo.payload().length < 100);
        }
    }

    @Test
    void shouldPongAndCloseAsOverHttp1() {
        final Http2Client.Stream stream = client.webSocket("/close-me", ORIGIN);
        client.answerHead(stream);
        try (WebSocketClient socket =
                new WebSocketClient(
                        new HttpConnection(client.tunnel(stream)), client.answerHead(stream))) {
            socket.send(Frame.ping("p"));
            socket.shouldReceive(new Frame(Frame.FIN, Frame.PONG, "p".getBytes()));
            socket.send(Frame.close(4001, "bye"));
            socket.shouldBeClosed(4001);
            socket.shouldEnd();
            assertTrue(stream.ended, "the end is no reset");
        }
        assertEquals(4001L, bus.lanes().await("/close-me", "websocket.disconnect").key("code"));
        assertEquals("here", client.answerTo("/").text());
    }

    @Test
    void shouldCloseFromItsSideForABadFrame() {
        try (WebSocketClient socket = open("/bad")) {
            socket.send(Frame.text("unmasked").unmasked());
            socket.shouldBeClosed(1002);
            socket.shouldEnd();
        }
        assertEquals("here", client.answerTo("/").text());
    }

    @Test
    void shouldTellWorkersOfAStreamThatEndsOrIsReset() {
        final Http2Client.Stream ended = client.webSocket("/ended", ORIGIN);
        assertEquals(200, client.answerHead(ended).status());
        client.data(ended, Frame.text("last").masked(), true);
        assertEquals(1006L, bus.lanes().await("/ended", "websocket.disconnect").key("code"));
        assertEquals("last", bus.lanes().await("/ended", "websocket.receive").key("content"));
        final Http2Client.Stream reset = client.webSocket("/reset", ORIGIN);
        assertEquals(200, client.answerHead(reset).status());
        client.reset(reset);
        assertEquals(1006L, bus.lanes().await("/reset", "websocket.disconnect").key("code"));
        assertEquals("here", client.answerTo("/").text());
    }

    @Test
    void shouldRefuseAsOverHttp1() {
        final Http2Client.Stream refused = client.webSocket("/refuse", ORIGIN);
        final HttpAnswer answer = client.answer(refused);
        assertEquals(401, answer.status());
        assertEquals("who are you?\n", answer.text());
        client.shouldBeReset(refused, Http2Error.NO_ERROR);
        client.answer(client.webSocket("/close", ORIGIN)).shouldBeRefusal(403, "not-accepted");
        client.answer(client.webSocket("/throw", ORIGIN)).shouldBeRefusal(500, "handler-failed");
        client.answer(client.webSocket("/", "origin: https://evil.example"))
                .shouldBeRefusal(403, "origin-not-allowed");
        client.answer(client.webSocket("/", ORIGIN, "sec-websocket-version: 12"))
                .shouldBeRefusal(400, "malformed");
        assertEquals("here", client.answerTo("/").text());
    }
}
