// SPDX-License-Identifier: Apache-2.0
/**
 * What every row of the benchmark stands on: rounds and turns, processes that end with the
 * benchmark, CPU time, samples, and the medians and ratios they become.
 */
package io.headrace.benchmarks.harness;
