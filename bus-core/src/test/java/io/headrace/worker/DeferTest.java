// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.channel.LanePoller;
import io.headrace.delivery.ClaimWord;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.MessageType;
import io.headrace.testing.Samples;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Handlers that want a message later, and what becomes of one that is never wanted now. */
class DeferTest {

    private static final long SECOND = 1_000_000_000L;

    @TempDir Path directory;
    private TestWorker worker;
    private final List<String> handled = new ArrayList<>();
    private int refusals;

    @AfterEach
    void close() {
        worker.close();
    }

    @Test
    void shouldGiveAMessageOutAgainAfterItsDelayAndNotBefore() {
        refusals = 2;
        startHttp(Duration.ofSeconds(2));
        worker.send("http.request", MessageType.HTTP_REQUEST, 7);
        worker.rounds();
        assertEquals(1, handled.size());
        assertEquals(ClaimWord.of(1, ClaimWord.DEFERRED), worker.lastWord("http.request"));
        worker.passWithKeeper(1_500 * SECOND / 1_000);
        assertEquals(1, handled.size());
        worker.passWithKeeper(SECOND);
        assertEquals(2, handled.size());
        worker.passWithKeeper(3 * SECOND);
        assertEquals(List.of("first", "again", "again"), handled);
        assertEquals(ClaimWord.of(1, ClaimWord.DONE), worker.lastWord("http.request"));
        assertEquals(1, worker.replies().size());
        assertEquals(2, worker.counter("deferred http.request"));
        assertTrue(worker.errors().toString().contains("not yet"), worker.errors().toString());
    }

    @Test
    void shouldLetAnExpiryCountFromTheEndOfTheDelay() {
        refusals = 1;
        startHttp(Duration.ofSeconds(100));
        worker.loop.append(
                "http.request",
                Samples.message(Samples.record(MessageType.HTTP_REQUEST)),
                TestWorker.connection(worker, 7),
                60_000,
                worker.nowNs());
        worker.rounds();
        worker.passWithKeeper(101 * SECOND);
        assertEquals(2, handled.size());
        assertEquals(ClaimWord.of(1, ClaimWord.DONE), worker.lastWord("http.request"));
    }

    @Test
    void shouldKeepLaterMessagesOfAConnectionBehindADeferredOneAndNotThoseOfOthers() {
        refusals = 1;
        start(
                new WorkerContext()
                        .onWebSocketReceive(
                                (channel, message, socket) -> {
                                    if (message.text().equals("7a") && refusals-- > 0) {
                                        throw new Defer(Duration.ofSeconds(1), "not yet");
                                    }
                                    handled.add(message.text() + message.isRedelivered());
                                }));
        for (final String text : List.of("7a", "7b", "8a", "7c")) {
            worker.sendReceive(text.charAt(0) - '0', 0, text);
        }
        worker.rounds();
        assertEquals(List.of("8afalse"), handled);
        worker.passWithKeeper(2 * SECOND);
        assertEquals(List.of("8afalse", "7atrue", "7bfalse", "7cfalse"), handled);
    }

    @Test
    void shouldLayAMessageWithTheDeadLettersAfterTenAttempts() {
        refusals = Integer.MAX_VALUE;
        startHttp(Duration.ZERO);
        worker.send("http.request", MessageType.HTTP_REQUEST, 7);
        worker.rounds();
        worker.passWithKeeper(20 * SECOND);
        assertEquals(Defer.ATTEMPTS_MAX, handled.size());
        assertEquals(ClaimWord.of(1, ClaimWord.FAILED), worker.lastWord("http.request"));
        assertEquals(500, worker.replies().get(0).status());

        final List<String> letters = letters("dead.http.request");
        assertEquals(List.of("10 not yet HTTP_REQUEST /app/grüße"), letters);
        // Nobody consumes them.
        worker.passWithKeeper(SECOND);
        assertEquals(Defer.ATTEMPTS_MAX, handled.size());
    }

    @Test
    void shouldKeepTheKeysOfTheConnectionWithADeadFrame() {
        refusals = Integer.MAX_VALUE;
        start(
                new WorkerContext()
                        .onWebSocketReceive(
                                (channel, message, socket) -> {
                                    throw new Defer(Duration.ZERO, "ü".repeat(200));
                                }));
        final long connect = worker.send("websocket.connect", MessageType.WEB_SOCKET_CONNECTION, 7);
        worker.sendReceive(7, connect, "the frame");
        worker.rounds();
        worker.passWithKeeper(20 * SECOND);
        assertEquals(
                List.of("10 " + "ü".repeat(127) + " WEB_SOCKET_RECEIVE /app/grüße the frame"),
                letters("dead.websocket.receive"));
    }

    @Test
    void shouldNotDeferARequestThatIsRepliedTo() {
        start(
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    reply.send(200, "text/plain", "here you are");
                                    throw new Defer(Duration.ZERO, "too late");
                                }));
        worker.send("http.request", MessageType.HTTP_REQUEST, 7);
        worker.rounds();
        assertEquals(ClaimWord.of(1, ClaimWord.DONE), worker.lastWord("http.request"));
        assertTrue(worker.errors().toString().contains("was replied to"));
    }

    @Test
    void shouldRefuseADelayThatIsNone() {
        start(new WorkerContext().onHttpRequest((channel, request, reply) -> {}));
        assertThrows(HeadraceException.class, () -> new Defer(Duration.ofNanos(-1), ""));
        assertThrows(HeadraceException.class, () -> new Defer(Defer.DELAY_MAX.plusNanos(1), ""));
        assertFalse(new Defer(Defer.DELAY_MAX, "").getMessage() == null);
    }

    private void startHttp(Duration delay) {
        start(
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    handled.add(request.isRedelivered() ? "again" : "first");
                                    if (refusals-- > 0) {
                                        throw new Defer(delay, "not yet");
                                    }
                                    reply.send(200, "text/plain", "ok");
                                }));
    }

    private void start(WorkerContext context) {
        worker = new TestWorker(directory.resolve("bus"), context);
        worker.rounds();
    }

    /** Attempts, reason, type, path and text of the letters of a channel. */
    private List<String> letters(String channel) {
        final List<String> letters = new ArrayList<>();
        final Message message = new Message();
        final Message letter = new Message();
        try (LanePoller poller =
                worker.bus.lane(channel, worker.member.id() + "-0").orElseThrow().poller()) {
            for (; poller.peek(); poller.advance()) {
                assertEquals(0, DeliveryHeader.expiryMs(poller.record(), 0));
                assertTrue(message.wrap(poller.record()).decode());
                assertTrue(letter.wrap(message.deadLetter().record()).decode());
                assertEquals(message.connection(), letter.connection());
                letters.add(
                        message.deadLetter().attempts()
                                + " "
                                + message.deadLetter().reason()
                                + " "
                                + letter.type()
                                + " "
                                + letter.request().path()
                                + (letter.type() == MessageType.WEB_SOCKET_RECEIVE
                                        ? " " + letter.datagram().text()
                                        : ""));
            }
        }
        return letters;
    }
}
