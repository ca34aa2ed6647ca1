// SPDX-License-Identifier: Apache-2.0
package io.headrace.simulation;

import io.headrace.channel.Bus;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ConnectionId;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.janitor.Retention;
import io.headrace.member.Member;
import io.headrace.simulation.SimulatedProcess.Killed;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;

/**
 * One bus and all its processes, run by one thread: a seed decides who goes round next, how time
 * passes, and who is killed or stopped, in the middle of a message as well. After every duty cycle
 * the {@link Ledger} looks at every message.
 *
 * <p>An agent that is interrupted stays where it is while others go round, and goes on afterwards.
 */
final class Simulation implements AutoCloseable {

    static final long HUNG_NS = 5_000 * SimulatedClock.MS;

    private static final int FRONT_END_COUNT = 2;
    private static final int WORKER_COUNT_MAX = 3;
    private static final int CONSUMERS_MAX = 2;
    private static final int DEPTH_MAX = 3;
    private static final int QUIET_ROUNDS_MAX = 2_000;

    final SimulatedClock clock = new SimulatedClock();
    final Bus bus;
    final Ledger ledger;
    private final Retention retention;
    Random random = new Random(0);

    private final List<SimulatedProcess> frontEnds = new ArrayList<>();
    private final SimulatedProcess[] workers = new SimulatedProcess[WORKER_COUNT_MAX];
    private final Map<String, LaneAppender> replyLanes = new HashMap<>();
    private final WriterSequence[] replySequences =
            new WriterSequence[WORKER_COUNT_MAX * CONSUMERS_MAX];
    private final List<SimulatedProcess> dead = new ArrayList<>();
    private int depth;
    private boolean isQuiet = true;

    /**
     * @param retentionMs how long what has ended is kept.
     */
    Simulation(Path directory, long retentionMs) {
        retention = new Retention(retentionMs, HUNG_NS);
        bus = Bus.openOrCreate(directory, clock);
        ledger = new Ledger(bus, this::mayBeLost, this::mayBeFreed);
        for (int i = 0; i < replySequences.length; i++) {
            replySequences[i] = new WriterSequence();
        }
    }

    static void fail(Throwable thrown) {
        throw new AssertionError(thrown.getMessage(), thrown);
    }

    static void check(boolean holds, Supplier<String> what) {
        if (!holds) {
            throw new AssertionError(what.get());
        }
    }

    /** Whether clients send nothing and nothing breaks any more. */
    boolean isQuiet() {
        return isQuiet;
    }

    /** Runs one seed, then lets everything come to rest and looks at the books. */
    void run(long seed) {
        random = new Random(seed * 0x9E3779B97F4A7C15L);
        prepare();
        isQuiet = false;
        for (int steps = 30 + random.nextInt(60); steps > 0; steps--) {
            step();
        }
        isQuiet = true;
        comeToRest();
    }

    private void prepare() {
        while (frontEnds.size() < FRONT_END_COUNT) {
            final SimulatedProcess process =
                    new SimulatedProcess(bus, Member.Kind.FRONT_END, "", 1, retention);
            process.add(new SimulatedFrontEnd(this, process));
            announce(process);
            frontEnds.add(process);
        }
        if (living(workers).isEmpty()) {
            startWorker();
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            startWorker();
        }
    }

    private void startWorker() {
        for (int i = 0; i < workers.length; i++) {
            if (workers[i] == null) {
                final int consumerCount = 1 + random.nextInt(CONSUMERS_MAX);
                final SimulatedProcess process =
                        new SimulatedProcess(
                                bus,
                                Member.Kind.WORKER,
                                "http.*,websocket.*",
                                consumerCount,
                                retention);
                for (int c = 0; c < consumerCount; c++) {
                    process.add(new SimulatedConsumer(this, process, c, i * CONSUMERS_MAX + c));
                }
                announce(process);
                workers[i] = process;
                return;
            }
        }
    }

    private void announce(SimulatedProcess process) {
        process.member.announce();
        bus.raiseLaneVersion();
    }

    private void step() {
        wind();
        final int dice = random.nextInt(4_000);
        if (dice < 20) {
            kill(pick(living(workers)));
        } else if (dice < 21) {
            kill(pick(frontEnds));
        } else if (dice < 40) {
            startWorker();
        } else if (dice < 50) {
            closeWorker();
        } else if (dice < 70) {
            stopOne();
        } else if (dice < 110) {
            all().forEach(process -> process.stop(false));
        } else {
            goRound();
        }
        ledger.look();
    }

    private void wind() {
        final int dice = random.nextInt(1_000);
        if (dice < 700) {
            clock.wind(random.nextInt(200_000));
        } else if (dice < 985) {
            clock.wind(random.nextInt(20) * SimulatedClock.MS);
        } else if (dice < 997) {
            clock.wind(random.nextInt(600) * SimulatedClock.MS);
        } else {
            clock.wind(random.nextInt(8_000) * SimulatedClock.MS);
        }
    }

    private void goRound() {
        final List<SimulatedProcess> processes = new ArrayList<>();
        for (final SimulatedProcess process : all()) {
            if (process.isIdle() && !process.isStopped()) {
                processes.add(process);
            }
        }
        if (!processes.isEmpty()) {
            final SimulatedProcess process = pick(processes);
            goRound(process, pick(process.agents));
        }
    }

