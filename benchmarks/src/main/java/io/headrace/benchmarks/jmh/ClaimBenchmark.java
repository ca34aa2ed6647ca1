// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.jmh;

import io.headrace.HeadraceException;
import io.headrace.benchmarks.machine.SharedMemory;
import io.headrace.benchmarks.machine.SharedMemory.Pages;
import io.headrace.benchmarks.sample.SampleMessages;
import io.headrace.channel.Bus;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.delivery.ShardTable;
import io.headrace.delivery.poll.Delivery;
import io.headrace.delivery.poll.Subscription;
import io.headrace.member.Member;
import io.headrace.message.Message;
import io.headrace.message.MessageType;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.BenchmarkParams;

/**
 * What claims, fates and shards cost a message: the same records read by one who claims nothing, as
 * a tap does, and by a consumer, who looks for the shard of a WebSocket's message first, claims,
 * and writes down when and how the message ended. The difference is the cost. Pages are populated,
 * so that they are no part of it. Needs one core and 2 GB in /dev/shm.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 30)
@Measurement(iterations = 20)
@Fork(3)
@State(Scope.Thread)
public class ClaimBenchmark {

    /** Who reads. */
    public enum Reader {
        TAP,
        CONSUMER
    }

    private static final int MESSAGE_COUNT = 20_000;
    private static final long CONNECTION = 12_345;

    @Param({"HTTP_REQUEST", "WEB_SOCKET_RECEIVE"})
    public MessageType type;

    @Param public Reader reader;

    private final SharedMemory memory = new SharedMemory();
    private final Bus bus = Bus.openOrCreate(memory.directory().resolve("bus"));
    private final SampleMessages messages = new SampleMessages("reply.f1-abc123-0!12345.0");
    private ShardTable shards;
    private Poller[] pollers;
    private int shot = -1;
    private long sum;

    private interface Poller {
        int poll();
    }

    @Setup(Level.Trial)
    public void fill(BenchmarkParams params) {
        final int count = params.getWarmup().getCount() + params.getMeasurement().getCount();
        // Every iteration has a channel of its own; those of WebSockets share their shards.
        final String kind = type == MessageType.HTTP_REQUEST ? "http.shot-" : "websocket.shot-";
        shards = ShardTable.of(bus, "websocket");
        pollers = new Poller[count];
        try (Bus writersBus = Bus.openOrCreate(bus.directory())) {
            for (int i = 0; i < count; i++) {
                try (LaneAppender lane =
                        writersBus.newLane(kind + i, "writer", new WriterSequence())) {
                    for (int order = 0; order <= MESSAGE_COUNT; order++) {
                        messages.append(
                                type, lane, CONNECTION, order, writersBus.clock().nanoTime());
                    }
                }
            }
        }
        for (int i = 0; i < count; i++) {
            final String channel = kind + i;
            pollers[i] = reader == Reader.TAP ? tap(channel) : consumer(channel, i + 1);
            own(i + 1);
            // What a lane's first message costs once is not a message's cost.
            pollers[i].poll();
            disown(i + 1);
        }
        sum = 0;
    }

    private Poller tap(String channel) {
        final Message message = new Message();
        final Subscription subscription =
                new Subscription(bus, channel::equals, true, lane -> {}, ClaimBenchmark::fail);
        final Delivery delivery =
                (lane, nowNs) -> {
                    if (message.wrap(lane.record()).decode()) {
                        onMessage(message, lane.record());
                    }
                    return true;
                };
        return () -> subscription.poll(delivery, bus.clock().nanoTime());
    }

    private Poller consumer(String channel, int id) {
        final Receiver receiver =
                new Receiver(bus, Member.Kind.WORKER, id, channel, this::onMessage);
        return receiver::poll;
    }

    private void onMessage(Message message, UnsafeBuffer record) {
        if (message.order() == 0) {
            Pages.POPULATED.prepare(record, MESSAGE_COUNT * (messages.recordLength(type) + 8L));
        }
        sum += SampleMessages.fingerprint(message) + message.order();
    }

    private static void fail(HeadraceException problem) {
        throw problem;
    }

    private void own(int consumerId) {
        shards.acquire(ShardTable.shardOf(CONNECTION), consumerId);
    }

    private void disown(int consumerId) {
        shards.release(ShardTable.shardOf(CONNECTION), consumerId);
    }

    @Setup(Level.Iteration)
    public void nextShot() {
        shot++;
        own(shot + 1);
    }

    @TearDown(Level.Iteration)
    public void verify() {
        disown(shot + 1);
        final long orders = MESSAGE_COUNT * (MESSAGE_COUNT + 1L) / 2;
        if (sum != MESSAGE_COUNT * messages.expected(type) + orders) {
            throw new IllegalStateException("messages were not read as written: " + sum);
        }
        sum = 0;
    }

    @Benchmark
    @OperationsPerInvocation(MESSAGE_COUNT)
    public long poll() {
        final Poller poller = pollers[shot];
        for (int i = 0; i < MESSAGE_COUNT; i++) {
            poller.poll();
        }
        return sum;
    }
}
