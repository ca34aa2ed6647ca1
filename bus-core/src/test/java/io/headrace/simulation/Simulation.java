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
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.agrona.CloseHelper;
import org.agrona.collections.Int2IntCounterMap;
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
    private static final int PASSES_MIN = 16;
    // Fewer than there are: whether there are any at all is what matters.
    private static final int PLACES_MIN = 90;
    private static final long CLEAN_UP_NS = 30_000 * SimulatedClock.MS;
    private static final int QUIET_ROUNDS_MAX = 2_000;

    final SimulatedClock clock = new SimulatedClock();
    final Bus bus;
    final Ledger ledger;
    private final Retention retention;
    Random random = new Random(0);

    private final SimulatedProcesses processes = new SimulatedProcesses(WORKER_COUNT_MAX);
    private final Map<String, LaneAppender> replyLanes = new HashMap<>();
    private final WriterSequence[] replySequences =
            new WriterSequence[WORKER_COUNT_MAX * CONSUMERS_MAX];
    // How often each place in the product's code was passed where it may be interrupted.
    private final Int2IntCounterMap passes = new Int2IntCounterMap(0);
    private SimulatedProcess running;
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
        Interruption.at(this::onPoint);
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
        while (processes.frontEnds().size() < FRONT_END_COUNT) {
            startFrontEnd();
        }
        if (processes.workers().isEmpty()) {
            startWorker();
        }
        for (int i = random.nextInt(3); i > 0; i--) {
            startWorker();
        }
    }

    private void startFrontEnd() {
        if (processes.frontEnds().size() < FRONT_END_COUNT) {
            final SimulatedProcess process =
                    new SimulatedProcess(bus, Member.Kind.FRONT_END, "", 1, retention);
            processes.addFrontEnd(process);
            goRound(
                    process,
                    SimulatedProcess.once(
                            () -> process.start(p -> p.add(new SimulatedFrontEnd(this, p)))));
        }
    }

    private void startWorker() {
        final int place = processes.freePlace();
        if (place < 0) {
            return;
        }
        final int consumerCount = 1 + random.nextInt(CONSUMERS_MAX);
        final SimulatedProcess process =
                new SimulatedProcess(
                        bus, Member.Kind.WORKER, "http.*,websocket.*", consumerCount, retention);
        processes.addWorker(place, process);
        goRound(
                process,
                SimulatedProcess.once(
                        () ->
                                process.start(
                                        p ->
                                                addConsumers(
                                                        p, consumerCount, place * CONSUMERS_MAX))));
    }

    private void addConsumers(SimulatedProcess process, int count, int firstSlot) {
        for (int c = 0; c < count; c++) {
            process.add(new SimulatedConsumer(this, process, c, firstSlot + c));
        }
    }

    private void step() {
        wind();
        final int dice = random.nextInt(4_000);
        if (dice < 20) {
            kill(pick(processes.workers()));
        } else if (dice < 21) {
            kill(pick(processes.frontEnds()));
        } else if (dice < 40) {
            startWorker();
        } else if (dice < 42) {
            startFrontEnd();
        } else if (dice < 50) {
            closeWorker();
        } else if (dice < 70) {
            stopOne();
        } else if (dice < 110) {
            processes.all().forEach(process -> process.stop(false));
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
        final List<SimulatedProcess> ready = new ArrayList<>();
        for (final SimulatedProcess process : processes.all()) {
            if (!process.idleAgents().isEmpty() && !process.isStopped()) {
                ready.add(process);
            }
        }
        if (!ready.isEmpty()) {
            final SimulatedProcess process = pick(ready);
            goRound(process, pick(process.idleAgents()));
        }
    }

    private void goRound(SimulatedProcess process, Agent agent) {
        final SimulatedProcess before = running;
        running = process;
        try {
            if (!process.run(agent)) {
                processes.remove(process);
            }
        } finally {
            running = before;
        }
    }

    /** Lets nobody else go on meanwhile. */
    <T> T atOnce(Supplier<T> action) {
        final SimulatedProcess before = running;
        running = null;
        try {
            return action.get();
        } finally {
            running = before;
        }
    }

    private void onPoint(int number) {
        if (running != null && !isQuiet) {
            if (running.isDead()) {
                if (running.isIdle()) {
                    return;
                }
                throw new Killed(running);
            }
            // Where hardly anybody passes as well as in the middle of a loop.
            if (random.nextInt(PASSES_MIN + passes.incrementAndGet(number) / 4) == 0) {
                interrupt(running, random.nextInt(3) == 0);
            }
        }
    }

    /** A process may be killed or kept from going on here, where it reads the time. */
    void interrupt(SimulatedProcess process) {
        if (isQuiet) {
            return;
        }
        final int dice = random.nextInt(1_000);
        if (dice < 12) {
            interrupt(process, true);
        } else if (dice < 40) {
            interrupt(process, false);
        }
    }

    private void interrupt(SimulatedProcess process, boolean isKilled) {
        if (isKilled) {
            atOnce(() -> kill(process));
        } else if (depth < DEPTH_MAX) {
            depth++;
            atOnce(() -> goOnWithout(process));
            depth--;
        }
        if (process.isDead()) {
            throw new Killed(process);
        }
    }

    private boolean goOnWithout(SimulatedProcess process) {
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
        return true;
    }

    /** A process may be killed here, once in so many times. */
    void killPerhaps(SimulatedProcess process, int times) {
        if (!isQuiet && random.nextInt(times) == 0) {
            atOnce(() -> kill(process));
            throw new Killed(process);
        }
    }

    private boolean kill(SimulatedProcess process) {
        if (process == null || process.isDead()) {
            return false;
        }
        process.kill();
        processes.remove(process);
        return true;
    }

    private void stopOne() {
        final SimulatedProcess process = pick(processes.all());
        if (process != null) {
            process.stop(true);
        }
    }

    private void closeWorker() {
        final SimulatedProcess process = pick(processes.workers());
        if (process != null && process.isIdle() && !process.isStopped()) {
            goRound(process, SimulatedProcess.once(process::close));
        }
    }

    /** Everybody goes round until every message has ended and the janitor has seen it. */
    private void comeToRest() {
        processes.all().forEach(process -> process.stop(false));
        prepare();
        final long startNs = clock.nanoTime();
        int rounds = 0;
        while (!ledger.isSettled() || !ledger.isEveryCloseHeard(processes::isOpen)) {
            check(rounds++ < QUIET_ROUNDS_MAX, () -> "not at rest: " + ledger.unsettled());
            clock.wind(rounds < 50 ? 2 * SimulatedClock.MS : 20 * SimulatedClock.MS);
            goRoundOnce();
            if (clock.nanoTime() - startNs > 1_000 * SimulatedClock.MS) {
                ledger.checkNoneHeld(processes::isDead);
            }
        }
        ledger.checkMarks();
        clock.wind(5 * SimulatedClock.MS);
        for (final SimulatedProcess process : processes.frontEnds()) {
            process.checkRoom();
        }
        processes.forgetDead();
    }

    private void goRoundOnce() {
        for (final SimulatedProcess process : processes.all()) {
            for (final Agent agent : process.idleAgents()) {
                goRound(process, agent);
                ledger.look();
            }
        }
    }

    /** The living go on until they have had the time to take away what the dead left. */
    void cleanUp() throws IOException {
        for (long endNs = clock.nanoTime() + CLEAN_UP_NS; clock.nanoTime() < endNs; ) {
            clock.wind(50 * SimulatedClock.MS);
            goRoundOnce();
        }
        final Set<String> living =
                processes.all().stream().map(SimulatedProcess::id).collect(Collectors.toSet());
        check(passes.size() > PLACES_MIN, () -> passes.size() + " places to be interrupted at");
        final List<String> left = Leftovers.of(bus, living);
        check(left.isEmpty(), () -> "left over: " + left + " while there are " + living);
    }

    /** Whether a claim may be taken from its holder: it is dead, or has had it for too long. */
    private boolean mayBeLost(int consumerId, long claimedNs) {
        return processes.isDead(consumerId)
                || claimedNs != 0 && clock.nanoTime() - claimedNs > HUNG_NS;
    }

    private boolean mayBeFreed(int consumerId, long claimedNs) {
        return processes.isDead(consumerId);
    }

    /** A consumer's lane to a connection's loop, or null when its front end is dead. */
    LaneAppender replyLane(long connection, int slot) {
        for (final SimulatedProcess frontEnd : processes.frontEnds()) {
            if (frontEnd.member == null) {
                continue;
            }
            final String channel = ReplyAddress.channel(frontEnd.id(), 0);
            if (ReplyAddress.loopKey(channel) == ConnectionId.loopKey(connection)) {
                return replyLanes.computeIfAbsent(
                        channel + "/" + slot,
                        absent -> bus.newLane(channel, "slot" + slot + "-0", replySequences[slot]));
            }
        }
        return null;
    }

    private <T> T pick(List<T> all) {
        return all.isEmpty() ? null : all.get(random.nextInt(all.size()));
    }

    @Override
    public void close() {
        Interruption.at(number -> {});
        ledger.close();
        processes.all().forEach(SimulatedProcess::close);
        CloseHelper.closeAll(replyLanes.values());
        bus.close();
    }
}
