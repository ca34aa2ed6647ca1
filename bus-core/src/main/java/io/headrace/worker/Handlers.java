// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.message.Close;
import io.headrace.message.Datagram;
import io.headrace.message.Request;
import io.headrace.worker.reply.HttpReply;
import io.headrace.worker.reply.WebSocket;

/**
 * The handlers a worker may have, one for each message that comes from clients. All get the name of
 * the channel the message came in on. They run on a consumer's thread, one message at a time per
 * consumer, and may throw: the client of an HTTP request is answered 500, the error is kept in the
 * member's error log, the worker goes on.
 *
 * <p>Everything handed to a handler is a view that is valid until it returns.
 */
public final class Handlers {

    private Handlers() {}

    /** Handles an HTTP Request, which wants one reply. */
    @FunctionalInterface
    public interface OnHttpRequest {
        void onHttpRequest(String channel, Request request, HttpReply reply) throws Exception;
    }

    /** Handles an HTTP Disconnect: the client left before its response. */
    @FunctionalInterface
    public interface OnHttpDisconnect {
        void onHttpDisconnect(String channel, Request request) throws Exception;
    }

    /** Handles a WebSocket Connection; without such a handler, all are accepted. */
    @FunctionalInterface
    public interface OnWebSocketConnect {
        void onWebSocketConnect(String channel, Request request, WebSocket socket) throws Exception;
    }

    /** Handles a WebSocket Receive. */
    @FunctionalInterface
    public interface OnWebSocketReceive {
        void onWebSocketReceive(String channel, Datagram message, WebSocket socket)
                throws Exception;
    }

    /** Handles a WebSocket Client Close, whichever side began it. */
    @FunctionalInterface
    public interface OnWebSocketDisconnect {
        void onWebSocketDisconnect(String channel, Close close) throws Exception;
    }
}
