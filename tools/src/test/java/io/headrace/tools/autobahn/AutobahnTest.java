// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.autobahn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.member.Member;
import io.headrace.tools.system.RunningBus;
import io.headrace.tools.system.WebSocketClient;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The cases for servers of the Autobahn WebSocket test suite, by their numbers: all 517 of version
 * 0.8, written anew from what it says that each sends and expects. They run against a front end and
 * a worker that echoes.
 *
 * <p>Where the suite sends 1,000 messages, these send few; for all of them:
 *
 * <pre>
 * mvn verify -pl tools -am -Dtest=AutobahnTest -Dsurefire.failIfNoSpecifiedTests=false \
 *     -Dheadrace.autobahn.messages=1000
 * </pre>
 */
class AutobahnTest {

    /** How many messages follow each other where the suite sends 1,000. */
    static final int MESSAGE_COUNT = Integer.getInteger("headrace.autobahn.messages", 20);

    private static final int CASE_COUNT = 517;

    @RegisterExtension
    static final RunningBus bus =
            // One consumer, so that echoes come back in order. What has ended is not kept: it is
            // a lot.
            new RunningBus(
                    it ->
                            it.frontEndAndWorker(
                                    List.of(
                                            "-Dheadrace.websocket.message.max="
                                                    + LimitCases.MESSAGE_LENGTH_MAX,
                                            "-Dheadrace.retention=1s",
                                            // Else every access to a buffer makes a stack trace.
                                            "-Dio.netty.leakDetection.level=simple"),
                                    "-Dheadrace.retention=1s",
                                    "--app",
                                    "demo"));

    private static int passedCount;

    static Stream<Case> framing() {
        return FramingCases.framing().stream();
    }

    static Stream<Case> pings() {
        return FramingCases.pings().stream();
    }

    static Stream<Case> reservedBits() {
        return FramingCases.reservedBits().stream();
    }

    static Stream<Case> opcodes() {
        return FramingCases.opcodes().stream();
    }

    static Stream<Case> fragmentation() {
        return FramingCases.fragmentation().stream();
    }

    static Stream<Case> utf8() {
        return Utf8Cases.all().stream();
    }

    static Stream<Case> closing() {
        return CloseCases.all().stream();
    }

    static Stream<Case> limits() {
        return LimitCases.all().stream();
    }

    static Stream<Case> autoFragmentation() {
        return FramingCases.autoFragmentation().stream();
    }

    static Stream<Case> compression() {
        return DeflateCases.contents().stream();
    }

    static Stream<Case> compressionParameters() {
        return DeflateCases.parameters().stream();
    }

    private static Stream<Case> all() {
        return Stream.of(
                        framing(),
                        pings(),
                        reservedBits(),
                        opcodes(),
                        fragmentation(),
                        utf8(),
                        closing(),
                        limits(),
                        autoFragmentation(),
                        compression(),
                        compressionParameters())
                .flatMap(cases -> cases);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource({
        "framing",
        "pings",
        "reservedBits",
        "opcodes",
        "fragmentation",
        "utf8",
        "closing",
        "limits",
        "autoFragmentation",
        "compression",
        "compressionParameters"
    })
    void shouldPass(Case one) {
        try (WebSocketClient client = new WebSocketClient(bus, "/ws/echo", one.headers())) {
            one.script().accept(client);
        }
        passedCount++;
    }

    @Test
    void shouldKnowEveryCaseByANumberOfItsOwn() {
        assertEquals(CASE_COUNT, all().map(Case::number).distinct().count());
        assertEquals(CASE_COUNT, all().count());
    }

    @AfterAll
    static void shouldKeepNoErrors() {
        assertEquals(List.of(), bus.errors(Member.Kind.FRONT_END));
        assertEquals(List.of(), bus.errors(Member.Kind.WORKER));
        System.out.printf(
                "autobahn: %d of %d cases passed, %d messages where it sends 1000%n",
                passedCount, CASE_COUNT, MESSAGE_COUNT);
    }
}
