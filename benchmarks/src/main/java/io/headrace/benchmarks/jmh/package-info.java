// SPDX-License-Identifier: Apache-2.0
/** JMH: what single parts of the message path cost in one thread. */
package io.headrace.benchmarks.jmh;
