// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.accesslog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.frontend.testing.RawConnection;
import io.headrace.frontend.testing.RunningFrontend;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which answers of a real front end come into its access log, and when. */
class AnswersInAccessLogTest {

    @TempDir Path directory;

    private final CountDownLatch release = new CountDownLatch(1);

    private RunningFrontend start(String format) {
        return RunningFrontend.start(
                Map.of(
                        "headrace.access.log",
                        file().toString(),
                        "headrace.access.log.format",
                        format,
                        "headrace.header.timeout",
                        "200ms"),
                worker ->
                        worker.onHttpRequest(
                                        (channel, request, reply) -> {
                                            if (request.path().equals("/wait")) {
                                                release.await();
                                            }
                                            reply.send(200, "text/plain", "answer");
                                        })
                                .onWebSocketConnect((channel, request, socket) -> {}));
    }

    private Path file() {
        return directory.resolve("access.log");
    }

    private List<String> lines() {
        try {
            return Files.readAllLines(file()).stream()
                    .filter(line -> !line.contains("/awaiting-a-worker"))
                    .toList();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void shouldHaveALineForEachAnswer() {
        try (RunningFrontend running = start("combined");
                RawConnection client = running.connect()) {
            client.get("/a?b=c", "User-Agent: test \"1\"", "Referer: http://r/").answer();
            client.send("HEAD /head HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
            client.send("nonsense\r\n\r\n");
            client.readToEnd();
            RunningFrontend.await("three lines", () -> lines().size() == 3);

            final List<String> lines = lines();
            assertTrue(
                    lines.get(0).startsWith("127.0.0.1 - - [")
                            && lines.get(0)
                                    .endsWith(
                                            "] \"GET /a?b=c HTTP/1.1\" 200 6 \"http://r/\" \"test \\\"1\\\"\""),
                    lines.get(0));
            assertTrue(
                    lines.get(1).endsWith("\"HEAD /head HTTP/1.0\" 200 - \"-\" \"-\""),
                    lines.get(1));
            assertTrue(lines.get(2).contains("\" 400 "), lines.get(2));
        }
    }

    @Test
    void shouldSayWhatBecameOfThoseThatWereNotAnsweredByTheApplication() {
        try (RunningFrontend running = start("json")) {
            try (RawConnection slow = running.connect();
                    RawConnection impatient = running.connect();
                    RawConnection socket = running.connect()) {
                slow.send("GET /slow HTTP/1.1\r\n");
                assertEquals(408, slow.answer().status());
                socket.send(
                        "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                + "Sec-WebSocket-Version: 13\r\n"
                                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
                assertEquals(101, socket.answer().status());
                impatient.get("/wait");
                RunningFrontend.await("two lines", () -> lines().size() == 2);
            }
            RunningFrontend.await("three lines", () -> lines().size() == 3);
            release.countDown();

            final List<String> lines = lines();
            assertTrue(
                    lines.get(0).contains("\"status\":408")
                            && lines.get(0).contains("\"reason\":\"headers-too-slow\""),
                    lines.get(0));
            assertTrue(
                    lines.get(1).contains("\"target\":\"/ws\"")
                            && lines.get(1).contains("\"status\":101"),
                    lines.get(1));
            assertTrue(
                    lines.get(2).contains("\"target\":\"/wait\"")
                            && lines.get(2).contains("\"status\":499")
                            && lines.get(2).contains("\"reason\":\"client-left\""),
                    lines.get(2));
            assertEquals(0, running.counter("access lines dropped"));
        }
    }

    @Test
    void shouldWriteEverythingBeforeItEnds() {
        try (RunningFrontend running = start("combined");
                RawConnection client = running.connect()) {
            for (int i = 0; i < 100; i++) {
                client.get("/" + i).answer();
            }
        }
        assertEquals(100, lines().size());
    }
}
