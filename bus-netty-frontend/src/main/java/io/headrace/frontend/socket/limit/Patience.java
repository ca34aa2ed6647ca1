// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.limit;

import io.headrace.Setting;

/**
 * How long a front end waits for its clients. Times are in nanoseconds, rates in bytes per second;
 * 0 is for ever, and no least rate. They are kept to about a quarter of a second.
 *
 * @param headersNs from the first byte of a request to the end of its headers ({@code
 *     headrace.header.timeout}, 10 s); then: 408.
 * @param bodyNs from there to the end of its body ({@code headrace.body.timeout}, 5 min); then:
 *     408.
 * @param bodyRateMin least rate of a body, over 10 s ({@code headrace.body.rate.min}, 512); below:
 *     408.
 * @param idleNs how long a connection may have no request, or a client take nothing of what waits
 *     for it ({@code headrace.idle.timeout}, 60 s); then it is closed.
 * @param pingNs how long a WebSocket may be silent before it is pinged ({@code
 *     headrace.websocket.ping.interval}, 20 s).
 * @param pongNs how long it may stay silent then ({@code headrace.websocket.pong.timeout}, 30 s);
 *     then: close 1011.
 * @param outboundRateMin least rate at which a client takes what waits for it, over 10 s, while
 *     that is more than its budget ({@code headrace.outbound.rate.min}, 4 KiB); below it is closed.
 */
public record Patience(
        long headersNs,
        long bodyNs,
        long bodyRateMin,
        long idleNs,
        long pingNs,
        long pongNs,
        long outboundRateMin) {

    public Patience {
        check("headrace.header.timeout", headersNs);
        check("headrace.body.timeout", bodyNs);
        check("headrace.body.rate.min", bodyRateMin);
        check("headrace.idle.timeout", idleNs);
        check("headrace.websocket.ping.interval", pingNs);
        check("headrace.websocket.pong.timeout", pongNs);
        check("headrace.outbound.rate.min", outboundRateMin);
    }

    /** System properties, else defaults. */
    public static Patience fromProperties() {
        return new Patience(
                Setting.durationNs("headrace.header.timeout", 10_000_000_000L),
                Setting.durationNs("headrace.body.timeout", 300_000_000_000L),
                Setting.size("headrace.body.rate.min", 512),
                Setting.durationNs("headrace.idle.timeout", 60_000_000_000L),
                Setting.durationNs("headrace.websocket.ping.interval", 20_000_000_000L),
                Setting.durationNs("headrace.websocket.pong.timeout", 30_000_000_000L),
                Setting.size("headrace.outbound.rate.min", 4 << 10));
    }

    private static void check(String property, long value) {
        Setting.check(property, value, 0, Long.MAX_VALUE);
    }

    /** Whether a time that is a limit has passed. */
    static boolean isOver(long limitNs, long sinceNs, long nowNs) {
        return limitNs != 0 && nowNs - sinceNs > limitNs;
    }
}
