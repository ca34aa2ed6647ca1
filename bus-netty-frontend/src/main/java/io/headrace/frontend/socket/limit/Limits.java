// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.limit;

import io.headrace.Setting;

/**
 * What a front end accepts from clients, and for how long it waits.
 *
 * @param bodyLengthMax largest body of a request, in bytes ({@code headrace.body.max}); over it:
 *     413.
 * @param headerLengthMax largest request line, and largest header block, in bytes ({@code
 *     headrace.header.max}); over it: 431.
 * @param headerCountMax greatest number of headers ({@code headrace.header.count.max}); over it:
 *     431.
 * @param fieldCountMax greatest number of fields of a query string or form ({@code
 *     headrace.field.count.max}); over it: 400.
 * @param webSocketMessageLengthMax largest WebSocket message, in bytes ({@code
 *     headrace.websocket.message.max}); over it: close 1009.
 * @param outboundLengthMax how much may wait to be taken by one client that takes little, in bytes
 *     ({@code headrace.outbound.max}). Beside the largest message among it, as much as {@link
 *     #OUTBOUND_BURST} times that may wait for a moment; over it the connection is closed.
 * @param responseTimeoutNs how long a request may go unanswered ({@code
 *     headrace.response.timeout}); then: 504.
 * @param requestCountMax how many requests a connection may have ({@code headrace.requests.max});
 *     with the answer to the last it is closed.
 * @param membershipMaxNs how long a connection may be a member of a group ({@code
 *     headrace.group.expiry}).
 * @param pipelinedCountMax how many requests of one connection may be unanswered at a time; more
 *     are not read.
 */
public record Limits(
        int bodyLengthMax,
        int headerLengthMax,
        int headerCountMax,
        int fieldCountMax,
        int webSocketMessageLengthMax,
        int outboundLengthMax,
        long responseTimeoutNs,
        int requestCountMax,
        long membershipMaxNs,
        int pipelinedCountMax) {

    // A message carries the body twice when it is a form; a record holds 16 MiB at the default
    // block size.
    private static final int BODY_LENGTH_MAX = 7 << 20;
    // A datagram is carried once.
    private static final int WEB_SOCKET_LENGTH_MAX = 15 << 20;
    // Text lengths in a message have 16 bits.
    private static final int HEADER_LENGTH_MAX = 64 << 10;

    /** Greatest number of files in a form; over it: 400. */
    public static final int FILE_COUNT_MAX = 100;

    /** See {@link #outboundLengthMax}. */
    public static final int OUTBOUND_BURST = 16;

    public Limits {
        Setting.check("headrace.body.max", bodyLengthMax, 0, BODY_LENGTH_MAX);
        Setting.check("headrace.header.max", headerLengthMax, 256, HEADER_LENGTH_MAX - 2);
        Setting.check("headrace.header.count.max", headerCountMax, 1, 10_000);
        Setting.check("headrace.field.count.max", fieldCountMax, 1, 65_534);
        Setting.check(
                "headrace.websocket.message.max",
                webSocketMessageLengthMax,
                1,
                WEB_SOCKET_LENGTH_MAX);
        Setting.check("headrace.outbound.max", outboundLengthMax, 1 << 10, 1 << 30);
        Setting.check(
                "headrace.response.timeout (ns)", responseTimeoutNs, 1_000_000L, Long.MAX_VALUE);
        Setting.check("headrace.requests.max", requestCountMax, 1, Integer.MAX_VALUE);
        Setting.check(
                "headrace.group.expiry (ns)", membershipMaxNs, 1_000_000_000L, Long.MAX_VALUE);
    }

    /** System properties, else defaults. */
    public static Limits fromProperties() {
        return new Limits(
                Setting.count("headrace.body.max", 1 << 20),
                Setting.count("headrace.header.max", 16 << 10),
                Setting.count("headrace.header.count.max", 100),
                Setting.count("headrace.field.count.max", 1_000),
                Setting.count("headrace.websocket.message.max", 1 << 20),
                Setting.count("headrace.outbound.max", 256 << 10),
                Setting.durationNs("headrace.response.timeout", 120_000_000_000L),
                Setting.count("headrace.requests.max", 100_000),
                Setting.durationNs("headrace.group.expiry", 86_400_000_000_000L),
                64);
    }

    /** {@link #responseTimeoutNs()} in whole milliseconds, at most 24 days. */
    public int responseTimeoutMs() {
        return (int) Math.min(Integer.MAX_VALUE, responseTimeoutNs / 1_000_000L);
    }
}
