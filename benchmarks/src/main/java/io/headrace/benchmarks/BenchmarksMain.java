// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks;

import io.headrace.benchmarks.machine.Machine;
import java.util.Arrays;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import picocli.CommandLine;

/**
 * Runs the benchmark as {@code headrace bench} does, or with {@code jmh} as the first word JMH with
 * {@code -prof gc} and JMH's own options.
 */
public final class BenchmarksMain {

    private BenchmarksMain() {}

    public static void main(String[] args) throws Exception {
        if (args.length > 0 && args[0].equals("jmh")) {
            runJmh(Arrays.copyOfRange(args, 1, args.length));
        } else {
            System.exit(execute(args));
        }
    }

    /** Runs a command line and returns its exit code. */
    static int execute(String... args) {
        return new CommandLine(new BenchCommand())
                .setExecutionExceptionHandler(BenchmarksMain::onFailure)
                .execute(args);
    }

    private static int onFailure(
            Exception failure, CommandLine command, CommandLine.ParseResult parsed) {
        if (parsed.hasMatchedOption("--verbose")) {
            failure.printStackTrace(command.getErr());
        }
        final String why = failure.getMessage() == null ? failure.toString() : failure.getMessage();
        command.getErr().println("headrace bench: " + why);
        return CommandLine.ExitCode.SOFTWARE;
    }

    private static void runJmh(String[] args) throws Exception {
        new Runner(
                        new OptionsBuilder()
                                .parent(new CommandLineOptions(args))
                                .addProfiler(GCProfiler.class)
                                .jvmArgsPrepend(Machine.jvmFlags().toArray(String[]::new))
                                .build())
                .run();
    }
}
