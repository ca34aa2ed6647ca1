// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.headrace.channel.Bus;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.bell.Bell;
import io.headrace.channel.name.ConnectionId;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.Claimer;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.RequestResolver;
import io.headrace.delivery.ShardTable;
import io.headrace.delivery.Shards;
import io.headrace.delivery.UndecodableReport;
import io.headrace.delivery.poll.Delivery;
import io.headrace.delivery.poll.Subscription;
import io.headrace.member.Member;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.MessageType;
import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.ReplyEncoder;
import io.headrace.message.encode.RequestKeys;
import io.headrace.testing.Samples;
import io.headrace.testing.TestMembers;
import io.headrace.worker.reply.Replies;
import io.headrace.worker.reply.Writability;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * No allocation on the message path after start-up: the JVM's own account of this thread, over many
 * messages. Less than a byte per message is what a new page or file of a lane may cost.
 */
class AllocationTest {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final int WARM_UP = 20_000;
    private static final int BATCH_COUNT_MAX = 5;
    private static final int COUNT = 20_000;
    private static final long NOW_NS = 1_700_000_000_000_000_000L;
    private static final byte[] TYPE = {'a', '/', 'b'};
    private static final UnsafeBuffer CONTENT = new UnsafeBuffer(new byte[100]);

    @TempDir Path directory;
    private Bus bus;
    private Member frontEnd;
    private Member member;
    private LiveMembers liveMembers;
    private LaneAppender requests;
    private final EventEncoder events = new EventEncoder();
    private final ReplyEncoder replies = new ReplyEncoder();
    private final RequestKeys keys = Samples.requestKeys();
    private final WriterSequence sequence = new WriterSequence();
    private long connection;
    private int handledCount;
    private int stepCount;

    @BeforeEach
    void openBus() {
        // A time that stands still: no lane rolls while it is measured.
        bus = Bus.openOrCreate(directory.resolve("bus"), () -> NOW_NS);
        frontEnd = TestMembers.frontEnd(bus);
        member = TestMembers.worker(bus, "*", 1);
        liveMembers = new LiveMembers(bus, Long.MAX_VALUE, AllocationTest::bad);
        requests = bus.newLane("http.request", frontEnd.id() + "-0", sequence);
        final String replyChannel = ReplyAddress.channel(frontEnd.id(), 0);
        bus.createChannel(replyChannel);
        connection = (long) ReplyAddress.loopKey(replyChannel) << 32 | 7;
        assertEquals(7, ConnectionId.number(connection));
    }

    @AfterEach
    void close() {
        liveMembers.onClose();
        requests.close();
        member.close();
        frontEnd.close();
        bus.close();
    }

    @Test
    void shouldAllocateNothingToAppendARequest() {
        check(this::appendRequest);
    }

    @Test
    void shouldAllocateNothingToSleepAndToRing() {
        try (Bell bell = bus.newBell(1, "http.*").orElseThrow()) {
            check(
                    () -> {
                        bell.arm();
                        appendRequest();
                        assertTrue(bell.await(0));
                        bell.disarm();
                    });
        }
    }

    @Test
    void shouldAllocateNothingToAppendEveryOtherEvent() {
        try (LaneAppender lane = bus.newLane("websocket.receive", "f1-x-0", sequence)) {
            check(
                    () -> {
                        claim(lane, EventEncoder.receiveLength(100));
                        events.encodeReceive(
                                lane.buffer(), lane.offset(), 5, -1, true, CONTENT, 0, 100);
                        commit(lane);
                        claim(lane, EventEncoder.connectionLength(keys));
                        events.encodeConnection(lane.buffer(), lane.offset(), keys);
                        commit(lane);
                        claim(lane, EventEncoder.disconnectLength());
                        events.encodeDisconnect(lane.buffer(), lane.offset(), 5);
                        commit(lane);
                    });
        }
    }

    @Test
    void shouldAllocateNothingForARefusedOrAbortedMessage() {
        check(
                () -> {
                    assertEquals(LaneAppender.TOO_LONG, requests.claim(Integer.MAX_VALUE, NOW_NS));
                    claim(requests, 100);
                    requests.abortIfClaimed();
                });
    }

    @Test
    void shouldAllocateNothingToPollWhenThereIsNothing() {
        appendRequest();
        try (Subscription subscription = subscription("http.request")) {
            subscription.poll((lane, nowNs) -> true, NOW_NS);
            check(() -> assertEquals(0, subscription.poll((lane, nowNs) -> true, NOW_NS)));
        }
    }

    @Test
    void shouldAllocateNothingToPollClaimDecodeAndFinishARequest() {
        try (Shards shards = new Shards(bus, liveMembers, 1, Long.MAX_VALUE);
                Subscription subscription = subscription("http.request")) {
            final Claimer claimer = claimer(new Message(), shards);
            check(
                    () -> {
                        appendRequest();
                        assertEquals(1, subscription.poll(claimer, NOW_NS));
                    });
            assertEquals(stepCount, handledCount);
        }
    }

