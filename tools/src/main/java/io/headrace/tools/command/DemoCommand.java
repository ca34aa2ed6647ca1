// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import io.headrace.HeadraceException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.agrona.CloseHelper;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * {@code headrace demo}: one front end and two workers as separate processes, with the demo
 * application. A worker that dies is started again after five seconds.
 */
@Command(
        name = "demo",
        description = "Runs one front end and two workers with the demo application.")
public final class DemoCommand implements Callable<Integer> {

    private static final int WORKER_COUNT = 2;
    private static final List<String> WORKER =
            List.of("worker", "--app", "demo", "--consumers", "2");
    private static final long LOOK_INTERVAL_MS = 100;
    private static final long STOP_TIMEOUT_S = 15;
    // Long enough to see what clients are told meanwhile.
    private static final long RESTART_DELAY_NS = 5_000_000_000L;

    @Mixin private CommonOptions common;

    @Option(
            names = "--port",
            paramLabel = "N",
            description = "Port to listen on, 0 for any (-Dheadrace.port). Default: 8080")
    private Optional<Integer> port;

    private final List<Child> children = new ArrayList<>();

    /** A process did not start. It has said why, on the demo's own standard error. */
    private static final class ChildFailure extends RuntimeException {}

    /** A process of the demo and the first line it printed. */
    private record Child(String name, Process process, String ready) {

        String url() {
            return ready.replaceFirst("^.*?(http://\\S+).*$", "$1");
        }
    }

    @Override
    public Integer call() throws Exception {
        final StopSignal stop = new StopSignal();
        try {
            final List<String> words = new ArrayList<>(List.of("frontend", "--uploads", "/upload"));
            port.ifPresent(number -> words.addAll(List.of("--port", number.toString())));
            // The front end first: it fails early, on a port that is taken.
            final Child frontEnd = start("front end", words);
            final List<Process> starting = new ArrayList<>();
            for (int i = 0; i < WORKER_COUNT; i++) {
                starting.add(process(WORKER));
            }
            for (final Process process : starting) {
                children.add(awaitReady("worker", process));
            }
            System.out.println(
                    "headrace demo: %s  (bus %s, front end pid %d, worker pids %s)"
                            .formatted(
                                    frontEnd.url(),
                                    common.directory(),
                                    frontEnd.process.pid(),
                                    pids()));
            return await(stop, frontEnd);
        } catch (final ChildFailure failure) {
            return CommandLine.ExitCode.SOFTWARE;
        } finally {
            stopAll();
        }
    }

    private String pids() {
        return children.stream()
                .skip(1)
                .map(child -> Long.toString(child.process.pid()))
                .collect(Collectors.joining(" "));
    }

    private int await(StopSignal stop, Child frontEnd) throws InterruptedException, IOException {
        final Map<Child, Long> endedAtNs = new HashMap<>();
        while (!stop.await(LOOK_INTERVAL_MS)) {
            for (final Child child : List.copyOf(children)) {
                if (!child.process.isAlive() && !endedAtNs.containsKey(child)) {
                    endedAtNs.put(child, System.nanoTime());
                    System.out.println(
                            "headrace demo: %s pid %d ended with %d"
                                    .formatted(
                                            child.name,
                                            child.process.pid(),
                                            child.process.exitValue()));
                }
            }
            if (endedAtNs.containsKey(frontEnd)) {
                throw new HeadraceException("the front end ended; so does the demo");
            }
            for (final Child dead : List.copyOf(endedAtNs.keySet())) {
                if (System.nanoTime() - endedAtNs.get(dead) >= RESTART_DELAY_NS) {
                    restart(dead, endedAtNs);
                }
            }
        }
        return 0;
    }

    private void restart(Child dead, Map<Child, Long> endedAtNs) throws IOException {
        try {
            final Child worker = start(dead.name, WORKER);
            endedAtNs.remove(dead);
            children.remove(dead);
            System.out.println(
                    "headrace demo: %s pid %d started"
                            .formatted(worker.name, worker.process.pid()));
        } catch (final ChildFailure again) {
            // It has said why; it may go better next time.
            endedAtNs.put(dead, System.nanoTime());
        }
    }

    private Child start(String name, List<String> args) throws IOException {
        final Child child = awaitReady(name, process(args));
        children.add(child);
        return child;
    }

    private Process process(List<String> args) throws IOException {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(arg -> !arg.startsWith("-agentlib"))
                .forEach(command::add);
        command.addAll(
                List.of(
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.headrace.tools.HeadraceMain"));
        command.addAll(args);
        command.addAll(List.of("--bus", common.directory().toString(), "--exit-with-parent"));
        common.profile().ifPresent(name -> command.addAll(List.of("--profile", name)));
        if (common.verbose()) {
            command.add("--verbose");
        }
        return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    }

    private Child awaitReady(String name, Process process) throws IOException {
        final BufferedReader output =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        final String line = output.readLine();
        if (line == null) {
            throw new ChildFailure();
        }
        return new Child(name, process, line);
    }

    private void stopAll() {
        // The end of their input and no signal: with Ctrl-C they have had one already, and a second
        // one would end them at once.
        for (int i = children.size() - 1; i >= 0; i--) {
            CloseHelper.quietClose(children.get(i).process.getOutputStream());
        }
        for (final Child child : children) {
            try {
                if (!child.process.waitFor(STOP_TIMEOUT_S, TimeUnit.SECONDS)) {
                    child.process.destroyForcibly();
                }
            } catch (final InterruptedException e) {
                child.process.destroyForcibly();
                Thread.currentThread().interrupt();
            }
        }
    }
}
