// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.member.Member;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** permessage-deflate (RFC 7692) on the wire: what is agreed on, and what is not to be taken. */
class WebSocketDeflateTest {

    private static final int LIMIT = 1 << 20;
    private static final int COMPRESSED = 4;
    private static final String AGREED =
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    @RegisterExtension
    static final RunningBus bus = new RunningBus(it -> it.frontEndAndWorker("--app", "demo"));

    @AfterEach
    void shouldKeepNoErrors() {
        assertEquals(List.of(), bus.errors(Member.Kind.FRONT_END));
    }

    private static WebSocketClient open(String offer) {
        return new WebSocketClient(bus, "/ws/echo", "Sec-WebSocket-Extensions: " + offer);
    }

    private static WebSocketClient open() {
        return open("permessage-deflate; client_max_window_bits");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "permessage-deflate|",
                "permessage-deflate; client_max_window_bits|",
                "permessage-deflate; client_max_window_bits=10|",
                "permessage-deflate;client_max_window_bits=\"8\";client_no_context_takeover|",
                "permessage-deflate; server_no_context_takeover|",
                "permessage-deflate; server_max_window_bits=15|",
                "permessage-deflate; server_max_window_bits=9|; server_max_window_bits=9",
                "permessage-deflate; server_max_window_bits=8|; server_max_window_bits=8",
                "x-unknown, permessage-deflate|",
                "permessage-deflate; x=1, permessage-deflate; server_max_window_bits=10"
                        + "|; server_max_window_bits=10"
            })
    void shouldAgreeOnWhatItCanDo(String offer, String window) {
        try (WebSocketClient client = open(offer)) {
            assertEquals(
                    Optional.of(AGREED + (window == null ? "" : window)),
                    client.handshake().header("sec-websocket-extensions"));
            client.shouldEcho("not compressed");
            shouldEchoCompressed(client, "abc".repeat(100_000), Frame.TEXT);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ";",
                ",",
                "permessage-deflates",
                "Permessage-Deflate",
                "permessage-deflate; x",
                "permessage-deflate; server_max_window_bits",
                "permessage-deflate; server_max_window_bits=7",
                "permessage-deflate; server_max_window_bits=16",
                "permessage-deflate; server_max_window_bits=99999999999",
                "permessage-deflate; client_max_window_bits=0",
                "permessage-deflate; client_max_window_bits=",
                "permessage-deflate; server_no_context_takeover=1",
                "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
                "permessage-deflate;",
                "x-webkit-deflate-frame"
            })
    void shouldGoWithoutWhatItDoesNotKnow(String offer) {
        try (WebSocketClient client = open(offer)) {
            assertEquals(Optional.empty(), client.handshake().header("sec-websocket-extensions"));
            client.shouldEcho("x".repeat(5_000));
            client.send(new Frame(Frame.FIN | COMPRESSED, Frame.TEXT, deflate("a")));
            client.shouldBeClosed(1002);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 125, 1_023, 1_024, 1_025, 65_536, LIMIT})
    void shouldEchoCompressedMessagesOfAnyLengthUpToTheLimit(int length) {
        try (WebSocketClient client = open()) {
            shouldEchoCompressed(client, "x".repeat(length), Frame.TEXT);
            shouldEchoCompressed(client, "y".repeat(length), Frame.BINARY);
        }
    }

    @Test
    void shouldEchoWhatCannotBeMadeShorter() {
        final byte[] bytes = new byte[LIMIT - 500];
        new Random(1).nextBytes(bytes);
        try (WebSocketClient client = open()) {
            client.send(new Frame(Frame.FIN | COMPRESSED, Frame.BINARY, deflate(bytes)));
            assertArrayEquals(bytes, message(client.receive()));
        }
    }

    private static void shouldEchoCompressed(WebSocketClient client, String text, int opcode) {
        client.send(new Frame(Frame.FIN | COMPRESSED, opcode, deflate(text)));
        final Frame echo = client.receive();
        assertEquals(opcode, echo.opcode());
        // Short ones are not worth it.
        assertEquals(text.length() < 1_024 ? Frame.FIN : Frame.FIN | COMPRESSED, echo.flags());
        assertEquals(text, new String(message(echo), StandardCharsets.UTF_8));
    }

    @Test
    void shouldTakeCompressedAndOtherMessagesInTurn() {
        try (WebSocketClient client = open()) {
            for (int i = 0; i < 20; i++) {
                client.shouldEcho("plain " + i);
                shouldEchoCompressed(client, "Grüße " + i, Frame.TEXT);
            }
        }
    }

    @Test
    void shouldCompressEachMessageAnew() {
        final String text = "the same again ".repeat(100);
        try (WebSocketClient client = open()) {
            client.send(Frame.text(text), Frame.text(text));
            final Frame first = client.receive();
            assertTrue(first.payload().length < 100, first::toString);
            client.shouldReceive(first);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 100})
    void shouldBringFragmentsTogetherBeforeItLooksInside(int length) {
        final byte[] bytes = deflate("Grüße, 世界 ".repeat(20));
        try (WebSocketClient client = open()) {
            for (int from = 0; from < bytes.length; from += length) {
                final boolean last = from + length >= bytes.length;
                client.send(
                        new Frame(
                                (last ? Frame.FIN : 0) | (from == 0 ? COMPRESSED : 0),
                                from == 0 ? Frame.TEXT : Frame.CONTINUATION,
                                Arrays.copyOfRange(
                                        bytes, from, Math.min(from + length, bytes.length))));
                if (!last) {
                    client.send(Frame.ping("between"));
                    assertEquals("between", client.receive().text());
                }
            }
            client.shouldReceive(Frame.text("Grüße, 世界 ".repeat(20)));
        }
    }

    @Test
    void shouldTakeDataThatSaysItsEnd() {
        final byte[] ended = deflate("ended".getBytes(StandardCharsets.UTF_8), true);
        try (WebSocketClient client = open()) {
            client.send(
                    new Frame(
                            Frame.FIN | COMPRESSED,
                            Frame.TEXT,
                            Arrays.copyOf(ended, ended.length + 1)));
            client.shouldReceive(Frame.text("ended"));
            client.shouldEcho("and on");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {LIMIT + 1, 100 * LIMIT})
    void shouldCloseWhenLittleDataWouldBecomeMoreThanTheLimit(int length) {
        try (WebSocketClient client = open()) {
            final byte[] bomb = deflate(new byte[length]);
            assertTrue(bomb.length < LIMIT / 5);
            client.send(new Frame(Frame.FIN | COMPRESSED, Frame.BINARY, bomb));
            client.shouldBeClosed(1009);
        }
    }

    @Test
    void shouldCloseWhenCompressedFragmentsAreTooLongTogether() {
        try (WebSocketClient client = open()) {
            client.send(new Frame(COMPRESSED, Frame.BINARY, new byte[LIMIT]));
            client.send(Frame.part(false, Frame.CONTINUATION, new byte[1]));
            client.shouldBeClosed(1009);
        }
    }

    @Test
    void shouldCloseOnDataThatIsNotCompressed() {
        try (WebSocketClient client = open()) {
            client.send(new Frame(Frame.FIN | COMPRESSED, Frame.TEXT, "plain".getBytes()));
            client.shouldBeClosed(1007);
        }
    }

    @Test
    void shouldCloseOnCompressedTextThatIsNoUtf8() {
        try (WebSocketClient client = open()) {
            client.send(
                    new Frame(
                            Frame.FIN | COMPRESSED,
                            Frame.TEXT,
                            deflate(new byte[] {'a', (byte) 0xC3, 'b'})));
            client.shouldBeClosed(1007);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 1, 6, 5, 7})
    void shouldCloseOnABitThatIsNotAgreedOn(int bits) {
        try (WebSocketClient client = open()) {
            client.send(new Frame(Frame.FIN | bits, Frame.TEXT, deflate("a")));
            client.shouldBeClosed(1002);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Frame.PING, Frame.PONG, Frame.CLOSE})
    void shouldCloseOnACompressedControlFrame(int opcode) {
        try (WebSocketClient client = open()) {
            client.send(new Frame(Frame.FIN | COMPRESSED, opcode, new byte[0]));
            client.shouldBeClosed(1002);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, COMPRESSED})
    void shouldCloseOnACompressedContinuation(int flags) {
        try (WebSocketClient client = open()) {
            client.send(new Frame(flags, Frame.TEXT, deflate("a")));
            client.send(new Frame(Frame.FIN | COMPRESSED, Frame.CONTINUATION, new byte[0]));
            client.shouldBeClosed(1002);
        }
    }

    private static byte[] message(Frame frame) {
        return (frame.flags() & COMPRESSED) == 0 ? frame.payload() : inflate(frame.payload());
    }

    private static byte[] deflate(String text) {
        return deflate(text.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] deflate(byte[] bytes) {
        final byte[] flushed = deflate(bytes, false);
        return Arrays.copyOf(flushed, flushed.length - 4);
    }

    private static byte[] deflate(byte[] bytes, boolean ends) {
        final Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
        deflater.setInput(bytes);
        if (ends) {
            deflater.finish();
        }
        final byte[] target = new byte[bytes.length + bytes.length / 100 + 64];
        final int length =
                deflater.deflate(
                        target, 0, target.length, ends ? Deflater.NO_FLUSH : Deflater.SYNC_FLUSH);
        deflater.end();
        return Arrays.copyOf(target, length);
    }

    /** As a client that forgets all between messages would. */
    private static byte[] inflate(byte[] compressed) {
        final Inflater inflater = new Inflater(true);
        final byte[] whole = Arrays.copyOf(compressed, compressed.length + 4);
        whole[compressed.length + 2] = (byte) 0xFF;
        whole[compressed.length + 3] = (byte) 0xFF;
        inflater.setInput(whole);
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        final byte[] part = new byte[1 << 16];
        try {
            for (int length = inflater.inflate(part); length > 0; length = inflater.inflate(part)) {
                bytes.write(part, 0, length);
            }
        } catch (final DataFormatException e) {
            throw new AssertionError(e);
        } finally {
            inflater.end();
        }
        return bytes.toByteArray();
    }
}
