// SPDX-License-Identifier: Apache-2.0
/**
 * What a front end tells its operators, on an address and threads of its own: whether it lives,
 * whether it can serve, and the bus in numbers.
 */
package io.headrace.frontend.admin;
