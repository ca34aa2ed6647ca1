// SPDX-License-Identifier: Apache-2.0
/**
 * Headrace, a low-latency shared-memory message bus for one host. Here is only what all parts
 * share.
 */
package io.headrace;
