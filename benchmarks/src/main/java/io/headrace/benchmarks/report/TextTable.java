// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.report;

import io.headrace.benchmarks.harness.CaseResult;
import io.headrace.benchmarks.harness.Figure;
import io.headrace.benchmarks.harness.Results;
import io.headrace.benchmarks.harness.Row;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** The table that {@code headrace bench} prints. */
public final class TextTable {

    private static final int NAME_WIDTH = 24;
    private static final int NUMBER_WIDTH = 11;

    private TextTable() {}

    public static void print(Report report, PrintStream out) {
        report.machine().forEach((name, value) -> out.println(name + ": " + value));
        report.warnings().forEach(warning -> out.println("WARNING: " + warning));
        for (final Row row : report.rows()) {
            out.printf("%n%s: %s%n", row.name(), row.about());
            printRow(report.cases(row), out);
        }
        final List<Target> targets = Target.of(report.results());
        if (!targets.isEmpty()) {
            out.println("\ntargets");
            targets.forEach(target -> out.println("  " + target));
        }
    }

    private static void printRow(List<CaseResult> cases, PrintStream out) {
        out.print(left("case") + left("contender"));
        for (final Figure figure : Figure.values()) {
            out.print(right(figure.label() + (figure.isLatency() ? " us" : "")));
        }
        out.println("   headrace/this");
        for (final CaseResult each : cases) {
            for (final String contender : each.contenders()) {
                printLine(each, contender, out);
            }
        }
    }

    private static void printLine(CaseResult each, String contender, PrintStream out) {
        out.print(left(each.name()) + left(contender));
        for (final Figure figure : Figure.values()) {
            final double median = each.median(contender, figure);
            out.print(right(Report.number(figure.isLatency() ? median / 1_000 : median)));
        }
        final List<String> notes = new ArrayList<>();
        if (!contender.equals(Results.PRODUCT)) {
            final double ratio = each.ratio(Results.PRODUCT, contender, each.main());
            if (Double.isFinite(ratio)) {
                notes.add(Report.number(ratio) + " x " + each.main().label());
            }
        }
        for (final String more : each.more(contender)) {
            notes.add(more + " " + Report.number(each.median(contender, more)));
        }
        out.println("   " + String.join(", ", notes));
    }

    private static String left(String text) {
        return " ".repeat(2) + text + " ".repeat(Math.max(0, NAME_WIDTH - text.length()));
    }

    private static String right(String text) {
        return " ".repeat(Math.max(1, NUMBER_WIDTH - text.length())) + text;
    }
}
