// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker.reply;

import io.headrace.channel.LaneAppender;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.message.encode.ReplyEncoder;
import io.headrace.presence.ConnectionTable;
import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The way back to a WebSocket's client. Valid until the handler returns; to send to a connection
 * later, or from another handler, keep its {@code send_channel} ({@code request.replyChannel()})
 * and use {@link #at}, or {@link #later()} from another thread.
 *
 * <p>Where front ends run with {@code headrace.websocket.accept=worker}, a client waits in {@code
 * onWebSocketConnect} until it is accepted or refused, there or later; the first thing sent accepts
 * it too, and a close refuses it with 403. Everywhere else it is open already: then {@link
 * #accept()} does nothing, and {@link #refuse} closes it with 1008.
 *
 * <p>Every call that sends returns 0 or a negative code, see {@link HttpReply}; {@code
 * LaneAppender.BACK_PRESSURED} says that the client does not take what is sent, see {@link
 * #onWritable}.
 */
public final class WebSocket {

    private static final byte[] NO_BYTES = {};

    /** Normal closure (RFC 6455, section 7.4.1). */
    public static final int CLOSE_NORMAL = 1000;

    private static final int CLOSE_POLICY_VIOLATION = 1008;
    private static final int REASON_LENGTH_MAX = 123;
    private static final int SUBPROTOCOL_LENGTH_MAX = 254;
    private static final String TEXT_PLAIN = "text/plain; charset=utf-8";
    private static final int NO_SLOT = -1;
    // A front end closes a client for which more waits than its budget; this is well below.
    private static final long WAITING_MAX = 128 << 10;
    private static final long WAITING_LOW = 32 << 10;

    private final Replies replies;
    private final Replies shared;
    private final Writability writability;
    private final ReplyEncoder encoder = new ReplyEncoder();
    private final UnsafeBuffer content = new UnsafeBuffer(NO_BYTES);
    private Groups groups;
    private WebSocket other;
    private long connection;
    private int order;
    private int slot;
    private boolean awaited;

    /**
     * @param replies what is sent with.
     * @param shared what is sent with that outlives the handler.
     */
    public WebSocket(Replies replies, Replies shared, Writability writability) {
        this.replies = replies;
        this.shared = shared;
        this.writability = writability;
    }

    /**
     * Turns to another connection; for the consumer.
     *
     * @param answeredOrder which message of the connection is being handled: what is sent for an
     *     earlier one than was answered last is too late and will be dropped; 0 goes at any time.
     */
    public WebSocket to(long socketConnection, int answeredOrder, int socketSlot) {
        connection = socketConnection;
        order = answeredOrder;
        slot = socketSlot;
        awaited = false;
        encoder.clearHeaders();
        return this;
    }

    /** Says whether the client waits to be accepted; for the consumer. */
    public WebSocket awaited(boolean value) {
        awaited = value;
        return this;
    }

    /** Whether the client waits for a decision that has not been sent. */
    public boolean isAwaited() {
        return awaited;
    }

    /**
     * Another connection, by the {@code send_channel} of its WebSocket Connection; valid until the
     * next call.
     */
    public WebSocket at(String sendChannel) {
        if (other == null) {
            other = new WebSocket(replies, shared, writability);
        }
        final long connectionThere = replies.connection(ReplyAddress.parse(sendChannel));
        return other.to(connectionThere, 0, NO_SLOT).awaited(true);
    }

    /** The same connection for one other thread at a time, whichever, for as long as it is open. */
    public WebSocket later() {
        return new WebSocket(shared, shared, writability).to(connection, 0, slot).awaited(awaited);
    }

    /** Adds a header to the handshake's response; before {@link #accept()}. Names may repeat. */
    public WebSocket header(String name, String value) {
        encoder.addHeader(name, value);
        return this;
    }

    /** Lets a client in that waits. */
    public int accept() {
        return accept("");
    }

    /**
     * Lets a client in that waits.
     *
     * @param subprotocol one of those in the client's {@code Sec-WebSocket-Protocol}; with any
     *     other, the client is answered 500.
     */
    public int accept(String subprotocol) {
        if (!awaited) {
            return LaneAppender.OK;
        }
        final byte[] bytes = subprotocol.getBytes(StandardCharsets.ISO_8859_1);
        if (bytes.length > SUBPROTOCOL_LENGTH_MAX) {
            return replies.refuse(LaneAppender.TOO_LONG);
        }
        int code = replies.claim(connection, encoder.acceptLength(bytes.length));
        if (code == LaneAppender.OK) {
            try {
                encoder.encodeAccept(replies.buffer(), replies.offset(), bytes);
                code = replies.commit(connection, 0);
            } finally {
                replies.release();
            }
        }
        return decided(code);
    }

    /**
     * Sends a client away that waits, with an HTTP response.
     *
     * @param statusCode usually 403, or 401 with a {@link #header}.
     */
    public int refuse(int statusCode, String text) {
        if (!awaited) {
            return close(CLOSE_POLICY_VIOLATION, text);
        }
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        content.wrap(bytes);
        return decided(
                HttpReply.respond(
                        replies,
                        encoder,
                        connection,
                        0,
                        statusCode,
                        TEXT_PLAIN,
                        content,
                        0,
                        bytes.length));
    }

    private int decided(int code) {
        awaited &= code != LaneAppender.OK;
        return code;
    }

    /** Sends a text datagram. */
    public int send(String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        content.wrap(bytes);
        return send(false, content, 0, bytes.length);
    }

    /** Sends a binary datagram. */
    public int send(byte[] bytes) {
        content.wrap(bytes);
        return send(true, content, 0, bytes.length);
    }

    /**
     * Sends a datagram from a buffer: the allocation-free way.
     *
     * @param binary key {@code binary}; when false, the bytes must be UTF-8.
     */
    public int send(boolean binary, UnsafeBuffer buffer, int offset, int length) {
        if (waiting() > WAITING_MAX) {
            return replies.refuse(LaneAppender.BACK_PRESSURED);
        }
        int code = replies.claim(connection, ReplyEncoder.sendLength(length));
        if (code == LaneAppender.OK) {
            try {
                encoder.encodeSend(
                        replies.buffer(), replies.offset(), binary, buffer, offset, length);
                code = replies.commit(connection, order);
            } finally {
                replies.release();
            }
        }
        return decided(code);
    }

    /** Bytes that wait for the client in its front end; 0 when that is not known. */
    private long waiting() {
        final ConnectionTable table = slot == NO_SLOT ? null : replies.table(connection);
        return table == null || table.connection(slot) != connection ? 0 : table.waiting(slot);
    }

    /** Calls back once, on a consumer's thread, when the client has taken most of what was sent. */
    public void onWritable(Runnable action) {
        final WebSocket watched = later();
        writability.add(() -> watched.waiting() <= WAITING_LOW, action);
    }

    /** Closes the client's WebSocket with code 1000. */
    public int close() {
        return close(CLOSE_NORMAL, "");
    }

    /**
     * Closes the client's WebSocket.
     *
     * @param code 1000 to 1003, 1007 to 1014 or 3000 to 4999 (RFC 6455, section 7.4).
     * @param reason at most 123 bytes in UTF-8; a longer one is cut.
     */
    public int close(int code, String reason) {
        final byte[] bytes = Texts.cut(reason, REASON_LENGTH_MAX);
        int result = replies.claim(connection, ReplyEncoder.serverCloseLength(bytes.length));
        if (result == LaneAppender.OK) {
            try {
                encoder.encodeServerClose(replies.buffer(), replies.offset(), code, bytes);
                result = replies.commit(connection, order);
            } finally {
                replies.release();
            }
        }
        return decided(result);
    }

    /** Makes the connection a member of a group, see {@link Groups}. */
    public int join(String group) {
        return groups().add(group, connection);
    }

    /** Ends the connection's membership of a group. */
    public int leave(String group) {
        return groups().discard(group, connection);
    }

    /** All groups. */
    public Groups groups() {
        if (groups == null) {
            groups = new Groups(replies);
        }
        return groups;
    }
}
