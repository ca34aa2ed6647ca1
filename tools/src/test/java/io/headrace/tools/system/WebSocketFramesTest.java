// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.member.Member;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames that go to a worker and come back, and frames that no client may send. */
class WebSocketFramesTest {

    private static final int LIMIT = 1 << 20;

    @RegisterExtension
    static final RunningBus bus =
            // One consumer, so that echoes come back in order.
            new RunningBus(it -> it.frontEndAndWorker("--app", "demo"));

    private List<String> errorsBefore;
    private WebSocketClient client;
    private WebSocketClient neighbour;

    @BeforeEach
    void connect() {
        errorsBefore = bus.errors(Member.Kind.FRONT_END);
        neighbour = new WebSocketClient(bus, "/ws/echo?neighbour");
        client = new WebSocketClient(bus, "/ws/echo");
    }

    @AfterEach
    void shouldLeaveOthersAlone() {
        neighbour.shouldEcho("still here");
        assertEquals(errorsBefore, bus.errors(Member.Kind.FRONT_END));
        client.close();
        neighbour.close();
    }

    private static byte[] bytes(int length) {
        final byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i * 7);
        }
        return bytes;
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 125, 126, 127, 65_535, 65_536, LIMIT})
    void shouldEchoAnyLengthUpToTheLimit(int length) {
        final Frame text = Frame.text("t".repeat(length));
        client.send(text).shouldReceive(text);

        final Frame binary = Frame.binary(bytes(length));
        client.send(binary).shouldReceive(binary);
    }

    @Test
    void shouldEchoTextOfAllKinds() {
        client.shouldEcho("Grüße, 世界, \uD83D\uDE00, \u0000");
    }

    @ParameterizedTest
    @ValueSource(ints = {Frame.TEXT, Frame.BINARY})
    void shouldCloseWithOneByteTooMany(int opcode) {
        client.send(new Frame(Frame.FIN, opcode, new byte[LIMIT + 1]));

        client.shouldBeClosed(1009);
    }

    @Test
    void shouldCloseWhenFragmentsAreTooLongTogether() {
        client.send(Frame.part(false, Frame.BINARY, new byte[LIMIT]));
        client.send(Frame.part(true, Frame.CONTINUATION, new byte[1]));

        client.shouldBeClosed(1009);
    }

    @Test
    void shouldPutFragmentsTogetherAndAnswerAPingBetweenThem() {
        final byte[] text = "Grüße in Stücken".getBytes(StandardCharsets.UTF_8);
        client.send(Frame.part(false, Frame.TEXT, Arrays.copyOf(text, 3)));
        client.send(Frame.ping("between"));
        client.shouldReceive(new Frame(Frame.FIN, Frame.PONG, "between".getBytes()));
        // The next part begins in the middle of a character.
        client.send(Frame.part(false, Frame.CONTINUATION, Arrays.copyOfRange(text, 3, 4)));
        client.send(Frame.part(false, Frame.CONTINUATION, new byte[0]));
        client.send(Frame.part(true, Frame.CONTINUATION, Arrays.copyOfRange(text, 4, text.length)));

        client.shouldReceive(Frame.text("Grüße in Stücken"));
    }

    @Test
    void shouldTakeAFrameByteByByte() {
        final byte[] bytes = Frame.text("x".repeat(300)).masked();
        for (final byte b : bytes) {
            client.send(new byte[] {b});
        }

        client.shouldReceive(Frame.text("x".repeat(300)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "ping", "0123456789012345678901234567890123456789"})
    void shouldAnswerAPingWithItsPayload(String payload) {
        client.send(Frame.ping(payload));

        client.shouldReceive(new Frame(Frame.FIN, Frame.PONG, payload.getBytes()));
        client.shouldEcho("behind a ping");
    }

    @Test
    void shouldPassOverAPongThatNobodyAskedFor() {
        client.send(new Frame(Frame.FIN, Frame.PONG, "unasked".getBytes()));

        client.shouldEcho("behind a pong");
    }

    @Test
    void shouldCloseOnTextThatIsNoUtf8() {
        client.send(new Frame(Frame.FIN, Frame.TEXT, new byte[] {'a', (byte) 0xC3, 'b'}));

        client.shouldBeClosed(1007);
    }

    @Test
    void shouldCloseOnTextThatEndsWithinACharacter() {
        client.send(new Frame(Frame.FIN, Frame.TEXT, new byte[] {'a', (byte) 0xE2, (byte) 0x82}));

        client.shouldBeClosed(1007);
    }

    @Test
    void shouldCloseOnFragmentsThatAreNoUtf8Together() {
        client.send(Frame.part(false, Frame.TEXT, new byte[] {(byte) 0xC3}));
        client.send(Frame.part(true, Frame.CONTINUATION, new byte[] {'b'}));

        client.shouldBeClosed(1007);
    }

    @Test
    void shouldCloseOnAnUnmaskedFrame() {
        client.send(Frame.text("open").unmasked());

        client.shouldBeClosed(1002);
    }

    @ParameterizedTest
    @ValueSource(ints = {Frame.FIN | 4, Frame.FIN | 2, Frame.FIN | 1})
    void shouldCloseOnAReservedBit(int flags) {
        client.send(new Frame(flags, Frame.TEXT, new byte[] {'a'}));

        client.shouldBeClosed(1002);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 7, 11, 15})
    void shouldCloseOnAReservedOpcode(int opcode) {
        client.send(new Frame(Frame.FIN, opcode, new byte[] {'a'}));

        client.shouldBeClosed(1002);
    }

    @Test
    void shouldCloseOnAControlFrameThatIsTooLongOrFragmented() {
        client.send(Frame.ping("p".repeat(126)));
        client.shouldBeClosed(1002);

        try (WebSocketClient other = new WebSocketClient(bus, "/ws/echo")) {
            other.send(new Frame(0, Frame.PING, new byte[0]));
            other.shouldBeClosed(1002);
        }
    }

    @Test
    void shouldCloseOnFragmentsOutOfOrder() {
        client.send(Frame.part(true, Frame.CONTINUATION, new byte[] {'a'}));
        client.shouldBeClosed(1002);

        try (WebSocketClient other = new WebSocketClient(bus, "/ws/echo")) {
            other.send(Frame.part(false, Frame.TEXT, new byte[] {'a'}));
            other.send(Frame.text("b"));
            other.shouldBeClosed(1002);
        }
    }

    @Test
    void shouldEndTheConnectionAfterAViolation() {
        client.send(Frame.text("open").unmasked());
        client.shouldBeClosed(1002);

        client.shouldEnd();
    }

    @Test
    void shouldNotTakeAClientThatLeavesBetweenFragmentsForAnError() {
        try (WebSocketClient other = new WebSocketClient(bus, "/ws/echo?between-fragments")) {
            other.send(Frame.part(false, Frame.TEXT, new byte[] {'a'}));
            other.send(Frame.ping("")).receive();
        }

        bus.lanes().await("/ws/echo?between-fragments", "websocket.disconnect");
    }

    @Test
    void shouldNumberTheFramesOfOneSegmentInTheirOrder() {
        try (WebSocketClient other = new WebSocketClient(bus, "/ws/echo?segment")) {
            final Frame[] frames = new Frame[500];
            for (int i = 0; i < frames.length; i++) {
                frames[i] = i % 2 == 0 ? Frame.text("" + i) : Frame.binary(("" + i).getBytes());
            }
            other.send(frames);
            for (final Frame frame : frames) {
                other.shouldReceive(frame);
            }
            other.send(Frame.close(1000, ""));
            other.shouldReceive(Frame.close(1000, ""));
        }
        bus.lanes().await("/ws/echo?segment", "websocket.disconnect");
        final List<Lanes.Seen> seen = bus.lanes().about("/ws/echo?segment", "websocket.*");

        assertEquals(
                LongStream.rangeClosed(0, 501).boxed().toList(),
                seen.stream().map(Lanes.Seen::order).toList());
        assertEquals("WebSocketConnection", seen.get(0).type());
        assertEquals("WebSocketClientClose", seen.get(501).type());
        for (int i = 0; i < 500; i++) {
            assertEquals("" + i, seen.get(i + 1).key("content"));
            assertEquals(i % 2 == 1, seen.get(i + 1).key("binary"));
        }
    }

    @Test
    void shouldServeTheJdksClient() throws Exception {
        final BlockingQueue<String> received = new LinkedBlockingQueue<>();
        final WebSocket webSocket =
                HttpClient.newHttpClient()
                        .newWebSocketBuilder()
                        .buildAsync(
                                URI.create("ws://127.0.0.1:" + bus.port() + "/ws/echo?jdk"),
                                new Recorder(received))
                        .get(Await.DEADLINE_MS, TimeUnit.MILLISECONDS);
        webSocket.sendText("Grü", false).join();
        webSocket.sendText("ße", true).join();
        assertEquals("Grüße", received.poll(Await.DEADLINE_MS, TimeUnit.MILLISECONDS));
        webSocket.sendBinary(ByteBuffer.wrap(bytes(70_000)), true).join();
        assertEquals("70000 bytes", received.poll(Await.DEADLINE_MS, TimeUnit.MILLISECONDS));
        webSocket.sendPing(ByteBuffer.wrap(new byte[3])).join();
        assertEquals("pong of 3", received.poll(Await.DEADLINE_MS, TimeUnit.MILLISECONDS));
        webSocket.sendClose(4000, "so long").join();
        assertEquals("close 4000", received.poll(Await.DEADLINE_MS, TimeUnit.MILLISECONDS));
    }

    /** Keeps whole messages as lines. */
    private static final class Recorder implements WebSocket.Listener {

        private final BlockingQueue<String> received;
        private final StringBuilder text = new StringBuilder();
        private int binaryLength;

        Recorder(BlockingQueue<String> received) {
            this.received = received;
        }

        @Override
        public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                received.add(text.toString());
            }
            webSocket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket webSocket, ByteBuffer data, boolean last) {
            binaryLength += data.remaining();
            if (last) {
                received.add(binaryLength + " bytes");
            }
            webSocket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onPong(WebSocket webSocket, ByteBuffer message) {
            received.add("pong of " + message.remaining());
            webSocket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(WebSocket webSocket, int code, String reason) {
            received.add("close " + code);
            return null;
        }
    }
}
