// SPDX-License-Identifier: Apache-2.0
/**
 * How a WebSocket begins and what its frames go through: the opening handshake, who may open one,
 * and permessage-deflate.
 */
package io.headrace.frontend.socket.websocket;
