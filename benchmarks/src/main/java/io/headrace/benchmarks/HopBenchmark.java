// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks;

import io.headrace.benchmarks.SharedMemory.Pages;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.agrona.IoUtil;

/**
 * A request of 1 KB to another process and its response back, spinning on both sides: through
 * Headrace's lanes, and through bare Chronicle Queues with as many bytes. Needs two cores, better
 * four, and 2 GB in /dev/shm.
 *
 * <p>The contenders take turns in one run: first one, then the other, the order swapped every
 * round; who is not measured does nothing. A turn consists of slices. Before and after each, both
 * processes time the bare cache line between them: slices between two near readings are summed up
 * apart from those between two far ones, and all others are left out.
 */
public final class HopBenchmark {

    /** A trip of the cache line below this means that the cores are near each other. */
    private static final long NEAR_NS = 250;

    /** Trips after a change of contenders that are verified, but not recorded. */
    private static final int UNRECORDED_TRIPS = 10;

    /**
     * How much to measure.
     *
     * @param pages whether pages are got from the kernel as messages come to them, or before each
     *     slice.
     * @param warmUpRounds that are not recorded.
     * @param slices of each contender in a round.
     * @param sliceTrips between two looks at the cache line.
     */
    record Plan(Pages pages, int warmUpRounds, int rounds, int slices, int sliceTrips) {}

    /**
     * What a round has measured while the cores were near, or while they were far.
     *
     * @param tripsNs by contender.
     * @param preemptionCount how often the measuring thread lost its core: others use the machine.
     */
    record Round(int number, boolean isNear, List<Histogram> tripsNs, long preemptionCount) {}

    private final Plan plan;
    private final ControlWords control;
    private final List<Side> sides;
    private final Process echo;
    private final List<Round> rounds = new ArrayList<>();
    private final Histogram lineNs = new Histogram(3);
    private final int[] trips = {0, 0};

    private HopBenchmark(Plan plan, ControlWords control, List<Side> sides, Process echo) {
        this.plan = plan;
        this.control = control;
        this.sides = sides;
        this.echo = echo;
    }

    public static void main(String[] args) throws Exception {
        final int rounds = args.length < 1 ? 9 : Integer.parseInt(args[0]);
        final String pages = args.length < 2 ? "fresh" : args[1];
        run(
                new Plan(Pages.valueOf(pages.toUpperCase(Locale.ROOT)), 4, rounds, 20, 1_000),
                System.out);
    }

    /** Measures and prints; throws when a message was lost, doubled or not read as written. */
    static List<Round> run(Plan plan, PrintStream out) throws IOException, InterruptedException {
        out.println(Machine.describe(2) + SampleMessages.describe() + "\n" + plan);
        try (SharedMemory memory = new SharedMemory();
                ControlWords control = new ControlWords(memory.directory().resolve("control"))) {
            final List<Side> sides = open(memory.directory(), false, plan.pages);
            final Process echo = startEcho(memory.directory(), plan);
            try {
                final HopBenchmark benchmark = new HopBenchmark(plan, control, sides, echo);
                benchmark.measure();
                HopReport.print(benchmark.rounds, benchmark.lineNs, out);
                return benchmark.rounds;
            } finally {
                echo.destroyForcibly().waitFor();
                sides.forEach(Side::close);
            }
        }
    }

    private static List<Side> open(Path directory, boolean isEcho, Pages pages) {
        return List.of(
                new HeadraceSide(directory, isEcho, pages),
                new QueueSide(directory, isEcho, pages));
    }

    private static Process startEcho(Path directory, Plan plan) throws IOException {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(Machine.jvmFlags());
        command.addAll(List.of("-cp", System.getProperty("java.class.path")));
        command.addAll(List.of(Echo.class.getName(), directory.toString(), plan.pages.name()));
        command.add(Integer.toString(UNRECORDED_TRIPS + plan.sliceTrips));
        return new ProcessBuilder(command).inheritIO().start();
    }

    private void measure() throws InterruptedException {
        for (int i = -plan.warmUpRounds; i < 0; i++) {
            measureRound(i);
        }
        rounds.clear();
        lineNs.reset();
        for (int i = 1; i <= plan.rounds; i++) {
            measureRound(i);
        }
        control.command(ControlWords.STOP, echo);
        if (!echo.waitFor(60, TimeUnit.SECONDS) || echo.exitValue() != 0) {
            throw new IllegalStateException("the echo did not end well");
        }
    }

    private void measureRound(int number) {
        final List<Histogram> near = List.of(new Histogram(3), new Histogram(3));
        final List<Histogram> far = List.of(new Histogram(3), new Histogram(3));
        final long preemptionsBefore = Machine.preemptionCount();
        for (int turn = 0; turn < sides.size(); turn++) {
            final int contender = (number + turn) & 1;
            boolean wasNear = isNear();
            for (int slice = 0; slice < plan.slices; slice++) {
                final Histogram tripsNs = measureSlice(contender);
                final boolean isNear = isNear();
                if (isNear == wasNear) {
                    (isNear ? near : far).get(contender).add(tripsNs);
                }
                wasNear = isNear;
            }
        }
        final long preemptions = Machine.preemptionCount() - preemptionsBefore;
        rounds.add(new Round(number, true, near, preemptions));
        rounds.add(new Round(number, false, far, preemptions));
    }

    private Histogram measureSlice(int contender) {
        final Histogram tripsNs = new Histogram(3);
        final Side side = sides.get(contender);
        side.prepare(UNRECORDED_TRIPS + plan.sliceTrips);
        control.command(contender + 1, echo);
        for (int i = 0; i < UNRECORDED_TRIPS + plan.sliceTrips; i++) {
            final long tripNs = side.tripNs(++trips[contender], echo);
            if (i >= UNRECORDED_TRIPS) {
                tripsNs.recordValue(tripNs);
            }
        }
        control.command(ControlWords.SLEEP, echo);
        return tripsNs;
    }

    private boolean isNear() {
        control.command(ControlWords.LINE, echo);
        final long tripNs = control.lineTripNs();
        lineNs.recordValue(tripNs);
        return tripNs < NEAR_NS;
    }

    /** The other process: does what the control words say, one contender at a time. */
    static final class Echo {

        private Echo() {}

        /**
         * @param args the directory that both processes share, how to prepare pages, messages of a
         *     slice.
         */
        public static void main(String[] args) {
            final Path directory = Path.of(args[0]);
            endWithParent(directory);
            final List<Side> sides = open(directory, true, Pages.valueOf(args[1]));
            try (ControlWords control = new ControlWords(directory.resolve("control"))) {
                int obeyed = ControlWords.SLEEP;
                while (obeyed != ControlWords.STOP) {
                    final int command = control.command();
                    if (command != obeyed) {
                        if (command > 0) {
                            sides.get(command - 1).prepare(Integer.parseInt(args[2]));
                        }
                        obeyed = command;
                        control.obey(command);
                    }
                    if (command > 0) {
                        if (sides.get(command - 1).poll() == 0) {
                            Thread.onSpinWait();
                        }
                    } else if (command == ControlWords.LINE) {
                        control.answerLine();
                    } else {
                        LockSupport.parkNanos(100_000);
                    }
                }
            }
            sides.forEach(Side::close);
        }

        /** A parent that was killed cannot tidy up. */
        private static void endWithParent(Path directory) {
            final ProcessHandle parent = ProcessHandle.current().parent().orElseThrow();
            parent.onExit()
                    .thenRun(
                            () -> {
                                IoUtil.delete(directory.toFile(), true);
                                Runtime.getRuntime().halt(1);
                            });
        }
    }
}
