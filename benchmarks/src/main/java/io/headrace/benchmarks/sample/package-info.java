// SPDX-License-Identifier: Apache-2.0
/** What rows and JMH benchmarks send: typical messages, and a front end without sockets. */
package io.headrace.benchmarks.sample;
