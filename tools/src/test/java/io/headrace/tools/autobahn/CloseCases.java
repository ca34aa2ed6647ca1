// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.autobahn;

import static io.headrace.tools.autobahn.Script.sends;

import io.headrace.tools.system.Frame;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Section 7: how a client closes, and how it must not. */
final class CloseCases {

    private static final int NORMAL = 1000;
    private static final int PROTOCOL_ERROR = 1002;
    private static final int NO_CODE = 1005;
    private static final int INVALID_PAYLOAD = 1007;
    private static final Frame CLOSE = Frame.close(NORMAL, "");
    private static final Frame HELLO = Frame.text("Hello World!");

    private CloseCases() {}

    static List<Case> all() {
        final List<Case> cases = new ArrayList<>();
        cases.add(Case.of("7.1.1", "message, then close", sends(HELLO).answered(HELLO)));
        cases.add(Case.of("7.1.2", "two closes", sends(CLOSE, CLOSE).closed(NORMAL)));
        cases.add(
                Case.of(
                        "7.1.3",
                        "ping behind a close",
                        sends(CLOSE, Frame.ping("")).closed(NORMAL)));
        cases.add(Case.of("7.1.4", "text behind a close", sends(CLOSE, HELLO).closed(NORMAL)));
        cases.add(
                Case.of(
                        "7.1.5",
                        "close between two fragments",
                        sends(
                                        Frame.part(false, Frame.TEXT, "fragment1".getBytes()),
                                        CLOSE,
                                        Frame.part(
                                                true, Frame.CONTINUATION, "fragment2".getBytes()))
                                .closed(NORMAL)));
        final Frame large = Frame.text("BAsd7&jh23".repeat(26_215).substring(0, 256 << 10));
        cases.add(
                Case.of(
                        "7.1.6",
                        "message of 256 KiB and another one, close and ping",
                        sends(large, HELLO, CLOSE, Frame.ping(""))
                                .answered(large, HELLO)
                                .closed(NORMAL)));
        addPayloads(cases);
        addCodes(cases);
        return cases;
    }

    private static Frame close(byte[] payload) {
        return new Frame(Frame.FIN, Frame.CLOSE, payload);
    }

    private static void addPayloads(List<Case> cases) {
        cases.add(Case.of("7.3.1", "empty close", sends(close(new byte[0])).closed(NO_CODE)));
        cases.add(
                Case.of(
                        "7.3.2",
                        "close with one octet",
                        sends(close(new byte[] {'a'})).closed(PROTOCOL_ERROR)));
        cases.add(Case.of("7.3.3", "close with a code", sends(CLOSE).closed(NORMAL)));
        cases.add(
                Case.of(
                        "7.3.4",
                        "close with a reason",
                        sends(Frame.close(NORMAL, "Hello World!")).closed(NORMAL)));
        cases.add(
                Case.of(
                        "7.3.5",
                        "close with the longest reason, of 123 octets",
                        sends(Frame.close(NORMAL, "*".repeat(123))).closed(NORMAL)));
        cases.add(
                Case.of(
                        "7.3.6",
                        "close with a reason of 124 octets",
                        sends(Frame.close(NORMAL, "*".repeat(124))).closed(PROTOCOL_ERROR)));
        cases.add(
                Case.of(
                        "7.5.1",
                        "close whose reason is no UTF-8",
                        sends(
                                        close(
                                                HexFormat.of()
                                                        .parseHex(
                                                                "03e8cebae1bdb9cf83cebcceb5"
                                                                        + "eda080656469746564")))
                                .closed(PROTOCOL_ERROR, INVALID_PAYLOAD)));
    }

    private static void addCodes(List<Case> cases) {
        final int[] valid = {
            1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999
        };
        for (int i = 0; i < valid.length; i++) {
            cases.add(
                    Case.of(
                            "7.7." + (i + 1),
                            "close with code " + valid[i],
                            sends(Frame.close(valid[i], "")).closed(valid[i])));
        }
        final int[] invalid = {0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999};
        for (int i = 0; i < invalid.length; i++) {
            cases.add(
                    Case.of(
                            "7.9." + (i + 1),
                            "close with code " + invalid[i] + ", which nobody may send",
                            sends(Frame.close(invalid[i], "")).closed(PROTOCOL_ERROR)));
        }
        // The specification leaves these open.
        final int[] undefined = {5000, 65_535};
        for (int i = 0; i < undefined.length; i++) {
            cases.add(
                    Case.of(
                            "7.13." + (i + 1),
                            "close with code " + undefined[i] + ", which means nothing",
                            sends(Frame.close(undefined[i], ""))
                                    .closed(NORMAL, PROTOCOL_ERROR, undefined[i])));
        }
    }
}
