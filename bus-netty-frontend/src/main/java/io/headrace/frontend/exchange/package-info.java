// SPDX-License-Identifier: Apache-2.0
/**
 * Between sockets and lanes: what an event loop appends (stop 3) and what it polls (stop 7). Knows
 * no Netty.
 */
package io.headrace.frontend.exchange;
