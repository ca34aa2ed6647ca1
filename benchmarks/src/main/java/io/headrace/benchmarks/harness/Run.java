// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.harness;

import io.headrace.benchmarks.machine.SharedMemory;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;

/** One run of the benchmark: what rows work with. */
public final class Run implements AutoCloseable {

    private final Plan plan;
    private final Path launcher;
    private final PrintStream progress;
    private final SharedMemory memory = new SharedMemory();
    private final Processes processes;
    private final Results results = new Results();
    private int directoryCount;

    /**
     * @param launcher {@code tools/bin/headrace}, which starts the product's processes.
     * @param progress where to say what is going on.
     */
    public Run(Plan plan, Path launcher, PrintStream progress) throws IOException {
        this.plan = plan;
        this.launcher = launcher;
        this.progress = progress;
        this.processes = new Processes(memory.directory());
    }

    public Plan plan() {
        return plan;
    }

    public Results results() {
        return results;
    }

    public Processes processes() {
        return processes;
    }

    /** A name in shared memory that nobody has used yet. */
    public Path newDirectory(String name) {
        return memory.directory().resolve(name + "-" + ++directoryCount);
    }

    /** Says what is going on. */
    public void say(String what) {
        progress.println("headrace bench: " + what);
    }

    /**
     * Starts a command of the product as a user does; it ends with its standard input. Its first
     * line has not been read yet.
     */
    public Child launch(List<String> arguments) throws IOException {
        final ProcessBuilder builder = new ProcessBuilder("sh", launcher.toString());
        builder.command().addAll(arguments);
        builder.command().add("--exit-with-parent");
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return processes.start("headrace " + arguments.get(0), builder);
    }

    /**
     * Ends all processes and deletes what is in shared memory, though a row still runs; what it
     * makes meanwhile is deleted as soon as this process has ended.
     */
    public void abandon() {
        processes.kill();
        memory.close();
    }

    /** Ends all processes and deletes what is in shared memory. */
    @Override
    public void close() {
        processes.close();
        memory.close();
    }
}