    private void goRound(SimulatedProcess process, Agent agent) {
        if (!process.run(agent)) {
            remove(process);
        }
    }

    /** A process may be killed or kept from going on here, where it reads the time. */
    void interrupt(SimulatedProcess process) {
        if (isQuiet) {
            return;
        }
        final int dice = random.nextInt(1_000);
        if (dice < 12) {
            kill(process);
        } else if (dice < 40 && depth < DEPTH_MAX) {
            depth++;
            // What this one has done since the last step.
            ledger.look();
            final boolean wholeProcess = random.nextBoolean();
            if (wholeProcess) {
                process.stop(true);
            }
            if (random.nextInt(4) == 0) {
                clock.wind(random.nextInt(8_000) * SimulatedClock.MS);
            }
            for (int steps = random.nextInt(30); steps > 0; steps--) {
                step();
            }
            if (wholeProcess) {
                process.stop(false);
            }
            depth--;
        }
        if (process.isDead()) {
            throw new Killed(process);
        }
    }

    /** A process may be killed here, once in so many times. */
    void killPerhaps(SimulatedProcess process, int times) {
        if (!isQuiet && random.nextInt(times) == 0) {
            kill(process);
            throw new Killed(process);
        }
    }

    private void kill(SimulatedProcess process) {
        if (process != null && !process.isDead()) {
            process.kill();
            remove(process);
        }
    }

    private void stopOne() {
        final SimulatedProcess process = pick(all());
        if (process != null) {
            process.stop(true);
        }
    }

    private void closeWorker() {
        final SimulatedProcess process = pick(living(workers));
        if (process != null && process.isIdle() && !process.isStopped()) {
            process.close();
            remove(process);
        }
    }

    private void remove(SimulatedProcess process) {
        frontEnds.remove(process);
        for (int i = 0; i < workers.length; i++) {
            if (workers[i] == process) {
                workers[i] = null;
            }
        }
        if (!dead.contains(process)) {
            dead.add(process);
        }
    }

    /** Everybody goes round until every message has ended and the janitor has seen it. */
    private void comeToRest() {
        all().forEach(process -> process.stop(false));
        prepare();
        final long startNs = clock.nanoTime();
        int rounds = 0;
        while (!ledger.isSettled() || !ledger.isEveryCloseHeard(this::isOpen)) {
            check(rounds++ < QUIET_ROUNDS_MAX, () -> "not at rest: " + ledger.unsettled());
            clock.wind(rounds < 50 ? 2 * SimulatedClock.MS : 20 * SimulatedClock.MS);
            for (final SimulatedProcess process : all()) {
                for (final Agent agent : List.copyOf(process.agents)) {
                    goRound(process, agent);
                    ledger.look();
                }
            }
            if (clock.nanoTime() - startNs > 1_000 * SimulatedClock.MS) {
                ledger.checkNoneHeld(this::isDead);
            }
        }
        ledger.checkMarks();
        dead.clear();
    }

    private boolean isOpen(long connection) {
        return frontEnds.stream()
                .anyMatch(
                        process ->
                                process.member
                                        .id()
                                        .startsWith("f" + ConnectionId.member(connection) + "-"));
    }

    private boolean isDead(int consumerId) {
        return dead.stream().anyMatch(process -> process.has(consumerId));
    }

    /** Whether a claim may be taken from its holder: it is dead, or has had it for too long. */
    private boolean mayBeLost(int consumerId, long claimedNs) {
        return isDead(consumerId) || claimedNs != 0 && clock.nanoTime() - claimedNs > HUNG_NS;
    }

    private boolean mayBeFreed(int consumerId, long claimedNs) {
        return isDead(consumerId);
    }

    /** A consumer's lane to a connection's loop, or null when its front end is dead. */
    LaneAppender replyLane(long connection, int slot) {
        for (final SimulatedProcess frontEnd : frontEnds) {
            final String channel = ReplyAddress.channel(frontEnd.member.id(), 0);
            if (ReplyAddress.loopKey(channel) == ConnectionId.loopKey(connection)) {
                return replyLanes.computeIfAbsent(
                        channel + "/" + slot,
                        absent -> bus.newLane(channel, "slot" + slot + "-0", replySequences[slot]));
            }
        }
        return null;
    }

    private List<SimulatedProcess> all() {
        final List<SimulatedProcess> all = new ArrayList<>(frontEnds);
        all.addAll(living(workers));
        return all;
    }

    private static List<SimulatedProcess> living(SimulatedProcess[] processes) {
        final List<SimulatedProcess> living = new ArrayList<>();
        for (final SimulatedProcess process : processes) {
            if (process != null) {
                living.add(process);
            }
        }
        return living;
    }

    private <T> T pick(List<T> all) {
        return all.isEmpty() ? null : all.get(random.nextInt(all.size()));
    }

    @Override
    public void close() {
        ledger.close();
        all().forEach(SimulatedProcess::close);
        CloseHelper.closeAll(replyLanes.values());
        bus.close();
    }
}
