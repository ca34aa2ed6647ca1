// SPDX-License-Identifier: Apache-2.0
/** Where connections come from: listening sockets, and the event loop that drives them. */
package io.headrace.frontend.socket.listen;
