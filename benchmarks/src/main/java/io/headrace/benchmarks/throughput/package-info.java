// SPDX-License-Identifier: Apache-2.0
/** The row {@code throughput}: as many messages as go through, each handled exactly once. */
package io.headrace.benchmarks.throughput;