    @Test
    void shouldAllocateNothingForAFrameOfAConnectionThatIsKnown() {
        try (ShardTable leases = ShardTable.of(bus, "websocket");
                Shards shards = new Shards(bus, liveMembers, 1, Long.MAX_VALUE);
                RequestResolver resolver = new RequestResolver(bus);
                LaneAppender connects =
                        bus.newLane("websocket.connect", frontEnd.id() + "-0", sequence);
                LaneAppender frames =
                        bus.newLane("websocket.receive", frontEnd.id() + "-0", sequence);
                Subscription subscription =
                        new Subscription(
                                bus,
                                "websocket.receive"::equals,
                                true,
                                lane -> shards.join(lane.channel()),
                                AllocationTest::bad)) {
            leases.acquire(ShardTable.shardOf(connection), 1);
            claim(connects, EventEncoder.connectionLength(keys));
            events.encodeConnection(connects.buffer(), connects.offset(), keys);
            commit(connects);
            final long index = connects.lastIndex();
            resolver.lane(frames.lane());
            final Message message = new Message(resolver);
            final Claimer claimer = claimer(message, shards);
            check(
                    () -> {
                        claim(frames, EventEncoder.receiveLength(10));
                        events.encodeReceive(
                                frames.buffer(), frames.offset(), index, -1, false, CONTENT, 0, 10);
                        commit(frames);
                        assertEquals(1, subscription.poll(claimer, NOW_NS));
                        assertTrue(message.request().pathField().startsWith("/app"));
                    });
            assertEquals(stepCount, handledCount);
        }
    }

    @Test
    void shouldAllocateNothingToAppendAndReadAReply() {
        final String channel = ReplyAddress.channel(frontEnd.id(), 0);
        final Message message = new Message();
        final Delivery decoding = (head, nowNs) -> message.wrap(head.record()).decode();
        try (LaneAppender lane = bus.newLane(channel, "w2-x-0", new WriterSequence());
                Subscription subscription = subscription(channel)) {
            check(
                    () -> {
                        replies.clearHeaders();
                        replies.addHeader("Set-Cookie", "a=1");
                        replies.addHeader("X-Name", "\u00e9\u0119");
                        claim(lane, replies.responseLength(TYPE.length, 100));
                        replies.encodeResponse(
                                lane.buffer(), lane.offset(), 200, TYPE, CONTENT, 0, 100);
                        commit(lane);
                        claim(lane, ReplyEncoder.sendLength(100));
                        replies.encodeSend(lane.buffer(), lane.offset(), true, CONTENT, 0, 100);
                        commit(lane);
                        claim(lane, ReplyEncoder.serverCloseLength(3));
                        replies.encodeServerClose(lane.buffer(), lane.offset(), 1000, TYPE);
                        commit(lane);
                        for (int i = 0; i < 3; i++) {
                            assertEquals(1, subscription.poll(decoding, NOW_NS));
                        }
                        assertEquals(MessageType.WEB_SOCKET_SERVER_CLOSE, message.type());
                    });
        }
    }

    @Test
    void shouldAllocateNothingForAConsumersWholeDutyCycle() {
        final WorkerContext context =
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    handledCount++;
                                    reply.send(200, "a/b", CONTENT, 0, 100);
                                })
                        .conclude();
        liveMembers.doWork();
        final Consumer consumer =
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
                        new Replies(bus, member.id() + "-later", liveMembers, member, true),
                        new Writability(Throwable::printStackTrace, () -> {}));
        consumer.onAnnounced();
        consumer.doWork();
        check(
                () -> {
                    appendRequest();
                    consumer.doWork();
                });
        assertEquals(stepCount, handledCount);
        consumer.onClose();
    }

    private void appendRequest() {
        claim(requests, EventEncoder.requestLength(keys));
        events.encodeRequest(requests.buffer(), requests.offset(), keys);
        commit(requests);
    }

    private static void claim(LaneAppender lane, int length) {
        assertEquals(LaneAppender.OK, lane.claim(length, NOW_NS));
    }

    private void commit(LaneAppender lane) {
        lane.commit(connection, 0, 60_000, NOW_NS, NOW_NS);
    }

    private Claimer claimer(Message message, Shards shards) {
        return new Claimer(
                bus.clock(),
                1,
                message,
                shards,
                (lane, decoded, nowNs) -> {
                    handledCount++;
                    assertTrue(DeliveryHeader.claimedNs(lane.record(), 0) > 0);
                    return ClaimWord.DONE;
                },
                new FateCounters(member, "c"),
                new UndecodableReport(member.errorLog()));
    }

    private Subscription subscription(String channel) {
        return new Subscription(bus, channel::equals, true, lane -> {}, AllocationTest::bad);
    }

    private static void bad(RuntimeException e) {
        throw e;
    }

    /** Compilers that are late, on a busy machine, get a few batches more. */
    private void check(Runnable step) {
        for (int i = 0; i < WARM_UP; i++) {
            step.run();
        }
        stepCount = WARM_UP;
        long bytes = allocatedBytes(step);
        for (int batch = 1; batch < BATCH_COUNT_MAX && bytes >= COUNT; batch++) {
            bytes = allocatedBytes(step);
        }
        final double perMessage = bytes / (double) COUNT;
        assertTrue(perMessage < 1, () -> "%.2f bytes per message".formatted(perMessage));
    }

    private long allocatedBytes(Runnable step) {
        stepCount += COUNT;
        final long id = Thread.currentThread().getId();
        final long before = THREADS.getThreadAllocatedBytes(id);
        for (int i = 0; i < COUNT; i++) {
            step.run();
        }
        return THREADS.getThreadAllocatedBytes(id) - before;
    }
}
