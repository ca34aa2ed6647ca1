// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** However a WebSocket ends, its worker is told once, and told how. */
class WebSocketCloseTest {

    @RegisterExtension
    static final RunningBus bus = new RunningBus(RunningBus::frontEndAndDemoWorker);

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    @AfterEach
    void shouldHaveNoWebSocketLeft() {
        Await.until("the end of all WebSockets", () -> bus.counter(" websockets") == 0);
        assertEquals(0, bus.counter(" disconnects delayed"));
    }

    /** Waits for the close message, and makes sure that it stays the only one. */
    private static Lanes.Seen onlyClose(String target) {
        final Lanes.Seen close = bus.lanes().await(target, "websocket.disconnect");
        final String marker = target + "&marker";
        new WebSocketClient(bus, marker).close();
        bus.lanes().await(marker, "websocket.disconnect");
        assertEquals(1, bus.lanes().about(target, "websocket.disconnect").size());
        return close;
    }

    private static void assertClose(
            Lanes.Seen close, long order, long code, String reason, String closedBy) {
        assertEquals("WebSocketClientClose", close.type());
        assertEquals(order, close.order());
        assertEquals(code, close.key("code"));
        assertEquals(reason, close.key("reason"));
        assertEquals(closedBy, close.key("closed_by"));
    }

    @Test
    void shouldEchoAClientsCloseAndPassItsCodeAndReasonOn() {
        try (WebSocketClient client = new WebSocketClient(bus, "/ws/echo?client-close")) {
            client.shouldEcho("first");
            client.send(Frame.close(4001, "Grüße"));
            client.shouldReceive(Frame.close(4001, ""));
            client.shouldEnd();
        }

        assertClose(onlyClose("/ws/echo?client-close"), 2, 4001, "Grüße", "client");
    }

    @Test
    void shouldEchoACloseWithoutACode() {
        try (WebSocketClient client = new WebSocketClient(bus, "/ws/echo?no-code")) {
            client.send(Frame.closeWithoutCode());
            client.shouldReceive(Frame.closeWithoutCode());
            client.shouldEnd();
        }

        assertClose(onlyClose("/ws/echo?no-code"), 1, 1005, "", "client");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldTellOfAClientThatIsGoneWithoutAClose(boolean reset) {
        final String target = "/ws/echo?gone&reset=" + reset;
        final WebSocketClient client = new WebSocketClient(bus, target);
        client.shouldEcho("first");
        if (reset) {
            client.reset();
        } else {
            client.close();
        }

        final Lanes.Seen close = onlyClose(target);
        assertClose(close, 2, 1006, "", "client");
        final Lanes.Seen connect = bus.lanes().await(target, "websocket.connect");
        assertEquals(connect.connection(), close.connection());
        assertEquals(connect.key("send_channel"), close.key("send_channel"));
    }

    @Test
    void shouldTellOnceOfAClientThatClosesAndLeavesAtOnce() {
        try (WebSocketClient client = new WebSocketClient(bus, "/ws/echo?close-and-leave")) {
            client.send(Frame.close(1001, "leaving"));
        }

        assertClose(onlyClose("/ws/echo?close-and-leave"), 1, 1001, "leaving", "client");
    }

    @Test
    void shouldCloseWhenTheWorkerSaysSo() {
        final String target = "/ws/nowhere?worker-close";
        try (WebSocketClient client = new WebSocketClient(bus, target)) {
            final Frame close = client.shouldBeClosed(4404);
            assertEquals("nothing is at /ws/nowhere", close.reason());
            client.send(Frame.close(4404, ""));
            client.shouldEnd();
        }

        assertClose(
                bus.lanes().await(target, "websocket.disconnect"),
                1,
                4404,
                "nothing is at /ws/nowhere",
                "worker");
        new WebSocketClient(bus, "/ws/echo?marker").close();
        bus.lanes().await("/ws/echo?marker", "websocket.disconnect");
        assertEquals(1, bus.lanes().about(target, "websocket.disconnect").size());
    }

    @Test
    void shouldSayThatItWasTheFrontEndThatClosed() {
        try (WebSocketClient client = new WebSocketClient(bus, "/ws/echo?violation")) {
            client.send(Frame.text("open").unmasked());
            client.shouldBeClosed(1002);
        }

        final Lanes.Seen close = onlyClose("/ws/echo?violation");
        assertEquals(1002L, close.key("code"));
        assertEquals("front_end", close.key("closed_by"));
    }

    @Test
    void shouldTakeNothingBehindAClose() {
        try (WebSocketClient client = new WebSocketClient(bus, "/ws/echo?behind")) {
            client.send(
                    Frame.text("before"),
                    Frame.close(1000, ""),
                    Frame.text("behind"),
                    Frame.ping("p"));
            // The echo may come too late for a client that has closed; nothing else may come.
            Frame frame = client.receive();
            if (frame.equals(Frame.text("before"))) {
                frame = client.receive();
            }
            assertEquals(Frame.close(1000, ""), frame);
            client.shouldEnd();
        }

        assertClose(onlyClose("/ws/echo?behind"), 2, 1000, "", "client");
        final List<Lanes.Seen> received = bus.lanes().about("/ws/echo?behind", "websocket.receive");
        assertEquals(
                List.of("before"), received.stream().map(seen -> seen.key("content")).toList());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 999, 1004, 1005, 1006, 1015, 1016, 2999})
    void shouldRefuseACodeThatNoClientMaySend(int code) {
        try (WebSocketClient client = new WebSocketClient(bus, "/ws/echo?bad-code=" + code)) {
            client.send(Frame.close(code, ""));
            client.shouldBeClosed(1002);
        }

        assertEquals(1002L, onlyClose("/ws/echo?bad-code=" + code).key("code"));
    }

    @Test
    void shouldRefuseACloseThatIsNeitherEmptyNorACode() {
        try (WebSocketClient client = new WebSocketClient(bus, "/ws/echo?half-code")) {
            client.send(new Frame(Frame.FIN, Frame.CLOSE, new byte[] {3}));
            client.shouldBeClosed(1002);
        }
    }

    @Test
    void shouldRefuseAReasonThatIsNoUtf8() {
        try (WebSocketClient client = new WebSocketClient(bus, "/ws/echo?bad-reason")) {
            client.send(
                    new Frame(Frame.FIN, Frame.CLOSE, new byte[] {3, (byte) 0xE8, (byte) 0xFF}));
            final int code = client.receive().code();
            // RFC 6455, section 8.1 asks for 1007; a client's close need not be answered in kind.
            assertTrue(code == 1007 || code == 1002, "code " + code);
        }
    }

    @Test
    void shouldPassTheLongestReasonOn() {
        final String reason = "r".repeat(123);
        try (WebSocketClient client = new WebSocketClient(bus, "/ws/echo?long-reason")) {
            client.send(Frame.close(3000, reason));
            client.shouldReceive(Frame.close(3000, ""));
        }

        assertClose(onlyClose("/ws/echo?long-reason"), 1, 3000, reason, "client");
    }
}
