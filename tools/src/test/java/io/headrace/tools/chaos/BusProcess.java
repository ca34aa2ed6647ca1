// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A real process of a bus: a front end or a worker. Thread-safe. */
final class BusProcess {

    private static final long READY_TIMEOUT_S = 120;
    private static final long END_TIMEOUT_S = 60;
    private static final long LOOK_NS = 2_000_000L;

    private final Process process;
    private final Path errors;
    private final Optional<Path> sign;
    private final CompletableFuture<String> ready;
    private volatile boolean stopped;

    /**
     * @param sign a file that it makes when all has started but its part in the bus, if it is
     *     polite until then.
     */
    BusProcess(Process process, Path errors, Optional<Path> sign) {
        this.process = process;
        this.errors = errors;
        this.sign = sign;
        this.ready = CompletableFuture.supplyAsync(this::firstLine, BusProcess::onThread);
    }

    /** Runs something that waits, without keeping this JVM alive. */
    static void onThread(Runnable task) {
        final Thread thread = new Thread(task, "waiter");
        thread.setDaemon(true);
        thread.start();
    }

    private String firstLine() {
        try {
            while (sign.isPresent() && process.isAlive() && !Files.exists(sign.get())) {
                LockSupport.parkNanos(LOOK_NS);
            }
            if (sign.isPresent()) {
                beImpolite();
            }
            final BufferedReader reader = process.inputReader(StandardCharsets.UTF_8);
            final String line = reader.readLine();
            if (line == null) {
                throw new IllegalStateException("pid " + pid() + " did not start: " + errors());
            }
            return line;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * As it is about to serve, it gets the processor as others do; where only root may, it does
     * not.
     */
    private void beImpolite() {
        try (Stream<Path> threads = Files.list(Path.of("/proc/" + pid() + "/task"))) {
            run(
                    threads.map(thread -> thread.getFileName().toString())
                            .collect(Collectors.joining(" ", "renice -n 0 -p ", "")));
        } catch (final IOException hasEnded) {
            // Then there is nothing to do.
        }
    }

    /** Waits for the line that says it is ready. */
    BusProcess awaitReady() {
        ready.orTimeout(READY_TIMEOUT_S, TimeUnit.SECONDS).join();
        return this;
    }

    boolean isReady() {
        return ready.isDone() && !ready.isCompletedExceptionally();
    }

    /** The port that a front end listens on. */
    int port() {
        return Integer.parseInt(ready.join().replaceFirst("^.*http://[^:]*:(\\d+)/.*$", "$1"));
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    boolean isStopped() {
        return stopped;
    }

    /** Ends it at once (SIGKILL), and waits until it has. */
    void kill() {
        process.destroyForcibly();
        awaitExit();
    }

    /** Asks it to end (SIGTERM). */
    void terminate() {
        process.destroy();
    }

    /** Waits until it has ended; returns its exit code. */
    int awaitExit() {
        try {
            if (!process.waitFor(END_TIMEOUT_S, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError(
                        "pid %d still runs after %d s".formatted(pid(), END_TIMEOUT_S));
            }
            return process.exitValue();
        } catch (final InterruptedException e) {
            process.destroyForcibly();
            throw new AssertionError(e);
        }
    }

    /** Freezes it (SIGSTOP). */
    void stop() {
        signal("STOP");
        stopped = true;
    }

    /** Lets it go on (SIGCONT). */
    void resume() {
        stopped = false;
        signal("CONT");
    }

    private void signal(String name) {
        run("kill -" + name + " " + pid());
    }

    private static void run(String command) {
        try {
            final Process kill =
                    new ProcessBuilder(command.split(" "))
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            kill.waitFor();
        } catch (final IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** What it has said on standard error. */
    String errors() {
        try {
            return Files.readString(errors);
        } catch (final IOException e) {
            return e.toString();
        }
    }

    @Override
    public String toString() {
        return ready.isDone() && !ready.isCompletedExceptionally() ? ready.join() : "pid " + pid();
    }
}
