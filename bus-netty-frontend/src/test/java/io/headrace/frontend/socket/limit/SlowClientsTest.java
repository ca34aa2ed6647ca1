// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.limit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.frontend.testing.RawConnection;
import io.headrace.frontend.testing.RunningFrontend;
import io.headrace.worker.WorkerContext;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Clients that are slow, silent or many, on a real front end with little patience. */
class SlowClientsTest {

    private static final byte[] PING = {(byte) 0x89, 0};

    private static final String HANDSHAKE =
            "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    private final LinkedBlockingQueue<String> closes = new LinkedBlockingQueue<>();
    private final CountDownLatch release = new CountDownLatch(1);
    private RunningFrontend running;

    private void start(String... properties) {
        final Map<String, String> all = new TreeMap<>();
        for (int i = 0; i < properties.length; i += 2) {
            all.put("headrace." + properties[i], properties[i + 1]);
        }
        running = RunningFrontend.start(all, this::configure);
    }

    private void configure(WorkerContext worker) {
        worker.onHttpRequest(
                        (channel, request, reply) -> {
                            if (request.path().equals("/wait")) {
                                release.await();
                            }
                            final int length =
                                    Integer.parseInt(request.query().value("length", "2"));
                            reply.send(200, "text/plain", "x".repeat(length));
                        })
                .onWebSocketConnect((channel, request, socket) -> {})
                .onWebSocketReceive(
                        (channel, message, socket) -> {
                            final String[] wish = message.text().split(" ");
                            for (int i = 0; i < Integer.parseInt(wish[0]); i++) {
                                socket.send("y".repeat(Integer.parseInt(wish[1])));
                            }
                        })
                .onWebSocketDisconnect(
                        (channel, close) ->
                                closes.add(
                                        close.code()
                                                + " "
                                                + close.closedBy()
                                                + " "
                                                + close.reason()));
    }

    @AfterEach
    void stop() {
        release.countDown();
        final List<String> errors = running.errors();
        running.close();
        assertEquals(List.of(), errors);
    }

    private void shouldStillServe() {
        try (RawConnection client = running.connect()) {
            assertEquals("xx", client.get("/").answer().body());
        }
    }

    private RawConnection webSocket(int receiveLength) {
        final RawConnection client =
                new RawConnection(running.frontend().port(), receiveLength).send(HANDSHAKE);
        assertEquals(101, client.answer().status());
        return client;
    }

    /** A masked text frame whose mask is zero. */
    private static byte[] text(String text) {
        final byte[] frame = new byte[6 + text.length()];
        frame[0] = (byte) 0x81;
        frame[1] = (byte) (0x80 | text.length());
        for (int i = 0; i < text.length(); i++) {
            frame[6 + i] = (byte) text.charAt(i);
        }
        return frame;
    }

    @Test
    void shouldTellAClientWhoseHeadersDoNotEnd() {
        start("header.timeout", "300ms", "idle.timeout", "0");
        try (RawConnection silent = running.connect();
                RawConnection half = running.connect();
                RawConnection slow = running.connect()) {
            half.send("GET / HTTP/1.1\r\nHost: h\r\nX: y\r\n");
            for (int i = 0; i < 1_000 && running.counter("408 headers-too-slow") < 2; i++) {
                slow.send(i == 0 ? "GE" : i == 1 ? "T / HTTP/1.1\r\n" : "X");
                LockSupport.parkNanos(10_000_000L);
            }
            for (final RawConnection client : List.of(half, slow)) {
                final RawConnection.Answer answer = client.answer();
                assertEquals(408, answer.status());
                assertEquals("headers-too-slow", answer.reason());
                assertEquals("close", answer.header("connection"));
                assertEquals("", client.readToEnd());
            }
            // One that has not begun is only idle.
            assertEquals("xx", silent.get("/").answer().body());
        }
        assertEquals(2, running.counter("408 headers-too-slow"));
    }

    @Test
    void shouldNotTakeAClientThatLeavesBetweenHeadersForOneThatSendsNonsense() {
        start();
        try (RawConnection client = running.connect()) {
            client.get("/").send("GET / HTTP/1.1\r\nHost: h\r\nX: y");
            assertEquals("xx", client.answer().body());
        }
        RunningFrontend.await("its end", () -> running.counter(" connections") == 0);
        assertEquals(0, running.counter("400 malformed"));
    }

