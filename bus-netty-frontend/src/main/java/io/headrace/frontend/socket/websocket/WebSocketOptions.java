// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.websocket;

import io.headrace.HeadraceException;
import io.headrace.channel.name.Glob;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.agrona.SystemUtil;

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
        if (handshakeTimeoutNs < 1_000_000L) {
            throw new HeadraceException(
                    "headrace.handshake.timeout is " + handshakeTimeoutNs + "ns; it takes 1ms up");
        }
    }

    /** System properties, else defaults. */
    public static WebSocketOptions fromProperties() {
        return new WebSocketOptions(
                choice(
                                ACCEPT_PROPERTY,
                                System.getProperty(ACCEPT_PROPERTY, "auto"),
                                "auto",
                                "worker")
                        == 1,
                Glob.of(System.getProperty("headrace.websocket.origins", "*")),
                Stream.of(System.getProperty("headrace.websocket.subprotocols", "").split(","))
                        .map(String::trim)
                        .filter(name -> !name.isEmpty())
                        .toList(),
                choice(
                                COMPRESSION_PROPERTY,
                                System.getProperty(COMPRESSION_PROPERTY, "on"),
                                "off",
                                "on")
                        == 1,
                SystemUtil.getDurationInNanos("headrace.handshake.timeout", 5_000_000_000L));
    }

    /** The same but for who accepts: {@code auto} or {@code worker}. */
    public WebSocketOptions acceptedBy(String who) {
        return new WebSocketOptions(
                choice(ACCEPT_PROPERTY, who, "auto", "worker") == 1,
                origins,
                subprotocols,
                deflates,
                handshakeTimeoutNs);
    }

    /** Which of two words a property's value is. */
    private static int choice(String property, String value, String... words) {
        final int index = List.of(words).indexOf(value);
        if (index < 0) {
            throw new HeadraceException(
                    "%s is '%s'; it takes '%s'"
                            .formatted(property, value, String.join("' or '", words)));
        }
        return index;
    }
}
