// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.websocket;

import io.headrace.message.Field;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ReferenceCountUtil;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One message in the form in which a server sends it (RFC 6455, section 5.2: a single frame without
 * a mask), for any number of WebSockets; compressed once for all that have agreed to the same
 * window.
 *
 * <p>Not thread-safe.
 */
public final class SharedFrame {

    private static final int FINAL = 0x80;
    // RFC 7692, section 6.
    private static final int COMPRESSED = 0x40;
    private static final int TEXT = 1;
    private static final int BINARY = 2;
    private static final int SHORT_LENGTH_MAX = 125;
    private static final int TWO_BYTES = 126;
    private static final int EIGHT_BYTES = 127;
    private static final int HEADER_LENGTH_MAX = 10;

    private final Deflate deflate;
    private final UnsafeBuffer target = new UnsafeBuffer(0, 0);
    // By bits of the window; the first is not compressed.
    private final ByteBuf[] frames = new ByteBuf[Deflate.WINDOW_BITS_MAX + 1];
    private int opcode;
    private Field content;
    private int length;
    private ByteBufAllocator allocator;

    public SharedFrame(Deflate deflate) {
        this.deflate = deflate;
    }

    /** Turns to a message, whose content must stay until {@link #keep()} or {@link #release()}. */
    public void wrap(boolean binary, Field messageContent, ByteBufAllocator frameAllocator) {
        opcode = binary ? BINARY : TEXT;
        content = messageContent;
        length = messageContent.length();
        allocator = frameAllocator;
    }

    /** Needs the message's content no more, only itself. */
    public void keep() {
        if (frames[Deflate.NOT_AGREED] == null) {
            frames[Deflate.NOT_AGREED] = plain();
        }
        content = null;
    }

    /**
     * The frame for a WebSocket; whoever keeps it retains a duplicate.
     *
     * @param windowBits that it has agreed to, or {@link Deflate#NOT_AGREED}.
     */
    public ByteBuf frame(int windowBits) {
        final int window = length < Deflate.LENGTH_MIN ? Deflate.NOT_AGREED : windowBits;
        if (frames[window] == null) {
            frames[window] = window == Deflate.NOT_AGREED ? plain() : compressed(window);
        }
        return frames[window];
    }

    private ByteBuf plain() {
        final ByteBuf frame = allocator.ioBuffer(HEADER_LENGTH_MAX + length);
        writeHeader(frame, FINAL | opcode, length);
        final int at = frame.writerIndex();
        if (frame.hasMemoryAddress()) {
            target.wrap(frame.memoryAddress() + at, length);
            content.copyTo(target, 0);
            frame.writerIndex(at + length);
        } else {
            frame.writeBytes(content.toBytes());
        }
        return frame;
    }

    private ByteBuf compressed(int windowBits) {
        if (frames[Deflate.NOT_AGREED] == null) {
            frames[Deflate.NOT_AGREED] = plain();
        }
        final ByteBuf plain = frames[Deflate.NOT_AGREED];
        final ByteBuf deflated =
                deflate.deflate(
                        plain.slice(plain.writerIndex() - length, length), windowBits, allocator);
        try {
            final int deflatedLength = deflated.readableBytes();
            final ByteBuf frame = allocator.ioBuffer(HEADER_LENGTH_MAX + deflatedLength);
            writeHeader(frame, FINAL | COMPRESSED | opcode, deflatedLength);
            return frame.writeBytes(deflated);
        } finally {
            deflated.release();
        }
    }

    private static void writeHeader(ByteBuf frame, int first, int length) {
        frame.writeByte(first);
        if (length <= SHORT_LENGTH_MAX) {
            frame.writeByte(length);
        } else if (length <= 0xFFFF) {
            frame.writeByte(TWO_BYTES).writeShort(length);
        } else {
            frame.writeByte(EIGHT_BYTES).writeLong(length);
        }
    }

    /** Lets go of the message; frames that were handed out live on. */
    public void release() {
        for (final ByteBuf frame : frames) {
            ReferenceCountUtil.release(frame);
        }
        Arrays.fill(frames, null);
    }
}
