// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.frontend.accesslog.AccessEntry;
import io.headrace.frontend.exchange.Ingress;
import io.headrace.frontend.proxy.Origin;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpVersion;

/** A request on a connection and, once it is there, its response. */
final class Exchange {

    /** Index of a request that never got into a lane. */
    static final long NOT_APPENDED = -1;

    static final long NO_TIMER = -1;

    final Connection connection;
    final int order;
    final HttpVersion version;
    final boolean isHead;
    final boolean keepAlive;
    Origin origin;
    // Where it was appended, or was to be.
    Ingress ingress;
    long index = NOT_APPENDED;
    long timer = NO_TIMER;
    long deadlineNs;
    // Whether it is a WebSocket's handshake that waits for a worker's decision.
    boolean isHandshake;
    FullHttpResponse response;
    // Null without an access log.
    AccessEntry entry;

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
        return index != NOT_APPENDED && response == null;
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
