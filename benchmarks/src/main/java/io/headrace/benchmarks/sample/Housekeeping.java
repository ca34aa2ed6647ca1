// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.sample;

import io.headrace.channel.Bus;
import io.headrace.janitor.Janitor;
import io.headrace.member.AgentThreads;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.IdleStrategy;

/**
 * A thread that runs an agent of a member as often as the product does while its bus is measured,
 * and just often enough for the member to be taken for alive while others are.
 */
public final class Housekeeping implements AutoCloseable {

    private static final long REST_NS = 250_000_000L;

    private final Agent agent;
    private final IdleStrategy idleStrategy;
    private final Thread thread;
    private volatile boolean measured = true;
    private volatile boolean closed;

    private Housekeeping(Agent agent, IdleStrategy idleStrategy) {
        this.agent = agent;
        this.idleStrategy = idleStrategy;
        thread = new Thread(this::run, agent.roleName());
        thread.setDaemon(true);
        thread.start();
    }

    /** What keeps a member alive. */
    public static Housekeeping of(Agent agent) {
        final AgentThreads.Sleep sleep =
                new AgentThreads.Parked(AgentThreads.SLEEP_MIN_NS, REST_NS);
        return new Housekeeping(agent, AgentThreads.inBackground(Janitor.MUCH_WORK, sleep));
    }

    /** The page agent of a bus, which has a thread of its own. */
    public static Housekeeping pages(Bus bus) {
        return new Housekeeping(bus.pageAgent(), AgentThreads.ofPages());
    }

    /** Whether its bus is being measured. */
    public void measured(boolean value) {
        measured = value;
        LockSupport.unpark(thread);
    }

    private void run() {
        while (!closed) {
            final int work;
            try {
                work = agent.doWork();
            } catch (final Exception e) {
                throw new IllegalStateException(e);
            }
            if (measured) {
                idleStrategy.idle(work);
            } else {
                LockSupport.parkNanos(REST_NS);
            }
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
