// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The one reply to an HTTP request. Valid until the handler returns.
 *
 * <p>Every {@code send} returns 0, or a negative code and then nothing was sent: {@code
 * LaneAppender.BACK_PRESSURED} (try again or let the client time out), {@code TOO_LONG} (send
 * less), {@code CLOSED} (the front end is gone, and so is the client). A second reply is dropped
 * and counted by the front end.
 */
public final class HttpReply {

    private static final byte[] NO_BYTES = {};

    private final Replies replies;
    private final UnsafeBuffer content = new UnsafeBuffer(NO_BYTES);
    private long connection;
    private int order;
    private boolean sent;
    private int refusal;

    HttpReply(Replies replies) {
        this.replies = replies;
    }

    HttpReply to(long requestConnection, int requestOrder) {
        connection = requestConnection;
        order = requestOrder;
        sent = false;
        refusal = 0;
        replies.encoder().clearHeaders();
        return this;
    }

    /**
     * Adds a header (key {@code headers}); names may repeat. Content type and length have their own
     * places.
     */
    public HttpReply header(String name, String value) {
        replies.encoder().addHeader(name, value);
        return this;
    }

    /** Sends a text in UTF-8; say {@code charset=utf-8} in the content type unless it is ASCII. */
    public int send(int statusCode, String contentType, String text) {
        return send(statusCode, contentType, text.getBytes(StandardCharsets.UTF_8));
    }

    public int send(int statusCode, String contentType, byte[] bytes) {
        content.wrap(bytes);
        return send(statusCode, contentType, content, 0, bytes.length);
    }

    /** Sends bytes of a buffer: the allocation-free way. */
    public int send(
            int statusCode, String contentType, UnsafeBuffer buffer, int offset, int length) {
        final int code =
                replies.sendResponse(
                        connection,
                        order,
                        statusCode,
                        replies.contentType(contentType),
                        buffer,
                        offset,
                        length);
        sent |= code == 0;
        refusal = sent ? 0 : code;
        return code;
    }

    /**
     * Why none of the replies tried has been sent: a negative code; 0 when one has, or none was.
     */
    int refusal() {
        return refusal;
    }

    /** Whether a reply has been sent. */
    public boolean isSent() {
        return sent;
    }
}
