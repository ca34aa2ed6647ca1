// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * The compression of permessage-deflate (RFC 7692), one for all WebSockets of an event loop: no
 * message refers to an earlier one, in either direction, so an idle WebSocket keeps no window, and
 * a message is the same bytes for every client. Netty's own handlers would make a stream for each
 * message, which costs several microseconds.
 *
 * <p>Not thread-safe.
 */
public final class Deflate implements AutoCloseable {

    /** Instead of a window: the client has not offered it, or only in a way that is unknown. */
    public static final int NOT_AGREED = 0;

    /** A shorter message is sent as it is. */
    static final int LENGTH_MIN = 1 << 10;

    private static final String NAME = "permessage-deflate";
    private static final String SERVER_WINDOW = "server_max_window_bits";
    private static final String CLIENT_WINDOW = "client_max_window_bits";
    static final int WINDOW_BITS_MAX = 15;
    // RFC 7692, section 7.2.1: what ends a flushed message, and is not sent.
    private static final byte[] TAIL = {0, 0, (byte) 0xFF, (byte) 0xFF};
    // More than a flush marker has, so that it is never written twice (zlib's manual, deflate).
    private static final int ROOM = 64;

    private final Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
    private final Inflater inflater = new Inflater(true);

    /**
     * The window of the first offer that can be taken, 8 to 15 bits, or {@link #NOT_AGREED}.
     *
     * @param offers the client's headers {@code Sec-WebSocket-Extensions}.
     */
    static int windowBits(List<String> offers) {
        for (final String line : offers) {
            for (final String offer : line.split(",")) {
                final int bits = windowBits(offer.split(";", -1));
                if (bits != NOT_AGREED) {
                    return bits;
                }
            }
        }
        return NOT_AGREED;
    }

    // RFC 7692, section 7.1: an offer with a parameter that is unknown, wrong or repeated is passed
    // over.
    private static int windowBits(String[] offer) {
        final Set<String> seen = new HashSet<>();
        boolean valid = NAME.equals(offer[0].trim());
        int bits = WINDOW_BITS_MAX;
        for (int i = 1; i < offer.length && valid; i++) {
            final String[] parameter = offer[i].split("=", 2);
            final String name = parameter[0].trim();
            final String value = parameter.length == 1 ? "" : parameter[1].trim().replace("\"", "");
            final boolean isWindow = value.matches("[89]|1[0-5]");
            valid =
                    seen.add(name)
                            && switch (name) {
                                case "server_no_context_takeover", "client_no_context_takeover" ->
                                        parameter.length == 1;
                                case SERVER_WINDOW -> isWindow;
                                case CLIENT_WINDOW -> isWindow || parameter.length == 1;
                                default -> false;
                            };
            if (valid && name.equals(SERVER_WINDOW)) {
                bits = Integer.parseInt(value);
            }
        }
        return valid ? bits : NOT_AGREED;
    }

    /** The response's header: both sides begin each message anew. */
    static String agreement(int windowBits) {
        return NAME
                + "; server_no_context_takeover; client_no_context_takeover"
                + (windowBits < WINDOW_BITS_MAX ? "; " + SERVER_WINDOW + "=" + windowBits : "");
    }

    /** A message's compressed content; the given one is only read. */
    public ByteBuf deflate(ByteBuf content, int windowBits, ByteBufAllocator allocator) {
        final ByteBuffer source = content.nioBuffer();
        // The JDK's window is always of 15 bits. In a smaller one, nothing may be repeated from
        // before the piece that fits it.
        final int pieceLength =
                windowBits < WINDOW_BITS_MAX ? 1 << windowBits : Math.max(1, source.remaining());
        final ByteBuf target = allocator.ioBuffer(source.remaining() / 2 + ROOM);
        deflater.reset();
        int from = 0;
        do {
            final int length = Math.min(pieceLength, source.limit() - from);
            deflater.setInput(source.slice(from, length));
            int written = Integer.MAX_VALUE;
            int room = 0;
            while (written >= room) {
                target.ensureWritable(ROOM);
                room = target.writableBytes();
                written =
                        deflater.deflate(
                                target.nioBuffer(target.writerIndex(), room), Deflater.FULL_FLUSH);
                target.writerIndex(target.writerIndex() + written);
            }
            from += pieceLength;
        } while (from < source.limit());
        return target.writerIndex(target.writerIndex() - TAIL.length);
    }

    /**
     * The content of a compressed message; the given one is only read.
     *
     * @throws TooLongFrameException when it is longer than {@code lengthMax}.
     * @throws CorruptedWebSocketFrameException when it is not compressed data.
     */
    ByteBuf inflate(ByteBuf content, int lengthMax, ByteBufAllocator allocator) {
        final int guess = Math.min(lengthMax, 4 * content.readableBytes() + ROOM);
        final ByteBuf target = allocator.ioBuffer(guess, lengthMax + 1);
        boolean done = false;
        try {
            inflater.reset();
            inflate(content.nioBuffer(), target);
            inflate(ByteBuffer.wrap(TAIL), target);
            done = true;
            return target;
        } catch (final DataFormatException e) {
            throw new CorruptedWebSocketFrameException(
                    WebSocketCloseStatus.INVALID_PAYLOAD_DATA, "not compressed data", e);
        } finally {
            if (!done) {
                target.release();
            }
        }
    }

    private void inflate(ByteBuffer source, ByteBuf target) throws DataFormatException {
        inflater.setInput(source);
        // A sender may end a message's data for good (RFC 7692, section 7.2.3.5); the rest of it
        // means nothing then.
        while (!inflater.finished()) {
            target.ensureWritable(1);
            final int room = target.writableBytes();
            final int written = inflater.inflate(target.nioBuffer(target.writerIndex(), room));
            target.writerIndex(target.writerIndex() + written);
            if (target.writerIndex() == target.maxCapacity()) {
                throw new TooLongFrameException("longer than " + (target.maxCapacity() - 1));
            }
            if (written < room) {
                if (!inflater.needsInput() && !inflater.finished()) {
                    throw new DataFormatException("needs a dictionary");
                }
                return;
            }
        }
    }

    @Override
    public void close() {
        deflater.end();
        inflater.end();
    }
}
