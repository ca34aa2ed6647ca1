// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Handshakes that nobody decides about, behind a front end that waits a second for it. None is
 * accepted here: that may take longer.
 */
class WebSocketAdmissionTimeoutTest {

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it ->
                            it.frontEndAndWorker(
                                    List.of(
                                            "--accept",
                                            "worker",
                                            "-Dheadrace.handshake.timeout=1s"),
                                    "--app",
                                    AdmissionApplication.class.getName()));

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    @Test
    void shouldAnswer504WhenNobodyDecidesInTime() {
        try (HttpConnection client = bus.connect()) {
            WebSocketClient.request(client, "/silent?1").answer().shouldBeRefusal(504, "no-answer");
            assertEquals("", client.readToEnd());
        }
        final Lanes.Seen close = bus.lanes().await("/silent?1", "websocket.disconnect");
        assertEquals(1006L, close.key("code"));
        assertEquals("front_end", close.key("closed_by"));
        assertEquals(1, close.order());
        assertEquals(1, bus.lanes().about("/silent?1", "websocket.disconnect").size());
        assertEquals("here", bus.get("/").text());
    }

    @Test
    void shouldTakeNoFramesBeforeItIsOpen() {
        try (HttpConnection client = bus.connect()) {
            WebSocketClient.request(client, "/silent?2");
            bus.lanes().await("/silent?2", "websocket.connect");
            client.send(Frame.text("early").masked());
            client.answer().shouldBeRefusal(504, "no-answer");
        }
        assertEquals(List.of(), bus.lanes().about("/silent?2", "websocket.receive"));
    }

    @Test
    void shouldAnswer504OverHttp2AndGoOn() {
        try (Http2Client client = new Http2Client(bus.port())) {
            client.answer(client.webSocket("/silent?3")).shouldBeRefusal(504, "no-answer");
            assertEquals("here", client.answerTo("/").text());
        }
    }
}
