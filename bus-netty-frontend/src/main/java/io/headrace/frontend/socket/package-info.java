// SPDX-License-Identifier: Apache-2.0
/**
 * Stop 1 of a request's way and its end: sockets, and what becomes of the bytes that come and go on
 * them. The only package that knows Netty's own Channel, which is called a connection everywhere
 * else.
 */
package io.headrace.frontend.socket;
