// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Lane;
import io.headrace.frontend.testing.RawConnection;
import io.headrace.frontend.testing.RunningFrontend;
import io.headrace.presence.Connected;
import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import io.headrace.worker.reply.Groups;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Requests that a real front end sends to channels with a prefix, and what workers there see. */
class RoutedRequestsTest {

    @TempDir Path directory;

    private final LinkedBlockingQueue<String> seen = new LinkedBlockingQueue<>();
    private final CountDownLatch release = new CountDownLatch(1);
    private RunningFrontend running;
    private volatile Groups groups;

    @BeforeEach
    void start() throws Exception {
        final Path file = directory.resolve("routes");
        Files.writeString(
                file,
                """
                /api              -> api
                shop.example.com  -> shop
                h/room/           -> . group=rooms.*
                h                 -> .
                """);
        running = RunningFrontend.start(Map.of(Routes.PROPERTY, file.toString()), this::configure);
        seen.clear();
    }

    @AfterEach
    void stop() {
        release.countDown();
        final List<String> errors = running.errors();
        running.close();
        assertEquals(List.of(), errors);
    }

    private void configure(WorkerContext context) {
        context.onHttpRequest(
                        (channel, request, reply) -> {
                            seen.add(channel + " " + request.path());
                            groups = reply.groups();
                            if (request.path().endsWith("/wait")) {
                                release.await();
                            }
                            reply.send(200, "text/plain", channel);
                        })
                .onHttpDisconnect((channel, request) -> seen.add(channel + " " + request.path()))
                .onWebSocketConnect(
                        (channel, request, socket) -> seen.add(channel + " " + request.path()))
                .onWebSocketReceive(
                        (channel, message, socket) ->
                                seen.add(
                                        channel
                                                + " "
                                                + message.request().path()
                                                + " "
                                                + message.text()))
                .onWebSocketDisconnect(
                        (channel, close) -> seen.add(channel + " " + close.request().path()));
    }

    private Worker worker(String channels) {
        final WorkerContext context =
                new WorkerContext()
                        .directory(running.frontend().bus().directory())
                        .channels(channels);
        configure(context);
        return Worker.launch(context);
    }

    private RawConnection.Answer get(String host, String path) {
        try (RawConnection client = running.connect()) {
            client.send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
            return client.answer();
        }
    }

    private void awaitServed(String host, String path) {
        RunningFrontend.await("a worker", () -> get(host, path).status() == 200);
        seen.clear();
    }

    /** Not replies, which may count after their client has them. */
    private long appended() {
        return running
                .frontend()
                .bus()
                .lanes(name -> !name.startsWith("reply."), bad -> {})
                .stream()
                .mapToLong(Lane::appendedCount)
                .sum();
    }

    @Test
    void shouldSendAPathToTheChannelsWithItsPrefix() {
        try (Worker api = worker("api.*")) {
            awaitServed("h", "/api/");

            assertEquals("api.http.request", get("h", "/api/x").body());
            assertEquals("api.http.request", get("other", "/%61pi").body());
            assertEquals("http.request", get("h", "/apix").body());
            assertEquals("http.request", get("H:8080", "/").body());
            assertEquals(1, api.consumerCount());
        }
    }

