// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.throughput;

import io.headrace.benchmarks.harness.Command;
import io.headrace.benchmarks.machine.CpuMeter;
import io.headrace.benchmarks.sample.Records;
import io.headrace.message.Field;
import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.wire.DocumentContext;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.UnsafeBuffer;

/** The process that reads: a worker with some consumers, or a bare queue's tailer. */
public final class Consumers {

    private static final long LOOK_NS = 200_000L;
    private static final long TIMEOUT_NS = 40_000_000_000L;

    private final List<Tally> tallies = new CopyOnWriteArrayList<>();
    private AutoCloseable reader = () -> {};
    private int total;
    private long cpuBeforeNs;

    private Consumers() {}

    public static void main(String[] args) throws Exception {
        Command.serve(new Consumers()::obey);
        Runtime.getRuntime().halt(0);
    }

    private Command obey(Command command) throws Exception {
        switch (command.name()) {
            case "headrace" -> {
                begin(command);
                reader = startWorker(command);
            }
            case "chronicle" -> {
                begin(command);
                reader = startTailer(Path.of(command.text("directory")));
            }
            case "go" -> cpuBeforeNs = CpuMeter.ownNs();
            default -> {
                return await();
            }
        }
        return Command.ok();
    }

    private void begin(Command command) {
        tallies.clear();
        total = (int) command.number("messages");
    }

    private Tally newTally() {
        final Tally tally = new Tally(total);
        tallies.add(tally);
        return tally;
    }

    private Worker startWorker(Command command) {
        final ThreadLocal<Tally> tally = ThreadLocal.withInitial(this::newTally);
        return Worker.launch(
                new WorkerContext()
                        .directory(Path.of(command.text("directory")))
                        .consumers((int) command.number("consumers"))
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    final Field body = request.body();
                                    tally.get().add(body.buffer().getInt(body.offset()));
                                }));
    }

    private AutoCloseable startTailer(Path directory) {
        final ChronicleQueue queue = ChronicleQueue.single(directory.toString());
        final AgentRunner runner =
                new AgentRunner(
                        new BackoffIdleStrategy(),
                        Throwable::printStackTrace,
                        null,
                        new TailerAgent(queue.createTailer(), newTally()));
        AgentRunner.startOnThread(runner);
        return () -> CloseHelper.closeAll(runner, queue);
    }

    private static final class TailerAgent implements Agent {

        private final ExcerptTailer tailer;
        private final Tally tally;
        private final Records records = new Records(true);
        private final UnsafeBuffer record = new UnsafeBuffer(0, 0);

        TailerAgent(ExcerptTailer tailer, Tally tally) {
            this.tailer = tailer;
            this.tally = tally;
            tailer.singleThreadedCheckDisabled(true);
        }

        @Override
        public int doWork() {
            try (DocumentContext context = tailer.readingDocument()) {
                if (!context.isPresent()) {
                    return 0;
                }
                final Bytes<?> bytes = context.wire().bytes();
                final int length = (int) bytes.readRemaining();
                record.wrap(bytes.addressForRead(bytes.readPosition()), length);
                records.copyIn(record, 0, length);
            }
            if (records.isWhole()) {
                tally.add(records.number());
            }
            return 1;
        }

        @Override
        public String roleName() {
            return "tailer";
        }
    }

    /** Waits for all messages, and says when they had come. */
    private Command await() throws Exception {
        final long deadlineNs = System.nanoTime() + TIMEOUT_NS;
        while (count() < total && System.nanoTime() - deadlineNs < 0) {
            LockSupport.parkNanos(LOOK_NS);
        }
        // The same clock in all processes: CLOCK_MONOTONIC.
        final long endNs = System.nanoTime();
        final long cpuNs = CpuMeter.ownNs() - cpuBeforeNs;
        reader.close();
        Tally.check(tallies, total);
        return Command.ok().with("endNs", endNs).with("cpuNs", cpuNs);
    }

    private long count() {
        long count = 0;
        for (final Tally tally : tallies) {
            count += tally.count();
        }
        return count;
    }
}
