// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.websocket;

import io.headrace.Setting;
import io.headrace.channel.name.Glob;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Who may open a WebSocket, and how.
 *
 * @param acceptedByWorker whether a handshake waits for a worker's accept ({@code
 *     headrace.websocket.accept}: {@code auto} or {@code worker}).
 * @param origins the allowed values of the header {@code Origin}; without the header only {@code *}
 *     allows ({@code headrace.websocket.origins}, patterns, default {@code *}).
 * @param subprotocols those that are spoken where no worker chooses one ({@code
 *     headrace.websocket.subprotocols}, comma-separated, default none).
 * @param deflates whether permessage-deflate is agreed on with clients that offer it ({@code
 *     headrace.websocket.compression}: {@code on} or {@code off}).
 * @param handshakeTimeoutNs how long a client waits to be accepted ({@code
 *     headrace.handshake.timeout}); then: 504.
 */
public record WebSocketOptions(
        boolean acceptedByWorker,
        Predicate<String> origins,
        List<String> subprotocols,
        boolean deflates,
        long handshakeTimeoutNs) {

    /** System property of {@link #acceptedByWorker}. */
    public static final String ACCEPT_PROPERTY = "headrace.websocket.accept";

    private static final String COMPRESSION_PROPERTY = "headrace.websocket.compression";

    public WebSocketOptions {
        Setting.check(
                "headrace.handshake.timeout (ns)", handshakeTimeoutNs, 1_000_000L, Long.MAX_VALUE);
    }

    /** System properties, else defaults. */
    public static WebSocketOptions fromProperties() {
        return new WebSocketOptions(
                isWorker(System.getProperty(ACCEPT_PROPERTY, "auto")),
                Glob.of(System.getProperty("headrace.websocket.origins", "*")),
                Stream.of(System.getProperty("headrace.websocket.subprotocols", "").split(","))
                        .map(String::trim)
                        .filter(name -> !name.isEmpty())
                        .toList(),
                Setting.check(
                                COMPRESSION_PROPERTY,
                                System.getProperty(COMPRESSION_PROPERTY, "on"),
                                List.of("off", "on"))
                        .equals("on"),
                Setting.durationNs("headrace.handshake.timeout", 5_000_000_000L));
    }

    /** The same but for who accepts: {@code auto} or {@code worker}. */
    public WebSocketOptions acceptedBy(String who) {
        return new WebSocketOptions(
                isWorker(who), origins, subprotocols, deflates, handshakeTimeoutNs);
    }

    private static boolean isWorker(String who) {
        return Setting.check(ACCEPT_PROPERTY, who, List.of("auto", "worker")).equals("worker");
    }
}
