// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import io.headrace.member.Member;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import org.agrona.concurrent.status.AtomicCounter;

/**
 * The counters of one event loop, written by its thread alone.
 *
 * @param loop its name, with which theirs begin.
 * @param connections open ones: sockets of HTTP/1 and WebSockets, and streams of HTTP/2.
 * @param responses that workers sent and clients were given.
 * @param webSockets open ones.
 * @param repliesDropped replies to connections or requests that are unknown, gone or answered.
 * @param tlsFailures connections that did not get through their TLS handshake.
 * @param disconnectsDelayed disconnects and closes that could not be appended at once.
 * @param accessLinesDropped lines of the access log that did not fit into its queue.
 * @param membersSkipped datagrams that members of groups missed, because they do not keep up.
 * @param membersClosed members of groups that were closed, because they do not keep up.
 * @param streamsBroken responses in parts whose worker died in the middle of them.
 * @param refused see {@link #refused(Refused)}.
 * @param closed see {@link #closed(Closed)}.
 */
public record LoopCounters(
        Member member,
        String loop,
        AtomicCounter connections,
        AtomicCounter requests,
        AtomicCounter responses,
        AtomicCounter webSockets,
        AtomicCounter framesIn,
        AtomicCounter framesOut,
        AtomicCounter repliesDropped,
        AtomicCounter tlsFailures,
        AtomicCounter disconnectsDelayed,
        AtomicCounter accessLinesDropped,
        AtomicCounter membersSkipped,
        AtomicCounter membersClosed,
        AtomicCounter streamsBroken,
        Map<Refused, AtomicCounter> refused,
        Map<Closed, AtomicCounter> closed) {

    /** Why a front end closed a connection that it could not, or need not, tell. */
    public enum Closed {
        /** It spoke no protocol in time. */
        HANDSHAKE,
        /** It had no request for long. */
        IDLE,
        /** A WebSocket did not answer a ping. */
        NO_PONG,
        /** Its client takes too slowly what it asked for. */
        SLOW_READER,
        /** Its client let far more wait than its budget. */
        OUTBOUND_FULL,
        /** The loop held too much, and this one most for how little it moved. */
        MEMORY_HIGH
    }

    /** Those of a loop that is about to start. */
    public LoopCounters(Member member, String loop) {
        // In the order of the components above.
        this(
                member,
                loop,
                member.counter(loop + " connections"),
                member.counter(loop + " requests"),
                member.counter(loop + " responses"),
                member.counter(loop + " websockets"),
                member.counter(loop + " frames in"),
                member.counter(loop + " frames out"),
                member.counter(loop + " replies dropped"),
                member.counter(loop + " tls handshakes failed"),
                member.counter(loop + " disconnects delayed"),
                member.counter(loop + " access lines dropped"),
                member.counter(loop + " group members skipped slow"),
                member.counter(loop + " group members closed slow"),
                member.counter(loop + " streams broken off"),
                new EnumMap<>(Refused.class),
                new EnumMap<>(Closed.class));
    }

    // A counter that never counts is none: a member has room for a thousand.

    public AtomicCounter refused(Refused reason) {
        return refused.computeIfAbsent(
                reason, r -> member.counter(loop + " refused " + r.status() + " " + r.reason()));
    }

    /** Connections that were closed without an answer. */
    public AtomicCounter closed(Closed reason) {
        return closed.computeIfAbsent(
                reason,
                r -> {
                    final String word = r.name().toLowerCase(Locale.ROOT).replace('_', '-');
                    return member.counter(loop + " closed " + word);
                });
    }
}
