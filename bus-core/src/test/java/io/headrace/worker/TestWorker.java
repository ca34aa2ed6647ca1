// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.channel.Bus;
import io.headrace.channel.LanePoller;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ConnectionId;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.poll.Tap;
import io.headrace.janitor.Janitor;
import io.headrace.janitor.Retention;
import io.headrace.member.Member;
import io.headrace.member.MemberReader;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.MessageType;
import io.headrace.message.encode.EventEncoder;
import io.headrace.testing.Samples;
import io.headrace.testing.TestMembers;
import io.headrace.testing.TestWriter;
import io.headrace.worker.reply.Replies;
import io.headrace.worker.reply.Uploads;
import io.headrace.worker.reply.Writability;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One consumer and the loop of a front end that writes to it, on a bus whose time the test winds
 * and whose agents the test runs.
 */
final class TestWorker implements AutoCloseable {

    static final long ROUND_NS = 25_000_000L;

    /** What came back to the front end. */
    record Reply(
            MessageType type,
            long connection,
            int order,
            int status,
            String contentType,
            String headers,
            String content) {}

    final Bus bus;
    final Member frontEnd;
    final Member member;
    final Consumer consumer;
    final TestWriter loop;
    final String replyChannel;
    private final LiveMembers liveMembers;
    private final Replies shared;
    private final Tap replyTap;
    private final Janitor keeper;
    private final List<Member> beating = new ArrayList<>();
    private long nowNs = 1_700_000_000_000_000_000L;

    TestWorker(Path directory, WorkerContext context) {
        bus = Bus.openOrCreate(directory, () -> nowNs);
        frontEnd = TestMembers.frontEnd(bus);
        replyChannel = ReplyAddress.channel(frontEnd.id(), 0);
        bus.createChannel(replyChannel);
        loop = new TestWriter(bus, frontEnd.id() + "-0");
        context.directory(directory).conclude();
        member = TestMembers.worker(bus, context.channels(), 1);
        beating.addAll(List.of(frontEnd, member));
        liveMembers = new LiveMembers(bus, Long.MAX_VALUE, TestWorker::bad);
        shared = new Replies(bus, member.id() + "-later", liveMembers, member, true);
        consumer =
                new Consumer(
                        context,
                        bus,
                        member,
                        liveMembers,
                        member.id() + "-0",
                        0,
                        1,
                        Long.MAX_VALUE,
                        OptionalInt.empty(),
                        shared,
                        new Writability(TestWorker::bad, () -> {}));
        keeper =
                new Janitor(bus, frontEnd, liveMembers, new Retention(600_000, Long.MAX_VALUE), 99);
        replyTap = new Tap(bus, name -> name.startsWith("reply."), TestWorker::bad);
    }

    /** Lets every agent do its work, a few times, and time pass. */
    TestWorker rounds() {
        consumer.onAnnounced();
        return unannouncedRounds();
    }

    /** The same, before others know of the worker. */
    TestWorker unannouncedRounds() {
        for (int i = 0; i < 10; i++) {
            nowNs += ROUND_NS;
            beating.forEach(Member::doWork);
            liveMembers.doWork();
            while (consumer.doWork() > 0) {
                // Until there is no more.
            }
        }
        return this;
    }

    /** Lets time pass, 10 ms after 10 ms, with the front end's janitor at work as well. */
    void passWithKeeper(long ns) {
        consumer.onAnnounced();
        for (final long endNs = nowNs + ns; nowNs < endNs; nowNs += 10_000_000L) {
            beating.forEach(Member::doWork);
            liveMembers.doWork();
            keeper.doWork();
            while (consumer.doWork() > 0) {
                // Until there is no more.
            }
        }
    }

    long nowNs() {
        return nowNs;
    }

    void pass(long ns) {
        nowNs += ns;
    }

    /** From now on this member writes no heartbeat. */
    void stop(Member stopped) {
        beating.remove(stopped);
    }

    void resume(Member resumed) {
        beating.add(resumed);
    }

    /** The id of the loop's connection with this number. */
    static long connection(TestWorker worker, int number) {
        return (long) ReplyAddress.loopKey(worker.replyChannel) << 32 | number;
    }

    /** Appends a sample of a message as the front end's loop. */
    long send(String channel, MessageType type, int number) {
        return loop.append(
                channel, Samples.message(Samples.record(type)), connection(this, number), 0, nowNs);
    }

