// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.idle;

import io.headrace.HeadraceException;
import io.headrace.benchmarks.client.Probe;
import io.headrace.benchmarks.harness.Child;
import io.headrace.benchmarks.harness.Figure;
import io.headrace.benchmarks.harness.Plan;
import io.headrace.benchmarks.harness.Processes;
import io.headrace.benchmarks.harness.Results;
import io.headrace.benchmarks.harness.Row;
import io.headrace.benchmarks.harness.Run;
import io.headrace.benchmarks.harness.Sample;
import io.headrace.benchmarks.http.Server;
import io.headrace.benchmarks.http.Servers;
import io.headrace.benchmarks.machine.CpuMeter;
import io.headrace.benchmarks.machine.Machine;
import io.headrace.worker.IdleStrategies;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** A front end and a worker that have nothing to do, with every idle strategy there is. */
public final class IdleRow implements Row {

    /** CPU time and memory of idle processes. */
    public static final String CPU = "idle";

    /** The first answer after a second of silence. */
    public static final String FIRST_ANSWER = "first answer after 1 s";

    /** From the start of a worker to its first answer. */
    public static final String WORKER_START = "worker start";

    private static final String FRONT_END_START = "front end start";
    private static final long SETTLE_MS = 300;
    private static final String[] STRATEGIES = {"spin", "yield", "backoff", "doorbell"};

    // The default profile and netty.
    private final List<Server> byDefault = new ArrayList<>();
    // The strategies that are no default.
    private final List<Server> others = new ArrayList<>();
    private final Map<Server, Probe> probes = new LinkedHashMap<>();

    @Override
    public String name() {
        return "idle";
    }

    @Override
    public String about() {
        return "A front end and a worker that have nothing to do: CPU in a second of idleness (an"
                + " operation is a second), resident memory, the first answer after a second of"
                + " silence, and how long processes take from their start to the first answer."
                + " headrace is the default profile, here "
                + IdleStrategies.DEFAULT
                + "; the others are named after their strategy.";
    }

    @Override
    public int cores() {
        return 2;
    }

    @Override
    public void run(Run run) throws Exception {
        final int rounds = run.plan().rounds();
        for (int round = 1; round <= rounds; round++) {
            measureStart(run, round);
        }
        try {
            open(run);
            for (int round = 1; round <= rounds; round++) {
                measureIdle(run, round);
                measureAwake(run, round);
            }
        } finally {
            close();
        }
    }

    private void open(Run run) throws IOException, InterruptedException {
        byDefault.add(Servers.startHeadrace(run, Results.PRODUCT, List.of()));
        byDefault.add(Servers.startNetty(run, run.newDirectory("idle.sock")));
        for (final String strategy : STRATEGIES) {
            if (run.plan().length() != Plan.Length.TRIAL
                    && isKnown(strategy)
                    && !strategy.equals(IdleStrategies.DEFAULT)) {
                final Server server =
                        Servers.startHeadrace(
                                run, Results.PRODUCT + " " + strategy, List.of("--idle", strategy));
                others.add(server);
                warmUp(run, server);
                server.pause();
            }
        }
        for (final Server server : byDefault) {
            warmUp(run, server);
        }
        // The compilers finish what they have begun, and their memory goes back.
        Thread.sleep(run.plan().choose(15_000, 600, 100));
    }

    private void warmUp(Run run, Server server) throws IOException {
        final long requests = run.plan().choose(20_000, 300, 10);
        Probe.awaitAnswer(server.port());
        final Probe probe = new Probe(server.port());
        for (int i = 0; i < requests; i++) {
            ask(server, probe);
        }
        probes.put(server, probe);
    }

    private static long ask(Server server, Probe probe) throws IOException {
        final long startNs = System.nanoTime();
        if (!probe.ask()) {
            throw new IllegalStateException(server.name() + " did not answer with 200");
        }
        return System.nanoTime() - startNs;
    }

    private static boolean isKnown(String strategy) {
        try {
            IdleStrategies.check(strategy);
            return true;
        } catch (final HeadraceException unknown) {
            return false;
        }
    }

    /** Those by default are idle side by side and are never stopped; the others have turns. */
    private void measureIdle(Run run, int round) throws Exception {
        measureIdle(run, byDefault, round);
        for (final Server server : others) {
            server.resume();
            Thread.sleep(SETTLE_MS);
            measureIdle(run, List.of(server), round);
            server.pause();
        }
    }

