// SPDX-License-Identifier: Apache-2.0
/**
 * What protects a front end from its clients: how many may come, how long they may take, and how
 * much they may make it hold. Time is looked at in rounds over all connections, a few at a time, so
 * that no connection has a timer of its own.
 */
package io.headrace.frontend.socket.limit;
