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
 * What groups cost: {@code send}, what a worker pays to send 100 bytes to one, whatever the number
 * of members: a record for each loop, and there is one. {@code joinOrLeave}, what a worker and a
 * front end pay together for a change of a membership. Pages are as they come.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 30)
@Measurement(iterations = 20)
@Fork(3)
@State(Scope.Thread)
public class GroupBenchmark {

    private static final int SEND_COUNT = 20_000;
    private static final int ROOM_COUNT = 64;
    private static final int CONNECTION_COUNT = 1_000;
    private static final String GROUP = "room.a";

    private final SharedMemory memory = new SharedMemory();
    private final byte[] text = "x".repeat(100).getBytes(StandardCharsets.US_ASCII);
    private final UnsafeBuffer content = new UnsafeBuffer(text);
    private SocketlessFrontEnd frontEnd;
    private Agent frontEndHousekeeping;
    private Worker worker;
    private Groups groups;
    private io.headrace.frontend.exchange.Groups<String> members;
    private final String[] rooms = new String[ROOM_COUNT];
    private final String[] addresses = new String[CONNECTION_COUNT];
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

                    @Override
                    public boolean onGroupAdd(long connection, GroupOrder order) {
                        received++;
                        return members.add(order.group(), connection, "a member", 0);
                    }

                    @Override
                    public boolean onGroupDiscard(long connection, GroupOrder order) {
                        received++;
                        members.discard(order.group(), connection);
                        return true;
                    }
                };
        frontEnd = new SocketlessFrontEnd(memory.directory().resolve("bus"), target);
        worker =
                Worker.prepare(
                        new WorkerContext()
                                .directory(frontEnd.bus().directory())
                                .onHttpRequest((c, request, reply) -> groups = reply.groups()));
        frontEndHousekeeping = frontEnd.housekeeping();
        members =
                new io.headrace.frontend.exchange.Groups<>(
                        frontEnd.bus(), frontEnd.writer(), left -> {});
        for (int i = 0; i < ROOM_COUNT; i++) {
            rooms[i] = "room." + i;
        }
        for (int i = 0; i < CONNECTION_COUNT; i++) {
            addresses[i] = frontEnd.replyAddress().replace("!1.", "!" + (i + 1) + ".");
        }
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
        for (final String room : rooms) {
            if (members.members(room).size() != 0 || !groups.members(room).isEmpty()) {
                throw new IllegalStateException("somebody is left in " + room);
            }
        }
        received = 0;
    }

    @TearDown
    public void stop() {
        worker.close();
        members.close();
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

    @Benchmark
    @OperationsPerInvocation(SEND_COUNT)
    public int joinOrLeave() {
        int refused = 0;
        // Each is in a room while 31 others join and leave theirs.
        for (int i = 0; i < SEND_COUNT / 2; i += ROOM_COUNT / 2) {
            for (int k = i; k < Math.min(i + ROOM_COUNT / 2, SEND_COUNT / 2); k++) {
                refused += groups.add(room(k), address(k)) == LaneAppender.OK ? 0 : 1;
            }
            for (int k = i; k < Math.min(i + ROOM_COUNT / 2, SEND_COUNT / 2); k++) {
                refused += groups.discard(room(k), address(k)) == LaneAppender.OK ? 0 : 1;
            }
            frontEnd.poll();
        }
        return refused;
    }

    private String room(int i) {
        return rooms[i % ROOM_COUNT];
    }

    private String address(int i) {
        return addresses[i % CONNECTION_COUNT];
    }
}
