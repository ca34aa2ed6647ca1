// SPDX-License-Identifier: Apache-2.0
package io.headrace.presence;

import java.util.List;

/**
 * An open WebSocket.
 *
 * @param frontEnd id of the member that has its socket.
 * @param connection its id.
 * @param sendChannel where what is sent to it goes.
 * @param sinceNs when it was opened, in bus time.
 * @param remoteAddr the client's address.
 * @param path of its handshake.
 * @param groups names of the groups it is in.
 */
public record Connected(
        String frontEnd,
        long connection,
        String sendChannel,
        long sinceNs,
        String remoteAddr,
        int remotePort,
        String path,
        List<String> groups) {}
