// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.harness;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Everything that was measured, in the order in which it was. */
public final class Results {

    /** The product's name among the contenders; its variants begin with it. */
    public static final String PRODUCT = "headrace";

    private final Map<String, CaseResult> cases = new LinkedHashMap<>();

    /**
     * Adds a sample.
     *
     * @param main the figure that the case is about.
     * @return the case.
     */
    public CaseResult add(
            String row, String name, Figure main, String contender, int round, Sample sample) {
        final CaseResult found =
                cases.computeIfAbsent(row + "\n" + name, absent -> new CaseResult(row, name, main));
        found.add(contender, round, sample);
        return found;
    }

    public List<CaseResult> all() {
        return List.copyOf(cases.values());
    }

    public List<CaseResult> ofRow(String row) {
        return cases.values().stream().filter(each -> each.row().equals(row)).toList();
    }

    public Optional<CaseResult> find(String row, String name) {
        return Optional.ofNullable(cases.get(row + "\n" + name));
    }
}
