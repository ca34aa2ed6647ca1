// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A worker is frozen (SIGSTOP) for longer than its lease, and goes on. */
@EnabledIfSystemProperty(named = "headrace.chaos", matches = "true")
class StoppedWorkerTest {

    private static final int OTHERS = 20;

    @RegisterExtension final BusExtension bus = new BusExtension("-Dheadrace.claim.timeout=120s");

    private final List<FrameConnection> others = new ArrayList<>();

    @Test
    void aFrozenFrameShouldBeHandledOnceAndInOrderWhenItsWorkerGoesOn() throws Exception {
        final BusProcess frontEnd = bus.processes().startFrontEnd();
        final BusProcess[] workers = bus.startWorkers(2, 1);
        try (FrameConnection frames = new FrameConnection(frontEnd.port(), "w")) {
            frames.send(1_000);
            final BusProcess holder = holder(workers, bus.awaitBegan("w.1"));
            holder.stop();
            for (int i = 2; i <= 5; i++) {
                frames.send(0);
            }
            openOthers(frontEnd);
            awaitEchoesOfOthers();

            holder.resume();

            assertTrue(frames.awaitLastEcho());
            assertEquals(List.of(1, 2, 3, 4, 5), numbers(frames));
            check(frames, workers);
        }
    }

    @Test
    void otherConnectionsShouldGoOnWhileAFrozenWorkerHoldsFrames() throws Exception {
        final BusProcess frontEnd = bus.processes().startFrontEnd();
        final BusProcess[] workers = bus.startWorkers(2, 1);
        openOthers(frontEnd);
        awaitEchoesOfOthers();
        try (FrameConnection frames = new FrameConnection(frontEnd.port(), "w")) {
            frames.send(1_000);
            final BusProcess holder = holder(workers, bus.awaitBegan("w.1"));

            holder.stop();

            // As long as it is frozen; the claim itself ends only after the claim timeout.
            for (final FrameConnection other : others) {
                other.send(0);
            }
            awaitEchoesOfOthers();
            assertEquals(1, frames.outstanding());
            holder.resume();
            assertTrue(frames.awaitLastEcho());
            check(frames, workers);
        }
    }

    @Test
    void othersShouldTakeOverWhenTheJanitorItselfIsFrozen() throws Exception {
        // The first member is the janitor.
        final BusProcess janitor = bus.startWorkers(1, 1)[0];
        final BusProcess frontEnd = bus.processes().startFrontEnd();
        final BusProcess second = bus.startWorkers(1, 1)[0];
        final BusProcess third = bus.startWorkers(1, 1)[0];
        openOthers(frontEnd);
        awaitEchoesOfOthers();

        janitor.stop();
        second.kill();

        for (final FrameConnection other : others) {
            other.send(0);
        }
        awaitEchoesOfOthers();
        janitor.resume();
        try (FrameConnection frames = new FrameConnection(frontEnd.port(), "w")) {
            frames.send(0);
            assertTrue(frames.awaitLastEcho());
            check(frames, janitor, third);
        }
    }

    private void openOthers(BusProcess frontEnd) throws Exception {
        for (int i = 0; i < OTHERS; i++) {
            others.add(new FrameConnection(frontEnd.port(), "o" + i));
            others.get(i).send(0);
        }
    }

    private void awaitEchoesOfOthers() throws Exception {
        for (final FrameConnection other : others) {
            BusExtension.await("an echo for " + other.key(), () -> other.outstanding() == 0);
        }
    }

    private static List<Integer> numbers(FrameConnection frames) {
        return frames.echoes().stream().map(FrameConnection.Echo::number).toList();
    }

    private static BusProcess holder(BusProcess[] workers, long pid) {
        for (final BusProcess worker : workers) {
            if (worker.pid() == pid) {
                return worker;
            }
        }
        throw new AssertionError("no worker has pid " + pid);
    }

    /** Nothing was handled twice or out of order, nobody was closed, and all go on. */
    private void check(FrameConnection frames, BusProcess... workers) throws Exception {
        final Verdict verdict = new Verdict(List.of(), bus.processes().journal());
        verdict.frames(frames);
        others.forEach(verdict::frames);
        assertEquals(List.of(), verdict.problems());
        assertEquals(0, verdict.closed);
        for (final FrameConnection other : others) {
            other.close();
        }
        frames.close();
        bus.checkAudit();
        for (final BusProcess worker : workers) {
            worker.terminate();
            assertEquals(0, worker.awaitExit(), worker::errors);
        }
    }
}
