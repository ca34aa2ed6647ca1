// SPDX-License-Identifier: Apache-2.0
/** What was measured, for people and for programs: a table, JSON, and a page with plots. */
package io.headrace.benchmarks.report;
