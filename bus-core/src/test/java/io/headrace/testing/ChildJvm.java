// SPDX-License-Identifier: Apache-2.0
package io.headrace.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A child JVM with this one's own options and class path. Its main method talks in lines on stdout
 * and returns when its stdin ends, so that no child outlives its test; {@link #close()} kills it by
 * its handle.
 */
public final class ChildJvm implements AutoCloseable {

    private final Process process;
    private final BufferedReader output;
    private final Path errors;

    private ChildJvm(Process process, Path errors) {
        this.process = process;
        this.output =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        this.errors = errors;
    }

    /** Starts a class's main method. */
    public static ChildJvm start(Class<?> mainClass, Object... arguments) {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> !argument.startsWith("-agentlib:jdwp"))
                .forEach(command::add);
        command.add("-cp");
        command.add(
                System.getProperty(
                        "surefire.test.class.path", System.getProperty("java.class.path")));
        command.add(mainClass.getName());
        for (final Object argument : arguments) {
            command.add(argument.toString());
        }
        try {
            final Path errors = Files.createTempFile("headrace-child", ".err");
            return new ChildJvm(
                    new ProcessBuilder(command).redirectError(Redirect.to(errors.toFile())).start(),
                    errors);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The next line the child prints. */
    public String readLine() {
        try {
            final String line = output.readLine();
            if (line == null) {
                throw new AssertionError("the child ended: " + Files.readString(errors));
            }
            return line;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes a line to the child's stdin. */
    public void writeLine(String line) {
        try {
            process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    public long pid() {
        return process.pid();
    }

    /** Ends it in the middle of whatever it does, as {@code kill -9} would, and waits for that. */
    public void kill() {
        process.destroyForcibly();
        waitFor();
    }

    /** Closes the child's stdin, which is how it is asked to end, and returns its exit code. */
    public int end() {
        try {
            process.getOutputStream().close();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        return waitFor();
    }

    /** What it has written to stderr so far. */
    public String errors() {
        try {
            return Files.readString(errors);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private int waitFor() {
        try {
            return process.waitFor();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }

    @Override
    public void close() {
        kill();
        try {
            Files.deleteIfExists(errors);
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** For a child: returns when its parent has closed its stdin, or has died. */
    public static void awaitEndOfInput() {
        try {
            while (System.in.read() >= 0) {
                // What is written there does not matter.
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
