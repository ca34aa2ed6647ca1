// SPDX-License-Identifier: Apache-2.0
/**
 * The front end: a process that owns sockets and knows no application. Here are its options, its
 * start and end, and its event loop; {@code socket} is stop 1, {@code codec} stops 2 and 8, {@code
 * exchange} stops 3 and 7.
 */
package io.headrace.frontend;
