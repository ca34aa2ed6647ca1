// SPDX-License-Identifier: Apache-2.0
/** The row {@code hop}: a request and its reply between two processes that spin. */
package io.headrace.benchmarks.hop;
