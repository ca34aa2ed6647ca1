// SPDX-License-Identifier: Apache-2.0
/**
 * What Headrace costs, without sockets: JMH benchmarks of the message path in one thread, and a hop
 * through two processes beside a bare Chronicle Queue's. Every benchmark declares the machine it
 * needs and verifies what it reads.
 */
package io.headrace.benchmarks;
