// SPDX-License-Identifier: Apache-2.0
/**
 * HTTP/2 (RFC 9113): each stream is a connection of its own, whose request has the same keys as
 * over HTTP/1, and may be a WebSocket (RFC 8441).
 */
package io.headrace.frontend.socket.http2;
