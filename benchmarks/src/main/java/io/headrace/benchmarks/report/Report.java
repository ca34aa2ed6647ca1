// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.report;

import io.headrace.benchmarks.harness.CaseResult;
import io.headrace.benchmarks.harness.Results;
import io.headrace.benchmarks.harness.Row;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * All there is to report of a run.
 *
 * @param rows that were run.
 * @param warnings what makes figures worse than the code.
 * @param machine machine, JVM and commit, by name.
 */
public record Report(
        List<Row> rows,
        Results results,
        List<String> warnings,
        Map<String, String> machine,
        boolean quick) {

    List<CaseResult> cases(Row row) {
        return results.ofRow(row.name());
    }

    /** A number with three significant digits, or a dash when there is none. */
    static String number(double value) {
        if (!Double.isFinite(value)) {
            return "-";
        }
        final double size = Math.abs(value);
        if (size >= 100) {
            return String.format(Locale.ROOT, "%,.0f", value);
        }
        return String.format(
                Locale.ROOT, size >= 10 ? "%.1f" : size >= 1 || size == 0 ? "%.2f" : "%.3f", value);
    }
}
