// SPDX-License-Identifier: Apache-2.0
/** Bodies of requests and responses: whole ones, and those that come in parts. */
package io.headrace.frontend.socket.body;
