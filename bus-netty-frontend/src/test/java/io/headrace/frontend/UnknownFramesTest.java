// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.frontend.testing.RunningFrontend;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** HTTP/2 frames of a type that nobody knows, which are to be ignored (RFC 9113, section 5.5). */
class UnknownFramesTest {

    private static final int UNKNOWN = 0xFA;
    private static final String WEB_SOCKET =
            "\2\7CONNECT\206\1\1h\4\3/ws"
                    + RawStreams.header(":protocol", "websocket")
                    + RawStreams.header("sec-websocket-version", "13")
                    + RawStreams.header("sec-websocket-extensions", "permessage-deflate");

    @TempDir Path directory;
    private SteppedFrontend stepped;
    private RawStreams client;

    @BeforeEach
    void start() {
        stepped =
                new SteppedFrontend(
                        directory,
                        Map.of("headrace.held.max", "1m"),
                        context ->
                                context.onHttpRequest((channel, request, reply) -> {})
                                        .onWebSocketReceive(
                                                (channel, message, socket) ->
                                                        socket.send(message.text().toString())));
        client = new RawStreams(stepped);
    }

    @AfterEach
    void stop() {
        client.close();
        stepped.close();
    }

    @Test
    void shouldNotReachAWebSocketThatCompresses() {
        client.open(1, WEB_SOCKET);
        client.sync();
        client.send(UNKNOWN, 1, "payload");
        final byte[] text = SteppedFrontend.frame("text");
        client.send(0, 1, new String(text, StandardCharsets.ISO_8859_1));
        client.sync();
        stepped.consume();
        client.sync();
        assertEquals("\201\4text", client.data(1));
        assertEquals(1, stepped.counter(" websockets"));
        assertEquals(List.of(), RunningFrontend.errors(stepped.frontend));
    }

    @Test
    void shouldNotEndTheCountingOfABody() {
        for (int stream = 1; stream < 2 * 6; stream += 2) {
            client.post(stream, "/");
            client.send(stream, 200_000);
            client.send(UNKNOWN, stream, "payload");
        }
        stepped.cycleUntil("a shed", () -> stepped.counter(" closed memory-high") == 1);
    }
}
