// SPDX-License-Identifier: Apache-2.0
/**
 * Bodies of requests and responses: whole ones, those that come in parts, and compressed ones; and
 * the date of responses.
 */
package io.headrace.frontend.socket.body;
