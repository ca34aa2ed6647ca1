// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.jmh;

import io.headrace.benchmarks.machine.SharedMemory;
import io.headrace.benchmarks.machine.SharedMemory.Pages;
import io.headrace.benchmarks.sample.SampleMessages;
import io.headrace.channel.Bus;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.LanePoller;
import io.headrace.channel.WriterSequence;
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
 * What one message costs its writer (encode and append) and its reader (poll, claim, decode, look
 * at a few fields, end), each in duty cycles of one message. Needs one core and 2 GB in /dev/shm.
 *
 * <p>A lane grows without bound, so every iteration is one shot of some thousand messages through a
 * lane of its own. All lanes are made before the first shot, and deleted when the fork ends, so
 * that {@code gc.alloc.rate.norm} holds nothing but the messages' own allocations and 0.3 bytes of
 * JMH's.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 30)
@Measurement(iterations = 20)
@Fork(3)
public class MessageBenchmark {

    private static final int MESSAGE_COUNT = 20_000;

    /** The kind of message, and what both benchmarks have. */
    @State(Scope.Thread)
    public static class Sample {

        // The specification's own, and the answer to a handshake.
        @Param({
            "HTTP_REQUEST",
            "HTTP_RESPONSE",
            "HTTP_DISCONNECT",
            "WEB_SOCKET_CONNECTION",
            "WEB_SOCKET_RECEIVE",
            "WEB_SOCKET_CLIENT_CLOSE",
            "WEB_SOCKET_SEND",
            "WEB_SOCKET_SERVER_CLOSE",
            "WEB_SOCKET_ACCEPT"
        })
        public MessageType type;

        @Param public Pages pages;

        private final Bus bus = Bus.openOrCreate(new SharedMemory().directory().resolve("bus"));
        private SampleMessages messages;
        private long expected;
        private int shotCount;
        private int shot = -1;

        @Setup(Level.Trial)
        public void prepare(BenchmarkParams params) {
            messages = new SampleMessages("reply.f1-abc123-0!12345.0");
            expected = messages.expected(type);
            shotCount = params.getWarmup().getCount() + params.getMeasurement().getCount();
        }

        private LaneAppender newLane(Bus writersBus, int number) {
            return writersBus.newLane("shot-" + number, "writer", new WriterSequence());
        }

        private void append(LaneAppender lane, int order) {
            messages.append(type, lane, 12_345, order, bus.clock().nanoTime());
        }

        private void preparePages(UnsafeBuffer begin) {
            pages.prepare(begin, MESSAGE_COUNT * (messages.recordLength(type) + 8L));
        }

        @Setup(Level.Iteration)
        public void nextShot() {
            shot++;
        }
    }

    /** Lanes that are empty, and a poller of each to look at what was written. */
    @State(Scope.Thread)
    public static class EmptyLanes {

        private LaneAppender[] lanes;
        private LanePoller[] pollers;
        private final Message message = new Message();

        @Setup(Level.Trial)
        public void make(Sample sample) {
            lanes = new LaneAppender[sample.shotCount];
            pollers = new LanePoller[sample.shotCount];
            for (int i = 0; i < sample.shotCount; i++) {
                lanes[i] = sample.newLane(sample.bus, i);
                lanes[i].claim(1, sample.bus.clock().nanoTime());
                sample.preparePages(lanes[i].buffer());
                lanes[i].abortIfClaimed();
                pollers[i] = lanes[i].lane().poller();
            }
        }

        @TearDown(Level.Iteration)
        public void verify(Sample sample) {
            final LanePoller poller = pollers[sample.shot];
            for (int i = 0; i < MESSAGE_COUNT; i++) {
                if (!poller.peek()
                        || !message.wrap(poller.record()).decode()
                        || message.order() != i
                        || message.type() != sample.type
                        || SampleMessages.fingerprint(message) != sample.expected) {
                    throw new IllegalStateException("message " + i + " was not read as written");
                }
                poller.advance();
            }
        }
    }

    /**
     * Lanes that are full, and a receiver of each. They were written through another mapping, as
     * another process would have; still their records come from memory, and not from another core's
     * cache.
     */
    @State(Scope.Thread)
    public static class FullLanes {

        private Receiver[] receivers;
        private long sum;

        @Setup(Level.Trial)
        public void fill(Sample sample) {
            receivers = new Receiver[sample.shotCount];
            try (Bus writersBus = Bus.openOrCreate(sample.bus.directory())) {
                for (int i = 0; i < sample.shotCount; i++) {
                    try (LaneAppender lane = sample.newLane(writersBus, i)) {
                        for (int order = 0; order <= MESSAGE_COUNT; order++) {
                            sample.append(lane, order);
                        }
                    }
                }
            }
            for (int i = 0; i < sample.shotCount; i++) {
                receivers[i] =
                        new Receiver(
                                sample.bus,
                                Member.Kind.WORKER,
                                i + 1,
                                "shot-" + i,
                                (message, record) -> {
                                    if (message.order() == 0) {
                                        sample.preparePages(record);
                                    }
                                    sum += SampleMessages.fingerprint(message) + message.order();
                                });
                // What a lane's first message costs once is not a message's cost.
                receivers[i].poll();
            }
            sum = 0;
        }

        @TearDown(Level.Iteration)
        public void verify(Sample sample) {
            final long orders = MESSAGE_COUNT * (MESSAGE_COUNT + 1L) / 2;
            if (sum != MESSAGE_COUNT * sample.expected + orders) {
                throw new IllegalStateException("messages were not read as written: " + sum);
            }
            sum = 0;
        }
    }

    @Benchmark
    @OperationsPerInvocation(MESSAGE_COUNT)
    public long append(Sample sample, EmptyLanes empty) {
        final LaneAppender lane = empty.lanes[sample.shot];
        for (int i = 0; i < MESSAGE_COUNT; i++) {
            sample.append(lane, i);
        }
        return lane.lastIndex();
    }

    @Benchmark
    @OperationsPerInvocation(MESSAGE_COUNT)
    public long poll(Sample sample, FullLanes full) {
        final Receiver receiver = full.receivers[sample.shot];
        for (int i = 0; i < MESSAGE_COUNT; i++) {
            receiver.poll();
        }
        return full.sum;
    }
}
