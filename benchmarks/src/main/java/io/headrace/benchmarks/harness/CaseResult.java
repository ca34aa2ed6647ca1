// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.harness;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;

/** What all contenders of one case measured, round by round. */
public final class CaseResult {

    private final String row;
    private final String name;
    private final Figure main;
    private final Map<String, Map<Integer, Sample>> byContender = new LinkedHashMap<>();
    private String curve = "";
    private double x = Double.NaN;

    CaseResult(String row, String name, Figure main) {
        this.row = row;
        this.name = name;
        this.main = main;
    }

    void add(String contender, int round, Sample sample) {
        byContender.computeIfAbsent(contender, absent -> new TreeMap<>()).put(round, sample);
    }

    /** Makes this case a point of a curve, such as {@code lanes} at 64. */
    public CaseResult at(String curveName, double value) {
        curve = curveName;
        x = value;
        return this;
    }

    public String row() {
        return row;
    }

    public String name() {
        return name;
    }

    /** The figure that this case is about. */
    public Figure main() {
        return main;
    }

    /** The curve that this case is a point of, or an empty text. */
    public String curve() {
        return curve;
    }

    /** Where on its curve it is. */
    public double x() {
        return x;
    }

    /** Who took part: the product and its variants first. */
    public List<String> contenders() {
        return byContender.keySet().stream()
                .sorted(
                        Comparator.comparing((String name) -> !name.startsWith(Results.PRODUCT))
                                .thenComparing(Comparator.naturalOrder()))
                .toList();
    }

    /** Number of rounds that a contender was measured in. */
    public int rounds(String contender) {
        return byContender.getOrDefault(contender, Map.of()).size();
    }

    /** Median over rounds; NaN when it was not measured. */
    public double median(String contender, Figure figure) {
        return median(contender, figure::of);
    }

    /** Names of the figures that this case has beside the usual ones. */
    public List<String> more(String contender) {
        return byContender.getOrDefault(contender, Map.of()).values().stream()
                .flatMap(sample -> sample.more().keySet().stream())
                .distinct()
                .sorted()
                .toList();
    }

    /** Median over rounds of a figure that this case has beside the usual ones. */
    public double median(String contender, String more) {
        return median(contender, sample -> sample.more().getOrDefault(more, Double.NaN));
    }

    private double median(String contender, ToDoubleFunction<Sample> figure) {
        return median(
                byContender.getOrDefault(contender, Map.of()).values().stream()
                        .mapToDouble(figure)
                        .toArray());
    }

    /**
     * How many times the other's figure this one's is: the median of the ratios within rounds,
     * because the machine is another one in the next round.
     */
    public double ratio(String contender, String to, Figure figure) {
        final Map<Integer, Sample> others = byContender.getOrDefault(to, Map.of());
        final List<Double> ratios = new ArrayList<>();
        byContender
                .getOrDefault(contender, Map.of())
                .forEach(
                        (round, sample) -> {
                            if (others.containsKey(round)) {
                                ratios.add(figure.of(sample) / figure.of(others.get(round)));
                            }
                        });
        return median(ratios.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /** The times of all rounds together. */
    public Histogram latencyNs(String contender) {
        final Histogram all = new Histogram(3);
        byContender.getOrDefault(contender, Map.of()).values().stream()
                .map(Sample::latencyNs)
                .forEach(all::add);
        return all;
    }

    /** The median of the values that are numbers; NaN when none is. */
    public static double median(double... values) {
        final double[] sorted =
                java.util.Arrays.stream(values).filter(Double::isFinite).sorted().toArray();
        return sorted.length == 0
                ? Double.NaN
                : (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }
}
