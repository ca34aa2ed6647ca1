// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A WebSocket that is open for longer than messages are kept: a second, in files of a second. */
class LongConnectionTest {

    private static final String RETENTION = "-Dheadrace.retention=1s";
    private static final String ROLL_CYCLE = "-Dheadrace.roll.cycle=TEST_SECONDLY";
    private static final String CONNECTS = "websocket.connect";

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it -> {
                        final HeadraceProcess frontEnd = it.startFrontEnd(RETENTION, ROLL_CYCLE);
                        it.awaitListening(frontEnd);
                        it.demoWorker(RETENTION, ROLL_CYCLE);
                        it.awaitServed();
                    });

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    @Test
    void shouldKeepItsKeysOnRecordForEveryWorkerAndForItsClose() {
        final HeadraceProcess frontEnd = bus.processes().get(0);
        final HeadraceProcess first = bus.processes().get(1);
        try (WebSocketClient client = new WebSocketClient(bus, "/ws/echo?long")) {
            client.shouldEcho("when it was new");
            // The one that the connect is in, or a later one, which is deleted later.
            final String file = bus.laneFiles(CONNECTS).last();
            Await.until(
                    "the file with its connect is deleted",
                    () -> !bus.laneFiles(CONNECTS).contains(file));

            // One that has never seen the connect.
            bus.demoWorker(RETENTION);
            first.kill();
            client.shouldEcho("when it was old");

            frontEnd.kill();
            bus.lanes()
                    .await(
                            "/ws/echo?long",
                            "websocket.disconnect",
                            seen -> seen.fate().equals("done") && seen.order() == 3);
        }
    }
}
