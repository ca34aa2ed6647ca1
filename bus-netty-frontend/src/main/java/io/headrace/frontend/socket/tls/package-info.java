// SPDX-License-Identifier: Apache-2.0
/** TLS: the certificates that are served, read again when they change, and the clients' own. */
package io.headrace.frontend.socket.tls;
