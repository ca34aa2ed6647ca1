// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker.reply;

import io.headrace.channel.LaneAppender;
import io.headrace.message.Part;
import io.headrace.message.encode.PartEncoder;
import io.headrace.message.encode.ReplyEncoder;
import io.headrace.presence.ConnectionTable;
import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A response whose content comes in parts: downloads, server-sent events. At most {@link
 * #WINDOW_LENGTH} bytes are on their way to the client at a time, whatever it takes, so nothing is
 * buffered without bound. Thread-safe.
 *
 * <p>Calls that send return 0, or a negative code and then nothing was sent: {@code
 * LaneAppender.BACK_PRESSURED} (the client has not taken enough of what was sent; see {@link
 * #onWritable}), {@code TOO_LONG} (more than {@link Part#LENGTH_MAX} bytes), {@code CLOSED} (the
 * client has left, or the stream has ended).
 */
public final class ResponseStream {

    /** Greatest number of bytes that are on their way to the client. */
    public static final int WINDOW_LENGTH = 256 << 10;

    private static final UnsafeBuffer NOTHING = new UnsafeBuffer(new byte[0]);

    private final Replies replies;
    private final Writability writability;
    private final PartEncoder encoder = new PartEncoder();
    private final UnsafeBuffer content = new UnsafeBuffer(0, 0);
    private final long connection;
    private final int order;
    private final int slot;
    private final ConnectionTable table;
    private long sentLength;
    private int number;
    private boolean isOpen;

    ResponseStream(Replies replies, Writability writability, long connection, int order, int slot) {
        this.replies = replies;
        this.writability = writability;
        this.connection = connection;
        this.order = order;
        this.slot = slot;
        this.table = replies.table(connection);
    }

    synchronized int start(
            ReplyEncoder head, int statusCode, String contentType, long contentLength) {
        final byte[] type = replies.contentType(contentType);
        int code = slot < 0 || table == null ? LaneAppender.CLOSED : LaneAppender.OK;
        if (code == LaneAppender.OK) {
            code = replies.claim(connection, head.startLength(type.length));
        }
        if (code == LaneAppender.OK) {
            try {
                head.encodeStart(
                        replies.buffer(), replies.offset(), statusCode, contentLength, type);
                code = replies.commit(connection, order);
            } finally {
                replies.release();
            }
        }
        isOpen = code == LaneAppender.OK;
        return code;
    }

    /** Sends a text in UTF-8. */
    public int send(String text) {
        return send(text.getBytes(StandardCharsets.UTF_8));
    }

    public synchronized int send(byte[] bytes) {
        content.wrap(bytes);
        return send(content, 0, bytes.length);
    }

    /** Sends bytes of a buffer. */
    public synchronized int send(UnsafeBuffer buffer, int offset, int length) {
        if (length > Part.LENGTH_MAX) {
            return replies.refuse(LaneAppender.TOO_LONG);
        }
        if (!isOpen()) {
            return replies.refuse(LaneAppender.CLOSED);
        }
        if (!hasRoom(length)) {
            return replies.refuse(LaneAppender.BACK_PRESSURED);
        }
        return append(Part.State.MORE, buffer, offset, length);
    }

    /**
     * Sends a server-sent event; the response's content type is {@code text/event-stream} (HTML,
     * section 9.2).
     *
     * @param name of the event, empty for the default.
     * @param data may have several lines.
     */
    public int event(String name, String data) {
        final StringBuilder event = new StringBuilder();
        if (!name.isEmpty()) {
            event.append("event: ").append(name).append('\n');
        }
        data.lines().forEach(line -> event.append("data: ").append(line).append('\n'));
        if (data.isEmpty()) {
            event.append("data:\n");
        }
        return send(event.append('\n').toString());
    }

    /** Ends the response: it is complete. */
    public synchronized int end() {
        return finish(Part.State.LAST);
    }

    /** Gives up: the client sees that the response is not complete. */
    public synchronized int abort() {
        return finish(Part.State.BROKEN);
    }

    private int finish(Part.State state) {
        final int code = isOpen ? append(state, NOTHING, 0, 0) : LaneAppender.CLOSED;
        isOpen &= code != LaneAppender.OK;
        return code;
    }

    private int append(Part.State state, UnsafeBuffer buffer, int offset, int length) {
        int code = replies.claim(connection, PartEncoder.partLength(length));
        if (code == LaneAppender.OK) {
            try {
                encoder.encodeResponsePart(
                        replies.buffer(), replies.offset(), number, state, buffer, offset, length);
                code = replies.commit(connection, order);
                number++;
                sentLength += length;
            } finally {
                replies.release();
            }
        }
        return code;
    }

    /** Whether parts may still be sent: the client is there, and the stream has not ended. */
    public synchronized boolean isOpen() {
        return isOpen && table.connection(slot) == connection;
    }

    private boolean hasRoom(int length) {
        return sentLength + length - table.taken(slot) <= WINDOW_LENGTH;
    }

    /**
     * Calls back once, on a consumer's thread, when at least half of the window is free again, or
     * the client has left.
     */
    public void onWritable(Runnable action) {
        writability.add(this::isWritable, action);
    }

    private synchronized boolean isWritable() {
        return !isOpen() || hasRoom(WINDOW_LENGTH / 2);
    }
}