    @Test
    void shouldAnswerEarlierRequestsBeforeItRefusesSlowHeaders() {
        start("header.timeout", "300ms");
        try (RawConnection client = running.connect()) {
            client.get("/wait").send("GET /second HT");
            RunningFrontend.await("a refusal", () -> running.counter("408 headers-too-slow") == 1);
            release.countDown();
            assertEquals("xx", client.answer().body());
            assertEquals("headers-too-slow", client.answer().reason());
            assertEquals("", client.readToEnd());
        }
    }

    @Test
    void shouldTellAClientWhoseBodyDoesNotEnd() {
        start("body.timeout", "300ms");
        try (RawConnection fixed = running.connect();
                RawConnection chunked = running.connect()) {
            fixed.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n123456789");
            chunked.send(
                    "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n");
            for (final RawConnection client : List.of(fixed, chunked)) {
                final RawConnection.Answer answer = client.answer();
                assertEquals(408, answer.status());
                assertEquals("body-too-slow", answer.reason());
                assertEquals("", client.readToEnd());
            }
        }
        assertEquals(2, running.counter("408 body-too-slow"));
        shouldStillServe();
    }

    @Test
    void shouldCloseAnIdleConnectionButNotOneThatWaits() {
        // Long enough to be asked in, beside a busy processor.
        start("idle.timeout", "1500ms");
        try (RawConnection used = running.connect().get("/");
                RawConnection waiting = running.connect().get("/wait");
                RawConnection unused = running.connect()) {
            assertEquals("xx", used.answer().body());
            assertEquals("", used.readToEnd());
            assertEquals("", unused.readToEnd());
            release.countDown();
            assertEquals("xx", waiting.answer().body());
            assertEquals("", waiting.readToEnd());
        }
        assertTrue(running.counter("closed idle") >= 3);
    }

    @Test
    void shouldPingASilentWebSocketAndKeepOneThatAnswers() throws Exception {
        start("websocket.ping.interval", "200ms", "websocket.pong.timeout", "60s");
        try (RawConnection client = webSocket(0)) {
            for (int i = 0; i < 3; i++) {
                assertArrayEquals(PING, client.read(2));
                client.send(new byte[] {(byte) 0x8A, (byte) 0x80, 0, 0, 0, 0});
            }
            client.send(text("1 2"));
            byte[] head = client.read(2);
            while (Arrays.equals(PING, head)) {
                // Another was on its way.
                head = client.read(2);
            }
            assertArrayEquals(new byte[] {(byte) 0x81, 2}, head);
            assertArrayEquals(new byte[] {'y', 'y'}, client.read(2));
        }
        assertEquals("1006 CLIENT ", closes.take());
    }

    @Test
    void shouldCloseAWebSocketThatAnswersNoPing() throws Exception {
        start("websocket.ping.interval", "200ms", "websocket.pong.timeout", "300ms");
        try (RawConnection client = webSocket(0)) {
            assertArrayEquals(new byte[] {(byte) 0x89, 0}, client.read(2));
            assertArrayEquals(new byte[] {(byte) 0x88, 21, 0x03, (byte) 0xF3}, client.read(4));
            assertEquals("no answer to a ping", client.readToEnd().substring(0, 19));
        }
        assertEquals("1011 FRONT_END no answer to a ping", closes.take());
        assertEquals(1, running.counter("closed no-pong"));
    }

    @Test
    void shouldTurnConnectionsAwayOverTheLimitAndTakeOthersForThoseThatLeave() {
        start("connections.max", "2");
        try (RawConnection first = running.connect();
                RawConnection second = running.connect()) {
            assertEquals("xx", first.get("/").answer().body());
            assertEquals("xx", second.get("/").answer().body());
            for (int i = 0; i < 5; i++) {
                try (RawConnection third = running.connect()) {
                    final RawConnection.Answer answer = third.get("/").answer();
                    assertEquals(503, answer.status());
                    assertEquals("too-many-connections", answer.reason());
                    assertEquals("1", answer.header("retry-after"));
                    assertEquals("503 the server has too many connections\n", answer.body());
                    assertEquals("", third.readToEnd());
                }
            }
            assertEquals("xx", first.get("/").answer().body());
        }
        assertTrue(running.counter("503 too-many-connections") >= 5);
        RunningFrontend.await(
                "room",
                () -> {
                    try (RawConnection next = running.connect()) {
                        return next.get("/").answer().status() == 200;
                    }
                });
    }

    @Test
    void shouldCloseAConnectionWithItsLastRequest() {
        start("requests.max", "3");
        try (RawConnection client = running.connect()) {
            client.get("/1").get("/2").get("/3").get("/4");
            assertEquals("", client.answer().header("connection"));
            assertEquals("", client.answer().header("connection"));
            assertEquals("close", client.answer().header("connection"));
            assertEquals("", client.readToEnd());
        }
    }

