// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.handler.codec.http2.Http2Error;
import java.io.UncheckedIOException;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** How processes end that are asked to, and what becomes of their clients. */
class StopTest {

    @RegisterExtension final RunningBus bus = new RunningBus(RunningBus::frontEndAndDemoWorker);

    private HeadraceProcess frontEnd;
    private HeadraceProcess worker;

    @BeforeEach
    void find() {
        frontEnd = bus.processes().get(0);
        worker = bus.processes().get(1);
    }

    private void awaitNotListening() {
        Await.until(
                "a front end that takes no more connections",
                () -> {
                    try (HttpConnection client = bus.connect()) {
                        return false;
                    } catch (final UncheckedIOException refused) {
                        return true;
                    }
                });
    }

    @Test
    void shouldLetTheFrontEndAnswerWhatIsInFlightAndCloseWebSocketsWith1001() {
        try (HttpConnection idle = bus.connect();
                HttpConnection busy = bus.connect();
                WebSocketClient socket = new WebSocketClient(bus, "/ws/echo?stop")) {
            assertEquals("Hello, World!", idle.get("/hello").text());
            socket.shouldEcho("hello");
            busy.request("GET /slow?ms=1000 HTTP/1.1");
            bus.lanes().awaitTaken("/slow?ms=1000");

            frontEnd.terminate();

            assertEquals("", idle.readToEnd());
            socket.shouldBeClosed(1001);
            socket.send(Frame.close(1001, ""));
            socket.shouldEnd();
            awaitNotListening();
            final HttpAnswer answer = busy.answer();
            assertEquals("answered after 1000 ms\n", answer.text());
            assertEquals(Optional.of("close"), answer.header("connection"));
            assertEquals("", busy.readToEnd());
        }
        frontEnd.shouldExit(0);
        final Lanes.Seen close = bus.lanes().await("/ws/echo?stop", "websocket.disconnect");
        assertEquals(1001L, close.key("code"));
        assertEquals("front_end", close.key("closed_by"));
        assertEquals(0, bus.lanes().about("/slow?ms=1000", "http.disconnect").size());
    }

    @Test
    void shouldLetTheFrontEndAnswerTheStreamsOfHttp2AndThenClose() {
        try (Http2Client idle = new Http2Client(bus.port());
                Http2Client busy = new Http2Client(bus.port())) {
            assertEquals("Hello, World!", idle.answerTo("/hello").text());
            final Http2Client.Stream slow = busy.get("/slow?ms=1000&h2");
            bus.lanes().awaitTaken("/slow?ms=1000&h2");

            frontEnd.terminate();

            idle.shouldGoAway(Http2Error.NO_ERROR);
            idle.shouldEnd();
            busy.shouldGoAway(Http2Error.NO_ERROR);
            assertEquals("answered after 1000 ms\n", busy.answer(slow).text());
            busy.shouldEnd();
        }
        frontEnd.shouldExit(0);
    }

    @Test
    void shouldNotTakeTheEndOfItsInputAndOneSignalForTwoSignals() {
        try (HttpConnection busy = bus.connect()) {
            busy.request("GET /slow?ms=1000 HTTP/1.1");
            bus.lanes().awaitTaken("/slow?ms=1000");

            // What Process.destroy() does to a child, and so what the demo does to its own.
            frontEnd.closeInput();
            awaitNotListening();
            frontEnd.terminate();

            assertEquals("answered after 1000 ms\n", busy.answer().text());
        }
        frontEnd.shouldExit(0);
        worker.closeInput();
        worker.shouldExit(0);
    }

    @Test
    void shouldEndAtOnceWithTheSecondSignal() {
        try (HttpConnection busy = bus.connect()) {
            busy.request("GET /slow?ms=60000 HTTP/1.1");
            bus.lanes().awaitTaken("/slow?ms=60000");
            frontEnd.terminate();
            awaitNotListening();
            assertTrue(frontEnd.isAlive(), "has not waited for its request");

            frontEnd.terminate();

            frontEnd.shouldExit(143);
        }
    }

    @Test
    void shouldLetAWorkerFinishWhatItHandles() {
        bus.demoWorker();
        try (HttpConnection client = bus.connect();
                WebSocketClient socket = new WebSocketClient(bus, "/ws/echo?restart")) {
            client.request("GET /slow?ms=1000 HTTP/1.1");
            final Lanes.Seen slow =
                    bus.lanes()
                            .await(
                                    "/slow?ms=1000",
                                    "http.request",
                                    seen -> seen.fate().equals("claimed"));
            final boolean isFirst =
                    ((String) slow.json().get("consumer")).startsWith(memberOf(worker) + "-");
            final HeadraceProcess holder = isFirst ? worker : bus.processes().get(2);

            holder.terminate();

            assertEquals("answered after 1000 ms\n", client.answer().text());
            holder.shouldExit(0);
            assertEquals("Hello, World!", client.get("/hello").text());
            socket.shouldEcho("still open");
        }
    }

    /** The id that a worker's ready line names. */
    private static String memberOf(HeadraceProcess worker) {
        return worker.stdout().get(0).split("[ :]+")[2];
    }

    @Test
    void shouldServeAgainBehindANewFrontEndWhenTheOldOneIsKilled() {
        final WebSocketClient orphan = new WebSocketClient(bus, "/ws/echo?orphan");
        orphan.shouldEcho("hello");
        frontEnd.kill();
        orphan.shouldEnd();

        bus.frontEnd();
        bus.awaitServed();
        bus.shouldStillServe();
        try (WebSocketClient socket = new WebSocketClient(bus, "/ws/echo?new")) {
            socket.shouldEcho("hello again");
        }
    }
}
