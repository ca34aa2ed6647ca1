// SPDX-License-Identifier: Apache-2.0
/**
 * Who gets a message and what becomes of it: the claim, the order in which a consumer of several
 * channels receives messages, and the workers that live (stop 4).
 */
package io.headrace.delivery;
