// SPDX-License-Identifier: Apache-2.0
/**
 * Reading lanes: in order across channels, without claiming, or a single record (stops 4 and 7).
 */
package io.headrace.delivery.poll;
