// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.frontend.exchange.Ingress;
import io.headrace.frontend.exchange.Ingresses;
import io.headrace.frontend.exchange.Refused;
import io.headrace.presence.ConnectionTable;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.agrona.DeadlineTimerWheel;
import org.agrona.collections.Long2ObjectHashMap;
import org.agrona.concurrent.status.AtomicCounter;

/**
 * Sees to it that every request of a loop that was appended is answered: in time, wholly, and at
 * once when nobody will answer it any more.
 */
final class AnswerWatch {

    // About 8 ms: a power of two, as the wheel wants it.
    private static final long TICK_NS = 1L << 23;
    // How often a request that waits is asked after: for a hung worker, and for expiry.
    private static final long CHECK_INTERVAL_NS = 500_000_000L;
    private static final int TIMERS_PER_POLL = 1_000;

    private final Ingresses ingresses;
    private final ConnectionTable table;
    private final AtomicCounter streamsBroken;
    private final long responseTimeoutNs;
    private final long handshakeTimeoutNs;
    private final DeadlineTimerWheel wheel;
    private final Long2ObjectHashMap<Exchange> byTimer = new Long2ObjectHashMap<>();
    private final Set<Exchange> streaming = new LinkedHashSet<>();
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
        this.wheel = new DeadlineTimerWheel(TimeUnit.NANOSECONDS, ingresses.nowNs(), TICK_NS, 256);
    }

    void start(Exchange exchange) {
        final long timeoutNs = exchange.isHandshake ? handshakeTimeoutNs : responseTimeoutNs;
        exchange.deadlineNs = ingresses.nowNs() + timeoutNs;
        schedule(exchange);
    }

    private void schedule(Exchange exchange) {
        final long checkNs = ingresses.nowNs() + CHECK_INTERVAL_NS;
        exchange.timer = wheel.scheduleTimer(Math.min(exchange.deadlineNs, checkNs));
        byTimer.put(exchange.timer, exchange);
    }

    void stop(Exchange exchange) {
        if (exchange.timer != Exchange.NO_TIMER) {
            wheel.cancelTimer(exchange.timer);
            byTimer.remove(exchange.timer);
            exchange.timer = Exchange.NO_TIMER;
        }
    }

    /** Answers requests that have waited too long with 504. */
    int poll(long nowNs) {
        int count = 0;
        // The wheel takes one tick a poll, and the loop may have slept for many.
        do {
            count += wheel.poll(nowNs, this::onTimer, TIMERS_PER_POLL);
        } while (count < TIMERS_PER_POLL && wheel.currentTickTime() <= nowNs);
        return count;
    }

    private boolean onTimer(TimeUnit unit, long nowNs, long timerId) {
        final Exchange exchange = byTimer.remove(timerId);
        if (exchange != null) {
            exchange.timer = Exchange.NO_TIMER;
            if (nowNs >= exchange.deadlineNs) {
                if (!exchange.isHandshake) {
                    exchange.ingress.requests().cancel(exchange.index);
                }
                exchange.connection.exchanges().refuse(exchange, Refused.NO_ANSWER);
            } else if (!endIfOver(exchange)) {
                schedule(exchange);
            }
        }
        return true;
    }

    /** Answers a request that nobody will answer any more; false when somebody may. */
    private boolean endIfOver(Exchange exchange) {
        final Ingress ingress = exchange.ingress;
        if (exchange.isHandshake) {
            // Its time is short enough for anything else that may happen to its worker.
            if (!ingress.isWebSocketServed()) {
                exchange.connection.exchanges().refuse(exchange, Refused.NO_WORKER);
            }
            return !ingress.isWebSocketServed();
        }
        switch (ingress.requests().standing(exchange.index, ingresses.nowNs())) {
            case WORKER_DIED ->
                    exchange.connection.exchanges().refuse(exchange, Refused.WORKER_DIED);
            case WORKER_HUNG, EXPIRED ->
                    exchange.connection.exchanges().refuse(exchange, Refused.NO_ANSWER);
            case PENDING -> {
                if (ingress.isHttpServed() || !ingress.requests().cancel(exchange.index)) {
                    return false;
                }
                exchange.connection.exchanges().refuse(exchange, Refused.NO_WORKER);
            }
            default -> {
                if (exchange.holder == 0 || !ingress.members().isDead(exchange.holder)) {
                    return false;
                }
                // What got the parts of its body was in that process.
                exchange.connection.exchanges().refuse(exchange, Refused.WORKER_DIED);
            }
        }
        return true;
    }

    /** Looks after all waiting requests when members have come or gone. */
    void onMembersChanged() {
        new ArrayList<>(byTimer.values()).forEach(this::endIfOver);
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
