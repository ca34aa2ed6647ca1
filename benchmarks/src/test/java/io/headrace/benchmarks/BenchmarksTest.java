// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.benchmarks.SharedMemory.Pages;
import io.headrace.message.MessageType;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Every path of the benchmarks, once and with tiny counts, so that none rots. They verify what they
 * read.
 */
@EnabledOnOs(OS.LINUX)
class BenchmarksTest {

    @Test
    void shouldAppendAndPollEveryTypeOfMessage() throws Exception {
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
        assertEquals(2 * MessageType.values().length * Pages.values().length, runs);
    }

    @Test
    void shouldHopThroughTwoProcesses() throws Exception {
        final ByteArrayOutputStream output = new ByteArrayOutputStream();
        final HopBenchmark.Plan plan = new HopBenchmark.Plan(Pages.POPULATED, 1, 2, 2, 100);
        final List<HopBenchmark.Round> rounds = HopBenchmark.run(plan, new PrintStream(output));
        assertEquals(2 * 2, rounds.size(), output::toString);
    }
}
