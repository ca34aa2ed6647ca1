// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.harness;

/**
 * How much to measure.
 *
 * @param rounds that are recorded; in each, every contender has its turn.
 */
public record Plan(int rounds, Length length) {

    /** How long a run may take. */
    public enum Length {
        /** About three minutes. */
        WHOLE,
        /** Less than one. */
        QUICK,
        /** Just long enough to see that everything works: for tests. */
        TRIAL
    }

    /** The first round: 0 warms up and is not recorded, 1 is. */
    public int firstRound() {
        return length == Length.TRIAL ? 1 : 0;
    }

    /** What is right for this length. */
    public long choose(long whole, long quick, long trial) {
        return switch (length) {
            case WHOLE -> whole;
            case QUICK -> quick;
            case TRIAL -> trial;
        };
    }
}
