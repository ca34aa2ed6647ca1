// SPDX-License-Identifier: Apache-2.0
package io.headrace.member;

import io.headrace.HeadraceException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.IdleStrategy;

/**
 * The threads of a member, one for each agent. What they throw goes to its error log. Started and
 * closed by one thread.
 */
public final class AgentThreads {

    /**
     * How long an agent in the background sleeps while its rounds have much to do: each takes the
     * processor from somebody, so they are few.
     */
    public static final long SLEEP_MIN_NS = 20_000_000L;

    /** How an agent in the background sleeps. */
    public interface Sleep {

        /** Sleeps for a time, or until something is to be done. */
        void sleep(long maxNs);

        /** Ends its sleep; any thread. */
        void wake(Thread sleeper);

        /** What its sleep shrinks to, while its rounds have much to do. */
        default long minNs() {
            return SLEEP_MIN_NS;
        }

        /** What its sleep grows to, while there is little to do. */
        long maxNs();
    }

    /** Sleeps for times that nothing cuts short but the end. */
    public record Parked(long minNs, long maxNs) implements Sleep {

        @Override
        public void sleep(long ns) {
            LockSupport.parkNanos(ns);
        }

        @Override
        public void wake(Thread sleeper) {
            LockSupport.unpark(sleeper);
        }
    }

    // By how much a sleep grows each round.
    private static final long SLEEP_STEP_NS = 10_000_000L;

    /** Goes on after an Error: a runner ends with one, and nobody else does what it did. */
    private record Surviving(Agent agent) implements Agent {

        @Override
        public void onStart() {
            agent.onStart();
        }

        @Override
        public int doWork() throws Exception {
            try {
                return agent.doWork();
            } catch (final Error e) {
                throw new HeadraceException(roleName() + " goes on after " + e, e);
            }
        }

        @Override
        public void onClose() {
            agent.onClose();
        }

        @Override
        public String roleName() {
            return agent.roleName();
        }
    }

    private record Running(AgentRunner runner, IdleStrategy idleStrategy, Thread thread) {}

    private final Member member;
    private final List<Running> all = new ArrayList<>();

    public AgentThreads(Member member) {
        this.member = member;
    }

    /** Starts an agent on a thread of its own. */
    public Thread start(Agent agent, IdleStrategy idleStrategy) {
        final AgentRunner runner =
                new AgentRunner(
                        idleStrategy,
                        member.errorLog()::record,
                        member.counter(agent.roleName() + " errors"),
                        new Surviving(agent));
        // The runner knows its thread only once that runs.
        final Thread thread = AgentRunner.startOnThread(runner);
        all.add(new Running(runner, idleStrategy, thread));
        return thread;
    }

    /**
     * Starts an agent that nobody waits for: it sleeps between its rounds.
     *
     * @param muchWork what it has to have done in a round for the next to follow in half the time.
     */
    public Thread startInBackground(Agent agent, int muchWork, Sleep sleep) {
        return start(agent, inBackground(muchWork, sleep));
    }

    /** Starts the page agent of the member's bus. */
    public Thread startPages(Agent pageAgent) {
        return start(pageAgent, ofPages());
    }

    /** How a page agent sleeps: after work in long strides, which are few. */
    public static IdleStrategy ofPages() {
        return inBackground(2, new Parked(50_000_000L, 250_000_000L));
    }

    /** How an agent that nobody waits for sleeps between its rounds, on whatever thread. */
    public static IdleStrategy inBackground(int muchWork, Sleep sleep) {
        return new BackgroundIdleStrategy(muchWork, sleep);
    }

    public boolean isEmpty() {
        return all.isEmpty();
    }

    /** Whether none has ended. */
    public boolean areAlive() {
        return all.stream().allMatch(running -> running.thread.isAlive());
    }

    /**
     * Ends them, the first to start last, each when its round is over.
     *
     * @param interruptMs how long a round may take before its thread is interrupted.
     */
    public void close(int interruptMs) {
        for (int i = all.size() - 1; i >= 0; i--) {
            final Running running = all.get(i);
            if (running.idleStrategy instanceof BackgroundIdleStrategy background) {
                background.closing = true;
                background.sleep.wake(running.thread);
            }
            running.runner.close(interruptMs, hung -> {});
            // The runner does not wait for one that has not begun to run.
            join(running.thread);
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static final class BackgroundIdleStrategy implements IdleStrategy {

        private final int muchWork;
        private final Sleep sleep;
        private long sleepNs;
        private volatile boolean closing;

        BackgroundIdleStrategy(int muchWork, Sleep sleep) {
            this.muchWork = muchWork;
            this.sleep = sleep;
            this.sleepNs = sleep.minNs();
        }

        @Override
        public void idle(int workCount) {
            adapt(workCount);
            idle();
        }

        /** How long it sleeps after a round that has done so much. */
        long adapt(int workCount) {
            sleepNs =
                    workCount >= muchWork
                            ? Math.max(sleepNs / 2, sleep.minNs())
                            : Math.min(sleepNs + SLEEP_STEP_NS, sleep.maxNs());
            return sleepNs;
        }

        @Override
        public void idle() {
            if (!closing) {
                sleep.sleep(sleepNs);
            }
        }

        @Override
        public void reset() {
            sleepNs = sleep.minNs();
        }
    }
}
