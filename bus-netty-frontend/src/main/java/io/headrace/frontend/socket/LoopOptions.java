// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.frontend.proxy.ForwardedHeaders;
import io.headrace.frontend.socket.body.Compression;
import io.headrace.frontend.socket.body.UploadOptions;
import io.headrace.frontend.socket.limit.Limits;
import io.headrace.frontend.socket.limit.Patience;
import io.headrace.frontend.socket.websocket.WebSocketOptions;

/**
 * What holds for the connections of all loops of a front end.
 *
 * @param uploads which bodies go to workers in parts.
 * @param compression which responses are compressed.
 * @param mountPrefix path below which the application is.
 * @param forwarded whose word about clients is taken.
 * @param proxyProtocol whether every connection begins with the PROXY protocol.
 */
public record LoopOptions(
        Limits limits,
        Patience patience,
        WebSocketOptions webSocket,
        UploadOptions uploads,
        Compression compression,
        String mountPrefix,
        ForwardedHeaders forwarded,
        boolean proxyProtocol) {}
