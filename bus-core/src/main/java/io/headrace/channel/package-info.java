// SPDX-License-Identifier: Apache-2.0
/**
 * The bus directory, channel names and lanes: stop 3 (append), stop 4 (poll) and their twins on the
 * way back, 6 and 7. The only package that knows Chronicle Queue.
 */
package io.headrace.channel;
