// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.sample;

import io.headrace.channel.Bus;
import io.headrace.member.AgentThreads;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.Agent;

/**
 * A thread that runs a member's housekeeping as often as the product does while its bus is
 * measured, and just often enough to be taken for alive while others are.
 */
public final class Housekeeping implements AutoCloseable {

    private static final long MEASURED_NS = 5_000_000L;
    private static final long IDLE_NS = 250_000_000L;

    private final Agent agent;
    private final long measuredNs;
    private final Thread thread;
    private volatile boolean measured = true;
    private volatile boolean closed;

    public Housekeeping(Agent agent) {
        this(agent, MEASURED_NS);
    }

    private Housekeeping(Agent agent, long measuredNs) {
        this.agent = agent;
        this.measuredNs = measuredNs;
        thread = new Thread(this::run, agent.roleName());
        thread.setDaemon(true);
        thread.start();
    }

    /** The page agent of a bus, which has a thread of its own. */
    public static Housekeeping pages(Bus bus) {
        return new Housekeeping(bus.pageAgent(), AgentThreads.SLEEP_MIN_NS);
    }

    /** Whether its bus is being measured. */
    public void measured(boolean value) {
        measured = value;
        LockSupport.unpark(thread);
    }

    private void run() {
        while (!closed) {
            try {
                agent.doWork();
            } catch (final Exception e) {
                throw new IllegalStateException(e);
            }
            LockSupport.parkNanos(measured ? measuredNs : IDLE_NS);
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            thread.join();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
