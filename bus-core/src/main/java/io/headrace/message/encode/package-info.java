// SPDX-License-Identifier: Apache-2.0
/**
 * The writing side of {@code io.headrace.message}: what a front end collects of a request, and the
 * encoders that put the eight messages into a buffer (stops 3 and 6 of a request's way).
 */
package io.headrace.message.encode;
