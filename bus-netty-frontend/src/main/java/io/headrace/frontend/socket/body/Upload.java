// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.body;

import io.headrace.message.Part;
import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.function.LongConsumer;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A body on its way to the consumer that has claimed its request: what has come from the client and
 * has not been appended, and how far the worker is. At most {@link #WINDOW_LENGTH} bytes are
 * appended and not consumed, so that a slow worker slows its client down. One thread.
 */
public final class Upload {

    /** Appends a part. */
    @FunctionalInterface
    public interface PartAppender {

        /**
         * @return an index, or a negative code, and then it will be tried again.
         */
        long append(int number, Part.State state, UnsafeBuffer content, int length);
    }

    /** Greatest number of bytes that are appended and not consumed. */
    public static final int WINDOW_LENGTH = 1 << 20;

    // More of it is not read from the client.
    private static final int HELD_MAX = 256 << 10;

    // Nothing is short of what decoders make of 64 KiB that are read at once: pieces of 8 KiB.
    private static final int PIECES_MAX = 8;
    // Takes more beside its bytes than is worth an object of its own.
    private static final int LITTLE_LENGTH = 1 << 10;

    private final long lengthMax;
    private final LongConsumer onHeld;
    private final ArrayDeque<ByteBuf> held = new ArrayDeque<>();
    private int heldLength;
    private long receivedLength;
    private long appendedLength;
    private int nextNumber;
    // Whether the last of what is held is a copy that short content is added to.
    private boolean isGathering;
    private boolean lastReceived;
    private boolean ended;

    /**
     * @param onHeld told how many bytes more are held, or fewer.
     */
    public Upload(long lengthMax, LongConsumer onHeld) {
        this.lengthMax = lengthMax;
        this.onHeld = onHeld;
    }

    /**
     * Takes what has come from the client.
     *
     * @param content is retained.
     * @return false when the body is longer than may be.
     */
    public boolean receive(ByteBuf content, boolean isLast) {
        final int length = content.readableBytes();
        receivedLength += length;
        if (ended || receivedLength > lengthMax) {
            return ended;
        }
        lastReceived |= isLast;
        if (length > 0) {
            keep(content);
            hold(length);
        }
        return true;
    }

    /** Whether content is short for what it keeps: all of the buffer that it is a slice of. */
    public static boolean isShort(ByteBuf content) {
        ByteBuf buffer = content;
        while (buffer.unwrap() != null) {
            buffer = buffer.unwrap();
        }
        return content.readableBytes() < buffer.capacity() / PIECES_MAX;
    }

    private void keep(ByteBuf content) {
        final int length = content.readableBytes();
        if (length >= LITTLE_LENGTH && !isShort(content)) {
            held.add(content.retain());
            isGathering = false;
            return;
        }
        if (!isGathering || held.isEmpty() || held.peekLast().writerIndex() >= HELD_MAX) {
            held.add(content.alloc().buffer(length));
            isGathering = true;
        }
        held.peekLast().writeBytes(content, content.readerIndex(), length);
    }

    /** Whether more of the body is to come from the client, and is wanted. */
    public boolean isComing() {
        return !lastReceived && !ended;
    }

    /** Whether nothing more is to be appended. */
    public boolean hasEnded() {
        return ended;
    }

    /** Whether no more should be read from the client. */
    public boolean isFull() {
        return heldLength >= HELD_MAX;
    }

    /**
     * Appends what may be.
     *
     * @param consumedLength how much the worker has consumed; what cannot be counts as nothing.
     * @param scratch at least {@link Part#LENGTH_MAX} long.
     * @return number of parts appended.
     */
    public int append(long consumedLength, UnsafeBuffer scratch, PartAppender appender) {
        final long consumed =
                consumedLength >= 0 && consumedLength <= appendedLength ? consumedLength : 0;
        int count = 0;
        while (!ended
                && (heldLength > 0 || lastReceived)
                && appendedLength - consumed < WINDOW_LENGTH) {
            final int length = peek(scratch);
            final boolean isLast = lastReceived && length == heldLength;
            final Part.State state = isLast ? Part.State.LAST : Part.State.MORE;
            if (appender.append(nextNumber, state, scratch, length) < 0) {
                break;
            }
            nextNumber++;
            appendedLength += length;
            remove(length);
            ended = isLast;
            count++;
        }
        return count;
    }

    private void hold(int length) {
        heldLength += length;
        onHeld.accept(length);
    }

    /** Copies what is held, up to a part's length; returns how much that is. */
    private int peek(UnsafeBuffer scratch) {
        int length = 0;
        for (final ByteBuf content : held) {
            final int copied = Math.min(content.readableBytes(), Part.LENGTH_MAX - length);
            content.getBytes(content.readerIndex(), scratch.byteArray(), length, copied);
            length += copied;
            if (length == Part.LENGTH_MAX) {
                break;
            }
        }
        return length;
    }

    private void remove(int length) {
        hold(-length);
        for (int left = length; left > 0; ) {
            final ByteBuf first = held.peek();
            final int removed = Math.min(left, first.readableBytes());
            first.skipBytes(removed);
            left -= removed;
            if (!first.isReadable()) {
                held.poll().release();
            }
        }
    }

    /**
     * The client has left, or is answered already.
     *
     * @return number of the part that says so to the worker, or -1 when the worker has all.
     */
    public int abandon() {
        final int number = ended ? -1 : nextNumber++;
        release();
        return number;
    }

    /** Lets go of what is held; nobody wants it. */
    public void release() {
        ended = true;
        hold(-heldLength);
        while (!held.isEmpty()) {
            held.poll().release();
        }
    }
}
