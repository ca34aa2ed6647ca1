// SPDX-License-Identifier: Apache-2.0
/**
 * The access log: event loops hand an entry per answer over through a bounded queue, and a thread
 * of low priority makes lines of them. Knows no Netty.
 */
package io.headrace.frontend.accesslog;
