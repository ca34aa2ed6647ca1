// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import io.headrace.message.codec.WebSocketReceiveDecoder;
import io.headrace.message.codec.WebSocketSendDecoder;

/**
 * WebSocket Receive, with the keys of its connection, or WebSocket Send, which has none of them.
 * Valid until the handler returns.
 */
public final class Datagram {

    private final Message message;
    private final Field content = new Field();
    private boolean binary;
    private int slot;

    Datagram(Message message) {
        this.message = message;
    }

    void wrapReceive(WebSocketReceiveDecoder decoder) {
        binary = decoder.binaryRaw() != 0;
        slot = Math.max(-1, decoder.slot());
        message.wrapReference(decoder.requestIndex(), decoder.skipRequest(), decoder.limit());
        final int contentLength = decoder.skipContent();
        content.wrap(decoder.buffer(), decoder.limit() - contentLength, contentLength);
    }

    void wrapSend(WebSocketSendDecoder decoder) {
        binary = decoder.binaryRaw() != 0;
        slot = -1;
        final int contentLength = decoder.skipContent();
        content.wrap(decoder.buffer(), decoder.limit() - contentLength, contentLength);
    }

    /** Key {@code binary}: whether the content is bytes, and not text. */
    public boolean binary() {
        return binary;
    }

    /** Slot of its connection in the loop's connection table; -1 for none. */
    public int slot() {
        return slot;
    }

    /** Key {@code content} as bytes; allocates nothing. */
    public Field content() {
        return content;
    }

    /** Key {@code content} as text. */
    public String text() {
        return content.toString();
    }

    /**
     * Whether an earlier consumer died with this message, which may have had its effects already.
     */
    public boolean isRedelivered() {
        return message.isRedelivered();
    }

    /**
     * The keys of the connection it came in on; see {@link Message#request()}. Only for a Receive.
     */
    public Request request() {
        return message.request();
    }
}
