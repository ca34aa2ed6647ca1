// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Lanes that go on into a new file every second, under load, with workers that come and go. */
class LaneRollSystemTest {

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    bus -> {
                        final HeadraceProcess frontEnd =
                                bus.startFrontEnd(
                                        "-Dheadrace.roll.cycle=TEST_SECONDLY",
                                        "-Dheadrace.roll.size=256k",
                                        "-Dheadrace.retention=0s",
                                        "-Dheadrace.response.timeout=5s");
                        bus.awaitListening(frontEnd);
                        bus.demoWorker();
                        bus.awaitServed();
                    });

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    @Test
    void shouldAnswerEveryRequestWhileLanesRollAndWorkersComeAndGo() {
        final TreeSet<String> files = new TreeSet<>();
        HeadraceProcess second = null;
        try (HttpConnection client = bus.connect();
                WebSocketClient socket = new WebSocketClient(bus, "/ws/echo?roll")) {
            // Six seconds, or so many files by length.
            for (int i = 0; files.size() < 12; i++) {
                if (i % 7 == 0) {
                    assertEquals(200, client.post("/echo", new byte[3_000]).status());
                } else {
                    assertEquals("Hello, World!", client.get("/hello?" + i).text());
                }
                if (i % 50 == 0) {
                    socket.shouldEcho("message " + i);
                    files.addAll(bus.laneFiles("http.request"));
                }
                if (second == null && files.size() >= 3) {
                    second = bus.demoWorker();
                }
                if (second != null && second.isAlive() && files.size() >= 8) {
                    second.terminate();
                    second.shouldExit(0);
                }
            }
        }
        assertTrue(second != null && !second.isAlive());
    }
}
