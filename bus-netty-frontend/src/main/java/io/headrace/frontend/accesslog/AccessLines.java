// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.accesslog;

import io.headrace.frontend.exchange.LoopCounters;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import java.util.Optional;
import java.util.function.LongSupplier;

/** One loop's requests on their way into the access log, if there is one. */
public final class AccessLines {

    // What nginx has for it; no client is ever told so.
    private static final int CLIENT_LEFT = 499;

    private final Optional<AccessLog> log;
    private final LoopCounters counters;
    private final LongSupplier clock;

    /**
     * @param clock bus time.
     */
    public AccessLines(Optional<AccessLog> log, LoopCounters counters, LongSupplier clock) {
        this.log = log;
        this.counters = counters;
        this.clock = clock;
    }

    /** Remembers a request until it is answered; null without an access log. */
    public AccessEntry onRequest(HttpRequest request, String remoteAddr) {
        if (log.isEmpty()) {
            return null;
        }
        final HttpHeaders headers = request.headers();
        return new AccessEntry(
                clock.getAsLong(),
                remoteAddr,
                request.method().name(),
                request.uri(),
                request.protocolVersion().text(),
                headers.get(HttpHeaderNames.HOST, ""),
                headers.get(HttpHeaderNames.REFERER, ""),
                headers.get(HttpHeaderNames.USER_AGENT, ""));
    }

    /**
     * A request is answered with this.
     *
     * @param contentLength in bytes.
     */
    public void onAnswer(AccessEntry entry, HttpResponse response, long contentLength) {
        if (entry != null) {
            offer(
                    entry,
                    response.status().code(),
                    contentLength,
                    response.headers().get("Headrace-Reason", ""));
        }
    }

    /** Its client left before its answer. */
    public void onClientLeft(AccessEntry entry) {
        if (entry != null) {
            offer(entry, CLIENT_LEFT, 0, "client-left");
        }
    }

    private void offer(AccessEntry entry, int status, long length, String reason) {
        if (!log.get().offer(entry, clock.getAsLong(), status, length, reason)) {
            counters.accessLinesDropped().incrementRelease();
        }
    }
}
