// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.autobahn;

import static io.headrace.tools.autobahn.Script.fragments;
import static io.headrace.tools.autobahn.Script.sends;

import io.headrace.tools.system.Frame;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Section 6: texts that are UTF-8, and that are not. 6.5 to 6.23 are sequences that decoders are
 * usually tried with; each group names those that are valid, then those that are not.
 */
final class Utf8Cases {

    private static final int INVALID_PAYLOAD = 1007;
    private static final String GREEK = "\u03BA\u1F79\u03C3\u03BC\u03B5";
    private static final String LATIN = "Hello-\u00B5@\u00DF\u00F6\u00E4\u00FC\u00E0\u00E1-UTF-8!!";
    private static final HexFormat HEX = HexFormat.of();

    private Utf8Cases() {}

    static List<Case> all() {
        final List<Case> cases = new ArrayList<>();
        addEmptyFragments(cases);
        addFragments(cases);
        addFailFast(cases);
        addSequences(cases);
        return cases;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void addEmptyFragments(List<Case> cases) {
        final Frame empty = Frame.text("");
        final Frame begin = Frame.part(false, Frame.TEXT, new byte[0]);
        final Frame end = Frame.part(true, Frame.CONTINUATION, new byte[0]);
        cases.add(Case.of("6.1.1", "empty text", sends(empty).answered(empty)));
        cases.add(
                Case.of(
                        "6.1.2",
                        "three empty fragments",
                        sends(begin, Frame.part(false, Frame.CONTINUATION, new byte[0]), end)
                                .answered(empty)));
        cases.add(
                Case.of(
                        "6.1.3",
                        "fragment between two that are empty",
                        sends(begin, Frame.part(false, Frame.CONTINUATION, utf8("middle")), end)
                                .answered(Frame.text("middle"))));
    }

    private static void addFragments(List<Case> cases) {
        final Frame latin = Frame.text(LATIN);
        final int half = utf8(LATIN.substring(0, 11)).length;
        cases.add(Case.of("6.2.1", "valid text", sends(latin).answered(latin)));
        cases.add(
                Case.of(
                        "6.2.2",
                        "valid text in two fragments, between characters",
                        sends(parts(latin.payload(), half)).answered(latin)));
        cases.add(
                Case.of(
                        "6.2.3",
                        "valid text in fragments of one octet",
                        sends(fragments(Frame.TEXT, latin.payload(), 1)).answered(latin)));
        cases.add(
                Case.of(
                        "6.2.4",
                        "characters of two and three octets in fragments of one",
                        sends(fragments(Frame.TEXT, utf8(GREEK), 1)).answered(Frame.text(GREEK))));
        final byte[] invalid = concat(utf8(GREEK), HEX.parseHex("eda080"), utf8("edited"));
        cases.add(
                Case.of(
                        "6.3.1",
                        "invalid text",
                        sends(new Frame(Frame.FIN, Frame.TEXT, invalid)).closed(INVALID_PAYLOAD)));
        cases.add(
                Case.of(
                        "6.3.2",
                        "invalid text in fragments of one octet",
                        sends(fragments(Frame.TEXT, invalid, 1)).closed(INVALID_PAYLOAD)));
    }

    /**
     * The first two are closed at the fragment that makes them invalid: the last one is not sent. A
     * single frame that comes in pieces is looked at as a whole, which is allowed.
     */
    private static void addFailFast(List<Case> cases) {
        final byte[] invalid = concat(utf8(GREEK), HEX.parseHex("f4908080"), utf8("edited"));
        final int[][] ends = {{11, 15}, {12, 13}};
        for (int i = 0; i < 2; i++) {
            final Frame[] parts = parts(invalid, ends[i]);
            cases.add(
                    Case.of(
                            "6.4." + (1 + i),
                            "second of three fragments is invalid",
                            sends(Arrays.copyOf(parts, 2)).byFrame().closed(INVALID_PAYLOAD)));
        }
        for (int i = 0; i < 2; i++) {
            // Six octets of header come first.
            cases.add(
                    Case.of(
                            "6.4." + (3 + i),
                            "frame whose second piece is invalid",
                            sends(new Frame(Frame.FIN, Frame.TEXT, invalid))
                                    .chopped(6 + ends[i][0])
                                    .closed(INVALID_PAYLOAD)));
        }
    }

    /** A text in fragments that end there. */
    private static Frame[] parts(byte[] text, int... ends) {
        final Frame[] parts = new Frame[ends.length + 1];
        int from = 0;
        for (int i = 0; i < parts.length; i++) {
            final int to = i < ends.length ? ends[i] : text.length;
            parts[i] =
                    Frame.part(
                            i == ends.length,
                            i == 0 ? Frame.TEXT : Frame.CONTINUATION,
                            Arrays.copyOfRange(text, from, to));
            from = to;
        }
        return parts;
    }

    private static byte[] concat(byte[]... all) {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (final byte[] part : all) {
            bytes.writeBytes(part);
        }
        return bytes.toByteArray();
    }

    private static void addSequences(List<Case> cases) {
        final String hello = "68656c6c6f";
        final String world = "776f726c64";
        final String greek = HEX.formatHex(utf8(GREEK));
        add(
                cases,
                5,
                hello + "24" + world,
                hello + "c2a2" + world,
                hello + "e282ac" + world,
                hello + "f0a4ada2" + world,
                greek);
        final String[] prefixes = new String[11];
        for (int i = 0; i < prefixes.length; i++) {
            final boolean ends = List.of(2, 5, 7, 9, 11).contains(i + 1);
            prefixes[i] = (ends ? "" : "!") + greek.substring(0, 2 * (i + 1));
        }
        add(cases, 6, prefixes);
        // First and last sequences of each length, and other bounds.
        add(cases, 7, "00", "c280", "e0a080", "f0908080");
        add(cases, 8, "!f888808080", "!fc8480808080");
        add(cases, 9, "7f", "dfbf", "efbfbf", "f48fbfbf");
        add(cases, 10, "!f7bfbfbf", "!fbbfbfbfbf", "!fdbfbfbfbfbf");
        add(cases, 11, "ed9fbf", "ee8080", "efbfbd", "f48fbfbf", "!f4908080");
        // Continuations of nothing.
        final String[] continuations = new String[8];
        for (int i = 0; i < 7; i++) {
            continuations[i] = "!" + "80bf80bf80bf80bf".substring(0, 2 * Math.max(1, i));
        }
        continuations[1] = "!bf";
        continuations[7] = "!" + range(0x80, 0xBE, "");
        add(cases, 12, continuations);
        // Beginnings of nothing, each with a space behind it.
        add(
                cases,
                13,
                "!" + range(0xC0, 0xDE, "20"),
                "!" + range(0xE0, 0xEE, "20"),
                "!" + range(0xF0, 0xF6, "20"),
                "!" + range(0xF8, 0xFA, "20"),
                "!" + range(0xFC, 0xFC, "20"));
        final String[] cut = {
            "!c0",
            "!e080",
            "!f08080",
            "!f8808080",
            "!fc80808080",
            "!df",
            "!efbf",
            "!f7bfbf",
            "!fbbfbfbf",
            "!fdbfbfbfbf"
        };
        add(cases, 14, cut);
        add(cases, 15, "!" + String.join("", cut).replace("!", ""));
        add(cases, 16, "!fe", "!ff", "!fefeffff");
        // Characters that take more octets than they need.
        add(cases, 17, "!c0af", "!e080af", "!f08080af", "!f8808080af", "!fc80808080af");
        add(cases, 18, "!c1bf", "!e09fbf", "!f08fbfbf", "!f887bfbfbf", "!fc83bfbfbfbf");
        add(cases, 19, "!c080", "!e08080", "!f0808080", "!f880808080", "!fc8080808080");
        // Surrogates, alone and in pairs.
        add(cases, 20, "!eda080", "!edadbf", "!edae80", "!edafbf", "!edb080", "!edbe80", "!edbfbf");
        final List<String> pairs = new ArrayList<>();
        for (final String high : List.of("eda080", "edadbf", "edae80", "edafbf")) {
            pairs.add("!" + high + "edb080");
            pairs.add("!" + high + "edbfbf");
        }
        add(cases, 21, pairs.toArray(String[]::new));
        // Code points that are no characters, but valid: the last two of each plane.
        final List<String> planes = new ArrayList<>();
        for (int plane = 0; plane <= 16; plane++) {
            for (int last = 0xFFFE; last <= 0xFFFF; last++) {
                planes.add(HEX.formatHex(utf8(Character.toString(plane << 16 | last))));
            }
        }
        add(cases, 22, planes.toArray(String[]::new));
        add(cases, 23, "efbfb9", "efbfba", "efbfbb", "efbfbc", "efbfbd", "efbfbe", "efbfbf");
    }

    private static String range(int from, int to, String behindEach) {
        final StringBuilder hex = new StringBuilder();
        for (int value = from; value <= to; value++) {
            hex.append(HEX.toHexDigits((byte) value)).append(behindEach);
        }
        return hex.toString();
    }

    /** A case for each sequence; an exclamation mark says that it is not valid. */
    private static void add(List<Case> cases, int group, String... sequences) {
        for (int i = 0; i < sequences.length; i++) {
            final boolean valid = !sequences[i].startsWith("!");
            final String hex = valid ? sequences[i] : sequences[i].substring(1);
            final Frame text = new Frame(Frame.FIN, Frame.TEXT, HEX.parseHex(hex));
            cases.add(
                    Case.of(
                            "6." + group + "." + (i + 1),
                            (valid ? "valid " : "invalid ") + hex,
                            valid
                                    ? sends(text).answered(text)
                                    : sends(text).closed(INVALID_PAYLOAD)));
        }
    }
}
