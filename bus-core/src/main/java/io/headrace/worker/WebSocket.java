// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.channel.name.ReplyAddress;
import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The way back to a WebSocket's client. Valid until the handler returns; to send to a connection
 * later, or from another handler of the same consumer, keep its {@code send_channel} ({@code
 * request.replyChannel()}) and use {@link #at}.
 *
 * <p>Every call that sends returns 0 or a negative code, see {@link HttpReply}.
 */
public final class WebSocket {

    private static final byte[] NO_BYTES = {};

    /** Normal closure (RFC 6455, section 7.4.1). */
    public static final int CLOSE_NORMAL = 1000;

    private static final int REASON_LENGTH_MAX = 123;

    private final Replies replies;
    private final UnsafeBuffer content = new UnsafeBuffer(NO_BYTES);
    private WebSocket other;
    private long connection;
    private int order;

    WebSocket(Replies replies) {
        this.replies = replies;
    }

    /**
     * @param answeredOrder which message of the connection is being handled: what is sent for an
     *     earlier one than was answered last is too late and will be dropped; 0 goes at any time.
     */
    WebSocket to(long socketConnection, int answeredOrder) {
        connection = socketConnection;
        order = answeredOrder;
        return this;
    }

    /**
     * Another connection, by the {@code send_channel} of its WebSocket Connection; valid until the
     * next call.
     */
    public WebSocket at(String sendChannel) {
        if (other == null) {
            other = new WebSocket(replies);
        }
        return other.to(ReplyAddress.parse(sendChannel).connection(), 0);
    }

    /** Sends a text datagram. */
    public int send(String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        content.wrap(bytes);
        return replies.send(connection, order, false, content, 0, bytes.length);
    }

    /** Sends a binary datagram. */
    public int send(byte[] bytes) {
        content.wrap(bytes);
        return replies.send(connection, order, true, content, 0, bytes.length);
    }

    /**
     * Sends a datagram from a buffer: the allocation-free way.
     *
     * @param binary key {@code binary}; when false, the bytes must be UTF-8.
     */
    public int send(boolean binary, UnsafeBuffer buffer, int offset, int length) {
        return replies.send(connection, order, binary, buffer, offset, length);
    }

    /** Closes the client's WebSocket with code 1000. */
    public int close() {
        return replies.sendClose(connection, order, CLOSE_NORMAL, NO_BYTES);
    }

    /**
     * Closes the client's WebSocket.
     *
     * @param code 1000 to 1003, 1007 to 1014 or 3000 to 4999 (RFC 6455, section 7.4).
     * @param reason at most 123 bytes in UTF-8; a longer one is cut.
     */
    public int close(int code, String reason) {
        byte[] bytes = reason.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > REASON_LENGTH_MAX) {
            int length = REASON_LENGTH_MAX;
            while ((bytes[length] & 0xC0) == 0x80) {
                length--;
            }
            bytes = java.util.Arrays.copyOf(bytes, length);
        }
        return replies.sendClose(connection, order, code, bytes);
    }
}
