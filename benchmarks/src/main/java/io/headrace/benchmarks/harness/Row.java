// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.harness;

/** One row of the benchmark: cases that belong together, each with its contenders. */
public interface Row {

    /** The word that {@code --row} takes. */
    String name();

    /** What it measures, in a sentence for the report. */
    String about();

    /** How many cores it keeps busy; with fewer, its figures say little. */
    int cores();

    /**
     * Measures.
     *
     * @throws Exception when a contender fails, or a result is not what it must be: a message lost,
     *     doubled or changed.
     */
    void run(Run run) throws Exception;
}
