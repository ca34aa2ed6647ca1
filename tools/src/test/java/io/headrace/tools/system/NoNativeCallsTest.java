// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.member.Member;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Where JNA has no library for the machine, or may not load it, nobody hears a bell and no page is
 * got ahead; everything is answered all the same, also by and to those who have it.
 */
class NoNativeCallsTest {

    private static final List<String> WITHOUT =
            List.of("-Djna.nosys=true", "-Djna.noclasspath=true", "-Dheadrace.idle=doorbell");
    private static final List<String> WITH = List.of("-Dheadrace.idle=doorbell");
    // Longer than who has a bell looks before it sleeps.
    private static final long PAUSE_MS = 150;
    private static final int REQUESTS = 5;

    @RegisterExtension final RunningBus bus = new RunningBus(it -> {});

    private static List<String> args(boolean has) {
        return has ? WITH : WITHOUT;
    }

    @ParameterizedTest
    @CsvSource({"false, true", "true, false", "false, false"})
    void shouldAnswerWithoutThem(boolean frontEndHas, boolean workerHas) throws Exception {
        bus.frontEndAndWorker(
                args(frontEndHas),
                Stream.concat(args(workerHas).stream(), Stream.of("--app", "demo"))
                        .toArray(String[]::new));
        try (HttpConnection client = bus.connect();
                WebSocketClient socket = new WebSocketClient(bus, "/ws/echo")) {
            for (int i = 0; i < REQUESTS; i++) {
                assertEquals("Hello, World!", client.get("/hello").text());
                socket.shouldEcho("echo " + i);
                Thread.sleep(PAUSE_MS);
            }
        }
        bus.shouldExplainEveryMessage();
        assertEquals(List.of(), bus.errors(Member.Kind.FRONT_END));
        assertEquals(List.of(), bus.errors(Member.Kind.WORKER));
    }
}
