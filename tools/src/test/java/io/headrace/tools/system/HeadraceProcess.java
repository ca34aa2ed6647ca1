// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import io.headrace.tools.jvm.SharedClasses;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * One command of the program as a JVM of its own, on the class path of these tests. What it prints
 * is kept by the line.
 */
final class HeadraceProcess implements AutoCloseable {

    private static final String MAIN_CLASS = "io.headrace.tools.HeadraceMain";
    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

    static {
        // For the case that these tests are ended half-way.
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(() -> RUNNING.forEach(HeadraceProcess::destroyWithChildren)));
    }

    private final List<String> args;
    private final Process process;
    private final Output stdout;
    private final Output stderr;

    private HeadraceProcess(List<String> args, Process process) {
        this.args = args;
        this.process = process;
        this.stdout = new Output(process.getInputStream());
        this.stderr = new Output(process.getErrorStream());
    }

    /** Starts a command; arguments that begin with {@code -D} or {@code -X} are the JVM's. */
    static HeadraceProcess start(String... args) {
        final List<String> command = SharedClasses.java();
        final List<String> own = new ArrayList<>();
        for (final String arg : args) {
            (arg.startsWith("-D") || arg.startsWith("-X") ? command : own).add(arg);
        }
        command.add(MAIN_CLASS);
        command.addAll(own);
        try {
            final Process process = new ProcessBuilder(command).start();
            RUNNING.add(process);
            return new HeadraceProcess(List.of(args), process);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** The first line on stdout, when it begins with this text. */
    String awaitReady(String start) {
        final String line =
                Await.value(
                        "the first line of " + this,
                        () ->
                                stdout.first()
                                        .or(
                                                () ->
                                                        process.isAlive()
                                                                ? Optional.empty()
                                                                : Optional.of("nothing")));
        if (!line.startsWith(start)) {
            fail(
                    "the first line is '"
                            + line
                            + "' but should begin with '"
                            + start
                            + "'\n"
                            + report());
        }
        return line;
    }

    /** Waits for the process's end, and asserts how it ended. */
    HeadraceProcess shouldExit(int code) {
        assertEquals(code, awaitExit(), this::report);
        return this;
    }

    private int awaitExit() {
        try {
            if (!process.waitFor(Await.DEADLINE_MS, TimeUnit.MILLISECONDS)) {
                fail("still runs: " + report());
            }
            stdout.awaitEnd();
            stderr.awaitEnd();
        } catch (final InterruptedException e) {
            throw new AssertionError(e);
        }
        return process.exitValue();
    }

    /** What it has printed so far. */
    List<String> stdout() {
        return stdout.lines();
    }

    /** What it has complained about so far. */
    List<String> stderr() {
        return stderr.lines();
    }

    /** SIGTERM. */
    void terminate() {
        // Process.destroy() would close its streams as well.
        process.toHandle().destroy();
    }

    /** Ends its standard input, as the death of its parent would. */
    void closeInput() {
        try {
            process.getOutputStream().close();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** SIGKILL, which no process can catch; returns when it is gone. */
    void kill() {
        try {
            process.destroyForcibly().waitFor();
        } catch (final InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** SIGHUP: what log rotation sends. */
    void hangUp() {
        signal("HUP", pid());
    }

    /** SIGSTOP: the process exists but does nothing; returns when it has stopped. */
    void freeze() {
        signal("STOP", pid());
        Await.until("the stop of all threads of " + this, this::isFrozen);
    }

    private boolean isFrozen() throws IOException {
        // proc(5): the state is behind the name, which is in parentheses; T is stopped.
        try (Stream<Path> threads = Files.list(Path.of("/proc", "" + pid(), "task"))) {
            return threads.map(thread -> read(thread.resolve("stat")))
                    .allMatch(stat -> stat.startsWith(") T", stat.lastIndexOf(')')));
        }
    }

    /**
     * Whether a process is there no more. A zombie is not: in containers, nobody may wait for it.
     */
    static boolean hasEnded(long pid) {
        final Path stat = Path.of("/proc", "" + pid, "stat");
        try {
            final String text = Files.readString(stat);
            return text.startsWith(") Z", text.lastIndexOf(')'));
        } catch (final IOException gone) {
            return true;
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** SIGCONT. */
    void thaw() {
        signal("CONT", pid());
    }

    /** Sends a process a signal. */
    static void signal(String name, long pid) {
        try {
            final Process kill = new ProcessBuilder("kill", "-" + name, "" + pid).start();
            assertEquals(0, kill.waitFor(), () -> "kill " + name);
        } catch (final IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** All about it that a failed test should print. */
    String report() {
        return this
                + (isAlive() ? ", running" : ", ended with " + process.exitValue())
                + "\n    "
                + String.join("\n    ", stdout())
                + (stderr().isEmpty() ? "" : "\n  ! " + String.join("\n  ! ", stderr()));
    }

    @Override
    public String toString() {
        return "headrace " + String.join(" ", args) + " (pid " + pid() + ")";
    }

    /** Ends it and whatever it has started, at once. */
    @Override
    public void close() {
        destroyWithChildren(process);
        try {
            process.waitFor();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        RUNNING.remove(process);
    }

    private static void destroyWithChildren(Process process) {
        final List<ProcessHandle> children = process.descendants().toList();
        process.destroyForcibly();
        children.forEach(ProcessHandle::destroyForcibly);
    }

    /** One of its two streams. */
    private static final class Output {

        private final List<String> lines = new ArrayList<>();
        private final Thread reader;

        Output(InputStream stream) {
            reader = new Thread(() -> read(stream), "output-reader");
            reader.setDaemon(true);
            reader.start();
        }

        private void read(InputStream stream) {
            try (BufferedReader buffered =
                    new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                for (String line = buffered.readLine(); line != null; line = buffered.readLine()) {
                    synchronized (lines) {
                        lines.add(line);
                    }
                }
            } catch (final IOException closed) {
                // The process was ended; what it had printed is here.
            }
        }

        Optional<String> first() {
            return lines().stream().findFirst();
        }

        List<String> lines() {
            synchronized (lines) {
                return List.copyOf(lines);
            }
        }

        void awaitEnd() throws InterruptedException {
            reader.join(Await.DEADLINE_MS);
        }
    }
}
