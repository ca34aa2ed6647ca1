// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.harness;

import io.headrace.benchmarks.machine.Machine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * All processes that the benchmark has started. However it ends, none outlives it: it kills them
 * itself when it can, and when it was killed, a shell that waits for that does, and deletes its
 * directory. That matters because a process that is stopped would not notice anything.
 */
public final class Processes implements AutoCloseable {

    private static final long ANSWER_TIMEOUT_S = 60;

    // Reads process ids until its input ends. A line that is no number is its discharge.
    private static final String GUARD =
            "trap '' INT TERM HUP; pids=; while read -r pid; do "
                    + "[ \"$pid\" != end ] || exit 0; pids=\"$pids $pid\"; done; "
                    + "kill -KILL $pids 2>/dev/null; sleep 0.2; rm -rf -- \"$1\"";

    private final Set<Child> children = ConcurrentHashMap.newKeySet();
    private final Process guard;
    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    task -> {
                        final Thread thread = new Thread(task, "answer-timeout");
                        thread.setDaemon(true);
                        return thread;
                    });
    private volatile boolean closed;

    /**
     * @param directory to be deleted when the benchmark is killed.
     */
    public Processes(Path directory) throws IOException {
        guard =
                new ProcessBuilder("sh", "-c", GUARD, "headrace-bench-guard", directory.toString())
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .redirectError(ProcessBuilder.Redirect.DISCARD)
                        .start();
    }

    /** Starts a class of the benchmark in a JVM of its own, with this one's flags. */
    public Child startJvm(Class<?> mainClass, Object... arguments) throws IOException {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(Machine.jvmFlags());
        final String classPath = System.getProperty("java.class.path");
        command.addAll(List.of("-cp", System.getProperty("surefire.test.class.path", classPath)));
        command.add(mainClass.getName());
        Arrays.stream(arguments).map(Object::toString).forEach(command::add);
        return start(mainClass.getSimpleName(), new ProcessBuilder(command));
    }

    /** Starts a process. */
    public synchronized Child start(String name, ProcessBuilder builder) throws IOException {
        if (closed) {
            throw new IllegalStateException("the benchmark is ending");
        }
        final Child child =
                new Child(
                        name, builder.redirectError(ProcessBuilder.Redirect.INHERIT).start(), this);
        children.add(child);
        guard.getOutputStream().write((child.pid() + "\n").getBytes(StandardCharsets.US_ASCII));
        guard.getOutputStream().flush();
        return child;
    }

    void forget(Child child) {
        children.remove(child);
    }

    /** Stops processes where they are: who is not measured does nothing. */
    public static void pause(List<Child> some) throws IOException {
        signal("STOP", some);
    }

    /** Lets processes go on. */
    public static void resume(List<Child> some) throws IOException {
        signal("CONT", some);
    }

    private static void signal(String name, List<Child> some) throws IOException {
        if (some.isEmpty()) {
            return;
        }
        final String pids =
                some.stream()
                        .map(child -> Long.toString(child.pid()))
                        .collect(Collectors.joining(" "));
        try {
            final int status =
                    new ProcessBuilder("sh", "-c", "kill -" + name + " " + pids)
                            .inheritIO()
                            .start()
                            .waitFor();
            if (status != 0) {
                throw new IllegalStateException("no SIG" + name + " for " + some);
            }
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** What may block for ever. */
    interface Blocking {
        String get() throws IOException;
    }

    String withTimeout(Process process, Blocking blocking) throws IOException {
        final Future<?> timeout =
                timer.schedule(process::destroyForcibly, ANSWER_TIMEOUT_S, TimeUnit.SECONDS);
        try {
            return blocking.get();
        } finally {
            timeout.cancel(false);
        }
    }

    /** Ids of some processes, for a {@link CpuMeter}. */
    public static List<Long> pids(Child... some) {
        return Stream.of(some).map(Child::pid).toList();
    }

    /** Kills what still runs; no more can be started. */
    void kill() {
        synchronized (this) {
            closed = true;
        }
        children.forEach(Child::kill);
        children.forEach(Child::close);
    }

    /** Kills what still runs, and lets the guard go. */
    @Override
    public void close() {
        kill();
        timer.shutdownNow();
        try {
            guard.getOutputStream().write("end\n".getBytes(StandardCharsets.US_ASCII));
            guard.getOutputStream().close();
            guard.waitFor();
        } catch (final IOException ended) {
            // It cannot do harm then.
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
