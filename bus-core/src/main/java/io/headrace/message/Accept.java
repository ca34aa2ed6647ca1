// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import io.headrace.message.codec.WebSocketAcceptDecoder;
import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * WebSocket Accept: a worker lets a WebSocket open whose handshake waits for that. An extension of
 * the specification. Valid as long as its record.
 */
public final class Accept {

    private final Pairs headers = new Pairs(StandardCharsets.ISO_8859_1);
    private final Field subprotocol = new Field();

    Accept() {}

    void wrap(UnsafeBuffer buffer, WebSocketAcceptDecoder decoder) {
        headers.reset(buffer);
        for (WebSocketAcceptDecoder.HeadersDecoder group = decoder.headers(); group.hasNext(); ) {
            headers.add(
                    group.next().skipKey(), decoder.limit(), group.skipValue(), decoder.limit());
        }
        final int length = decoder.skipSubprotocol();
        subprotocol.wrap(buffer, decoder.limit() - length, length);
    }

    /** The one of the client's subprotocols that is spoken from now on, or empty. */
    public Field subprotocol() {
        return subprotocol;
    }

    /** What the handshake's response has besides its own headers, in order; names may repeat. */
    public Pairs headers() {
        return headers;
    }
}