    private void measureIdle(Run run, List<Server> servers, int round) throws Exception {
        final List<Usage> usages = new ArrayList<>();
        for (final Server server : servers) {
            usages.add(new Usage(server));
        }
        Thread.sleep(run.plan().choose(1_000, 600, 100));
        for (final Usage usage : usages) {
            final Sample sample = usage.sample();
            add(run, CPU, Figure.CPU, usage.server.name(), round, sample);
        }
    }

    /** What the processes of an idle server use from now on. */
    private static final class Usage {

        private final Server server;
        private final List<CpuMeter> meters = new ArrayList<>();
        private final CpuMeter compilers;
        private final long startNs = System.nanoTime();

        private Usage(Server server) throws IOException {
            this.server = server;
            for (final long pid : server.pids()) {
                meters.add(CpuMeter.start(List.of(pid)));
            }
            compilers = CpuMeter.startCompilers(server.pids());
        }

        private Sample sample() throws IOException {
            final double seconds = (System.nanoTime() - startNs) / 1e9;
            double allUs = 0;
            Sample sample = Sample.ofRate(Double.NaN);
            for (int i = 0; i < meters.size(); i++) {
                final double us = meters.get(i).usedNs() / 1_000 / seconds;
                final long pid = server.processes().get(i).pid();
                final String which = process(server, i);
                allUs += us;
                sample =
                        sample.with(which + " CPU %", us / 10_000)
                                .with(which + " MB", Machine.statusBytes(pid, "VmRSS") / 1e6)
                                .with(
                                        which + " anonymous MB",
                                        Machine.statusBytes(pid, "RssAnon") / 1e6);
            }
            return sample.with("compilers CPU %", compilers.usedNs() / seconds / 1e7)
                    .withCpuUsPerOp(allUs);
        }
    }

    private static String process(Server server, int number) {
        return server.processes().size() == 1 ? "server" : number == 0 ? "front end" : "worker";
    }

    /** The default profile and netty keep silent together, the others alone. */
    private void measureAwake(Run run, int round) throws Exception {
        measureAwake(run, byDefault, (int) run.plan().choose(3, 2, 1), round);
        for (final Server server : others) {
            server.resume();
            measureAwake(run, List.of(server), 1, round);
            server.pause();
        }
    }

    private void measureAwake(Run run, List<Server> silent, int samples, int round)
            throws Exception {
        final Map<Server, Histogram> latencies = new LinkedHashMap<>();
        for (final Server server : silent) {
            ask(server, probes.get(server));
            latencies.put(server, new Histogram(3));
        }
        for (int i = 0; i < samples; i++) {
            Thread.sleep(run.plan().choose(1_000, 1_000, 50));
            for (int turn = 0; turn < silent.size(); turn++) {
                final Server server = silent.get((round + i + turn) % silent.size());
                latencies.get(server).recordValue(ask(server, probes.get(server)));
            }
        }
        for (final Server server : silent) {
            add(
                    run,
                    FIRST_ANSWER,
                    Figure.P50,
                    server.name(),
                    round,
                    Sample.ofLatency(latencies.get(server)));
        }
    }

    private void measureStart(Run run, int round) throws IOException {
        final Path bus = run.newDirectory("bus");
        final long frontEndNs = System.nanoTime();
        try (Child frontEnd = Servers.startFrontEnd(run, bus, List.of())) {
            final int port = Servers.port(frontEnd.readLine());
            final long startNs = System.nanoTime();
            addNs(run, FRONT_END_START, Results.PRODUCT, round, startNs - frontEndNs);
            try (Child worker = Servers.startWorker(run, bus, List.of())) {
                addNs(run, WORKER_START, Results.PRODUCT, round, Probe.awaitAnswer(port) - startNs);
                worker.readLine();
            }
        }
        final long nettyNs = System.nanoTime();
        final Server netty = Servers.startNetty(run, run.newDirectory("start.sock"));
        addNs(run, WORKER_START, Servers.NETTY, round, Probe.awaitAnswer(netty.port()) - nettyNs);
        netty.processes().forEach(Child::close);
    }

    private void addNs(Run run, String name, String contender, int round, long ns) {
        add(run, name, Figure.P50, contender, round, Sample.ofNs(ns));
    }

    private void add(
            Run run, String name, Figure main, String contender, int round, Sample sample) {
        run.results().add(name(), name, main, contender, round, sample);
    }

    private void close() throws IOException {
        for (final Probe probe : probes.values()) {
            probe.close();
        }
        byDefault.addAll(others);
        for (final Server server : byDefault) {
            // Those that are stopped would not notice the end of their input.
            Processes.resume(server.processes());
        }
        byDefault.stream().map(Server::processes).flatMap(List::stream).forEach(Child::close);
        byDefault.clear();
        others.clear();
        probes.clear();
    }
}
