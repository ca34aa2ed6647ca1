// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import io.headrace.member.Member;
import java.util.EnumMap;
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
    private final AtomicCounter disconnectsDelayed;
    private final Map<Refused, AtomicCounter> refused = new EnumMap<>(Refused.class);

    public LoopCounters(Member member, String loop) {
        connections = member.counter(loop + " connections");
        requests = member.counter(loop + " requests");
        responses = member.counter(loop + " responses");
        webSockets = member.counter(loop + " websockets");
        framesIn = member.counter(loop + " frames in");
        framesOut = member.counter(loop + " frames out");
        repliesDropped = member.counter(loop + " replies dropped");
        disconnectsDelayed = member.counter(loop + " disconnects delayed");
        for (final Refused reason : Refused.values()) {
            refused.put(
                    reason,
                    member.counter(loop + " refused " + reason.status() + " " + reason.reason()));
        }
    }

    /** Open sockets. */
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

    /** Replies to connections or requests that are unknown, gone or answered already. */
    public AtomicCounter repliesDropped() {
        return repliesDropped;
    }

    /** Disconnects and closes that could not be appended at once. */
    public AtomicCounter disconnectsDelayed() {
        return disconnectsDelayed;
    }

    public AtomicCounter refused(Refused reason) {
        return refused.get(reason);
    }
}
