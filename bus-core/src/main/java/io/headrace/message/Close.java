// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import io.headrace.message.codec.WebSocketClientCloseDecoder;
import io.headrace.message.codec.WebSocketServerCloseDecoder;

/**
 * WebSocket Client Close, with the keys of its connection, or WebSocket Server Close, which has
 * none. Code and reason are additions to the specification (RFC 6455, section 7.4: 1000 normal,
 * 1001 going away, 1005 none was sent, 1006 cut off). Valid until the handler returns.
 */
public final class Close {

    /** Which side began to close. The order is the schema's. */
    public enum By {
        CLIENT,
        WORKER,
        FRONT_END
    }

    private static final By[] BY = By.values();

    private final Message message;
    private final Field reason = new Field();
    private int code;
    private By closedBy;

    Close(Message message) {
        this.message = message;
    }

    void wrapClientClose(WebSocketClientCloseDecoder decoder) {
        code = decoder.code();
        closedBy = BY[Math.min(decoder.closedByRaw(), BY.length - 1)];
        message.wrapReference(decoder.requestIndex(), decoder.skipRequest(), decoder.limit());
        final int reasonLength = decoder.skipReason();
        reason.wrap(decoder.buffer(), decoder.limit() - reasonLength, reasonLength);
    }

    void wrapServerClose(WebSocketServerCloseDecoder decoder) {
        code = decoder.code();
        closedBy = By.WORKER;
        final int reasonLength = decoder.skipReason();
        reason.wrap(decoder.buffer(), decoder.limit() - reasonLength, reasonLength);
    }

    public int code() {
        return code;
    }

    /** Why, as the closing side said it; may be empty. */
    public String reason() {
        return reason.toString();
    }

    public By closedBy() {
        return closedBy;
    }

    /**
     * The keys of the connection that closed; see {@link Message#request()}. Only for a Client
     * Close.
     */
    public Request request() {
        return message.request();
    }
}
