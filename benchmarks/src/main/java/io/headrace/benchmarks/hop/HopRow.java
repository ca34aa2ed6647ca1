// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.hop;

import io.headrace.benchmarks.harness.Child;
import io.headrace.benchmarks.harness.Figure;
import io.headrace.benchmarks.harness.Row;
import io.headrace.benchmarks.harness.Run;
import io.headrace.benchmarks.harness.Sample;
import io.headrace.benchmarks.machine.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;
import org.agrona.CloseHelper;

/**
 * A typical browser's request of 1 KB to another process and its reply back, spinning on both
 * sides.
 *
 * <p>The contenders take turns in one run; who is not measured does nothing. A turn consists of
 * slices. Before and after each, both processes time the bare cache line between them: slices
 * between two near readings are summed up apart from those between two far ones, and all others are
 * left out.
 */
public final class HopRow implements Row {

    /** The case whose cores were near each other. */
    public static final String NEAR = "1KB";

    /** The case whose cores were far from each other. */
    public static final String FAR = "1KB, far cores";

    /** A trip of the cache line below this means that the cores are near each other. */
    private static final long NEAR_NS = 250;

    /** Trips after a change of contenders that are verified, but not recorded. */
    private static final int UNRECORDED_TRIPS = 10;

    /** Fewer trips say nothing about their percentiles. */
    private static final int TRIPS_MIN = 1_000;

    private static final int SLICES = 20;
    private static final long TRIP_MAX_NS = 60_000_000_000L;

    private final Map<Contender, Side> sides = new EnumMap<>(Contender.class);
    private final int[] trips = new int[Contender.values().length];
    private final Histogram sliceNs = new Histogram(1, TRIP_MAX_NS, 3);
    private ControlWords control;
    private int slices;

    @Override
    public String name() {
        return "hop";
    }

    @Override
    public String about() {
        return "A browser's request of 1 KB to another process and its reply of 1 KB back, both"
                + " sides spinning. headrace encodes, appends, claims, decodes, handles and replies;"
                + " the others carry as many bytes and do nothing with them. Pages as each leaves"
                + " them. Aeron's driver runs between slices, as two cores have no room for it.";
    }

    @Override
    public int cores() {
        return 2;
    }

    @Override
    public void run(Run run) throws Exception {
        final Path directory = Files.createDirectory(run.newDirectory("hop"));
        try (ControlWords words = new ControlWords(directory.resolve("control"))) {
            control = words;
            for (final Contender contender : Contender.values()) {
                sides.put(contender, contender.open(directory, false));
            }
            try (Child echo = run.processes().startJvm(Echo.class, directory, UNRECORDED_TRIPS)) {
                words.echo(echo);
                words.command(ControlWords.OPEN, () -> sides.values().forEach(Side::assist));
                measure(run);
                words.command(ControlWords.STOP);
            }
        } finally {
            CloseHelper.quietCloseAll(sides.values());
        }
    }

    private void measure(Run run) throws IOException {
        final List<Contender> contenders = List.of(Contender.values());
        // Rounds are short, and core placement changes between them: the more, the better.
        final int rounds = run.plan().rounds() * (int) run.plan().choose(5, 3, 1);
        slices = (int) run.plan().choose(SLICES, SLICES, 2);
        final int warmUpRounds = (int) run.plan().choose(3, 2, 0);
        for (int round = 1 - warmUpRounds; round <= rounds; round++) {
            for (int i = 0; i < contenders.size(); i++) {
                final int turn = Math.floorMod(round + i, contenders.size());
                measureTurn(run, contenders.get(turn), round);
            }
        }
    }

    private void measureTurn(Run run, Contender contender, int round) {
        final Histogram near = new Histogram(3);
        final Histogram far = new Histogram(3);
        final long preemptedBefore = Machine.preemptionCount();
        long allocated = 0;
        long tripCount = 0;
        boolean wasNear = isNear();
        for (int slice = 0; slice < slices; slice++) {
            final long before = control.allocated();
            measureSlice(contender);
            allocated += control.allocated() - before;
            tripCount += sliceNs.getTotalCount();
            final boolean isNear = isNear();
            if (isNear == wasNear) {
                (isNear ? near : far).add(sliceNs);
            }
            wasNear = isNear;
        }
        final double preempted = Machine.preemptionCount() - preemptedBefore;
        final double bytes = allocated / (double) tripCount;
        record(run, NEAR, contender, round, near, bytes, preempted);
        record(run, FAR, contender, round, far, bytes, preempted);
    }

    private static void record(
            Run run,
            String name,
            Contender contender,
            int round,
            Histogram tripsNs,
            double bytesPerTrip,
            double preempted) {
        if (round >= 1 && tripsNs.getTotalCount() >= TRIPS_MIN) {
            run.results()
                    .add(
                            "hop",
                            name,
                            Figure.P50,
                            contender.label(),
                            round,
                            Sample.ofLatency(tripsNs)
                                    .withBytesPerOp(bytesPerTrip)
                                    .with("preemptions", preempted));
        }
    }

    private void measureSlice(Contender contender) {
        final Side side = sides.get(contender);
        final int count = UNRECORDED_TRIPS + side.tripsPerSlice();
        sliceNs.reset();
        control.command(contender.command());
        side.prepare(count);
        for (int i = 0; i < count; i++) {
            final long tripNs = side.tripNs(++trips[contender.ordinal()], control);
            if (i >= UNRECORDED_TRIPS) {
                sliceNs.recordValue(tripNs);
            }
        }
        side.rest();
        control.command(ControlWords.SLEEP);
    }

    private boolean isNear() {
        control.command(ControlWords.LINE);
        return control.lineTripNs() < NEAR_NS;
    }
}