    @Test
    void shouldRefuseWhatHasNoRouteWithoutTouchingTheBus() {
        final long before = appended();
        final RawConnection.Answer answer = get("evil.example.com", "/x");

        assertEquals(404, answer.status());
        assertEquals("no-route", answer.reason());
        try (RawConnection client = running.connect()) {
            client.send(
                    "GET /ws HTTP/1.1\r\nHost: evil\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            + "Sec-WebSocket-Version: 13\r\n"
                            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
            assertEquals("no-route", client.answer().reason());
        }
        assertEquals(before, appended());
        assertEquals(2, running.counter("refused 404 no-route"));
    }

    @Test
    void shouldAskForTheWorkersOfEachPrefix() {
        assertEquals("no-worker", get("shop.example.com", "/").reason());
        assertEquals("no-worker", get("h", "/api").reason());
        assertEquals(200, get("h", "/").status());
        try (Worker shop = worker("shop.*")) {
            awaitServed("shop.example.com", "/");
            assertEquals("no-worker", get("h", "/api").reason());
            assertEquals(1, shop.consumerCount());
        }
        RunningFrontend.await("nobody", () -> get("shop.example.com", "/").status() == 503);
    }

    @Test
    void shouldTakeAWebSocketsWholeLifeToItsPrefix() throws Exception {
        try (Worker api = worker("api.*")) {
            awaitServed("h", "/api");
            try (RawConnection client = running.connect()) {
                client.send(upgrade("/api/ws"));
                assertEquals(101, client.answer().status());
                client.send(new byte[] {(byte) 0x81, (byte) 0x82, 0, 0, 0, 0, 'h', 'i'});
                assertEquals("api.websocket.connect /api/ws", seen.take());
                assertEquals("api.websocket.receive /api/ws hi", seen.take());
            }
            assertEquals("api.websocket.disconnect /api/ws", seen.take());
            assertEquals(1, api.consumerCount());
        }
    }

    @Test
    void shouldMakeAWebSocketAMemberOfTheGroupThatItsPathNames() throws Exception {
        final String longest = "n".repeat(200 - "rooms.".length());
        try (RawConnection client = running.connect();
                RawConnection other = running.connect()) {
            assertEquals(101, client.send(upgrade("/room/a.b")).answer().status());
            assertEquals(101, other.send(upgrade("/room/" + longest)).answer().status());
            assertEquals(200, get("h", "/").status());
            RunningFrontend.await("a member", () -> groups.count("rooms.a.b") == 1);
            RunningFrontend.await("another", () -> groups.count("rooms." + longest) == 1);
            assertEquals(
                    List.of("/room/a.b", "/room/" + longest),
                    groups.connected().stream().map(Connected::path).sorted().toList());
            groups.send("rooms.a.b", "all");
            assertEquals(
                    "\u0081\u0003all", new String(client.read(5), StandardCharsets.ISO_8859_1));
        }
        for (final String none : List.of("a/b", "a%20b", "n" + longest)) {
            try (RawConnection client = running.connect()) {
                final RawConnection.Answer answer = client.send(upgrade("/room/" + none)).answer();
                assertEquals(404, answer.status());
                assertEquals("no-route", answer.reason());
            }
            assertEquals(200, get("h", "/room/" + none).status());
        }
        RunningFrontend.await("no member", () -> groups.count("rooms.a.b") == 0);
    }

    private static String upgrade(String path) {
        return "GET "
                + path
                + " HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
                + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    }

    @Test
    void shouldTellTheWorkersOfAPrefixThatAClientHasLeft() throws Exception {
        try (Worker api = worker("api.*")) {
            awaitServed("h", "/api");
            try (RawConnection client = running.connect()) {
                client.get("/api/wait");
                assertEquals("api.http.request /api/wait", seen.take());
            }
            // Otherwise the answer may be there before the end of the connection.
            RunningFrontend.await("nobody", () -> running.counter(" connections") == 0);
            release.countDown();
            assertEquals("api.http.disconnect /api/wait", seen.take());
            assertEquals(1, api.consumerCount());
        }
    }

    @Test
    void shouldAnswerForARequestThatNobodyOfItsPrefixWillTakeAnyMore() throws Exception {
        final Worker api = worker("api.*");
        awaitServed("h", "/api");
        try (RawConnection first = running.connect();
                RawConnection second = running.connect()) {
            first.get("/api/wait");
            assertEquals("api.http.request /api/wait", seen.take());
            second.get("/api/never-taken");
            final Thread close = new Thread(api::close);
            close.start();
            release.countDown();
            close.join();

            assertEquals("api.http.request", first.answer().body());
            final RawConnection.Answer answer = second.answer();
            assertTrue(
                    answer.status() == 200 || answer.reason().equals("no-worker"),
                    answer::toString);
        }
    }

    @Test
    void shouldKeepOneConnectionsOrderOverAllPrefixes() throws Exception {
        running.worker().close();
        try (Worker all = worker("*")) {
            awaitServed("h", "/api");
            final List<String> expected = new ArrayList<>();
            try (RawConnection client = running.connect()) {
                for (int i = 0; i < 50; i++) {
                    client.get((i % 2 == 0 ? "/api/" : "/") + i);
                    expected.add(i % 2 == 0 ? "api.http.request /api/" + i : "http.request /" + i);
                }
                for (int i = 0; i < 50; i++) {
                    assertEquals(200, client.answer().status());
                }
            }
            assertEquals(expected, List.copyOf(seen));
            assertEquals(1, all.consumerCount());
        }
    }
}
