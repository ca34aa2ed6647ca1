// SPDX-License-Identifier: Apache-2.0
/** The client that loads servers, a process of its own, and what both ends have of sockets. */
package io.headrace.benchmarks.client;
