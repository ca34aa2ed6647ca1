// SPDX-License-Identifier: Apache-2.0
/** The row {@code size}: curves that should be flat where nothing is asked for. */
package io.headrace.benchmarks.size;
