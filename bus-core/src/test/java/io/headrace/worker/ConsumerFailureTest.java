// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import static io.headrace.worker.TestWorker.connection;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Lane;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.ShardTable;
import io.headrace.member.Member;
import io.headrace.message.Field;
import io.headrace.message.MessageType;
import io.headrace.testing.CycleFileAway;
import io.headrace.testing.RolledFiles;
import io.headrace.testing.Samples;
import io.headrace.testing.TestMembers;
import io.headrace.worker.reply.HttpReply;
import io.headrace.worker.reply.UploadReceiver;
import io.headrace.worker.reply.WebSocket;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Handlers that throw, and front ends that are not there: the consumer goes on. */
class ConsumerFailureTest {

    private static final long CYCLE_NS = 300_000_000_000L;

    @TempDir Path directory;
    private TestWorker worker;
    private final List<Integer> codes = new ArrayList<>();

    @AfterEach
    void close() {
        worker.close();
    }

    @Test
    void shouldAnswer500AndKeepOneErrorWhenAHandlerThrows() {
        start(
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    throw new IOException("out of order");
                                }));
        for (int i = 0; i < 3; i++) {
            request(i);
        }
        worker.rounds();
        final List<TestWorker.Reply> replies = worker.replies();
        assertEquals(3, replies.size());
        for (int i = 0; i < 3; i++) {
            assertEquals(500, replies.get(i).status());
            assertEquals("[Headrace-Reason=handler-failed]", replies.get(i).headers());
            assertEquals("text/plain", replies.get(i).contentType());
            assertTrue(replies.get(i).content().startsWith("500 "), replies.get(i).content());
            assertEquals(connection(worker, i), replies.get(i).connection());
        }
        assertEquals(1, worker.errors().size(), worker.errors().toString());
        worker.errors()
                .forEach(
                        (text, count) -> {
                            assertTrue(text.contains("IOException: out of order"), text);
                            assertEquals(3, count);
                        });
        assertEquals(ClaimWord.of(1, ClaimWord.FAILED), worker.lastWord("http.request"));
        assertEquals(3, worker.counter("failed http.request"));
        assertEquals(0, worker.counter("done http.request"));
    }

    @Test
    void shouldSurviveErrorsToo() {
        start(new WorkerContext().onHttpRequest((channel, request, reply) -> recurse(0)));
        request(1);
        worker.rounds();
        assertEquals(500, worker.replies().get(0).status());
        assertEquals(1, worker.counter("failed http.request"));
        assertTrue(worker.errors().toString().contains("StackOverflowError"));
    }

    @Test
    void shouldSurviveAnExceptionThatCannotBePrinted() {
        start(
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    throw new UnprintableException();
                                }));
        request(1);
        worker.rounds();
        assertEquals(500, worker.replies().get(0).status());
        assertEquals(1, worker.counter("failed http.request"));
        assertTrue(worker.errors().toString().contains("UnprintableException"));
    }

    @Test
    void shouldSurviveAnExceptionWhoseMessageOverflowsTheStack() {
        start(
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    throw new EndlessException();
                                }));
        request(1);
        worker.rounds();
        assertEquals(500, worker.replies().get(0).status());
        assertEquals(1, worker.counter("failed http.request"));
        assertTrue(worker.errors().toString().contains("EndlessException"));
    }

    @Test
    void shouldSurviveAnErrorOfAReceiverWhoseFrontEndHasDied() {
        start(
                new WorkerContext()
                        .onHttpRequest((channel, request, reply) -> reply.receive(new Failing())));
        request(1);
        worker.rounds();
        worker.stop(worker.frontEnd);
        worker.frontEnd.close();
        worker.rounds();
        assertTrue(worker.errors().toString().contains("LinkageError: abandoned"));
    }

    @Test
    void shouldForgetAnInterruptionThatAHandlerHasLeft() {
        final List<Boolean> interrupted = new ArrayList<>();
        start(
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    interrupted.add(Thread.currentThread().isInterrupted());
                                    reply.receive(new Failing());
                                    Thread.currentThread().interrupt();
                                }));
        request(1);
        request(2);
        worker.rounds();
        assertEquals(List.of(false, false), interrupted);
        assertFalse(Thread.interrupted(), "the thread would end when idle");
        worker.stop(worker.frontEnd);
        worker.frontEnd.close();
        worker.rounds();
        assertTrue(worker.errors().toString().contains("abandoned"));
        assertFalse(Thread.interrupted(), "by a receiver");
    }

    /** Fails when it is abandoned, and leaves its thread interrupted. */
    private static final class Failing implements UploadReceiver {

        @Override
        public void onPart(Field content) {
            // None comes.
        }

        @Override
        public void onEnd(HttpReply reply) {
            // It does not.
        }

        @Override
        public void onAbandoned() {
            Thread.currentThread().interrupt();
            throw new LinkageError("abandoned");
        }
    }

    @Test
    void shouldFailAMessageThatCannotEvenBeAnswered() throws IOException {
        start(replying());
        try (Member newcomer = TestMembers.frontEnd(worker.bus)) {
            final String channel = ReplyAddress.channel(newcomer.id(), 0);
            final Path channels = directory.resolve("bus/channels");
            // The consumer's lane is there already, and so it cannot be made.
            final Path lane = channels.resolve(channel).resolve(worker.member.id() + "-0");
            Files.createFile(Files.createDirectories(lane).resolve("lane.properties"));
            requestOf((long) ReplyAddress.loopKey(channel) << 32);
            worker.consumer.doWork();
            assertEquals(ClaimWord.of(1, ClaimWord.FAILED), worker.lastWord("http.request"));
        }
        request(2);
        worker.consumer.doWork();
        assertEquals(List.of(LaneAppender.OK), codes);
        assertEquals(1, worker.counter("failed http.request"));
        assertEquals(1, worker.counter("done http.request"));
    }

    @Test
    void shouldHandleFramesInTheirOrderThoughADeadOwnersFileCannotBeOpenedAtFirst()
            throws Exception {
        final List<String> handled = new ArrayList<>();
        worker =
                new TestWorker(
                        directory.resolve("bus"),
                        new WorkerContext()
                                .onWebSocketReceive(
                                        (channel, message, socket) -> handled.add(message.text())));
        final Member owner = TestMembers.worker(worker.bus, "", 1);
        worker.resume(owner);
        try (ShardTable shards = ShardTable.of(worker.bus, "websocket")) {
            for (int shard = 0; shard < ShardTable.SHARD_COUNT; shard++) {
                assertTrue(shards.acquire(shard, 2));
            }
        }
        worker.sendReceive(7, 0, "1");
        worker.rounds();
        worker.pass(CYCLE_NS);
        worker.sendReceive(8, 0, "another's");
        worker.rounds();
        assertEquals(List.of(), handled);
        final Lane lane = worker.loop.lane("websocket.receive").lane();
        worker.stop(owner);
        owner.close();
        RolledFiles.close(worker.bus);
        try (CycleFileAway first = CycleFileAway.ofFirst(lane)) {
            worker.rounds();
        }
        worker.sendReceive(7, 0, "2");
        worker.rounds();
        assertEquals(List.of(), handled);
        // It looks for what it could not read once a second.
        worker.pass(1_000_000_000L);
        worker.rounds();
        assertEquals(List.of("1", "another's", "2"), handled);
    }

    @Test
    void shouldHandleTheNextMessageAfterAFailure() {
        start(
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    reply.header("X-Half", "done");
                                    if (codes.isEmpty()) {
                                        codes.add(0);
                                        throw new IllegalStateException("once");
                                    }
                                    reply.send(200, "a/b", "fine");
                                }));
        request(1);
        request(2);
        worker.rounds();
        final List<TestWorker.Reply> replies = worker.replies();
        assertEquals(2, replies.size());
        assertEquals("[Headrace-Reason=handler-failed]", replies.get(0).headers());
        assertEquals("[X-Half=done]", replies.get(1).headers());
        assertEquals("fine", replies.get(1).content());
    }

    @Test
    void shouldNotAnswerASecondTimeWhenAHandlerThrowsBehindItsReply() {
        start(
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    reply.send(200, "a/b", "sent");
                                    throw new IllegalStateException("too late");
                                }));
        request(1);
        worker.rounds();
        assertEquals(1, worker.replies().size());
        assertEquals(ClaimWord.of(1, ClaimWord.FAILED), worker.lastWord("http.request"));
        assertEquals(1, worker.errors().size());
    }

    @Test
    void shouldAnswer500WhenTheReplyItselfCannotBeEncoded() {
        start(
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) ->
                                        reply.header("X-Long", "v".repeat(65_535))
                                                .send(200, "a/b", "never sent")));
        request(1);
        request(2);
        worker.rounds();
        final List<TestWorker.Reply> replies = worker.replies();
        assertEquals(2, replies.size(), "nothing of the half reply");
        assertEquals(500, replies.get(0).status());
        assertEquals(500, replies.get(1).status());
    }

    @ParameterizedTest
    @EnumSource(
            value = MessageType.class,
            names = {"WEB_SOCKET_RECEIVE", "WEB_SOCKET_CLIENT_CLOSE"})
    void shouldFailAWebSocketMessageWithoutAnAnswer(MessageType type) {
        start(throwing());
        worker.send("websocket.receive", type, 1);
        worker.rounds();
        assertEquals(List.of(), worker.replies());
        assertEquals(ClaimWord.of(1, ClaimWord.FAILED), worker.lastWord("websocket.receive"));
        assertEquals(1, worker.errors().size());
    }

    @Test
    void shouldAnswerAHandshakeThatWaitsWhenItsHandlerFails() {
        start(throwing());
        worker.send("websocket.connect", MessageType.WEB_SOCKET_CONNECTION, 1);
        worker.rounds();
        final List<TestWorker.Reply> replies = worker.replies();
        assertEquals(1, replies.size());
        assertEquals(500, replies.get(0).status());
        assertEquals(0, replies.get(0).order());
        assertEquals(ClaimWord.of(1, ClaimWord.FAILED), worker.lastWord("websocket.connect"));
    }

    private static WorkerContext throwing() {
        return new WorkerContext()
                .onWebSocketConnect(
                        (channel, request, socket) -> {
                            throw new IllegalStateException("connect");
                        })
                .onWebSocketReceive(
                        (channel, message, socket) -> {
                            throw new IllegalStateException("receive");
                        })
                .onWebSocketDisconnect(
                        (channel, close) -> {
                            throw new IllegalStateException("disconnect");
                        });
    }

    @ParameterizedTest
    @EnumSource(
            value = MessageType.class,
            names = {
                "HTTP_RESPONSE",
                "WEB_SOCKET_SEND",
                "WEB_SOCKET_SERVER_CLOSE",
                "WEB_SOCKET_ACCEPT"
            })
    void shouldFailAMessageThatIsNotForWorkers(MessageType type) {
        start(new WorkerContext().onHttpRequest((channel, request, reply) -> codes.add(1)));
        worker.send("http.request", type, 1);
        worker.rounds();
        assertEquals(List.of(), codes);
        assertEquals(1, worker.counter("failed http.request"));
        final String errors = worker.errors().toString();
        assertTrue(errors.contains(type.label() + ", which is not for workers"), errors);
    }

    @Test
    void shouldSayClosedForAFrontEndThatNeverWas() {
        start(replying());
        requestOf(99L << 40 | 1);
        worker.rounds();
        assertEquals(List.of(LaneAppender.CLOSED), codes);
        assertEquals(1, worker.counter("replies refused"));
        assertEquals(1, worker.counter("done http.request"));
    }

    @Test
    void shouldSayClosedForAnAddressOfAnotherBus() {
        start(
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    final String address = ofAnotherBus();
                                    codes.add(reply.at(address).send(200, "a/b", "x"));
                                    codes.add(reply.groups().add("room", address));
                                    codes.add(reply.groups().discard("room", address));
                                    reply.send(200, "a/b", "mine");
                                })
                        .onWebSocketReceive(
                                (channel, message, socket) -> {
                                    final WebSocket other = socket.at(ofAnotherBus());
                                    codes.add(other.send("x"));
                                    codes.add(other.join("room"));
                                    codes.add(other.leave("room"));
                                    codes.add(other.later().send("x"));
                                    codes.add(other.accept());
                                    codes.add(other.close());
                                }));
        request(1);
        worker.send("websocket.receive", MessageType.WEB_SOCKET_RECEIVE, 2);
        worker.rounds();
        assertEquals(Collections.nCopies(9, LaneAppender.CLOSED), codes);
        assertEquals(
                List.of("mine"), worker.replies().stream().map(TestWorker.Reply::content).toList());
        assertEquals(0, worker.errors().size(), worker.errors().toString());
    }

    /** The address of a connection of the front end with the same number there. */
    private String ofAnotherBus() {
        final String id = worker.bus.settings().id();
        final String another = id.equals("q3k1z9") ? "q3k1z8" : "q3k1z9";
        return worker.replyChannel.replace(id, another) + "!7.0";
    }

    @Test
    void shouldSayClosedForAFrontEndThatHasLeft() {
        start(replying());
        request(1);
        worker.rounds();
        worker.stop(worker.frontEnd);
        worker.frontEnd.close();
        worker.rounds();
        request(2);
        worker.rounds();
        assertEquals(List.of(LaneAppender.OK, LaneAppender.CLOSED), codes);
    }

    @Test
    void shouldReplyAgainToAFrontEndThatWasStoppedForAWhile() {
        start(replying());
        request(1);
        worker.rounds();
        worker.stop(worker.frontEnd);
        worker.pass(2 * LiveMembers.HEARTBEAT_TIMEOUT_NS);
        worker.rounds();
        worker.resume(worker.frontEnd);
        worker.rounds();
        request(2);
        worker.rounds();
        assertEquals(List.of(LaneAppender.OK, LaneAppender.OK), codes);
        assertEquals(2, worker.replies().size());
        assertEquals(0, worker.errors().size(), worker.errors().toString());
    }

    @Test
    void shouldReplyToAFrontEndWhileItIsStopped() {
        start(replying());
        worker.stop(worker.frontEnd);
        worker.pass(2 * LiveMembers.HEARTBEAT_TIMEOUT_NS);
        worker.rounds();
        request(1);
        request(2);
        worker.rounds();
        assertEquals(List.of(LaneAppender.OK, LaneAppender.OK), codes);
        assertEquals(ClaimWord.of(1, ClaimWord.DONE), worker.lastWord("http.request"));
        assertEquals(0, worker.errors().size(), worker.errors().toString());
    }

    @Test
    void shouldReplyToAFrontEndThatIsYoungerThanTheLastLook() {
        start(replying());
        // Nobody has told of this loop's channel yet, and nobody has looked.
        final String channel = worker.replyChannel.replaceAll("-0$", "-1");
        directory.resolve("bus/channels").resolve(channel).toFile().mkdir();
        final long connection = connection(worker, 5) | 1L << 32;
        requestOf(connection);
        worker.consumer.doWork();
        assertEquals(List.of(LaneAppender.OK), codes);
        worker.bus.raiseLaneVersion();
        worker.rounds();
        assertEquals(connection, worker.replies().get(0).connection());
        assertEquals(0, worker.errors().size(), worker.errors().toString());
    }

    @Test
    void shouldReplyTwiceToAFrontEndThatIsNotKnownYet() {
        start(replying());
        try (Member newcomer = TestMembers.frontEnd(worker.bus)) {
            final String channel = ReplyAddress.channel(newcomer.id(), 0);
            worker.bus.createChannel(channel);
            final long connection = (long) ReplyAddress.loopKey(channel) << 32;
            for (int i = 0; i < 3; i++) {
                requestOf(connection | i);
                worker.consumer.doWork();
                worker.consumer.doWork();
            }
            worker.rounds();
            requestOf(connection | 3);
            worker.rounds();
            assertEquals(Collections.nCopies(4, LaneAppender.OK), codes);
            assertEquals(4, worker.replies().size());
            assertEquals(0, worker.errors().size(), worker.errors().toString());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"reply.junk", "reply.", "reply.-", "reply.x-0", "reply.f9999999999-x-0"})
    void shouldIgnoreFoldersThatAreNoReplyChannels(String name) throws IOException {
        start(replying());
        Files.createDirectory(directory.resolve("bus/channels").resolve(name));
        worker.bus.raiseLaneVersion();
        worker.rounds();
        request(1);
        worker.rounds();
        requestOf(99L << 40 | 1);
        worker.rounds();
        assertEquals(List.of(LaneAppender.OK, LaneAppender.CLOSED), codes);
        assertEquals(ClaimWord.of(1, ClaimWord.DONE), worker.lastWord("http.request"));
    }

    @Test
    void shouldNotStopAtAMemberFileThatCannotBeRead() throws IOException {
        start(replying());
        worker.stop(worker.frontEnd);
        worker.frontEnd.close();
        Files.delete(TestMembers.file(worker.bus, worker.frontEnd.id()));
        Files.write(TestMembers.file(worker.bus, worker.frontEnd.id()), new byte[10]);
        request(1);
        worker.consumer.doWork();
        assertEquals(1, codes.size());
        assertEquals(ClaimWord.of(1, ClaimWord.DONE), worker.lastWord("http.request"));
    }

    private WorkerContext replying() {
        return new WorkerContext()
                .onHttpRequest((channel, request, reply) -> codes.add(reply.send(200, "a/b", "x")));
    }

    private static final class UnprintableException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("cannot be printed");
        }
    }

    private static final class EndlessException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            return "endless: " + recurse(0);
        }
    }

    private static int recurse(int depth) {
        return recurse(depth + 1) + 1;
    }

    private void request(int number) {
        worker.send("http.request", MessageType.HTTP_REQUEST, number);
    }

    private void requestOf(long connection) {
        final byte[] message = Samples.message(Samples.record(MessageType.HTTP_REQUEST));
        worker.loop.append("http.request", message, connection, 0, worker.nowNs());
    }

    private void start(WorkerContext context) {
        worker = new TestWorker(directory.resolve("bus"), context).rounds();
    }
}
