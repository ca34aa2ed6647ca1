// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.autobahn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.tools.system.Frame;
import io.headrace.tools.system.WebSocketClient;
import java.util.ArrayList;
import java.util.List;

/**
 * Sections 12 and 13: messages of several kinds, compressed by permessage-deflate, and what is
 * agreed on for several offers. The front end may agree on what it likes, as long as the offer
 * allows it.
 */
final class DeflateCases {

    private static final int COMPRESSED = 4;
    private static final String NAME = "permessage-deflate";
    private static final String CLIENT =
            NAME + "; client_no_context_takeover; client_max_window_bits";

    /** How long messages are, and their fragments; 0 for none. */
    private static final int[][] LENGTHS = {
        {16, 0},
        {64, 0},
        {256, 0},
        {1_024, 0},
        {4_096, 0},
        {8_192, 0},
        {16_384, 0},
        {32_768, 0},
        {65_536, 0},
        {131_072, 0},
        {8_192, 256},
        {16_384, 256},
        {32_768, 256},
        {65_536, 256},
        {131_072, 256},
        {131_072, 1_024},
        {131_072, 4_096},
        {131_072, 32_768}
    };

    private DeflateCases() {}

    /** 12.1.1 to 12.5.18: five kinds of contents with the usual offer. */
    static List<Case> contents() {
        final List<Case> cases = new ArrayList<>();
        for (int kind = 0; kind < Contents.values().length; kind++) {
            add(cases, "12." + (kind + 1), Contents.values()[kind], CLIENT);
        }
        return cases;
    }

    /** 13.1.1 to 13.7.18: other offers. */
    static List<Case> parameters() {
        final String fresh = CLIENT + "; server_no_context_takeover";
        final String[] offers = {
            CLIENT,
            fresh,
            CLIENT + "; server_max_window_bits=9",
            CLIENT + "; server_max_window_bits=15",
            fresh + "; server_max_window_bits=9",
            fresh + "; server_max_window_bits=15",
            fresh + "; server_max_window_bits=9, " + fresh + ", " + CLIENT
        };
        final List<Case> cases = new ArrayList<>();
        for (int i = 0; i < offers.length; i++) {
            add(cases, "13." + (i + 1), Contents.JSON, offers[i]);
        }
        return cases;
    }

    private static void add(List<Case> cases, String group, Contents contents, String offer) {
        for (int i = 0; i < LENGTHS.length; i++) {
            final int length = LENGTHS[i][0];
            final int fragmentLength = LENGTHS[i][1];
            cases.add(
                    new Case(
                            group + "." + (i + 1),
                            "%s of %d%s, compressed"
                                    .formatted(
                                            contents.name().toLowerCase(),
                                            length,
                                            fragmentLength == 0
                                                    ? ""
                                                    : " in fragments of " + fragmentLength),
                            offer,
                            client -> run(client, offer, contents, length, fragmentLength)));
        }
    }

    private static void run(
            WebSocketClient client,
            String offer,
            Contents contents,
            int length,
            int fragmentLength) {
        final String agreed =
                client.handshake().header("sec-websocket-extensions").orElse("nothing");
        final List<String> parameters = parameters(agreed);
        assertTrue(isLegal(offer, parameters), () -> agreed + " agreed on for " + offer);
        final int opcode = contents.isText() ? Frame.TEXT : Frame.BINARY;
        try (Compression compression =
                new Compression(
                        !parameters.contains("client_no_context_takeover"),
                        !parameters.contains("server_no_context_takeover"))) {
            for (int i = 0; i < AutobahnTest.MESSAGE_COUNT; i++) {
                final byte[] message = contents.slice(i, length);
                client.send(frames(opcode, compression.deflate(message), fragmentLength));
                final Frame echo = client.receive();
                assertEquals(opcode, echo.opcode(), echo::toString);
                assertArrayEquals(
                        message,
                        (echo.flags() & COMPRESSED) == 0
                                ? echo.payload()
                                : compression.inflate(echo.payload()));
            }
        }
        Script.closeCleanly(client);
    }

    private static Frame[] frames(int opcode, byte[] compressed, int fragmentLength) {
        final Frame[] frames =
                Script.fragments(
                        opcode,
                        compressed,
                        fragmentLength == 0 ? Math.max(1, compressed.length) : fragmentLength);
        // RFC 7692, section 6: the first frame says that the message is compressed.
        frames[0] = new Frame(frames[0].flags() | COMPRESSED, opcode, frames[0].payload());
        return frames;
    }

    private static List<String> parameters(String extension) {
        return List.of(extension.split(";")).stream().map(String::strip).toList();
    }

    /** Whether a response may be given to one of the offers (RFC 7692, section 7.1). */
    private static boolean isLegal(String offers, List<String> response) {
        for (final String offer : offers.split(",")) {
            if (mayAnswer(parameters(offer), response)) {
                return true;
            }
        }
        return false;
    }

    private static boolean mayAnswer(List<String> offer, List<String> response) {
        boolean legal =
                response.get(0).equals(NAME)
                        && response.stream().distinct().count() == response.size()
                        && (response.contains("server_no_context_takeover")
                                || !offer.contains("server_no_context_takeover"))
                        && window(response, "server_max_window_bits")
                                <= window(offer, "server_max_window_bits")
                        // Our own window cannot be made smaller.
                        && window(response, "client_max_window_bits") == 15;
        for (final String parameter : response.subList(1, response.size())) {
            legal &=
                    parameter.matches(
                            "(server|client)_no_context_takeover"
                                    + "|(server|client)_max_window_bits=([89]|1[0-5])");
        }
        return legal;
    }

    private static int window(List<String> parameters, String name) {
        return parameters.stream()
                .filter(parameter -> parameter.startsWith(name + "="))
                .mapToInt(parameter -> Integer.parseInt(parameter.substring(name.length() + 1)))
                .findFirst()
                .orElse(15);
    }
}
