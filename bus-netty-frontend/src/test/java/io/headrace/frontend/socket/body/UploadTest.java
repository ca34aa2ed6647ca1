// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.body;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.LaneAppender;
import io.headrace.message.Part;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How much of a body is appended, by what its worker says that it has consumed. */
class UploadTest {

    private static final int WINDOW_PARTS = Upload.WINDOW_LENGTH / Part.LENGTH_MAX;

    private final UnsafeBuffer scratch = new UnsafeBuffer(new byte[Part.LENGTH_MAX]);
    private long heldLength;
    private final Upload upload = new Upload(Long.MAX_VALUE, length -> heldLength += length);
    private Part.State last;

    @AfterEach
    void release() {
        upload.release();
        assertEquals(0, heldLength);
    }

    private void receive(int parts) {
        final ByteBuf content = Unpooled.wrappedBuffer(new byte[parts * Part.LENGTH_MAX]);
        assertTrue(upload.receive(content, false));
        content.release();
    }

    private int append(long consumed) {
        return upload.append(
                consumed,
                scratch,
                (number, state, content, length) -> {
                    last = state;
                    return number;
                });
    }

    @Test
    void shouldAppendAWindowAndThenAsMuchAsIsConsumed() {
        receive(3 * WINDOW_PARTS);
        assertEquals(WINDOW_PARTS, append(0));
        assertEquals(0, append(0));
        assertEquals(1, append(1));
        assertEquals(0, append(Part.LENGTH_MAX));
        assertEquals(2, append(2 * Part.LENGTH_MAX + 1));
        assertTrue(upload.isFull());
        assertEquals((2L * WINDOW_PARTS - 3) * Part.LENGTH_MAX, heldLength);
    }

    @Test
    void shouldTakeCreditsThatCannotBeForNone() {
        receive(3 * WINDOW_PARTS);
        assertEquals(WINDOW_PARTS, append(0));
        final long appended = Upload.WINDOW_LENGTH;
        for (final long bad : new long[] {-1, Long.MIN_VALUE, Long.MAX_VALUE, appended + 1}) {
            assertEquals(0, append(bad));
        }
        assertEquals(WINDOW_PARTS, append(appended));
    }

    @Test
    void shouldEndOnceAndTakeNothingAfterwards() {
        receive(1);
        assertTrue(upload.receive(Unpooled.EMPTY_BUFFER, true));
        assertEquals(1, append(0));
        assertEquals(Part.State.LAST, last);
        assertTrue(upload.hasEnded());
        assertEquals(0, append(Part.LENGTH_MAX));
        assertEquals(-1, upload.abandon());
    }

    @Test
    void shouldTryAgainWhatHasNoRoom() {
        receive(1);
        assertEquals(0, upload.append(0, scratch, (n, s, c, l) -> LaneAppender.BACK_PRESSURED));
        assertEquals(1, append(0));
        assertFalse(upload.hasEnded());
    }

    /** So many pieces of this length, each of a buffer of 64 KiB; returns how many are kept. */
    private long receivePieces(int count, int length) {
        final ByteBuf[] buffers = new ByteBuf[count];
        for (int i = 0; i < count; i++) {
            buffers[i] = Unpooled.buffer(1 << 16);
            for (int at = 0; at < length; at++) {
                buffers[i].writeByte(i + at);
            }
            assertTrue(upload.receive(buffers[i].slice(), false));
            buffers[i].release();
        }
        return Stream.of(buffers).filter(buffer -> buffer.refCnt() > 0).count();
    }

    @Test
    void shouldKeepNoLongBufferForLittleContent() {
        assertEquals(0, receivePieces(1_000, 1));
        assertEquals(1_000, heldLength);
        assertEquals(0, receivePieces(1, 8_000));
        assertEquals(1, receivePieces(1, 8 << 10));
        assertEquals(0, receivePieces(1_000, 1));
        assertTrue(upload.receive(Unpooled.EMPTY_BUFFER, true));
        assertEquals(1, append(0));
        int at = 0;
        for (final int length : new int[] {1_000, 8_000, 8 << 10, 1_000}) {
            final boolean isOne = length > 1_000;
            for (int i = 0; i < length; i++, at++) {
                assertEquals((byte) i, scratch.getByte(at), isOne ? "in one piece" : "in many");
            }
        }
        assertEquals(0, heldLength);
    }

    @Test
    void shouldGatherNothingInWhatIsAppended() {
        for (int i = 0; i < 3; i++) {
            receivePieces(2, 1);
            assertEquals(1, append(0));
            assertEquals(1, scratch.getByte(1));
            receive(1);
            receivePieces(1, 1);
            assertEquals(2, append(0));
        }
    }

    @Test
    void shouldRefuseOneByteOverTheLimit() {
        final Upload limited = new Upload(2, length -> {});
        final ByteBuf byteOfIt = Unpooled.wrappedBuffer(new byte[1]);
        assertTrue(limited.receive(byteOfIt, false));
        assertTrue(limited.receive(byteOfIt, false));
        assertFalse(limited.receive(byteOfIt, false));
        limited.release();
        byteOfIt.release();
    }
}
