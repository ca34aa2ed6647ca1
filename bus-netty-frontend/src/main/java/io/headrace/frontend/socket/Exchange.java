// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.frontend.accesslog.AccessEntry;
import io.headrace.frontend.exchange.Ingress;
import io.headrace.frontend.proxy.Origin;
import io.headrace.frontend.route.Route;
import io.headrace.frontend.socket.body.StreamedResponse;
import io.headrace.frontend.socket.body.Upload;
import io.headrace.presence.ConnectionTable;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpVersion;

/** A request on a connection and, once it is there, its response. */
final class Exchange extends Watched {

    /** Index of a request that never got into a lane. */
    static final long NOT_APPENDED = -1;

    final Connection connection;
    final int order;
    final HttpVersion version;
    final boolean isHead;
    boolean keepAlive;
    Origin origin;
    // Where it was appended, or was to be.
    Route route;
    Ingress ingress;
    // That its WebSocket joins when it opens; empty for none.
    String group = "";
    long index = NOT_APPENDED;
    // Whether it is a WebSocket's handshake that waits for a worker's decision.
    boolean isHandshake;
    // In the loop's connection table, until it is answered.
    int slot = ConnectionTable.NO_SLOT;
    // Of a request whose body comes in parts, and the consumer that gets them once it is known.
    Upload upload;
    int holder;
    FullHttpResponse response;
    private int heldLength;
    // Null without an access log.
    AccessEntry entry;
    // Instead of the response, when its content comes in parts.
    StreamedResponse stream;

    Exchange(
            Connection connection,
            int order,
            HttpVersion version,
            boolean isHead,
            boolean keepAlive) {
        this.connection = connection;
        this.order = order;
        this.version = version;
        this.isHead = isHead;
        this.keepAlive = keepAlive;
    }

    /** Whether it was appended and waits for a worker's answer. */
    boolean isWaiting() {
        return index != NOT_APPENDED && response == null && stream == null;
    }

    /** Counts what waits for the answers before it: its client asks for as much as it likes. */
    void hold(int length) {
        heldLength += length;
        connection.wire().queue(length);
    }

    /** Its turn has come. */
    void unhold() {
        connection.wire().queue(-heldLength);
        heldLength = 0;
    }

    /** The response to write: without its content to a HEAD (RFC 9110, section 9.3.2). */
    FullHttpResponse onWire() {
        if (!isHead) {
            return response;
        }
        final FullHttpResponse head = response.replace(Unpooled.EMPTY_BUFFER);
        response.release();
        return head;
    }
}