    /** Appends that the client of a request has left. */
    long sendDisconnect(int number, long requestIndex) {
        final UnsafeBuffer record =
                Samples.record(
                        EventEncoder.disconnectLength(),
                        (buffer, at) ->
                                new EventEncoder().encodeDisconnect(buffer, at, requestIndex));
        return loop.append(
                "http.disconnect", Samples.message(record), connection(this, number), 0, nowNs);
    }

    /** Appends a text frame that points at the record of its connection. */
    long sendReceive(int number, long connectIndex, String text) {
        final byte[] content = text.getBytes(StandardCharsets.UTF_8);
        final UnsafeBuffer record =
                Samples.record(
                        EventEncoder.receiveLength(content.length),
                        (buffer, at) ->
                                new EventEncoder()
                                        .encodeReceive(
                                                buffer,
                                                at,
                                                connectIndex,
                                                -1,
                                                false,
                                                new UnsafeBuffer(content),
                                                0,
                                                content.length));
        return loop.append(
                "websocket.receive", Samples.message(record), connection(this, number), 0, nowNs);
    }

    /** Runs the handlers of a context and answers for them, on whatever thread. */
    Dispatcher dispatcher(WorkerContext context) {
        return new Dispatcher(
                context,
                bus.clock(),
                new DeadLetters(bus, "unused", new WriterSequence()),
                new Uploads(shared),
                shared,
                shared,
                new Writability(TestWorker::bad, () -> {}),
                thrown -> {});
    }

    /** State and consumer of the last message of a channel. */
    int lastWord(String channel) {
        try (LanePoller poller = loop.lane(channel).lane().poller()) {
            poller.moveTo(loop.lane(channel).lastIndex());
            poller.peek();
            return ClaimWord.read(poller.record());
        }
    }

    /** Makes a message free again, and tells nobody. */
    void free(String channel, long index) {
        try (LanePoller poller = loop.lane(channel).lane().poller()) {
            poller.moveTo(index);
            poller.record().putIntVolatile(DeliveryHeader.CLAIM_WORD_OFFSET, ClaimWord.FREE);
        }
    }

    /** The replies that have come since the last call. */
    List<Reply> replies() {
        final List<Reply> replies = new ArrayList<>();
        final Message message = new Message();
        replyTap.poll(
                (lane, now) -> {
                    if (!message.wrap(lane.record()).decode()) {
                        throw new AssertionError(message.problem());
                    }
                    replies.add(reply(message));
                },
                Integer.MAX_VALUE);
        return replies;
    }

    private static Reply reply(Message message) {
        final long connection = DeliveryHeader.connection(message.record(), 0);
        final int order = message.order();
        return switch (message.type()) {
            case HTTP_RESPONSE ->
                    new Reply(
                            message.type(),
                            connection,
                            order,
                            message.response().statusCode(),
                            message.response().contentType().toString(),
                            message.response().headers().toList().toString(),
                            message.response().content().toString());
            case WEB_SOCKET_SEND ->
                    new Reply(
                            message.type(),
                            connection,
                            order,
                            message.datagram().binary() ? 1 : 0,
                            "",
                            "",
                            message.datagram().text());
            default ->
                    new Reply(
                            message.type(),
                            connection,
                            order,
                            message.close().code(),
                            "",
                            "",
                            message.close().reason());
        };
    }

    /** The worker's distinct errors and how often each came. */
    Map<String, Integer> errors() {
        try (MemberReader reader = MemberReader.open(TestMembers.file(bus, member.id()))) {
            return reader.errors();
        }
    }

    /** One of the consumer's counters, by the end of its label. */
    long counter(String label) {
        try (MemberReader reader = MemberReader.open(TestMembers.file(bus, member.id()))) {
            return reader.counters().getOrDefault(member.id() + "-0 " + label, 0L);
        }
    }

    int memberNumber() {
        return ConnectionId.member(connection(this, 0));
    }

    private static void bad(Throwable e) {
        throw new AssertionError(e);
    }

    @Override
    public void close() {
        consumer.onClose();
        keeper.onClose();
        liveMembers.onClose();
        CloseHelper.quietCloseAll(shared, replyTap, loop, member, frontEnd, bus);
    }
}
