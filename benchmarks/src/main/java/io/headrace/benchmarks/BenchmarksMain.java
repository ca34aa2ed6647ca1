// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks;

import java.util.Arrays;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * Runs the benchmarks: {@code hop} through two processes, or {@code messages} in one thread, which
 * is JMH with {@code -prof gc} and takes JMH's own options.
 */
public final class BenchmarksMain {

    private BenchmarksMain() {}

    public static void main(String[] args) throws Exception {
        final String[] rest = args.length == 0 ? args : Arrays.copyOfRange(args, 1, args.length);
        switch (args.length == 0 ? "" : args[0]) {
            case "hop" -> HopBenchmark.main(rest);
            case "messages" -> runMessages(rest);
            default -> {
                System.err.println("hop [rounds [fresh|populated]], or messages [JMH options]");
                System.exit(2);
            }
        }
    }

    private static void runMessages(String[] args) throws Exception {
        System.out.println(Machine.describe(1) + SampleMessages.describe());
        new Runner(
                        new OptionsBuilder()
                                .parent(new CommandLineOptions(args))
                                .addProfiler(GCProfiler.class)
                                .jvmArgsPrepend(Machine.jvmFlags().toArray(String[]::new))
                                .build())
                .run();
    }
}
