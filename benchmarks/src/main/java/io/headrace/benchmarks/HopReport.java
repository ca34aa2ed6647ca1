// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks;

import io.headrace.benchmarks.HopBenchmark.Round;
import java.io.PrintStream;
import java.util.List;
import org.HdrHistogram.Histogram;

/**
 * Prints what the hop benchmark measured: rounds, medians over rounds, and medians of the ratios
 * within rounds.
 */
final class HopReport {

    /** Fewer trips say nothing about their percentiles. */
    private static final int TRIPS_MIN = 1_000;

    private static final String[] CONTENDERS = {"headrace", "queue"};
    private static final double[] PERCENTILES = {50, 99, 99.9, 100};

    private HopReport() {}

    static void print(List<Round> rounds, Histogram lineNs, PrintStream out) {
        out.printf(
                "%nbare cache line, there and back: p10 %d ns, p50 %d ns, p90 %d ns%n%n",
                lineNs.getValueAtPercentile(10),
                lineNs.getValueAtPercentile(50),
                lineNs.getValueAtPercentile(90));
        out.println(
                "round trip, us     cores   trips      p50      p99    p99.9      max  preempted");
        for (final boolean isNear : new boolean[] {true, false}) {
            final List<Round> alike =
                    rounds.stream()
                            .filter(round -> round.isNear() == isNear)
                            .filter(HopReport::isLongEnough)
                            .toList();
            if (!alike.isEmpty()) {
                print(alike, isNear ? "near" : "far", out);
            }
        }
    }

    private static boolean isLongEnough(Round round) {
        return round.tripsNs().stream().allMatch(trips -> trips.getTotalCount() >= TRIPS_MIN);
    }

    private static void print(List<Round> rounds, String cores, PrintStream out) {
        for (final Round round : rounds) {
            for (int i = 0; i < CONTENDERS.length; i++) {
                final int contender = i;
                final long tripCount = round.tripsNs().get(i).getTotalCount();
                out.printf(
                        "round %2d %-9s %-5s %7d", round.number(), CONTENDERS[i], cores, tripCount);
                printPercentiles(List.of(round), (each, p) -> us(each, contender, p), out);
                out.printf(" %10s%n", i == 0 ? round.preemptionCount() : "");
            }
        }
        for (int i = 0; i < CONTENDERS.length; i++) {
            final int contender = i;
            out.printf("median   %-9s %-5s %7s", CONTENDERS[i], cores, rounds.size() + " x");
            printPercentiles(rounds, (each, p) -> us(each, contender, p), out);
            out.println();
        }
        // Within a round, because the machine is another one in the next.
        out.printf("ratio    %-9s %-5s %7s", "hr/queue", cores, rounds.size() + " x");
        printPercentiles(rounds, (each, p) -> us(each, 0, p) / us(each, 1, p), out);
        out.println();
    }

    private interface Figure {
        double of(Round round, double percentile);
    }

    /** Medians over rounds. */
    private static void printPercentiles(List<Round> rounds, Figure figure, PrintStream out) {
        for (final double percentile : PERCENTILES) {
            final double[] values =
                    rounds.stream()
                            .mapToDouble(round -> figure.of(round, percentile))
                            .sorted()
                            .toArray();
            out.printf(" %8.2f", (values[(values.length - 1) / 2] + values[values.length / 2]) / 2);
        }
    }

    private static double us(Round round, int contender, double percentile) {
        return round.tripsNs().get(contender).getValueAtPercentile(percentile) / 1_000.0;
    }
}
