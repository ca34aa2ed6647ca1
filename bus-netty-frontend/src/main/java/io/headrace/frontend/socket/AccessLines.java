// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.frontend.accesslog.AccessEntry;
import io.headrace.frontend.accesslog.AccessLog;
import io.headrace.frontend.exchange.LoopCounters;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import java.util.Optional;
import java.util.function.LongSupplier;

/** One loop's requests on their way into the access log, if there is one. */
final class AccessLines {

    // What nginx has for it; no client is ever told so.
    private static final int CLIENT_LEFT = 499;

    private final Optional<AccessLog> log;
    private final LoopCounters counters;
    private final LongSupplier clock;

    /**
     * @param clock bus time.
     */
    AccessLines(Optional<AccessLog> log, LoopCounters counters, LongSupplier clock) {
        this.log = log;
        this.counters = counters;
        this.clock = clock;
    }

    /** Remembers a request until it is answered. */
    void onRequest(Exchange exchange, HttpRequest request) {
        if (log.isPresent()) {
            final HttpHeaders headers = request.headers();
            exchange.entry =
                    new AccessEntry(
                            clock.getAsLong(),
                            exchange.origin.remoteAddr(),
                            request.method().name(),
                            request.uri(),
                            request.protocolVersion().text(),
                            headers.get(HttpHeaderNames.HOST, ""),
                            headers.get(HttpHeaderNames.REFERER, ""),
                            headers.get(HttpHeaderNames.USER_AGENT, ""));
        }
    }

    /** It is answered with this. */
    void onAnswer(Exchange exchange, FullHttpResponse response) {
        if (exchange.entry != null) {
            offer(
                    exchange,
                    response.status().code(),
                    response.content().readableBytes(),
                    response.headers().get("Headrace-Reason", ""));
        }
    }

    /** Its client left before its answer. */
    void onClientLeft(Exchange exchange) {
        if (exchange.entry != null) {
            offer(exchange, CLIENT_LEFT, 0, "client-left");
        }
    }

    private void offer(Exchange exchange, int status, long length, String reason) {
        if (!log.get().offer(exchange.entry, clock.getAsLong(), status, length, reason)) {
            counters.accessLinesDropped().incrementRelease();
        }
        exchange.entry = null;
    }
}
