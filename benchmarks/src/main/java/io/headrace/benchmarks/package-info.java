// SPDX-License-Identifier: Apache-2.0
/**
 * What Headrace costs beside what users would otherwise pick: {@code headrace bench}, one row of
 * cases and contenders after the other, and JMH for single parts. Every row declares the machine it
 * needs and verifies what it measures.
 */
package io.headrace.benchmarks;
