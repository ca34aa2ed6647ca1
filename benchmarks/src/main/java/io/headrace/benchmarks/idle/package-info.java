// SPDX-License-Identifier: Apache-2.0
/** The row {@code idle}: what servers cost that have nothing to do, and how fast they wake. */
package io.headrace.benchmarks.idle;
