// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.harness;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * A process of the benchmark: a server or a client that is measured, or what measures. It ends when
 * its standard input does.
 */
public final class Child implements AutoCloseable {

    private static final long END_TIMEOUT_S = 20;

    private final String name;
    private final Process process;
    private final BufferedReader output;
    private final Processes processes;

    Child(String name, Process process, Processes processes) {
        this.name = name;
        this.process = process;
        this.processes = processes;
        this.output =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    public long pid() {
        return process.pid();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /**
     * The next line it prints.
     *
     * @throws IllegalStateException when it ends, or does not say anything for a minute: it is
     *     killed then.
     */
    public String readLine() throws IOException {
        final String line = processes.withTimeout(process, () -> output.readLine());
        if (line == null) {
            throw new IllegalStateException(name + " ended or did not answer");
        }
        return line;
    }

    /** Tells it something, and returns the answer. */
    public Command ask(Command command) throws IOException {
        tell(command);
        return answer();
    }

    /** Tells it something whose answer is read later. */
    public void tell(Command command) throws IOException {
        final OutputStream input = process.getOutputStream();
        input.write((command + "\n").getBytes(StandardCharsets.UTF_8));
        input.flush();
    }

    /** The answer to what it was told. */
    public Command answer() throws IOException {
        final Command answer = Command.parse(readLine());
        if (!answer.name().equals(Command.OK)) {
            throw new IllegalStateException(name + ": " + answer);
        }
        return answer;
    }

    /** Asks it to end, and waits; kills it when it does not. */
    @Override
    public void close() {
        try {
            process.getOutputStream().close();
        } catch (final IOException ended) {
            // As good.
        }
        try {
            if (!process.waitFor(END_TIMEOUT_S, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (final InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        processes.forget(this);
    }

    /** Ends it in the middle of whatever it does. */
    void kill() {
        process.destroyForcibly();
    }

    @Override
    public String toString() {
        return name + " pid " + process.pid();
    }
}
