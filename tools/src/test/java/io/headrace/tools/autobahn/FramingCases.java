// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.autobahn;

import static io.headrace.tools.autobahn.Script.fragments;
import static io.headrace.tools.autobahn.Script.sends;

import io.headrace.tools.system.Frame;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Sections 1 to 5 and 10: frames of any length, pings and pongs, what is reserved, and fragments.
 */
final class FramingCases {

    private static final int PROTOCOL_ERROR = 1002;
    private static final Frame HELLO = Frame.text("Hello, world!");
    private static final Frame PING = Frame.ping("");

    private FramingCases() {}

    private static byte[] octets(int length, int value) {
        final byte[] octets = new byte[length];
        Arrays.fill(octets, (byte) value);
        return octets;
    }

    private static byte[] octets(int... values) {
        final byte[] octets = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            octets[i] = (byte) values[i];
        }
        return octets;
    }

    private static Frame control(int opcode, byte[] payload) {
        return new Frame(Frame.FIN, opcode, payload);
    }

    private static Frame part(boolean last, int opcode, String text) {
        return Frame.part(last, opcode, text.getBytes());
    }

    /** 1.1.1 to 1.2.8: texts and binary messages whose lengths take each form of the header. */
    static List<Case> framing() {
        final int[] lengths = {0, 125, 126, 127, 128, 65_535, 65_536, 65_536};
        final List<Case> cases = new ArrayList<>();
        for (int kind = 1; kind <= 2; kind++) {
            for (int i = 1; i <= lengths.length; i++) {
                final int length = lengths[i - 1];
                final Frame frame =
                        kind == 1
                                ? Frame.text("*".repeat(length))
                                : Frame.binary(octets(length, 0xFE));
                final Script script = sends(frame).answered(frame);
                if (i == lengths.length) {
                    script.chopped(997);
                }
                cases.add(
                        Case.of(
                                "1." + kind + "." + i,
                                (kind == 1 ? "text" : "binary message")
                                        + " of "
                                        + length
                                        + (i == lengths.length ? ", chopped" : ""),
                                script));
            }
        }
        return cases;
    }

    /** 2.1 to 2.11. */
    static List<Case> pings() {
        final byte[] binary = octets(0x00, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0x00, 0xFF);
        final byte[] longest = octets(125, 0xFE);
        final Frame unasked = control(Frame.PONG, "unsolicited pong payload".getBytes());
        final Frame[] pings = new Frame[10];
        final Frame[] pongs = new Frame[10];
        for (int i = 0; i < pings.length; i++) {
            pings[i] = Frame.ping("payload-" + i);
            pongs[i] = control(Frame.PONG, pings[i].payload());
        }
        return List.of(
                Case.of("2.1", "ping without payload", ping(new byte[0])),
                Case.of("2.2", "ping with a text", ping("Hello, world!".getBytes())),
                Case.of("2.3", "ping with octets that are no text", ping(binary)),
                Case.of("2.4", "ping with 125 octets", ping(longest)),
                Case.of(
                        "2.5",
                        "ping with 126 octets",
                        sends(control(Frame.PING, octets(126, 0xFE))).closed(PROTOCOL_ERROR)),
                Case.of("2.6", "ping with 125 octets, one by one", ping(longest).chopped(1)),
                Case.of(
                        "2.7",
                        "pong that nobody asked for, without payload",
                        sends(control(Frame.PONG, new byte[0]))),
                Case.of("2.8", "pong that nobody asked for, with payload", sends(unasked)),
                Case.of(
                        "2.9",
                        "pong that nobody asked for, then a ping",
                        sends(unasked, Frame.ping("ping payload"))
                                .answered(control(Frame.PONG, "ping payload".getBytes()))),
                Case.of("2.10", "ten pings", sends(pings).answered(pongs)),
                Case.of(
                        "2.11",
                        "ten pings, octet by octet",
                        sends(pings).answered(pongs).chopped(1)));
    }

    private static Script ping(byte[] payload) {
        return sends(control(Frame.PING, payload)).answered(control(Frame.PONG, payload));
    }

    /** 3.1 to 3.7. */
    static List<Case> reservedBits() {
        final byte[] text = HELLO.payload();
        return List.of(
                Case.of("3.1", "text with RSV 1", violation(reserved(1, Frame.TEXT, text))),
                Case.of("3.2", "RSV 2 behind a text", afterHello(reserved(2, Frame.TEXT, text))),
                Case.of(
                        "3.3",
                        "RSV 3 behind a text, by frame",
                        afterHello(reserved(3, Frame.TEXT, text)).byFrame()),
                Case.of(
                        "3.4",
                        "RSV 4 behind a text, octet by octet",
                        afterHello(reserved(4, Frame.TEXT, text)).chopped(1)),
                Case.of(
                        "3.5",
                        "binary message with RSV 5",
                        violation(reserved(5, Frame.BINARY, octets(8, 0xFF)))),
                Case.of("3.6", "ping with RSV 6", violation(reserved(6, Frame.PING, text))),
                Case.of(
                        "3.7",
                        "close with RSV 7",
                        violation(reserved(7, Frame.CLOSE, Frame.close(1000, "").payload()))));
    }

    private static Frame reserved(int bits, int opcode, byte[] payload) {
        return new Frame(Frame.FIN | bits, opcode, payload);
    }

    private static Script violation(Frame... frames) {
        return sends(frames).closed(PROTOCOL_ERROR);
    }

    /** The ping behind the violation must not be answered. */
    private static Script afterHello(Frame frame) {
        return sends(HELLO, frame, PING).answered(HELLO).closed(PROTOCOL_ERROR);
    }

    /** 4.1.1 to 4.2.5. */
    static List<Case> opcodes() {
        final List<Case> cases = new ArrayList<>();
        for (int kind = 1; kind <= 2; kind++) {
            for (int i = 1; i <= 5; i++) {
                final int opcode = (kind == 1 ? 2 : 10) + i;
                // Those with an even number have a payload, the last one as well.
                final Frame frame =
                        control(opcode, i == 1 || i == 3 ? new byte[0] : HELLO.payload());
                final Script script = i <= 2 ? violation(frame) : afterHello(frame);
                cases.add(
                        Case.of(
                                "4." + kind + "." + i,
                                "opcode " + opcode + (i <= 2 ? "" : " behind a text"),
                                i == 5 ? script.chopped(1) : script));
            }
        }
        return cases;
    }

    /** 5.1 to 5.20. */
    static List<Case> fragmentation() {
        final List<Case> cases = new ArrayList<>();
        cases.add(
                Case.of(
                        "5.1",
                        "ping in two fragments",
                        violation(
                                part(false, Frame.PING, "fragment1"),
                                part(true, Frame.CONTINUATION, "fragment2"))));
        cases.add(
                Case.of(
                        "5.2",
                        "pong in two fragments",
                        violation(
                                part(false, Frame.PONG, "fragment1"),
                                part(true, Frame.CONTINUATION, "fragment2"))));
        final Frame first = part(false, Frame.TEXT, "fragment1");
        final Frame last = part(true, Frame.CONTINUATION, "fragment2");
        final Frame whole = Frame.text("fragment1fragment2");
        final Frame ping = Frame.ping("ping payload");
        final Frame pong = control(Frame.PONG, "ping payload".getBytes());
        final Frame nothing = part(true, Frame.CONTINUATION, "non-continuation payload");
        final Frame nothingYet = part(false, Frame.CONTINUATION, "non-continuation payload");
        for (int i = 0; i < 3; i++) {
            add(cases, 3 + i, "text in two fragments", i, sends(first, last).answered(whole));
        }
        for (int i = 0; i < 3; i++) {
            add(
                    cases,
                    6 + i,
                    "ping between two fragments",
                    i,
                    sends(first, ping, last).answered(pong, whole));
        }
        for (int i = 0; i < 3; i++) {
            add(cases, 9 + i, "last fragment of nothing", i, violation(nothing, HELLO));
        }
        for (int i = 0; i < 3; i++) {
            add(cases, 12 + i, "fragment of nothing", i, violation(nothingYet, HELLO));
        }
        cases.add(
                Case.of(
                        "5.15",
                        "fragment of nothing behind a message in two fragments",
                        sends(
                                        first,
                                        last,
                                        part(false, Frame.CONTINUATION, "fragment3"),
                                        Frame.text("fragment4"))
                                .answered(whole)
                                .closed(PROTOCOL_ERROR)));
        for (int i = 0; i < 2; i++) {
            final Frame lost = part(i == 1, Frame.CONTINUATION, "fragment1");
            final Frame begin = part(false, Frame.TEXT, "fragment2");
            final Frame end = part(true, Frame.CONTINUATION, "fragment3");
            cases.add(
                    Case.of(
                            "5." + (16 + i),
                            "fragment of nothing before a message in fragments, twice",
                            violation(lost, begin, end, lost, begin, end)));
        }
        cases.add(
                Case.of(
                        "5.18",
                        "second fragment that says it is a text",
                        violation(first, part(true, Frame.TEXT, "fragment2"))));
        for (int i = 0; i < 2; i++) {
            final Script script =
                    sends(
                                    first,
                                    part(false, Frame.CONTINUATION, "fragment2"),
                                    Frame.ping("pongme 1!"),
                                    part(false, Frame.CONTINUATION, "fragment3"),
                                    part(false, Frame.CONTINUATION, "fragment4"),
                                    Frame.ping("pongme 2!"),
                                    part(true, Frame.CONTINUATION, "fragment5"))
                            .answered(
                                    control(Frame.PONG, "pongme 1!".getBytes()),
                                    control(Frame.PONG, "pongme 2!".getBytes()),
                                    Frame.text("fragment1fragment2fragment3fragment4fragment5"));
            cases.add(
                    Case.of(
                            "5." + (19 + i),
                            "text in five fragments with pings between them",
                            i == 0 ? script : script.byFrame()));
        }
        return cases;
    }

    /** Three cases are often the same octets, written in three ways. */
    private static void add(List<Case> cases, int number, String what, int way, Script script) {
        if (way == 1) {
            script.byFrame();
        } else if (way == 2) {
            script.chopped(1);
        }
        cases.add(
                Case.of(
                        "5." + number,
                        what + List.of("", ", by frame", ", octet by octet").get(way),
                        script));
    }

    /** 10.1.1. */
    static List<Case> autoFragmentation() {
        final Frame text = Frame.text("*".repeat(65_536));
        return List.of(
                Case.of(
                        "10.1.1",
                        "text of 65536 in fragments of 1300",
                        sends(fragments(Frame.TEXT, text.payload(), 1_300)).answered(text)));
    }
}
