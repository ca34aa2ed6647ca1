// SPDX-License-Identifier: Apache-2.0
/**
 * What users write against: a worker, its handlers, and the replies they send (stops 5 and 6 of a
 * request's way).
 */
package io.headrace.worker;
