// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.testing;

import io.headrace.frontend.Frontend;
import io.headrace.frontend.FrontendContext;
import io.headrace.member.MemberReader;
import io.headrace.member.Members;
import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A front end and a worker in this JVM, with threads and sockets as in earnest. */
public final class RunningFrontend implements AutoCloseable {

    private static final long DEADLINE_NS = 60_000_000_000L;

    private final Path directory;
    private final Worker worker;
    private final Frontend frontend;

    private RunningFrontend(Path directory, Worker worker, Frontend frontend) {
        this.directory = directory;
        this.worker = worker;
        this.frontend = frontend;
    }

    /** Starts both; the system properties hold for as long as the front end reads its options. */
    public static RunningFrontend start(
            Map<String, String> properties, Consumer<WorkerContext> application) {
        final Path directory;
        try {
            directory = Files.createTempDirectory(Path.of("target"), "bus-");
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        final WorkerContext context = new WorkerContext().directory(directory.resolve("bus"));
        application.accept(context);
        final Worker worker = Worker.launch(context);
        properties.forEach(System::setProperty);
        try {
            final Frontend frontend =
                    Frontend.launch(
                            new FrontendContext()
                                    .directory(directory.resolve("bus"))
                                    .port(0)
                                    .loops(1));
            final RunningFrontend running = new RunningFrontend(directory, worker, frontend);
            if (!properties.containsKey("headrace.proxy.protocol")) {
                running.awaitServed();
            }
            return running;
        } finally {
            properties.keySet().forEach(System::clearProperty);
        }
    }

    private void awaitServed() {
        await(
                "a worker that the front end knows",
                () -> {
                    try (RawConnection client = connect()) {
                        return client.get("/awaiting-a-worker").answer().status() != 503;
                    }
                });
    }

    /** Asks until the answer is true; the deadline is a bound for failures only. */
    public static void await(String what, BooleanSupplier condition) {
        final long deadlineNs = System.nanoTime() + DEADLINE_NS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new AssertionError("never came: " + what);
            }
            LockSupport.parkNanos(1_000_000L);
        }
    }

    public Frontend frontend() {
        return frontend;
    }

    public Worker worker() {
        return worker;
    }

    public RawConnection connect() {
        return new RawConnection(frontend.port());
    }

    /** Sum of the front end's counters whose labels end with this text. */
    public long counter(String labelEnd) {
        return counter(frontend, labelEnd);
    }

    /** The same of any front end. */
    public static long counter(Frontend frontend, String labelEnd) {
        try (Members members = members(frontend)) {
            return members.all().stream()
                    .filter(member -> member.id().equals(frontend.id()))
                    .flatMap(member -> member.counters().entrySet().stream())
                    .filter(counter -> counter.getKey().endsWith(labelEnd))
                    .mapToLong(Map.Entry::getValue)
                    .sum();
        }
    }

    /** First lines of what the members have to complain about. */
    public List<String> errors() {
        return errors(frontend);
    }

    /** The same of any front end's bus. */
    public static List<String> errors(Frontend frontend) {
        try (Members members = members(frontend)) {
            final List<String> errors = new ArrayList<>();
            for (final MemberReader member : members.all()) {
                member.errors().keySet().forEach(e -> errors.add(e.lines().findFirst().orElse("")));
            }
            return errors;
        }
    }

    private static Members members(Frontend frontend) {
        final Members members = new Members(frontend.bus().membersDirectory(), unreadable -> {});
        members.refresh();
        return members;
    }

    @Override
    public void close() {
        frontend.close();
        worker.close();
        try (Stream<Path> files = Files.walk(directory)) {
            for (final Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
