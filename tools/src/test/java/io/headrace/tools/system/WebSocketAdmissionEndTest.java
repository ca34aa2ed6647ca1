// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Handshakes that wait for a decision when the one who could take it, or send it, leaves. */
class WebSocketAdmissionEndTest {

    @RegisterExtension
    final RunningBus bus =
            new RunningBus(
                    it ->
                            it.frontEndAndWorker(
                                    List.of("-Dheadrace.websocket.accept=worker"),
                                    "--app",
                                    AdmissionApplication.class.getName()));

    private HttpConnection client;

    @BeforeEach
    void waitForADecision() {
        client = bus.connect();
        WebSocketClient.request(client, "/silent");
        bus.lanes().await("/silent", "websocket.connect", seen -> seen.fate().equals("done"));
    }

    @Test
    void shouldAnswer503WhenTheLastWorkerLeaves() {
        bus.processes().get(1).terminate();

        client.answer().shouldBeRefusal(503, "no-worker");
        assertEquals(
                "front_end", bus.lanes().await("/silent", "websocket.disconnect").key("closed_by"));
    }

    @Test
    void shouldAnswer503WhenTheFrontEndLeaves() {
        bus.processes().get(0).terminate();

        client.answer().shouldBeRefusal(503, "shutting-down");
        bus.processes().get(0).shouldExit(0);
        assertEquals(1, bus.lanes().about("/silent", "websocket.disconnect").size());
    }
}
