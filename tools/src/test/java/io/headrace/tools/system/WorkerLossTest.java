// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Workers that are not there, are killed, and come back, behind one front end that runs through all
 * of it.
 */
class WorkerLossTest {

    @RegisterExtension static final RunningBus bus = new RunningBus(RunningBus::frontEnd);

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    private final List<HeadraceProcess> workers = new ArrayList<>();

    private HeadraceProcess startWorker(String... args) {
        final HeadraceProcess worker = bus.demoWorker(args);
        workers.add(worker);
        bus.awaitServed();
        return worker;
    }

    @AfterEach
    void killWorkers() {
        workers.forEach(HeadraceProcess::kill);
        bus.awaitNotServed();
    }

    private static void shouldBeRefused(HttpAnswer answer) {
        answer.shouldBeRefusal(503, "no-worker");
        assertEquals(Optional.of("1"), answer.header("retry-after"));
    }

    @Test
    void shouldRefuseUntilThereIsAWorkerAndWhenThereIsNoneAnyMore() {
        try (HttpConnection client = bus.connect()) {
            shouldBeRefused(client.get("/hello"));
            shouldBeRefused(client.post("/hello", new byte[100_000]));
            shouldBeRefused(client.get("/hello"));
            try (HttpConnection socket = bus.connect()) {
                shouldBeRefused(WebSocketClient.request(socket, "/ws/echo?refused").answer());
                assertEquals("", socket.readToEnd());
            }

            final HeadraceProcess first = startWorker();
            assertEquals("Hello, World!", client.get("/hello").text());

            first.kill();
            bus.awaitNotServed();
            shouldBeRefused(client.get("/hello"));

            final HeadraceProcess second = startWorker();
            assertEquals("Hello, World!", client.get("/hello").text());

            second.terminate();
            second.shouldExit(0);
            bus.awaitNotServed();
            shouldBeRefused(client.get("/hello"));
        }
        assertEquals(List.of(), bus.lanes().about("/ws/echo?refused", "websocket.*"));
    }

    @Test
    void shouldGoOnAnsweringWhenOneOfTwoWorkersIsKilled() {
        final HeadraceProcess first = startWorker("--consumers", "2");
        startWorker("--consumers", "2");
        try (HttpConnection client = bus.connect()) {
            for (int i = 0; i < 100; i++) {
                assertEquals("Hello, World!", client.get("/hello").text());
            }
            first.kill();
            for (int i = 0; i < 500; i++) {
                assertEquals("Hello, World!", client.get("/hello").text());
            }
        }
    }

    @Test
    void shouldAnswerForAWorkerThatIsKilledWithARequest() {
        final HeadraceProcess victim = startWorker();
        try (HttpConnection client = bus.connect();
                HttpConnection other = bus.connect()) {
            client.request("GET /slow?ms=60000&held HTTP/1.1");
            bus.lanes().awaitTaken("/slow?ms=60000&held");
            // Nobody has this one yet: the worker has one consumer.
            other.request("GET /hello?waiting HTTP/1.1");
            bus.lanes().await("/hello?waiting", "http.request");
            final HeadraceProcess heir = bus.demoWorker();
            workers.add(heir);
            assertEquals("Hello, World!", other.answer().text());

            victim.kill();

            client.answer().shouldBeRefusal(502, "worker-died");
            assertEquals("lost", bus.lanes().awaitFate("/slow?ms=60000&held"));
            assertEquals("Hello, World!", client.get("/hello").text());
        }
    }

    @Test
    void shouldAnswerForAllRequestsOfTheLastWorkerThatIsKilled() {
        final HeadraceProcess victim = startWorker();
        try (HttpConnection client = bus.connect()) {
            client.send(
                    HttpConnection.head("GET /slow?ms=60000&last HTTP/1.1")
                            + HttpConnection.head("GET /hello?behind-last HTTP/1.1"));
            bus.lanes().awaitTaken("/slow?ms=60000&last");
            bus.lanes().await("/hello?behind-last", "http.request");

            victim.kill();

            client.answer().shouldBeRefusal(502, "worker-died");
            shouldBeRefused(client.answer());
            assertEquals("cancelled", bus.lanes().awaitFate("/hello?behind-last"));
        }
    }

    @Test
    void shouldKeepWebSocketsOpenWhileWorkersComeAndGo() {
        final HeadraceProcess first = startWorker();
        try (WebSocketClient client = new WebSocketClient(bus, "/ws/echo?kept")) {
            client.shouldEcho("to the first worker");

            first.kill();
            bus.awaitNotServed();
            client.send(Frame.ping("nobody there"));
            client.shouldReceive(new Frame(Frame.FIN, Frame.PONG, "nobody there".getBytes()));
            client.send(Frame.text("to be kept"));
            bus.lanes().await("/ws/echo?kept", "websocket.receive", seen -> seen.order() == 2);

            final HeadraceProcess second = startWorker();
            client.shouldReceive(Frame.text("to be kept"));
            client.shouldEcho("to the second worker");

            startWorker();
            second.kill();
            client.shouldEcho("to the third worker");
            client.send(Frame.close(1000, "done"));
            client.shouldReceive(Frame.close(1000, ""));
        }
        assertEquals(
                List.of(0L, 1L, 2L, 3L, 4L, 5L),
                bus.lanes().about("/ws/echo?kept", "websocket.*").stream()
                        .map(Lanes.Seen::order)
                        .toList());
    }

    @Test
    void shouldTellANewWorkerOfWebSocketsThatClosedInBetween() {
        final HeadraceProcess first = startWorker();
        try (WebSocketClient client = new WebSocketClient(bus, "/ws/echo?in-between")) {
            client.shouldEcho("hello");
            first.kill();
            bus.awaitNotServed();
        }
        assertEquals(
                "pending", bus.lanes().await("/ws/echo?in-between", "websocket.disconnect").fate());

        startWorker();
        bus.lanes()
                .await(
                        "/ws/echo?in-between",
                        "websocket.disconnect",
                        seen -> seen.fate().equals("done"));
    }

    @Test
    void shouldTakeAWorkerThatHasStoppedForAbsentUntilItGoesOn() {
        final HeadraceProcess worker = startWorker();
        worker.freeze();
        try (HttpConnection client = bus.connect()) {
            // It may go on at once, so this one waits until its heartbeats are missed.
            shouldBeRefused(client.get("/hello?frozen"));
            assertEquals("cancelled", bus.lanes().awaitFate("/hello?frozen"));
            shouldBeRefused(client.get("/hello"));

            worker.thaw();
            bus.awaitServed();
            assertEquals("Hello, World!", client.get("/hello").text());
        } finally {
            worker.thaw();
        }
    }

    @Test
    void shouldReachAFrontEndAgainThatHadStopped() {
        startWorker("--consumers", "2");
        final HeadraceProcess frontEnd = bus.processes().get(0);
        try (HttpConnection client = bus.connect();
                WebSocketClient socket = new WebSocketClient(bus, "/ws/echo?stopped")) {
            assertEquals("Hello, World!", client.get("/hello").text());
            socket.shouldEcho("before");
            frontEnd.freeze();
            try {
                bus.awaitMissed(frontEnd);
            } finally {
                frontEnd.thaw();
            }

            for (int i = 0; i < 20; i++) {
                assertEquals("Hello, World!", client.get("/hello").text());
                socket.shouldEcho("after " + i);
            }
        }
    }
}
