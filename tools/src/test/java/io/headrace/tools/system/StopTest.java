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

    private static final String[] WORKER_ARGS = {
        "--app", HeldApplication.class.getName(), "--consumers", "4"
    };

    @RegisterExtension
    final RunningBus bus = new RunningBus(it -> it.frontEndAndWorker(WORKER_ARGS));

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
            busy.request("GET /held?until=stop HTTP/1.1");
            bus.lanes().awaitTaken("/held?until=stop");

            frontEnd.terminate();

            assertEquals("", idle.readToEnd());
            socket.shouldBeClosed(1001);
            socket.send(Frame.close(1001, ""));
            socket.shouldEnd();
            awaitNotListening();
            bus.release("stop");
            final HttpAnswer answer = busy.answer();
            assertEquals("released", answer.text());
            assertEquals(Optional.of("close"), answer.header("connection"));
            assertEquals("", busy.readToEnd());
        }
        frontEnd.shouldExit(0);
        final Lanes.Seen close = bus.lanes().await("/ws/echo?stop", "websocket.disconnect");
        assertEquals(1001L, close.key("code"));
        assertEquals("front_end", close.key("closed_by"));
        assertEquals(0, bus.lanes().about("/held?until=stop", "http.disconnect").size());
    }

    @Test
    void shouldLetTheFrontEndAnswerTheStreamsOfHttp2AndThenClose() {
        try (Http2Client idle = new Http2Client(bus.port());
                Http2Client busy = new Http2Client(bus.port())) {
            assertEquals("Hello, World!", idle.answerTo("/hello").text());
            final Http2Client.Stream held = busy.get("/held?until=stop");
            bus.lanes().awaitTaken("/held?until=stop");

            frontEnd.terminate();

            idle.shouldGoAway(Http2Error.NO_ERROR);
            idle.shouldEnd();
            busy.shouldGoAway(Http2Error.NO_ERROR);
            bus.release("stop");
            assertEquals("released", busy.answer(held).text());
            busy.shouldEnd();
        }
        frontEnd.shouldExit(0);
    }

    @Test
    void shouldNotTakeTheEndOfItsInputAndOneSignalForTwoSignals() throws InterruptedException {
        try (HttpConnection busy = bus.connect()) {
            busy.request("GET /held?until=stop HTTP/1.1");
            bus.lanes().awaitTaken("/held?until=stop");

            // What Process.destroy() does to a child, and so what the demo does to its own.
            frontEnd.closeInput();
            awaitNotListening();
            frontEnd.terminate();

            // Nothing tells that it has had the signal; taken for the second, it would be the end.
            Thread.sleep(500);
            bus.release("stop");
            assertEquals("released", busy.answer().text());
        }
        frontEnd.shouldExit(0);
        worker.closeInput();
        worker.shouldExit(0);
    }

    @Test
    void shouldEndAtOnceWithTheSecondSignal() {
        try (HttpConnection busy = bus.connect()) {
            busy.request("GET /held?until=killed HTTP/1.1");
            bus.lanes().awaitTaken("/held?until=killed");
            frontEnd.terminate();
            awaitNotListening();
            assertTrue(frontEnd.isAlive(), "has not waited for its request");

            frontEnd.terminate();

            frontEnd.shouldExit(143);
        }
    }

    @Test
    void shouldLetAWorkerFinishWhatItHandles() {
        bus.worker(WORKER_ARGS);
        try (HttpConnection client = bus.connect();
                WebSocketClient socket = new WebSocketClient(bus, "/ws/echo?restart")) {
            client.request("GET /held?until=stop HTTP/1.1");
            final Lanes.Seen held =
                    bus.lanes()
                            .await(
                                    "/held?until=stop",
                                    "http.request",
                                    seen -> seen.fate().equals("claimed"));
            final boolean isFirst =
                    ((String) held.json().get("consumer")).startsWith(memberOf(worker) + "-");
            final HeadraceProcess holder = isFirst ? worker : bus.processes().get(2);

            holder.terminate();

            bus.awaitLeaving(holder);
            bus.release("stop");
            assertEquals("released", client.answer().text());
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
