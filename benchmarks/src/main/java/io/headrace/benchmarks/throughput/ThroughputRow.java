// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.throughput;

import io.headrace.benchmarks.harness.Child;
import io.headrace.benchmarks.harness.Command;
import io.headrace.benchmarks.harness.Figure;
import io.headrace.benchmarks.harness.Results;
import io.headrace.benchmarks.harness.Row;
import io.headrace.benchmarks.harness.Run;
import io.headrace.benchmarks.harness.Sample;
import io.headrace.benchmarks.machine.CpuMeter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.agrona.CloseHelper;
import org.agrona.IoUtil;

/**
 * As many requests of 1 KB as go from some writers in one process to some consumers in another.
 * Each is numbered, and must be handled exactly once.
 */
public final class ThroughputRow implements Row {

    private static final long WRITE_TIMEOUT_MS = 45_000;
    private static final String CHRONICLE = "chronicle";

    /** How many take part. */
    private record Shape(String name, int writers, int consumers, int lanes) {

        /** A bare queue has no consumers that share its messages. */
        private List<String> contenders() {
            return consumers > 1 || lanes > writers
                    ? List.of(Results.PRODUCT)
                    : List.of(Results.PRODUCT, CHRONICLE);
        }
    }

    private static final List<Shape> SHAPES =
            List.of(
                    new Shape("1 writer, 1 consumer", 1, 1, 1),
                    new Shape("1 writer, 2 consumers", 1, 2, 1),
                    new Shape("1 writer, 4 consumers", 1, 4, 1),
                    new Shape("2 writers, 1 consumer", 2, 1, 2),
                    new Shape("16 lanes, 15 idle", 1, 1, 16));

    @Override
    public String name() {
        return "throughput";
    }

    @Override
    public String about() {
        return "Requests of 1 KB from writers in one process to consumers in another, numbered, each"
                + " handled exactly once. A writer that is refused tries again. chronicle: a bare"
                + " queue and its tailer, which claims nothing; two writers share its lock.";
    }

    @Override
    public int cores() {
        return 4;
    }

    @Override
    public void run(Run run) throws Exception {
        final int count = (int) run.plan().choose(200_000, 50_000, 3_000);
        try (Child consumers = run.processes().startJvm(Consumers.class)) {
            for (int round = run.plan().firstRound(); round <= run.plan().rounds(); round++) {
                for (final Shape shape : SHAPES) {
                    final List<String> contenders = shape.contenders();
                    for (int i = 0; i < contenders.size(); i++) {
                        final String name = contenders.get((round + i) % contenders.size());
                        measure(run, consumers, shape, name, round, count);
                    }
                }
            }
        }
    }

    private void measure(Run run, Child child, Shape shape, String contender, int round, int count)
            throws Exception {
        final Path directory = run.newDirectory("throughput");
        final boolean isProduct = contender.equals(Results.PRODUCT);
        final List<Writer> writers = new ArrayList<>();
        final Sample sample;
        try {
            for (int i = 0; i < shape.writers; i++) {
                writers.add(
                        isProduct
                                ? new Writer.ToHeadrace(
                                        directory, i == 0 ? shape.lanes - shape.writers : 0)
                                : new Writer.ToChronicle(directory));
            }
            child.ask(
                    Command.of(contender)
                            .with("directory", directory)
                            .with("consumers", shape.consumers)
                            .with("messages", shape.writers * count));
            writers.forEach(
                    writer -> {
                        if (writer instanceof Writer.ToHeadrace headrace) {
                            headrace.awaitWorker();
                        }
                    });
            sample = measure(child, writers, count);
        } catch (final IllegalStateException e) {
            throw new IllegalStateException(shape.name + ", " + contender + ": " + writers, e);
        } finally {
            CloseHelper.quietCloseAll(writers);
        }
        IoUtil.delete(directory.toFile(), true);
        if (round > 0) {
            run.results().add(name(), shape.name, Figure.PER_SECOND, contender, round, sample);
        }
    }

    private static Sample measure(Child child, List<Writer> writers, int count)
            throws IOException, InterruptedException {
        child.ask(Command.of("go"));
        final long cpuBeforeNs = CpuMeter.ownNs();
        final List<Thread> threads = new ArrayList<>();
        final List<Throwable> failures = new CopyOnWriteArrayList<>();
        for (int i = 0; i < writers.size(); i++) {
            final Writer writer = writers.get(i);
            final int first = i * count;
            final Thread thread = new Thread(() -> writer.write(first, count), "writer-" + i);
            thread.setUncaughtExceptionHandler((failed, thrown) -> failures.add(thrown));
            threads.add(thread);
        }
        final long startNs = System.nanoTime();
        threads.forEach(Thread::start);
        child.tell(Command.of("await"));
        for (final Thread thread : threads) {
            thread.join(WRITE_TIMEOUT_MS);
            if (!failures.isEmpty() || thread.isAlive()) {
                throw new IllegalStateException(
                        "not all was written: " + writers,
                        failures.isEmpty() ? null : failures.get(0));
            }
        }
        final Command answer = child.answer();
        final long ownCpuNs = CpuMeter.ownNs() - cpuBeforeNs;
        final double messages = (double) writers.size() * count;
        final long elapsedNs = answer.number("endNs") - startNs;
        final long allocated = writers.stream().mapToLong(Writer::allocated).sum();
        return Sample.ofRate(messages * 1e9 / elapsedNs)
                .withCpuUsPerOp((ownCpuNs + answer.number("cpuNs")) / messages / 1_000)
                .withBytesPerOp(allocated / messages);
    }
}
