// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.headrace.benchmarks.sample.SampleMessages;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/** The bytes that clients send, and those of a WebSocket that they expect. */
public final class Wire {

    public static final String HELLO_PATH = "/hello";
    public static final String HELLO = "Hello, World!";
    public static final String ECHO_PATH = "/ws/echo";
    public static final String CHAT_PATH = "/ws/chat";

    private static final int FRAME_LENGTH = 120;
    // RFC 6455, section 5.2: final fragment, text; the length of up to 125 bytes; whether masked.
    private static final int TEXT_FRAME = 0x81;
    private static final int MASKED = 0x80;
    private static final int[] MASK = {0x37, 0xFA, 0x21, 0x3D};

    /** What a small client sends. */
    public static final ByteBuf SMALL_REQUEST =
            bytes(
                    "GET "
                            + HELLO_PATH
                            + " HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: headrace-bench\r\nAccept: */*\r\n\r\n");

    /** What a browser sends: 1 KB. */
    public static final ByteBuf BROWSER_REQUEST = browserRequest();

    /** Asks for a WebSocket that echoes. */
    public static final ByteBuf ECHO_UPGRADE = upgrade(ECHO_PATH);

    /** Asks for a WebSocket that is a member of the chat. */
    public static final ByteBuf CHAT_UPGRADE = upgrade(CHAT_PATH);

    /** A text frame of 120 bytes as the client sends it. */
    public static final ByteBuf CLIENT_FRAME = clientFrame();

    /** The same frame as the server sends it. */
    public static final ByteBuf SERVER_FRAME = serverFrame();

    private Wire() {}

    private static ByteBuf browserRequest() {
        final String request = SampleMessages.REQUEST.replace("\n", "\r\n");
        return bytes("GET " + HELLO_PATH + request.substring(request.indexOf('?')));
    }

    private static ByteBuf upgrade(String path) {
        return bytes(
                "GET "
                        + path
                        + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                        + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.unreleasableBuffer(
                Unpooled.directBuffer(text.length()).writeBytes(text.getBytes(US_ASCII)));
    }

    private static ByteBuf clientFrame() {
        final ByteBuf frame = Unpooled.directBuffer().writeByte(TEXT_FRAME);
        frame.writeByte(MASKED | FRAME_LENGTH);
        for (final int key : MASK) {
            frame.writeByte(key);
        }
        for (int i = 0; i < FRAME_LENGTH; i++) {
            frame.writeByte(payload(i) ^ MASK[i % MASK.length]);
        }
        return Unpooled.unreleasableBuffer(frame);
    }

    private static ByteBuf serverFrame() {
        final ByteBuf frame = Unpooled.directBuffer().writeByte(TEXT_FRAME).writeByte(FRAME_LENGTH);
        for (int i = 0; i < FRAME_LENGTH; i++) {
            frame.writeByte(payload(i));
        }
        return Unpooled.unreleasableBuffer(frame);
    }

    private static int payload(int at) {
        return 'a' + at % 26;
    }
}
