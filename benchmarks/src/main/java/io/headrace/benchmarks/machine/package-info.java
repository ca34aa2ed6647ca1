// SPDX-License-Identifier: Apache-2.0
/** The machine that figures belong to: what it is, its CPU time, its memory, who else is on it. */
package io.headrace.benchmarks.machine;
