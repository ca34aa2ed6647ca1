// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.benchmarks.machine.SharedMemory.Pages;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Every JMH benchmark, once, so that none rots. They verify what they read. */
@EnabledOnOs(OS.LINUX)
class BenchmarksTest {

    private static final int MESSAGE_TYPES = 9;
    private static final int CLAIM_RUNS = 2 * 2;
    private static final int GROUP_RUNS = 2;

    @Test
    void shouldRunEveryJmhBenchmark() throws Exception {
        System.setProperty("jmh.ignoreLock", "true");
        final int runs =
                new Runner(
                                new OptionsBuilder()
                                        .forks(0)
                                        .warmupIterations(0)
                                        .measurementIterations(1)
                                        .shouldFailOnError(true)
                                        .verbosity(VerboseMode.SILENT)
                                        .build())
                        .run()
                        .size();
        assertEquals(2 * MESSAGE_TYPES * Pages.values().length + CLAIM_RUNS + GROUP_RUNS, runs);
    }
}
