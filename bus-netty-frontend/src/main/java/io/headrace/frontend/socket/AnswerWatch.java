// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.frontend.exchange.Ingress;
import io.headrace.frontend.exchange.Ingresses;
import io.headrace.frontend.exchange.Refused;
import io.headrace.presence.ConnectionTable;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.agrona.concurrent.status.AtomicCounter;

/**
 * Sees to it that every request of a loop that was appended is answered: in time, wholly, and at
 * once when nobody will answer it any more.
 */
final class AnswerWatch {

    // How often a request that waits is asked after: for a hung worker, and for expiry.
    private static final long CHECK_INTERVAL_NS = 500_000_000L;
    // About 1 ms.
    private static final int CHECKS_PER_POLL = 1_000;

    private final Ingresses ingresses;
    private final ConnectionTable table;
    private final AtomicCounter streamsBroken;
    private final long responseTimeoutNs;
    private final long handshakeTimeoutNs;
    private final Watched checks = new Watched();
    // All requests have the same time, and all handshakes: who began first is the first to end.
    private final Watched responseDeadlines = new Watched();
    private final Watched handshakeDeadlines = new Watched();
    private final Set<Exchange> streaming = new LinkedHashSet<>();
    private long lastCheckNumber;
    // Those up to it have waited since members came or went, and are asked after first.
    private long hurriedCheckNumber;
    // Whether one may have a worker that has died since they were looked after.
    private boolean mayBreak;

    AnswerWatch(
            Ingresses ingresses,
            ConnectionTable table,
            AtomicCounter streamsBroken,
            long responseTimeoutNs,
            long handshakeTimeoutNs) {
        this.ingresses = ingresses;
        this.table = table;
        this.streamsBroken = streamsBroken;
        this.responseTimeoutNs = responseTimeoutNs;
        this.handshakeTimeoutNs = handshakeTimeoutNs;
    }

    void start(Exchange exchange) {
        checkLater(exchange);
        restart(exchange);
    }

    private void checkLater(Exchange exchange) {
        exchange.checkNs = ingresses.nowNs() + CHECK_INTERVAL_NS;
        exchange.checkNumber = ++lastCheckNumber;
        exchange.checkLast(checks);
    }

    /** Gives a request that is waited for all its time again. */
    void restart(Exchange exchange) {
        if (exchange.isWatched()) {
            final boolean isHandshake = exchange.isHandshake;
            final long timeoutNs = isHandshake ? handshakeTimeoutNs : responseTimeoutNs;
            exchange.deadlineNs = ingresses.nowNs() + timeoutNs;
            exchange.endLast(isHandshake ? handshakeDeadlines : responseDeadlines);
        }
    }

    void stop(Exchange exchange) {
        exchange.leave();
    }

    /** Answers requests that have waited too long with 504, and asks after those that are due. */
    int poll(long nowNs) {
        int count = 0;
        while (count < CHECKS_PER_POLL
                && (endFirst(responseDeadlines, nowNs)
                        || endFirst(handshakeDeadlines, nowNs)
                        || checkFirst(nowNs))) {
            count++;
        }
        return count;
    }

    private boolean endFirst(Watched deadlines, long nowNs) {
        if (deadlines.nextDeadline.deadlineNs > nowNs) {
            return false;
        }
        final Exchange exchange = (Exchange) deadlines.nextDeadline;
        stop(exchange);
        if (!exchange.isHandshake) {
            exchange.ingress.requests().cancel(exchange.index);
        }
        refuse(exchange, Refused.NO_ANSWER);
        return true;
    }

    private boolean checkFirst(long nowNs) {
        final Watched first = checks.nextCheck;
        if (first.checkNs > nowNs && first.checkNumber > hurriedCheckNumber) {
            return false;
        }
        final Exchange exchange = (Exchange) first;
        checkLater(exchange);
        refuseIfOver(exchange);
        return true;
    }

    /** Answers a request that nobody will answer any more. */
    private void refuseIfOver(Exchange exchange) {
        final Ingress ingress = exchange.ingress;
        if (exchange.isHandshake) {
            // Its time is short enough for anything else that may happen to its worker.
            if (!ingress.isWebSocketServed()) {
                refuse(exchange, Refused.NO_WORKER);
            }
            return;
        }
        switch (ingress.requests().standing(exchange.index, ingresses.nowNs())) {
            case WORKER_DIED -> refuse(exchange, Refused.WORKER_DIED);
            case WORKER_HUNG, EXPIRED -> refuse(exchange, Refused.NO_ANSWER);
            case PENDING -> {
                if (!ingress.isHttpServed() && ingress.requests().cancel(exchange.index)) {
                    refuse(exchange, Refused.NO_WORKER);
                }
            }
            default -> {
                // What got the parts of its body was in that process.
                if (exchange.holder != 0 && ingress.members().isDead(exchange.holder)) {
                    refuse(exchange, Refused.WORKER_DIED);
                }
            }
        }
    }

    private static void refuse(Exchange exchange, Refused refused) {
        exchange.connection.exchanges().refuse(exchange, refused);
    }

    /** Members have come or gone: all that wait are asked after now, in this poll or the next. */
    void onMembersChanged() {
        hurriedCheckNumber = lastCheckNumber;
        mayBreak = true;
    }

    /**
     * A request needs nothing any more that others could see: it is answered, or its client left.
     */
    void end(Exchange exchange) {
        stop(exchange);
        if (exchange.slot != ConnectionTable.NO_SLOT && exchange.stream == null) {
            table.close(exchange.slot);
            exchange.slot = ConnectionTable.NO_SLOT;
        }
    }

    void onStreamStart(Exchange exchange) {
        streaming.add(exchange);
        mayBreak = true;
    }

    void onStreamEnd(Exchange exchange) {
        streaming.remove(exchange);
        if (exchange.slot != ConnectionTable.NO_SLOT) {
            table.close(exchange.slot);
            exchange.slot = ConnectionTable.NO_SLOT;
        }
    }

    /**
     * Breaks answers off whose worker has died in the middle of them; called when there is no reply
     * left to be polled.
     */
    int breakOffStreams() {
        if (!mayBreak) {
            return 0;
        }
        mayBreak = false;
        final List<Exchange> broken =
                streaming.stream()
                        .filter(
                                exchange ->
                                        exchange.ingress.members().isDead(exchange.stream.worker()))
                        .toList();
        for (final Exchange exchange : broken) {
            streamsBroken.incrementRelease();
            exchange.connection.exchanges().breakOff(exchange);
        }
        return broken.size();
    }
}
