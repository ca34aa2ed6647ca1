// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.channel.name.ReplyAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The way back to a WebSocket's client. Valid until the handler returns; to send to a connection
 * later, or from another handler of the same consumer, keep its {@code send_channel} ({@code
 * request.replyChannel()}) and use {@link #at}.
 *
 * <p>Where front ends run with {@code headrace.websocket.accept=worker}, a client waits in {@code
 * onWebSocketConnect} until it is accepted or refused, there or later; the first thing sent accepts
 * it too, and a close refuses it with 403. Everywhere else it is open already: then {@link
 * #accept()} does nothing, and {@link #refuse} closes it with 1008.
 *
 * <p>Every call that sends returns 0 or a negative code, see {@link HttpReply}.
 */
public final class WebSocket {

    private static final byte[] NO_BYTES = {};

    /** Normal closure (RFC 6455, section 7.4.1). */
    public static final int CLOSE_NORMAL = 1000;

    private static final int CLOSE_POLICY_VIOLATION = 1008;
    private static final int REASON_LENGTH_MAX = 123;
    private static final String TEXT_PLAIN = "text/plain; charset=utf-8";

    private final Replies replies;
    private final UnsafeBuffer content = new UnsafeBuffer(NO_BYTES);
    private WebSocket other;
    private long connection;
    private int order;
    private boolean awaited;

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
        awaited = false;
        replies.encoder().clearHeaders();
        return this;
    }

    /** Says whether the client waits to be accepted. */
    WebSocket awaited(boolean value) {
        awaited = value;
        return this;
    }

    /** Whether the client waits for a decision that has not been sent. */
    boolean isAwaited() {
        return awaited;
    }

    /**
     * Another connection, by the {@code send_channel} of its WebSocket Connection; valid until the
     * next call.
     */
    public WebSocket at(String sendChannel) {
        if (other == null) {
            other = new WebSocket(replies);
        }
        return other.to(ReplyAddress.parse(sendChannel).connection(), 0).awaited(true);
    }

    /** Adds a header to the handshake's response; before {@link #accept()}. Names may repeat. */
    public WebSocket header(String name, String value) {
        replies.encoder().addHeader(name, value);
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
        return awaited
                ? decided(
                        replies.sendAccept(
                                connection, subprotocol.getBytes(StandardCharsets.ISO_8859_1)))
                : 0;
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
                replies.sendResponse(
                        connection,
                        0,
                        statusCode,
                        replies.contentType(TEXT_PLAIN),
                        content,
                        0,
                        bytes.length));
    }

    private int decided(int code) {
        awaited &= code != 0;
        return code;
    }

    /** Sends a text datagram. */
    public int send(String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        content.wrap(bytes);
        return decided(replies.send(connection, order, false, content, 0, bytes.length));
    }

    /** Sends a binary datagram. */
    public int send(byte[] bytes) {
        content.wrap(bytes);
        return decided(replies.send(connection, order, true, content, 0, bytes.length));
    }

    /**
     * Sends a datagram from a buffer: the allocation-free way.
     *
     * @param binary key {@code binary}; when false, the bytes must be UTF-8.
     */
    public int send(boolean binary, UnsafeBuffer buffer, int offset, int length) {
        return decided(replies.send(connection, order, binary, buffer, offset, length));
    }

    /** Closes the client's WebSocket with code 1000. */
    public int close() {
        return decided(replies.sendClose(connection, order, CLOSE_NORMAL, NO_BYTES));
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
            bytes = Arrays.copyOf(bytes, length);
        }
        return decided(replies.sendClose(connection, order, code, bytes));
    }
}
