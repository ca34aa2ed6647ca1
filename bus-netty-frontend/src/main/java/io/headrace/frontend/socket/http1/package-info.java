// SPDX-License-Identifier: Apache-2.0
/**
 * HTTP/1 on the wire: what of RFC 9112 Netty's decoder leaves to others, because a request that two
 * readers may read in two ways is how requests are smuggled.
 */
package io.headrace.frontend.socket.http1;
