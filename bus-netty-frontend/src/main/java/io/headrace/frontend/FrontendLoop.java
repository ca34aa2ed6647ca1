// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import io.headrace.channel.bell.Bell;
import io.headrace.frontend.exchange.Egress;
import io.headrace.frontend.exchange.Ingresses;
import io.headrace.frontend.socket.Connections;
import io.headrace.frontend.socket.listen.Listener;
import io.headrace.worker.DoorbellIdleStrategy;
import io.headrace.worker.IdleStrategies;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.IdleStrategy;

/**
 * One event loop of a front end. A duty cycle does sockets, then replies, then one flush, all on
 * one thread: what comes in is appended where it is read, and what comes back is written where its
 * connection lives.
 */
final class FrontendLoop implements Agent {

    // How late what is due by the clock may be.
    private static final long SLEEP_MAX_NS = 100_000_000L;
    static final long DRAIN_TIMEOUT_NS = 10_000_000_000L;

    private final String name;
    private final Listener listener;
    private final Ingresses ingresses;
    private final Connections connections;
    private final Egress egress;
    private final AtomicLong cycleNs = new AtomicLong();
    // How far it had appended before the cycle that brought the last reply.
    private long answeredSequence;
    private int workAsleep;
    private long drainDeadlineNs;
    private volatile boolean drainRequested;
    private volatile boolean drained;

    FrontendLoop(
            String name,
            Listener listener,
            Ingresses ingresses,
            Connections connections,
            Egress egress) {
        this.name = name;
        this.listener = listener;
        this.ingresses = ingresses;
        this.connections = connections;
        this.egress = egress;
    }

    /**
     * The strategy by its name; {@code backoff} and {@code doorbell} sleep in the selector, where a
     * socket's event wakes it at once. Called before it starts.
     *
     * @param bell empty to let replies wait for the end of the sleep.
     */
    IdleStrategy idleStrategy(String idle, Optional<Bell> bell) {
        bell.ifPresent(listener::bell);
        return idle.equals(IdleStrategies.BACKOFF) || idle.equals(IdleStrategies.DOORBELL)
                ? new DoorbellIdleStrategy(
                        bell,
                        this::waitForSockets,
                        () -> 0,
                        this::expectsReply,
                        this::mayRest,
                        SLEEP_MAX_NS,
                        System::nanoTime)
                : IdleStrategies.byName(idle);
    }

    /** Whether it has appended something since the last replies, or while they came. */
    boolean expectsReply() {
        return ingresses.lastSequence() != answeredSequence;
    }

    private boolean mayRest() {
        return !drainRequested && !connections.isWaiting();
    }

    private void waitForSockets(long waitNs) {
        // Handlers run in here too, so the time they read must not be from before the sleep.
        ingresses.onWake();
        workAsleep = listener.waitForSockets(waitNs);
    }

    @Override
    public void onStart() {
        listener.start(Thread.currentThread());
    }

    @Override
    public int doWork() {
        final boolean membersChanged = ingresses.beginCycle();
        cycleNs.lazySet(ingresses.nowNs());
        final long appended = ingresses.lastSequence();
        // What was read in a sleep has ended it: without it, the next sleep would begin at once.
        int work = workAsleep + listener.poll();
        workAsleep = 0;
        final int replies = egress.poll(ingresses.nowNs());
        answeredSequence = replies == 0 ? answeredSequence : appended;
        if (membersChanged) {
            connections.onMembersChanged();
        }
        work += replies + (replies == 0 ? connections.breakOffStreams() : 0);
        work += connections.doWork(ingresses.nowNs());
        work += connections.flush();
        if (drainRequested) {
            work += drain();
        }
        return work;
    }

    private int drain() {
        if (drainDeadlineNs == 0) {
            drainDeadlineNs = ingresses.nowNs() + DRAIN_TIMEOUT_NS;
            listener.stopListening();
            connections.drain();
            connections.flush();
            return 1;
        }
        drained = connections.count() == 0 || ingresses.nowNs() > drainDeadlineNs;
        return 0;
    }

    /**
     * Asks the loop to stop listening, to answer what is in flight, and to close WebSockets with
     * 1001.
     */
    void requestDrain() {
        drainRequested = true;
    }

    /** Bus time at which it went round last; any thread. */
    long cycleNs() {
        return cycleNs.get();
    }

    boolean isDrained() {
        return drained;
    }

    @Override
    public void onClose() {
        connections.closeAll();
        listener.close();
        connections.release();
        CloseHelper.quietCloseAll(egress, ingresses);
    }

    @Override
    public String roleName() {
        return name;
    }
}
