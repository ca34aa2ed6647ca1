// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.harness;

import java.util.function.ToDoubleFunction;

/** What can be measured of a contender in a round; the order is that of the report's columns. */
public enum Figure {
    P50("p50Ns", "p50", sample -> sample.percentileNs(50)),
    P99("p99Ns", "p99", sample -> sample.percentileNs(99)),
    P999("p999Ns", "p99.9", sample -> sample.percentileNs(99.9)),
    MAX("maxNs", "max", sample -> sample.percentileNs(100)),
    PER_SECOND("perSecond", "per second", Sample::perSecond),
    CPU("cpuUsPerOp", "CPU us/op", Sample::cpuUsPerOp),
    BYTES("bytesPerOp", "bytes/op", Sample::bytesPerOp);

    private final String key;
    private final String label;
    private final ToDoubleFunction<Sample> value;

    Figure(String key, String label, ToDoubleFunction<Sample> value) {
        this.key = key;
        this.label = label;
        this.value = value;
    }

    /** Its key in the JSON of {@code bench --json}. */
    public String key() {
        return key;
    }

    /** Its name for people. */
    public String label() {
        return label;
    }

    /** Whether it is a time of one operation, in nanoseconds. */
    public boolean isLatency() {
        return ordinal() <= MAX.ordinal();
    }

    /** Its value in this sample; NaN when it was not measured. */
    public double of(Sample sample) {
        return value.applyAsDouble(sample);
    }
}
