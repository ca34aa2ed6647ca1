// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import static io.headrace.worker.TestWorker.connection;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.LaneAppender;
import io.headrace.delivery.ClaimWord;
import io.headrace.message.Close;
import io.headrace.message.MessageType;
import io.headrace.testing.Samples;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A consumer driven by hand: which handler gets what, and what comes back. */
class ConsumerTest {

    @TempDir Path directory;
    private TestWorker worker;
    private final List<String> handled = new ArrayList<>();

    @AfterEach
    void close() {
        worker.close();
    }

    @Test
    void shouldGiveAnHttpRequestToItsHandlerAndTheReplyToTheFrontEnd() {
        start(
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    handled.add(channel + " " + request.path());
                                    assertFalse(reply.isSent());
                                    final int code =
                                            reply.header("Set-Cookie", "a=1")
                                                    .header("Set-Cookie", "b=ü")
                                                    .send(201, "text/plain", "grüße");
                                    assertEquals(LaneAppender.OK, code);
                                    assertTrue(reply.isSent());
                                }));
        worker.send("http.request", MessageType.HTTP_REQUEST, 7);
        worker.rounds();
        assertEquals(List.of("http.request /app/grüße"), handled);
        assertEquals(
                List.of(
                        new TestWorker.Reply(
                                MessageType.HTTP_RESPONSE,
                                connection(worker, 7),
                                0,
                                201,
                                "text/plain",
                                "[Set-Cookie=a=1, Set-Cookie=b=ü]",
                                "grüße")),
                worker.replies());
        assertEquals(ClaimWord.of(1, ClaimWord.DONE), worker.lastWord("http.request"));
        assertEquals(1, worker.counter("done http.request"));
        assertEquals(1, worker.counter("replies appended"));
        assertEquals(0, worker.errors().size());
    }

    @Test
    void shouldClaimNothingBeforeItsMemberIsAnnounced() {
        worker =
                new TestWorker(
                                directory.resolve("bus"),
                                new WorkerContext()
                                        .onHttpRequest(
                                                (channel, request, reply) ->
                                                        handled.add(request.path())))
                        .unannouncedRounds();
        worker.send("http.request", MessageType.HTTP_REQUEST, 7);
        worker.unannouncedRounds();
        assertEquals(List.of(), handled);
        assertEquals(ClaimWord.of(0, ClaimWord.FREE), worker.lastWord("http.request"));
        worker.rounds();
        assertEquals(1, handled.size());
    }

    @Test
    @Timeout(60)
    void shouldBeWaitedForUntilItHasGoneRoundOnce() throws InterruptedException {
        final Thread launcher = startedLauncher();
        while (launcher.getState() != Thread.State.WAITING) {
            assertTrue(launcher.isAlive(), "it has not gone round yet");
            Thread.onSpinWait();
        }
        worker.consumer.doWork();
        launcher.join();
    }

    @Test
    @Timeout(60)
    void shouldNotBeWaitedForWhenItEndsBeforeItHasGoneRound() throws InterruptedException {
        final Thread launcher = startedLauncher();
        worker.consumer.onClose();
        launcher.join();
    }

    private Thread startedLauncher() {
        worker =
                new TestWorker(
                        directory.resolve("bus"),
                        new WorkerContext().onHttpDisconnect((channel, request) -> {}));
        worker.consumer.onStart();
        final Thread launcher = new Thread(worker.consumer::awaitFirstRound);
        launcher.setDaemon(true);
        launcher.start();
        return launcher;
    }

    @Test
    void shouldGiveEveryOtherMessageFromClientsToItsHandler() {
        start(
                new WorkerContext()
                        .onHttpRequest((channel, request, reply) -> handled.add("request"))
                        .onHttpDisconnect(
                                (channel, request) -> handled.add(channel + " " + request.method()))
                        .onWebSocketConnect(
                                (channel, request, socket) ->
                                        handled.add(channel + " " + request.pathInfo()))
                        .onWebSocketReceive(
                                (channel, message, socket) ->
                                        handled.add(
                                                channel
                                                        + " "
                                                        + message.text()
                                                        + " "
                                                        + message.binary()))
                        .onWebSocketDisconnect(
                                (channel, close) -> {
                                    assertEquals(Close.By.FRONT_END, close.closedBy());
                                    handled.add(
                                            channel + " " + close.code() + " " + close.reason());
                                }));
        worker.send("websocket.connect", MessageType.WEB_SOCKET_CONNECTION, 1);
        worker.send("websocket.receive", MessageType.WEB_SOCKET_RECEIVE, 1);
        worker.send("websocket.disconnect", MessageType.WEB_SOCKET_CLIENT_CLOSE, 1);
        worker.send("http.request", MessageType.HTTP_REQUEST, 2);
        worker.rounds();
        assertEquals(
                List.of(
                        "websocket.connect /grüße",
                        "websocket.receive ten bytes! false",
                        "websocket.disconnect 1001 tschüß",
                        "request"),
                handled);
        assertEquals(1, worker.counter("done websocket.receive"));
    }

    @Test
    void shouldGiveADisconnectTheKeysOfItsRequest() {
        start(
                new WorkerContext()
                        .onHttpDisconnect(
                                (channel, request) ->
                                        handled.add(
                                                request.method() + " " + request.replyChannel())));
        final long index = worker.send("http.request", MessageType.HTTP_REQUEST, 2);
        final UnsafeBuffer message =
                new UnsafeBuffer(Samples.message(Samples.record(MessageType.HTTP_DISCONNECT)));
        message.putLong(8, index);
        worker.loop.append("http.disconnect", message.byteArray(), 2, 0, worker.nowNs());
        worker.rounds();
        assertEquals(List.of("POST " + Samples.REPLY_CHANNEL), handled);
    }

    @Test
    void shouldLeaveMessagesAloneThatItHasNoHandlersFor() {
        start(new WorkerContext().onHttpRequest((channel, request, reply) -> handled.add("http")));
        worker.send("websocket.connect", MessageType.WEB_SOCKET_CONNECTION, 1);
        worker.send("http.request", MessageType.HTTP_REQUEST, 1);
        worker.rounds();
        assertEquals(List.of("http"), handled);
        assertEquals(ClaimWord.FREE, worker.lastWord("websocket.connect"));
    }

    @Test
    void shouldTakeOnlyTheChannelsItIsLimitedTo() {
        start(
                new WorkerContext()
                        .channels("api.http.*, http.disconnect")
                        .onHttpRequest((channel, request, reply) -> handled.add(channel))
                        .onHttpDisconnect((channel, request) -> handled.add(channel)));
        worker.send("http.request", MessageType.HTTP_REQUEST, 1);
        worker.send("http.disconnect", MessageType.HTTP_DISCONNECT, 1);
        worker.send("api.http.request", MessageType.HTTP_REQUEST, 1);
        worker.send("other.http.request", MessageType.HTTP_REQUEST, 1);
        worker.rounds();
        assertEquals(List.of("api.http.request"), handled);
        // Its request cannot be found, which is the handler's failure and not the consumer's.
        assertEquals(1, worker.counter("failed http.disconnect"));
        assertEquals(ClaimWord.FREE, worker.lastWord("http.request"));
        assertEquals(ClaimWord.FREE, worker.lastWord("other.http.request"));
    }

    @Test
    void shouldNeverReadReplyChannelsEvenWhenItTakesEverything() {
        start(
                new WorkerContext()
                        .channels("*")
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    handled.add(channel);
                                    reply.send(200, "text/plain", "x");
                                }));
        worker.send("http.request", MessageType.HTTP_REQUEST, 1);
        worker.rounds();
        worker.rounds();
        assertEquals(List.of("http.request"), handled);
        assertEquals(1, worker.replies().size());
    }

    @Test
    void shouldSendDatagramsAndClosesToTheConnectionTheyAreFor() {
        final byte[] bytes = {0, 1, 2};
        start(
                new WorkerContext()
                        .onWebSocketReceive(
                                (channel, message, socket) -> {
                                    assertEquals(0, socket.send("töxt"));
                                    assertEquals(0, socket.send(bytes));
                                    assertEquals(
                                            0, socket.send(false, new UnsafeBuffer(bytes), 1, 1));
                                    assertEquals(0, socket.close());
                                    assertEquals(0, socket.close(4001, "bye"));
                                }));
        worker.send("websocket.receive", MessageType.WEB_SOCKET_RECEIVE, 9);
        worker.rounds();
        final List<TestWorker.Reply> replies = worker.replies();
        assertEquals(5, replies.size());
        for (final TestWorker.Reply reply : replies) {
            assertEquals(connection(worker, 9), reply.connection());
        }
        assertEquals("töxt", replies.get(0).content());
        assertEquals(0, replies.get(0).status());
        assertEquals("\0\1\2", replies.get(1).content());
        assertEquals(1, replies.get(1).status());
        assertEquals("\1", replies.get(2).content());
        assertEquals(1000, replies.get(3).status());
        assertEquals("", replies.get(3).content());
        assertEquals(4001, replies.get(4).status());
        assertEquals("bye", replies.get(4).content());
    }

    @Test
    void shouldSendToAnotherConnectionByItsAddressAndGoOnWithItsOwn() {
        start(
                new WorkerContext()
                        .onWebSocketReceive(
                                (channel, message, socket) -> {
                                    socket.at(worker.replyChannel + "!77.0").send("other");
                                    socket.at(worker.replyChannel + "!4294967295.0").send("last");
                                    socket.send("own");
                                }));
        worker.send("websocket.receive", MessageType.WEB_SOCKET_RECEIVE, 9);
        worker.rounds();
        final List<String> sent = new ArrayList<>();
        for (final TestWorker.Reply reply : worker.replies()) {
            sent.add((int) reply.connection() + " " + reply.content());
        }
        assertEquals(List.of("77 other", "-1 last", "9 own"), sent);
    }

    @Test
    void shouldCutAReasonThatIsTooLongBetweenCharacters() {
        start(
                new WorkerContext()
                        .onWebSocketReceive(
                                (channel, message, socket) -> {
                                    socket.close(1000, "x".repeat(123));
                                    socket.close(1000, "x".repeat(124));
                                    socket.close(1000, "x".repeat(122) + "ü");
                                    socket.close(1000, "😀".repeat(100));
                                }));
        worker.send("websocket.receive", MessageType.WEB_SOCKET_RECEIVE, 9);
        worker.rounds();
        final List<String> reasons =
                worker.replies().stream().map(TestWorker.Reply::content).toList();
        assertEquals(
                Arrays.asList("x".repeat(123), "x".repeat(123), "x".repeat(122), "😀".repeat(30)),
                reasons);
    }

    @Test
    void shouldRefuseAReplyThatIsTooLongAndTakeAShorterOne() {
        final List<Integer> codes = new ArrayList<>();
        start(
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    final byte[] huge = new byte[1 << 24];
                                    codes.add(reply.send(200, "text/plain", huge));
                                    codes.add(reply.send(200, "t".repeat(255), "x"));
                                    assertFalse(reply.isSent());
                                    codes.add(reply.send(200, "t".repeat(254), "x"));
                                    assertTrue(reply.isSent());
                                }));
        worker.send("http.request", MessageType.HTTP_REQUEST, 1);
        worker.rounds();
        assertEquals(List.of(LaneAppender.TOO_LONG, LaneAppender.TOO_LONG, LaneAppender.OK), codes);
        assertEquals(1, worker.replies().size());
        assertEquals(2, worker.counter("replies refused"));
        assertEquals(1, worker.counter("replies appended"));
        assertEquals(1, worker.counter("done http.request"));
    }

    @Test
    void shouldSendBytesOfABufferAsTheyAre() {
        final byte[] memory = "..content..".getBytes(StandardCharsets.US_ASCII);
        start(
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) ->
                                        reply.send(200, "a/b", new UnsafeBuffer(memory), 2, 7)));
        worker.send("http.request", MessageType.HTTP_REQUEST, 1);
        worker.rounds();
        assertEquals("content", worker.replies().get(0).content());
    }

    @Test
    void shouldHandleMessagesOfManyConnectionsInTheOrderTheyCame() {
        start(
                new WorkerContext()
                        .onHttpRequest((channel, request, reply) -> reply.send(200, "a/b", "x")));
        for (int i = 0; i < 200; i++) {
            worker.send("http.request", MessageType.HTTP_REQUEST, i);
        }
        worker.rounds();
        final List<TestWorker.Reply> replies = worker.replies();
        assertEquals(200, replies.size());
        for (int i = 0; i < 200; i++) {
            assertEquals(connection(worker, i), replies.get(i).connection());
        }
    }

    private void start(WorkerContext context) {
        worker = new TestWorker(directory.resolve("bus"), context).rounds();
    }
}
