// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * What happens to the workers of a run: kills (-9), stops (SIGSTOP, and SIGCONT after a while that
 * may be longer than a lease), restarts (SIGTERM), additions and removals. Kills are spread evenly
 * over the time; replacements are started ahead, so that a few workers are always ready. The seed
 * decides what happens next; when, and to which process id, is the machine's affair.
 */
final class Faults {

    /** What was done to a worker, and when: from the signal to the end, or to SIGCONT. */
    record Fault(Kind kind, long pid, long fromNs, long toNs) {}

    /** The order is nobody's. */
    enum Kind {
        KILL,
        STOP,
        RESTART
    }

    private static final int CONSUMERS = 4;
    private static final int WORKERS_MIN = 3;
    private static final int WORKERS_MAX = 6;
    private static final int STARTING_MAX = 1;
    private static final long LOOK_NS = 2_000_000L;
    private static final int STOP_MAX_MS = 4_000;

    private final BusProcesses processes;
    private final Random random;
    private final int killsWanted;
    private final long durationNs;
    private final List<BusProcess> workers = new ArrayList<>();
    private final List<CompletableFuture<Void>> pending = new ArrayList<>();
    private final Queue<Fault> faults = new ConcurrentLinkedQueue<>();
    private final Queue<String> problems = new ConcurrentLinkedQueue<>();
    private int workersWanted = 4;

    Faults(BusProcesses processes, long seed, int kills, long durationNs) {
        this.processes = processes;
        this.random = new Random(seed);
        this.killsWanted = kills;
        this.durationNs = durationNs;
    }

    /** Starts the first workers and waits until they are ready. */
    void start() {
        while (workers.size() < workersWanted) {
            workers.add(processes.startWorker(CONSUMERS));
        }
        workers.forEach(BusProcess::awaitReady);
    }

    /** Runs for the duration, and longer when that was too short for all kills. */
    void run() {
        final long endNs = System.nanoTime() + durationNs;
        final long lastNs = endNs + 2 * durationNs;
        int kills = 0;
        while (kills < killsWanted && System.nanoTime() < lastNs) {
            final long pauseNs = Math.max(0, endNs - System.nanoTime()) / (killsWanted - kills);
            pause((long) (pauseNs * (0.5 + random.nextDouble())));
            otherFault();
            if (kill()) {
                kills++;
            }
        }
        pause(endNs - System.nanoTime());
    }

    /** Waits until nothing is stopped, ending or starting any more. */
    void settle() {
        pending.forEach(CompletableFuture::join);
        keepUp();
        workers.forEach(BusProcess::awaitReady);
    }

    private void pause(long ns) {
        final long endNs = System.nanoTime() + ns;
        do {
            keepUp();
            LockSupport.parkNanos(Math.max(1, Math.min(LOOK_NS, endNs - System.nanoTime())));
        } while (System.nanoTime() < endNs);
    }

    /** Starts what is missing, and notices what has ended without being told to. */
    private void keepUp() {
        for (final BusProcess worker : List.copyOf(workers)) {
            if (!worker.isAlive()) {
                workers.remove(worker);
                problems.add(worker + " ended with " + worker.awaitExit() + ": " + worker.errors());
            }
        }
        while (workers.size() < workersWanted
                && workers.stream().filter(worker -> !worker.isReady()).count() < STARTING_MAX) {
            workers.add(processes.startWorker(CONSUMERS));
        }
    }

    private void otherFault() {
        switch (random.nextInt(12)) {
            case 0 -> workersWanted = Math.min(WORKERS_MAX, workersWanted + 1);
            case 1 -> remove();
            case 2, 3 -> restart();
            case 4, 5 -> stop();
            default -> {
                // Nothing beside the kill.
            }
        }
    }

    private boolean kill() {
        // Some die before they are ready, and some while they are stopped.
        final int whom = random.nextInt(16);
        BusProcess victim = null;
        if (whom == 0) {
            victim = pick(worker -> !worker.isReady());
        } else if (whom == 1) {
            victim = pick(BusProcess::isStopped);
        }
        if (victim == null) {
            awaitRunning();
            victim = pick(Faults::isRunning);
        }
        workers.remove(victim);
        final long fromNs = System.nanoTime();
        victim.kill();
        faults.add(new Fault(Kind.KILL, victim.pid(), fromNs, System.nanoTime()));
        return true;
    }

    private void stop() {
        awaitRunning();
        final BusProcess worker = pick(Faults::isRunning);
        final long ns = (50L + random.nextInt(STOP_MAX_MS)) * 1_000_000L;
        final long fromNs = System.nanoTime();
        worker.stop();
        pending.add(
                CompletableFuture.runAsync(
                        () -> {
                            LockSupport.parkNanos(ns);
                            worker.resume();
                            faults.add(
                                    new Fault(Kind.STOP, worker.pid(), fromNs, System.nanoTime()));
                        },
                        BusProcess::onThread));
    }

    private void restart() {
        awaitRunning();
        final BusProcess worker = pick(Faults::isRunning);
        workers.remove(worker);
        final long fromNs = System.nanoTime();
        worker.terminate();
        pending.add(
                CompletableFuture.runAsync(
                        () -> {
                            final int code = worker.awaitExit();
                            faults.add(
                                    new Fault(
                                            Kind.RESTART, worker.pid(), fromNs, System.nanoTime()));
                            if (code != 0) {
                                problems.add(worker + " ended with " + code + " after SIGTERM");
                            }
                        },
                        BusProcess::onThread));
    }

    private void remove() {
        if (workersWanted > WORKERS_MIN) {
            workersWanted--;
            restart();
        }
    }

    /** Waits until one worker may fall out and another still answers. */
    private void awaitRunning() {
        while (workers.stream().filter(Faults::isRunning).count() < 2) {
            pause(LOOK_NS);
        }
    }

    private static boolean isRunning(BusProcess worker) {
        return worker.isReady() && !worker.isStopped();
    }

    private BusProcess pick(Predicate<BusProcess> which) {
        final List<BusProcess> some = workers.stream().filter(which).toList();
        return some.isEmpty() ? null : some.get(random.nextInt(some.size()));
    }

    List<BusProcess> workers() {
        return workers;
    }

    List<Fault> faults() {
        return List.copyOf(faults);
    }

    int count(Kind kind) {
        return (int) faults.stream().filter(fault -> fault.kind == kind).count();
    }

    /** What should not have happened to any worker. */
    List<String> problems() {
        return List.copyOf(problems);
    }
}
