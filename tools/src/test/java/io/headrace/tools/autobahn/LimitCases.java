// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.autobahn;

import static io.headrace.tools.autobahn.Script.fragments;
import static io.headrace.tools.autobahn.Script.sends;

import io.headrace.tools.system.Frame;
import io.headrace.tools.system.WebSocketClient;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Section 9: long messages, in one frame, in many, and chopped, and many short ones in turn.
 *
 * <p>A message of the bus has less than 16 MiB with all that belongs to it, so the two cases of 16
 * MiB are over the limit whatever it is set to. They assert how that ends: with the code 1009.
 */
final class LimitCases {

    private static final int KIB = 1 << 10;
    private static final int MIB = 1 << 20;
    private static final int TOO_BIG = 1009;

    /** What the front end is set to. */
    static final int MESSAGE_LENGTH_MAX = 15 * MIB;

    private LimitCases() {}

    static List<Case> all() {
        final List<Case> cases = new ArrayList<>();
        for (int kind = 1; kind <= 2; kind++) {
            final int opcode = kind == 1 ? Frame.TEXT : Frame.BINARY;
            addWhole(cases, kind, opcode, 64 * KIB, 256 * KIB, MIB, 4 * MIB, 8 * MIB, 16 * MIB);
            addFragmented(cases, kind + 2, opcode);
            addChopped(cases, kind + 4, opcode);
            addRoundTrips(cases, kind + 6, opcode, 0, 16, 64, 256, 1_024, 4_096);
        }
        return cases;
    }

    private static byte[] content(int opcode, int length) {
        final byte[] content = new byte[length];
        Arrays.fill(content, (byte) (opcode == Frame.TEXT ? '*' : 0xFE));
        return content;
    }

    private static Frame whole(int opcode, int length) {
        return new Frame(Frame.FIN, opcode, content(opcode, length));
    }

    /** Contents are made when they are needed: all together they are long. */
    private static void addWhole(List<Case> cases, int group, int opcode, int... lengths) {
        for (int i = 0; i < lengths.length; i++) {
            final int length = lengths[i];
            cases.add(
                    Case.of(
                            "9." + group + "." + (i + 1),
                            "message of " + length / KIB + " KiB",
                            client -> {
                                final Frame message = whole(opcode, length);
                                (length <= MESSAGE_LENGTH_MAX
                                                ? sends(message).answered(message)
                                                : sends(message).closed(TOO_BIG))
                                        .accept(client);
                            }));
        }
    }

    private static void addFragmented(List<Case> cases, int group, int opcode) {
        for (int i = 0; i < 9; i++) {
            final int length = 64 << 2 * i;
            cases.add(
                    Case.of(
                            "9." + group + "." + (i + 1),
                            "message of 4 MiB in fragments of " + length,
                            client ->
                                    sends(fragments(opcode, content(opcode, 4 * MIB), length))
                                            .answered(whole(opcode, 4 * MIB))
                                            .accept(client)));
        }
    }

    private static void addChopped(List<Case> cases, int group, int opcode) {
        for (int i = 0; i < 6; i++) {
            final int length = 64 << i;
            cases.add(
                    Case.of(
                            "9." + group + "." + (i + 1),
                            "message of 1 MiB in pieces of " + length,
                            client ->
                                    sends(whole(opcode, MIB))
                                            .chopped(length)
                                            .answered(whole(opcode, MIB))
                                            .accept(client)));
        }
    }

    private static void addRoundTrips(List<Case> cases, int group, int opcode, int... lengths) {
        for (int i = 0; i < lengths.length; i++) {
            final int length = lengths[i];
            cases.add(
                    Case.of(
                            "9." + group + "." + (i + 1),
                            "messages of " + length + " in turn",
                            client -> roundTrips(client, whole(opcode, length))));
        }
    }

    private static void roundTrips(WebSocketClient client, Frame message) {
        for (int i = 0; i < AutobahnTest.MESSAGE_COUNT; i++) {
            client.send(message).shouldReceive(message);
        }
        Script.closeCleanly(client);
    }
}
