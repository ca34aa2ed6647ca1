// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks;

import io.headrace.HeadraceException;
import io.headrace.benchmarks.harness.Plan;
import io.headrace.benchmarks.harness.Row;
import io.headrace.benchmarks.harness.Run;
import io.headrace.benchmarks.hop.HopRow;
import io.headrace.benchmarks.http.HttpRow;
import io.headrace.benchmarks.http.Servers;
import io.headrace.benchmarks.http.WebSocketRow;
import io.headrace.benchmarks.idle.IdleRow;
import io.headrace.benchmarks.machine.Interruptions;
import io.headrace.benchmarks.machine.Machine;
import io.headrace.benchmarks.machine.Neighbours;
import io.headrace.benchmarks.report.HtmlPage;
import io.headrace.benchmarks.report.JsonReport;
import io.headrace.benchmarks.report.Report;
import io.headrace.benchmarks.report.TextTable;
import io.headrace.benchmarks.size.SizeRow;
import io.headrace.benchmarks.throughput.ThroughputRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import sun.misc.Signal;

/** {@code headrace bench}: the canonical benchmark. */
@Command(
        name = "headrace bench",
        description =
                "Measures Headrace beside what else could be used, in about three minutes: prints a"
                        + " table, writes bench.json and bench.html.")
final class BenchCommand implements Callable<Integer> {

    private static final int ROUNDS = 3;
    private static final int QUICK_ROUNDS = 1;
    private static final long LOOK_MS = 500;
    // Of one core; a little of it is the kernel's work for the benchmark itself.
    private static final double OTHERS_MAX = 0.10;
    private static final double STOLEN_MAX = 0.02;

    @Option(names = "--json", description = "Print JSON instead of the table.")
    private boolean json;

    @Option(names = "--quick", description = "Take less than a minute; the figures are rougher.")
    private boolean quick;

    @Option(
            names = "--row",
            paramLabel = "NAME",
            description =
                    "Only this row, may be repeated: hop, throughput, http, websocket, idle, size.")
    private List<String> wanted = List.of();

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "How often each contender has its turn. Default: 3, quick 1")
    private Integer rounds;

    @Option(
            names = "--output",
            paramLabel = "DIR",
            description =
                    "Where to write bench.json and bench.html. Default: benchmarks/target/bench")
    private Path output;

    @Option(names = "--trial", hidden = true, description = "Only see that everything works.")
    private boolean trial;

    @Option(names = "--verbose", description = "Print stack traces of failures.")
    private boolean verbose;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help and exit.")
    private boolean help;

    private volatile boolean stopping;

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    private static List<Row> rows() {
        final Servers servers = new Servers();
        return List.of(
                new HopRow(),
                new ThroughputRow(),
                new HttpRow(servers),
                new WebSocketRow(servers),
                new IdleRow(),
                new SizeRow(servers));
    }

    @Override
    public Integer call() throws Exception {
        final int count = rounds != null ? rounds : quick || trial ? QUICK_ROUNDS : ROUNDS;
        if (count < 1 || count > 1_000) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(), "--rounds takes 1 to 1000, not " + count);
        }
        final List<Row> rows = chosen();
        final List<String> warnings = new ArrayList<>(Machine.warnings());
        lookAround(warnings);
        final Interruptions interruptions = Interruptions.look();
        final Neighbours neighbours = new Neighbours();
        try (Run run = new Run(new Plan(count, length()), launcher(), System.err)) {
            stopOnSignals(run);
            runAll(rows, run, warnings);
            run.close();
            warn(warnings, "while it ran", neighbours);
            report(new Report(rows, run.results(), warnings, Machine.facts(interruptions), quick));
        }
        return CommandLine.ExitCode.OK;
    }

    private Plan.Length length() {
        return trial ? Plan.Length.TRIAL : quick ? Plan.Length.QUICK : Plan.Length.WHOLE;
    }

    private List<Row> chosen() {
        final List<Row> all = rows();
        for (final String name : wanted) {
            if (all.stream().noneMatch(row -> row.name().equals(name))) {
                throw new CommandLine.ParameterException(
                        spec.commandLine(),
                        "--row '%s' is not known; there are %s"
                                .formatted(
                                        name,
                                        all.stream()
                                                .map(Row::name)
                                                .collect(Collectors.joining(", "))));
            }
        }
        return all.stream().filter(row -> wanted.isEmpty() || wanted.contains(row.name())).toList();
    }

    private static void lookAround(List<String> warnings) throws InterruptedException {
        final Neighbours before = new Neighbours();
        Thread.sleep(LOOK_MS);
        warn(warnings, "before it began", before);
    }

    private static void warn(List<String> warnings, String when, Neighbours neighbours) {
        if (neighbours.othersShare() > OTHERS_MAX) {
            warnings.add(
                    "others used %.0f %% of a core %s: figures are preliminary"
                            .formatted(100 * neighbours.othersShare(), when));
        }
        if (neighbours.stolenShare() > STOLEN_MAX) {
            warnings.add(
                    "the host took %.0f %% of a core %s"
                            .formatted(100 * neighbours.stolenShare(), when));
        }
    }

    /** {@code tools/bin/headrace}: it says itself where it is, and else it is beside the jar. */
    private static Path launcher() {
        final Path launcher =
                Path.of(System.getProperty("headrace.root", ".")).resolve("tools/bin/headrace");
        if (!Files.isRegularFile(launcher)) {
            throw new HeadraceException(
                    "no tools/bin/headrace in %s; start it as 'headrace bench', or name the repository with -Dheadrace.root"
                            .formatted(launcher.toAbsolutePath().getParent()));
        }
        return launcher.toAbsolutePath();
    }

    private void runAll(List<Row> rows, Run run, List<String> warnings) throws Exception {
        for (final Row row : rows) {
            run.say(row.name());
            if (Machine.cores() < row.cores()) {
                warnings.add(
                        "%s: keeps %d cores busy, there are %d"
                                .formatted(row.name(), row.cores(), Machine.cores()));
            }
            try {
                row.run(run);
            } catch (final Exception e) {
                if (stopping) {
                    // Because its processes were killed; the end is near.
                    Thread.currentThread().join();
                }
                throw e;
            }
        }
    }

    /** Ends cleanly on Ctrl-C and SIGTERM: nothing is left running or in shared memory. */
    private void stopOnSignals(Run run) {
        for (final String name : List.of("INT", "TERM")) {
            Signal.handle(
                    new Signal(name),
                    signal -> {
                        stopping = true;
                        run.abandon();
                        Runtime.getRuntime().halt(CommandLine.ExitCode.OK);
                    });
        }
    }

    private void report(Report report) throws IOException {
        final Path directory =
                output != null
                        ? output
                        : Path.of(System.getProperty("headrace.root", "."))
                                .resolve("benchmarks/target/bench");
        Files.createDirectories(directory);
        final String text = JsonReport.write(report);
        Files.writeString(directory.resolve("bench.json"), text);
        Files.writeString(directory.resolve("bench.html"), HtmlPage.write(report));
        if (json) {
            System.out.println(text);
        } else {
            TextTable.print(report, System.out);
            System.out.println("\n" + directory.resolve("bench.html").toAbsolutePath().normalize());
        }
    }
}