    @Test
    void shouldSendAWebSocketAwayThatLetsFarMoreWaitThanItsBudget() throws Exception {
        // Far less than what waits before its worker is held back.
        start("outbound.max", "1k");
        try (RawConnection client = webSocket(4_096)) {
            // Far more than the system's buffers hold.
            client.send(text("1000 8192"));
            assertEquals("1008 FRONT_END takes messages too slowly", closes.take());
            assertEquals(1, running.counter("closed outbound-full"));
            shouldStillServe();
        }
    }

    @Test
    void shouldSendOneLargeMessageWhateverTheBudget() throws Exception {
        start("outbound.max", "1k");
        try (RawConnection client = webSocket(0);
                RawConnection http = running.connect()) {
            http.get("/?length=4000000");
            client.send(text("1 4000000"));
            assertEquals(4_000_000, http.answer().body().length());
            client.read(10);
            assertEquals(4_000_000, client.read(4_000_000).length);
        }
        assertEquals(0, running.counter("closed outbound-full"));
    }

    @Test
    void shouldCloseAClientThatPipelinesForMoreThanItTakes() {
        start("outbound.max", "64k");
        try (RawConnection client = new RawConnection(running.frontend().port(), 4_096)) {
            for (int i = 0; i < 60; i++) {
                client.get("/?length=1000000");
            }
            RunningFrontend.await("an end", () -> running.counter("closed outbound-full") == 1);
        }
        shouldStillServe();
    }

    @Test
    void shouldNotLetTheSystemTakeMegabytesForAClientThatReadsNothing() {
        // Beside the largest answer, a mebibyte may wait.
        start("outbound.max", "64k");
        try (RawConnection client = new RawConnection(running.frontend().port(), 4_096)) {
            for (int i = 0; i < 3; i++) {
                client.get("/?length=1000000");
            }
            RunningFrontend.await("an end", () -> running.counter("closed outbound-full") == 1);
        }
        shouldStillServe();
    }

    @Test
    void shouldCloseAClientThatTakesNothingOfItsAnswer() {
        // Long enough for the others to ask, beside a busy processor.
        start("idle.timeout", "3s");
        try (RawConnection client = new RawConnection(running.frontend().port(), 4_096)) {
            client.get("/?length=8000000");
            RunningFrontend.await("an end", () -> running.counter("closed slow-reader") == 1);
        }
        shouldStillServe();
    }

    @Test
    void shouldCloseThoseThatMakeItHoldTooMuchForHowLittleTheyMove() throws IOException {
        start("held.max", "4m", "body.max", "2m");
        final List<RawConnection> clients = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            // All but the last byte of a body that is as long as may be.
            clients.add(
                    running.connect()
                            .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n")
                            .send(new byte[1_999_999]));
        }
        RunningFrontend.await(
                "some that are closed", () -> running.counter("closed memory-high") >= 2);
        shouldStillServe();
        int answered = 0;
        for (final RawConnection client : clients) {
            client.send("x");
            answered += client.readToEndOrAnswer().contains("200 OK") ? 1 : 0;
            client.close();
        }
        assertTrue(answered >= 1 && answered <= 2, "answered " + answered);
    }

    @Test
    void shouldNotTakeWhatABrokenWebSocketSendsForHeld() throws Exception {
        start("held.max", "2m");
        try (RawConnection client = webSocket(0)) {
            // A frame that is not masked; nothing behind it is looked at.
            client.send(new byte[] {(byte) 0x81, 1, 'x'});
            assertArrayEquals(new byte[] {(byte) 0x88, 2, 0x03, (byte) 0xEA}, client.read(4));
            client.send(new byte[9_000_000]);
            assertEquals("", client.readToEnd());
        }
        assertEquals("1002 FRONT_END ", closes.take());
        assertEquals(0, running.counter("closed memory-high"));
        shouldStillServe();
    }

    @Test
    void shouldNotTakeWhatItHasDroppedOrHandedOverForHeld() {
        start("held.max", "2m");
        try (RawConnection client = running.connect()) {
            for (int i = 0; i < 10; i++) {
                client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
                client.send(new byte[1_000_000]);
                assertEquals(200, client.answer().status());
            }
            // Refused by its length, so what comes is dropped.
            client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n");
            client.send(new byte[9_000_000]);
            assertEquals("body-too-large", client.answer().reason());
        }
        assertEquals(0, running.counter("closed memory-high"));
    }
}
