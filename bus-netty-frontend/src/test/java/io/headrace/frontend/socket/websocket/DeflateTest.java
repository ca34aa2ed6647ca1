// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.TooLongFrameException;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.Inflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The one compressor of a loop: no message, and no window, reaches beyond its border. */
class DeflateTest {

    private static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;

    private final Deflate deflate = new Deflate();

    @AfterEach
    void close() {
        deflate.close();
    }

    /** Bytes that repeat themselves over short and long distances. */
    private static byte[] sample(long seed, int length) {
        final Random random = new Random(seed);
        final byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] =
                    i > 10 && random.nextInt(8) > 0
                            ? bytes[i - 1 - random.nextInt(Math.min(i, 4_000))]
                            : (byte) random.nextInt(20);
        }
        return bytes;
    }

    private byte[] deflate(byte[] bytes, int windowBits) {
        return take(deflate.deflate(Unpooled.wrappedBuffer(bytes), windowBits, ALLOCATOR));
    }

    private byte[] inflate(byte[] bytes, int lengthMax) {
        return take(deflate.inflate(Unpooled.wrappedBuffer(bytes), lengthMax, ALLOCATOR));
    }

    private static byte[] take(ByteBuf buffer) {
        final byte[] bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes).release();
        return bytes;
    }

    @Test
    void shouldGiveBackWhatItWasGivenOfAnyLengthInAnyWindow() {
        final long seed = System.nanoTime();
        final Random random = new Random(seed);
        for (int i = 0; i < 200; i++) {
            final byte[] bytes = sample(seed + i, random.nextInt(1 << random.nextInt(18)));
            final int windowBits = 8 + random.nextInt(8);
            assertTrue(
                    Arrays.equals(bytes, inflate(deflate(bytes, windowBits), bytes.length)),
                    () -> "seed " + seed + ", " + bytes.length + " bytes, " + windowBits + " bits");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 9, 12, 14})
    void shouldReferToNothingBeforeTheWindow(int windowBits) throws Exception {
        final byte[] bytes = sample(windowBits, 100_000);
        final byte[] compressed = deflate(bytes, windowBits);
        final int window = 1 << windowBits;
        // Who begins to read at any piece of a window's length knows nothing of the earlier ones:
        // a reference to them would be an error.
        Inflater inflater = new Inflater(true);
        final byte[] piece = new byte[window];
        int read = 0;
        for (int at = 0, inPiece = 0; at < compressed.length; at++) {
            inflater.setInput(compressed, at, 1);
            inPiece += inflater.inflate(piece, inPiece, window - inPiece);
            if (inPiece == window && endsWithMarker(compressed, at)) {
                assertTrue(
                        Arrays.equals(piece, Arrays.copyOfRange(bytes, read, read + window)),
                        "piece at " + read);
                read += window;
                inPiece = 0;
                inflater.end();
                inflater = new Inflater(true);
            }
        }
        inflater.end();
        assertEquals(bytes.length / window * window, read);
    }

    private static boolean endsWithMarker(byte[] bytes, int at) {
        return at > 3
                && bytes[at] == -1
                && bytes[at - 1] == -1
                && bytes[at - 2] == 0
                && bytes[at - 3] == 0;
    }

    @Test
    void shouldGiveTheSameBytesForTheSameMessageWheneverItComes() {
        final byte[] bytes = sample(1, 10_000);
        final byte[] first = deflate(bytes, 15);
        deflate(sample(2, 10_000), 15);
        assertTrue(Arrays.equals(first, deflate(bytes, 15)));
    }

    @Test
    void shouldInflateExactlyTheLimitAndNotOneByteMore() {
        final byte[] compressed = deflate(new byte[10_000], 15);
        assertEquals(10_000, inflate(compressed, 10_000).length);
        assertThrows(TooLongFrameException.class, () -> inflate(compressed, 9_999));
        assertThrows(TooLongFrameException.class, () -> inflate(compressed, 1));
        assertEquals(10_000, inflate(compressed, 10_001).length);
    }

    @Test
    void shouldReadBuffersOfManyPieces() {
        final byte[] bytes = sample(3, 5_000);
        final byte[] compressed = deflate(bytes, 15);
        final CompositeByteBuf pieces = Unpooled.compositeBuffer(compressed.length);
        for (final byte b : compressed) {
            pieces.addComponent(true, Unpooled.wrappedBuffer(new byte[] {b}));
        }
        assertTrue(Arrays.equals(bytes, take(deflate.inflate(pieces, 5_000, ALLOCATOR))));
        assertEquals(compressed.length, pieces.readableBytes());
    }

    @Test
    void shouldRecoverFromDataThatIsDamaged() {
        final byte[] bytes = sample(4, 3_000);
        final byte[] compressed = deflate(bytes, 15);
        final Random random = new Random(5);
        for (int i = 0; i < 500; i++) {
            final byte[] damaged = compressed.clone();
            damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            try {
                assertTrue(inflate(damaged, 6_000).length <= 6_000);
            } catch (final TooLongFrameException
                    | io.netty.handler.codec.CorruptedFrameException expected) {
                // Damaged data is refused, or is other data.
            }
        }
        assertTrue(Arrays.equals(bytes, inflate(compressed, 3_000)));
    }
}
