// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import io.headrace.channel.LaneAppender;

/**
 * The answers that come from Headrace itself: an HTTP status and the word of the header {@code
 * Headrace-Reason}. Scripts rely on both.
 */
public enum Refused {
    MALFORMED(400, "malformed", "the request is malformed"),
    TOO_MANY_FIELDS(400, "too-many-fields", "the form or query has too many fields"),
    ORIGIN_NOT_ALLOWED(403, "origin-not-allowed", "pages of this origin may not connect"),
    NOT_ACCEPTED(403, "not-accepted", "the application does not accept this connection"),
    NO_ROUTE(404, "no-route", "nothing is served here"),
    OUTSIDE_MOUNT(404, "outside-mount", "nothing is mounted here"),
    HEADERS_TOO_SLOW(408, "headers-too-slow", "the request's headers did not end in time"),
    BODY_TOO_SLOW(408, "body-too-slow", "the request's body did not come fast enough"),
    BODY_TOO_LARGE(413, "body-too-large", "the body is larger than this server accepts"),
    HEADER_TOO_LARGE(
            431, "header-too-large", "the header block is larger than this server accepts"),
    HANDLER_FAILED(500, "handler-failed", "the handler failed"),
    INVALID_REPLY(500, "invalid-reply", "the application's reply is not valid HTTP"),
    WORKER_DIED(502, "worker-died", "the worker that held the request died"),
    NO_WORKER(503, "no-worker", "no worker is there to answer"),
    MEMORY_HIGH(503, "memory-high", "the server has no memory left for more"),
    TOO_MANY_CONNECTIONS(503, "too-many-connections", "the server has too many connections"),
    CHANNEL_FULL(503, "channel-full", "the server is busy"),
    SHUTTING_DOWN(503, "shutting-down", "the server is shutting down"),
    NO_ANSWER(504, "no-answer", "no answer came in time");

    private final int status;
    private final String reason;
    private final String text;

    Refused(int status, String reason, String text) {
        this.status = status;
        this.reason = reason;
        this.text = text;
    }

    public int status() {
        return status;
    }

    /** The word of the header {@code Headrace-Reason}. */
    public String reason() {
        return reason;
    }

    /** The short text of the body. */
    public String text() {
        return status + " " + text + "\n";
    }

    /** What a client is told whose request was refused with this negative code. */
    public static Refused ofCode(long code) {
        return switch ((int) code) {
            case Ingress.NO_WORKER -> NO_WORKER;
            case LaneAppender.MEMORY_HIGH -> MEMORY_HIGH;
            case LaneAppender.TOO_LONG -> BODY_TOO_LARGE;
            case LaneAppender.CLOSED -> SHUTTING_DOWN;
            default -> CHANNEL_FULL;
        };
    }
}
