// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A WebSocket frame (RFC 6455, section 5.2).
 *
 * @param flags the first four bits: FIN, RSV1 to RSV3.
 */
public record Frame(int flags, int opcode, byte[] payload) {

    public static final int FIN = 8;
    public static final int CONTINUATION = 0;
    public static final int TEXT = 1;
    public static final int BINARY = 2;
    public static final int CLOSE = 8;
    public static final int PING = 9;
    public static final int PONG = 10;

    private static final int MASK_BIT = 0x80;
    private static final byte[] MASK = {0x12, (byte) 0xFE, 0x00, 0x5A};

    public static Frame text(String text) {
        return new Frame(FIN, TEXT, text.getBytes(StandardCharsets.UTF_8));
    }

    public static Frame binary(byte[] bytes) {
        return new Frame(FIN, BINARY, bytes);
    }

    public static Frame ping(String payload) {
        return new Frame(FIN, PING, payload.getBytes(StandardCharsets.UTF_8));
    }

    public static Frame close(int code, String reason) {
        final byte[] text = reason.getBytes(StandardCharsets.UTF_8);
        return new Frame(
                FIN,
                CLOSE,
                ByteBuffer.allocate(2 + text.length).putShort((short) code).put(text).array());
    }

    static Frame closeWithoutCode() {
        return new Frame(FIN, CLOSE, new byte[0]);
    }

    /** The same as a part of a message; {@code opcode} is the message's for the first part. */
    public static Frame part(boolean last, int opcode, byte[] payload) {
        return new Frame(last ? FIN : 0, opcode, payload);
    }

    String text() {
        return new String(payload, StandardCharsets.UTF_8);
    }

    /** Code of a close frame. */
    public int code() {
        return payload.length == 0 ? 1005 : ByteBuffer.wrap(payload).getShort() & 0xFFFF;
    }

    /** Reason of a close frame. */
    String reason() {
        return payload.length < 3
                ? ""
                : new String(payload, 2, payload.length - 2, StandardCharsets.UTF_8);
    }

    /** As a client sends it. */
    public byte[] masked() {
        return encode(true);
    }

    /** As only a server may send it. */
    byte[] unmasked() {
        return encode(false);
    }

    private byte[] encode(boolean masked) {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream(payload.length + 14);
        bytes.write(flags << 4 | opcode);
        final int maskBit = masked ? MASK_BIT : 0;
        if (payload.length < 126) {
            bytes.write(maskBit | payload.length);
        } else if (payload.length < 1 << 16) {
            bytes.write(maskBit | 126);
            bytes.writeBytes(ByteBuffer.allocate(2).putShort((short) payload.length).array());
        } else {
            bytes.write(maskBit | 127);
            bytes.writeBytes(ByteBuffer.allocate(8).putLong(payload.length).array());
        }
        final byte[] content = payload.clone();
        if (masked) {
            bytes.writeBytes(MASK);
            for (int i = 0; i < content.length; i++) {
                content[i] ^= MASK[i & 3];
            }
        }
        bytes.writeBytes(content);
        return bytes.toByteArray();
    }

    /** Reads a server's frame. */
    static Frame read(HttpConnection connection) {
        final byte[] start = connection.read(2);
        int length = start[1];
        if (length < 0) {
            throw new AssertionError("a server's frame is masked");
        }
        if (length == 126) {
            length = ByteBuffer.wrap(connection.read(2)).getShort() & 0xFFFF;
        } else if (length == 127) {
            length = Math.toIntExact(ByteBuffer.wrap(connection.read(8)).getLong());
        }
        return new Frame(start[0] >> 4 & 0xF, start[0] & 0xF, connection.read(length));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Frame frame
                && flags == frame.flags
                && opcode == frame.opcode
                && Arrays.equals(payload, frame.payload);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(payload);
    }

    @Override
    public String toString() {
        return "Frame[flags="
                + flags
                + ", opcode="
                + opcode
                + ", "
                + payload.length
                + " bytes"
                + (opcode == CLOSE ? ", " + code() + " " + reason() : "")
                + (payload.length <= 125 && opcode != CLOSE ? ", " + text() : "")
                + "]";
    }
}
