// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.proxy;

/**
 * Where a request comes from, and what it was sent to.
 *
 * @param remoteAddr the client's address, {@code REMOTE_ADDR}.
 * @param remotePort {@code REMOTE_PORT}; 0 when a proxy does not say.
 * @param https whether the client speaks TLS, be it to us or to a proxy.
 * @param serverName {@code SERVER_NAME}.
 * @param serverPort {@code SERVER_PORT}.
 * @param forwardedHost what a proxy says the client asked for, perhaps with a port, and so is to
 *     stand in {@code HTTP_HOST}; empty without.
 */
public record Origin(
        String remoteAddr,
        int remotePort,
        boolean https,
        String serverName,
        int serverPort,
        String forwardedHost) {}
