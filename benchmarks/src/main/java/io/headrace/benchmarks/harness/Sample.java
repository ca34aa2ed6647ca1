// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.harness;

import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/**
 * What one contender measured in one round of one case. What was not measured is NaN, and an empty
 * histogram.
 *
 * @param latencyNs time of each operation, in nanoseconds.
 * @param perSecond operations in a second.
 * @param cpuUsPerOp CPU time of all of the contender's processes together, per operation, in
 *     microseconds.
 * @param bytesPerOp what the measuring thread allocated per operation.
 * @param more figures of this case alone, by name; their units are in their names.
 */
public record Sample(
        Histogram latencyNs,
        double perSecond,
        double cpuUsPerOp,
        double bytesPerOp,
        Map<String, Double> more) {

    /** Times of single operations, and nothing else. */
    public static Sample ofLatency(Histogram latencyNs) {
        return new Sample(latencyNs, Double.NaN, Double.NaN, Double.NaN, Map.of());
    }

    /** No times of single operations. */
    public static Sample ofRate(double perSecond) {
        return ofLatency(new Histogram(3)).withPerSecond(perSecond);
    }

    /** One time that is known itself. */
    public static Sample ofNs(long ns) {
        final Histogram one = new Histogram(3);
        one.recordValue(ns);
        return ofLatency(one);
    }

    public Sample withPerSecond(double value) {
        return new Sample(latencyNs, value, cpuUsPerOp, bytesPerOp, more);
    }

    public Sample withCpuUsPerOp(double value) {
        return new Sample(latencyNs, perSecond, value, bytesPerOp, more);
    }

    public Sample withBytesPerOp(double value) {
        return new Sample(latencyNs, perSecond, cpuUsPerOp, value, more);
    }

    public Sample with(String name, double value) {
        final Map<String, Double> all = new TreeMap<>(more);
        all.put(name, value);
        return new Sample(latencyNs, perSecond, cpuUsPerOp, bytesPerOp, all);
    }

    double percentileNs(double percentile) {
        return latencyNs.getTotalCount() == 0
                ? Double.NaN
                : latencyNs.getValueAtPercentile(percentile);
    }
}
