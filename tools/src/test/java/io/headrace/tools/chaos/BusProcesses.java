// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import io.headrace.tools.jvm.SharedClasses;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * The processes of one bus, below one folder. Closing it ends all of them, and so does the end of
 * this JVM, because they watch their standard input. Thread-safe.
 */
final class BusProcesses implements AutoCloseable {

    /** System property: more JVM flags for every process of the bus. */
    static final String FLAGS_PROPERTY = "headrace.chaos.flags";

    private static final String MAIN = "io.headrace.tools.HeadraceMain";

    private final Path directory;
    private final List<String> flags = new ArrayList<>();
    private final List<BusProcess> all = new CopyOnWriteArrayList<>();
    private final AtomicInteger startedCount = new AtomicInteger();

    /**
     * @param directory an empty folder.
     * @param settings system properties for every process, such as {@code
     *     -Dheadrace.claim.timeout=1s}.
     */
    BusProcesses(Path directory, String... settings) {
        this.directory = directory;
        flags.addAll(List.of("-XX:MetaspaceSize=64m", "-XX:-UsePerfData"));
        flags.add("-D" + ChaosApplication.JOURNAL_PROPERTY + "=" + journals());
        flags.addAll(List.of(settings));
        Stream.of(System.getProperty(FLAGS_PROPERTY, "").split(" "))
                .filter(flag -> !flag.isEmpty())
                .forEach(flags::add);
        try {
            Files.createDirectories(journals());
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path bus() {
        return directory.resolve("bus");
    }

    Path journals() {
        return directory.resolve("journals");
    }

    /** What the workers have handled so far. */
    List<Journal.Entry> journal() {
        try {
            return Journal.read(journals());
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts a front end on any free port and waits until it is ready. */
    BusProcess startFrontEnd() {
        return start(List.of(), List.of("frontend", "--port", "0")).awaitReady();
    }

    /** Starts a worker with the {@link ChaosApplication}; it may not be ready yet. */
    BusProcess startWorker(int consumers) {
        return start(
                POLITELY,
                List.of(
                        "worker",
                        "--app",
                        ChaosApplication.class.getName(),
                        "--consumers",
                        Integer.toString(consumers)));
    }

    // A JVM that starts takes all the processors of a small machine from those who serve: it is
    // polite until its application is there, and not when it joins the bus.
    private static final List<String> POLITELY = List.of("nice", "-n", "19");

    private BusProcess start(List<String> before, List<String> args) {
        final List<String> withParent = new ArrayList<>(args);
        withParent.add("--exit-with-parent");
        final Path errors = directory.resolve("stderr-" + startedCount.incrementAndGet());
        try {
            final Process started =
                    new ProcessBuilder(command(before, withParent))
                            .redirectError(errors.toFile())
                            .start();
            final BusProcess process =
                    new BusProcess(
                            started,
                            errors,
                            before.isEmpty()
                                    ? Optional.empty()
                                    : Optional.of(Journal.path(journals(), started.pid())));
            all.add(process);
            return process;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<String> command(List<String> before, List<String> args) {
        final List<String> command = new ArrayList<>(before);
        command.addAll(SharedClasses.java());
        command.addAll(flags);
        // A worker's first collection, the longest, is before it is ready; a front end lives long.
        command.addAll(
                args.contains("worker") ? List.of("-Xmx128m", "-Xmn8m") : List.of("-Xmx256m"));
        command.add(MAIN);
        command.addAll(args);
        command.addAll(List.of("--bus", bus().toString()));
        return command;
    }

    /** What a command such as {@code audit} printed, and how it ended. */
    record Output(int exitCode, String text) {}

    /** Runs a command of the tool on the bus to its end. */
    Output run(String... args) {
        try {
            final Process process =
                    new ProcessBuilder(command(POLITELY, List.of(args)))
                            .redirectErrorStream(true)
                            .start();
            process.getOutputStream().close();
            final String text =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Output(process.waitFor(), text);
        } catch (final IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** What all of them have said on standard error. */
    String errors() {
        final StringBuilder text = new StringBuilder();
        for (final BusProcess process : all) {
            if (!process.errors().isBlank()) {
                text.append(process).append(":\n").append(process.errors());
            }
        }
        return text.toString();
    }

    @Override
    public void close() {
        for (final BusProcess process : all) {
            if (process.isAlive()) {
                process.kill();
            }
        }
    }
}
