// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Lane;
import io.headrace.frontend.testing.RawConnection;
import io.headrace.worker.reply.HttpReply;
import io.headrace.worker.reply.ResponseStream;
import java.nio.file.Path;
import java.util.Map;
import org.agrona.CloseHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is behind an answer that comes in parts, when that ends. */
class EndedStreamsTest {

    private static final String NEXT = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

    @TempDir Path directory;
    private SteppedFrontend stepped;
    private RawConnection client;
    private ResponseStream stream;
    private HttpReply later;

    @BeforeEach
    void start() {
        stepped =
                new SteppedFrontend(
                        directory,
                        Map.of(),
                        context ->
                                context.onHttpRequest(
                                        (channel, request, reply) -> {
                                            if (request.path().equals("/stream")) {
                                                final String length =
                                                        request.query().value("length", "-1");
                                                stream =
                                                        reply.stream(
                                                                200,
                                                                "text/plain",
                                                                Long.parseLong(length));
                                            } else if (request.path().equals("/later")) {
                                                later = reply.later();
                                            } else {
                                                reply.send(200, "", "hello");
                                            }
                                        }));
        client = stepped.connect();
    }

    @AfterEach
    void stop() {
        CloseHelper.closeAll(client, stepped);
    }

    private void ask(String requests, int count) {
        client.send(requests);
        stepped.cycleUntil(
                "requests", () -> stepped.lane("http.request", Lane::appendedCount) == count);
        stepped.consume();
        stepped.cycle();
    }

    private void cycle() {
        stepped.cycle();
        stepped.cycle();
    }

    @Test
    void shouldSendNothingBehindAnAnswerWhoseEndIsTheConnections() {
        final String old = "GET /stream HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n";
        ask(old + NEXT, 2);
        stream.send("all");
        stream.end();
        cycle();
        final String all = client.readToEnd();
        assertTrue(all.endsWith("\r\n\r\nall"), all);
    }

    @Test
    void shouldAnswerWhatIsBehindAStreamThatEndsWhileItIsDrained() {
        ask("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n" + NEXT.replace("/ ", "/later "), 2);
        stepped.drain();
        stream.send("all");
        stream.end();
        cycle();
        later.send(200, "", "hello");
        cycle();
        final String all = client.readToEnd();
        assertTrue(all.contains("3\r\nall\r\n0\r\n\r\n"), all);
        assertTrue(all.endsWith("\r\n\r\nhello"), all);
        assertTrue(all.toLowerCase().contains("connection: close"), all);
    }

    @Test
    void shouldSendNoMoreThanTheLengthThatItsHeadTells() {
        ask("GET /stream?length=3 HTTP/1.1\r\nHost: h\r\n\r\n" + NEXT, 2);
        stream.send("al");
        stream.send("lofit");
        cycle();
        final String all = client.readToEnd();
        assertEquals("all", all.substring(all.indexOf("\r\n\r\n") + 4));
    }
}
