// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import io.headrace.member.Member;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import org.agrona.concurrent.status.AtomicCounter;

/** The counters of one event loop, written by its thread alone. */
public final class LoopCounters {

    private final AtomicCounter connections;
    private final AtomicCounter requests;
    private final AtomicCounter responses;
    private final AtomicCounter webSockets;
    private final AtomicCounter framesIn;
    private final AtomicCounter framesOut;
    private final AtomicCounter repliesDropped;
    private final AtomicCounter tlsFailures;
    private final AtomicCounter disconnectsDelayed;
    private final AtomicCounter accessLinesDropped;
    private final AtomicCounter membersSkipped;
    private final AtomicCounter membersClosed;
    private final AtomicCounter streamsBroken;
    private final Map<Refused, AtomicCounter> refused = new EnumMap<>(Refused.class);
    private final Map<Closed, AtomicCounter> closed = new EnumMap<>(Closed.class);
    private final Member member;
    private final String loop;

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

    public LoopCounters(Member member, String loop) {
        this.member = member;
        this.loop = loop;
        connections = member.counter(loop + " connections");
        requests = member.counter(loop + " requests");
        responses = member.counter(loop + " responses");
        webSockets = member.counter(loop + " websockets");
        framesIn = member.counter(loop + " frames in");
        framesOut = member.counter(loop + " frames out");
        repliesDropped = member.counter(loop + " replies dropped");
        tlsFailures = member.counter(loop + " tls handshakes failed");
        disconnectsDelayed = member.counter(loop + " disconnects delayed");
        accessLinesDropped = member.counter(loop + " access lines dropped");
        membersSkipped = member.counter(loop + " group members skipped slow");
        membersClosed = member.counter(loop + " group members closed slow");
        streamsBroken = member.counter(loop + " streams broken off");
    }

    /** Open connections: sockets of HTTP/1 and WebSockets, and streams of HTTP/2. */
    public AtomicCounter connections() {
        return connections;
    }

    public AtomicCounter requests() {
        return requests;
    }

    /** Responses that workers sent and clients were given. */
    public AtomicCounter responses() {
        return responses;
    }

    /** Open WebSockets. */
    public AtomicCounter webSockets() {
        return webSockets;
    }

    public AtomicCounter framesIn() {
        return framesIn;
    }

    public AtomicCounter framesOut() {
        return framesOut;
    }

    /** Connections that did not get through their TLS handshake. */
    public AtomicCounter tlsFailures() {
        return tlsFailures;
    }

    /** Replies to connections or requests that are unknown, gone or answered already. */
    public AtomicCounter repliesDropped() {
        return repliesDropped;
    }

    /** Disconnects and closes that could not be appended at once. */
    public AtomicCounter disconnectsDelayed() {
        return disconnectsDelayed;
    }

    /** Lines of the access log that did not fit into its queue. */
    public AtomicCounter accessLinesDropped() {
        return accessLinesDropped;
    }

    /** Datagrams that members of groups missed, because they do not keep up. */
    public AtomicCounter membersSkipped() {
        return membersSkipped;
    }

    /** Members of groups that were closed, because they do not keep up. */
    public AtomicCounter membersClosed() {
        return membersClosed;
    }

    /** Responses in parts whose worker died in the middle of them. */
    public AtomicCounter streamsBroken() {
        return streamsBroken;
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
