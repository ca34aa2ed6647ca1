// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.jmh;

import io.headrace.benchmarks.machine.SharedMemory;
import io.headrace.benchmarks.sample.NoReplies;
import io.headrace.benchmarks.sample.SampleMessages;
import io.headrace.benchmarks.sample.SocketlessFrontEnd;
import io.headrace.channel.LaneAppender;
import io.headrace.message.GroupOrder;
import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import io.headrace.worker.reply.Groups;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.UnsafeBuffer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What a worker pays to send 100 bytes to a group, whatever the number of members: a record for
 * each loop, and there is one. Pages are as they come.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 30)
@Measurement(iterations = 20)
@Fork(3)
@State(Scope.Thread)
public class GroupBenchmark {

    private static final int SEND_COUNT = 20_000;
    private static final String GROUP = "room.a";

    private final SharedMemory memory = new SharedMemory();
    private final byte[] text = "x".repeat(100).getBytes(StandardCharsets.US_ASCII);
    private final UnsafeBuffer content = new UnsafeBuffer(text);
    private SocketlessFrontEnd frontEnd;
    private Agent frontEndHousekeeping;
    private Worker worker;
    private Groups groups;
    private int received;

    /** Lets a request come to a handler, which is given the groups. */
    @Setup
    public void start() throws Exception {
        final NoReplies target =
                new NoReplies() {
                    @Override
                    public int onGroupSend(GroupOrder order) {
                        received++;
                        return 0;
                    }
                };
        frontEnd = new SocketlessFrontEnd(memory.directory().resolve("bus"), target);
        worker =
                Worker.prepare(
                        new WorkerContext()
                                .directory(frontEnd.bus().directory())
                                .onHttpRequest((c, request, reply) -> groups = reply.groups()));
        frontEndHousekeeping = frontEnd.housekeeping();
        final SampleMessages messages = new SampleMessages(frontEnd.replyAddress());
        worker.agents().get(1).onStart();
        while (!frontEnd.beginCycle()) {
            keepHouse();
        }
        frontEnd.ingress().appendRequest(messages.keys(), frontEnd.connection(), 0);
        while (groups == null) {
            keepHouse();
        }
    }

    private void keepHouse() throws Exception {
        worker.agents().get(0).doWork();
        frontEndHousekeeping.doWork();
        worker.agents().get(1).doWork();
    }

    @TearDown(Level.Iteration)
    public void verify() throws Exception {
        keepHouse();
        while (frontEnd.poll() > 0) {
            keepHouse();
        }
        if (received != SEND_COUNT) {
            throw new IllegalStateException("of " + SEND_COUNT + " came " + received);
        }
        received = 0;
    }

    @TearDown
    public void stop() {
        worker.close();
        frontEnd.close();
    }

    @Benchmark
    @OperationsPerInvocation(SEND_COUNT)
    public int send() {
        int refused = 0;
        for (int i = 0; i < SEND_COUNT; i++) {
            final int code = groups.send(GROUP, false, false, content, 0, text.length);
            refused += code == LaneAppender.OK ? 0 : 1;
        }
        return refused;
    }
}
