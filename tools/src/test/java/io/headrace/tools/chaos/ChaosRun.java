// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import io.headrace.member.MemberReader;
import io.headrace.member.Members;
import io.headrace.tools.chaos.BusProcesses.Output;
import io.headrace.tools.chaos.Faults.Kind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** One run of the chaos rig: processes, clients, faults, and what came of it. */
final class ChaosRun {

    private static final int HTTP_CONNECTIONS = 8;
    private static final int WEB_SOCKETS = 8;
    // Stalls count after this: first requests are slow because of what is loaded and compiled.
    private static final long WARM_UP_MS = 3_000;
    private static final long QUIET_TIMEOUT_NS = TimeUnit.SECONDS.toNanos(60);

    private final long seed;
    private final int kills;
    private final long seconds;
    private final List<String> problems = new ArrayList<>();
    private String line = "";
    Verdict verdict;
    Faults faults;

    ChaosRun(long seed, int kills, long seconds) {
        this.seed = seed;
        this.kills = kills;
        this.seconds = seconds;
    }

    /** Runs below an empty folder. */
    void run(Path directory) throws IOException, InterruptedException {
        try (BusProcesses processes = new BusProcesses(directory, "-Dheadrace.retention=5s")) {
            final BusProcess frontEnd = processes.startFrontEnd();
            faults = new Faults(processes, seed, kills, TimeUnit.SECONDS.toNanos(seconds));
            faults.start();
            try (Hiccups hiccups = new Hiccups();
                    Clients clients =
                            new Clients(List.of(frontEnd.port()), HTTP_CONNECTIONS, WEB_SOCKETS)) {
                Thread.sleep(WARM_UP_MS);
                hiccups.reset();
                final long warmNs = System.nanoTime();
                faults.run();
                faults.settle();
                clients.finish();
                hiccups.close();
                problems.addAll(clients.problems());
                problems.addAll(faults.problems());
                verdict = new Verdict(faults.faults(), processes.journal());
                verdict.stallsFromNs = warmNs;
                verdict.requests(clients.answers());
                clients.frameConnections().forEach(verdict::frames);
                problems.addAll(verdict.problems());
                clients.close();
                final Output audit = audit(processes);
                line = line(clients, faults, verdict, hiccups, audit);
            }
            end(frontEnd, faults.workers());
            if (!problems.isEmpty()) {
                problems.add(processes.errors());
                problems.add(processes.run("stat").text());
                problems.addAll(errors(processes));
            }
        }
    }

    /** The distinct errors that the members have recorded. */
    static List<String> errors(BusProcesses processes) {
        final List<String> errors = new ArrayList<>();
        try (Members members =
                new Members(
                        processes.bus().resolve("members"),
                        unreadable -> errors.add(unreadable.getMessage()))) {
            members.refresh();
            for (final MemberReader member : members.all()) {
                member.errors()
                        .forEach(
                                (text, count) ->
                                        errors.add(member.id() + " x" + count + " " + text));
            }
        }
        return errors;
    }

    /** Asks until every message has ended; then nothing may be unexplained. */
    private Output audit(BusProcesses processes) {
        final long deadlineNs = System.nanoTime() + QUIET_TIMEOUT_NS;
        Output audit = processes.run("audit");
        while (!audit.text().contains(" 0 claimed, 0 pending,") && System.nanoTime() < deadlineNs) {
            audit = processes.run("audit");
        }
        if (!audit.text().contains(" 0 claimed, 0 pending, 0 unexplained")
                || audit.exitCode() != 0) {
            problems.add("audit exits with " + audit.exitCode() + ": " + audit.text());
        }
        return audit;
    }

    private void end(BusProcess frontEnd, List<BusProcess> workers) {
        final List<BusProcess> all = new ArrayList<>(workers);
        all.add(frontEnd);
        for (final BusProcess process : all) {
            process.terminate();
        }
        for (final BusProcess process : all) {
            final int code = process.awaitExit();
            if (code != 0) {
                problems.add(process + " ended with " + code + " after SIGTERM");
            }
        }
    }

    private String line(
            Clients clients, Faults faults, Verdict verdict, Hiccups hiccups, Output audit) {
        return "chaos seed %d: sent %d, answered %d, 5xx %s, frames %d, echoed %d, lost frames %d,"
                        .formatted(
                                seed,
                                clients.requestCount(),
                                verdict.requestsAnswered,
                                verdict.refusedByReason,
                                verdict.framesSent,
                                verdict.framesEchoed,
                                verdict.framesLost)
                + " duplicates %d, reordered %d, closed %d,"
                        .formatted(verdict.duplicates, verdict.reordered, verdict.closed)
                + " longest stall ms %d (machine's own %d, frame %d, after kill %d, after stop %d),"
                        .formatted(
                                verdict.longestRequestMs,
                                hiccups.longestMs(),
                                verdict.longestFrameMs,
                                verdict.longestFrameAfterKillMs,
                                verdict.longestFrameAfterStopMs)
                + " 502 after ms %d,".formatted(verdict.longestUntilRefusedMs)
                + " kills %d, stops %d, restarts %d; %s"
                        .formatted(
                                faults.count(Kind.KILL),
                                faults.count(Kind.STOP),
                                faults.count(Kind.RESTART),
                                audit.text().lines().findFirst().orElse("no audit"));
    }

    /** What the run showed, in one line. */
    String line() {
        return line;
    }

    /** What should not have happened. */
    List<String> problems() {
        return problems;
    }
}
