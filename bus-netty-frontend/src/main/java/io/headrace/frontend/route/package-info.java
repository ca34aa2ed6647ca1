// SPDX-License-Identifier: Apache-2.0
/** Which channels a request goes to, by its host and path. Knows no Netty. */
package io.headrace.frontend.route;
