// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.delivery.LiveMembers;
import io.headrace.member.Member;
import io.headrace.member.MemberReader;
import io.headrace.member.Members;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;

/**
 * A bus in a directory of its own, with a front end and workers that are real processes. In a
 * static field it is shared by all tests of a class, else each test has its own. When a test fails
 * it prints what all members have to say.
 */
public final class RunningBus
        implements BeforeAllCallback,
                BeforeEachCallback,
                AfterTestExecutionCallback,
                AfterEachCallback,
                AfterAllCallback,
                LifecycleMethodExecutionExceptionHandler {

    // Nothing is to stay when these tests are ended half-way.
    private static final String EXIT_WITH_PARENT = "--exit-with-parent";
    private static final Pattern PORT = Pattern.compile("https?://127\\.0\\.0\\.1:(\\d+)/");

    private final Consumer<RunningBus> setUp;
    private final List<HeadraceProcess> processes = new ArrayList<>();
    private Path directory;
    private boolean shared;
    private IntFunction<HttpConnection> connector = HttpConnection::new;
    private int port;
    private Lanes lanes;

    /**
     * @param setUp starts the processes.
     */
    public RunningBus(Consumer<RunningBus> setUp) {
        this.setUp = setUp;
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        shared = true;
        open();
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        if (!shared) {
            open();
        }
    }

    @Override
    public void afterTestExecution(ExtensionContext context) {
        if (context.getExecutionException().isPresent()) {
            System.err.println(context.getDisplayName() + " failed; " + report());
        }
    }

    @Override
    public void handleBeforeAllMethodExecutionException(ExtensionContext context, Throwable failure)
            throws Throwable {
        System.err.println(context.getDisplayName() + " failed; " + report());
        throw failure;
    }

    @Override
    public void handleBeforeEachMethodExecutionException(
            ExtensionContext context, Throwable failure) throws Throwable {
        System.err.println(context.getDisplayName() + " failed; " + report());
        throw failure;
    }

    @Override
    public void afterEach(ExtensionContext context) {
        if (!shared) {
            close();
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (shared) {
            close();
        }
    }

    private void open() {
        try {
            // Where Maven builds, and not in memory: the tests' buses are large and many.
            final Path classes =
                    Path.of(
                            RunningBus.class
                                    .getProtectionDomain()
                                    .getCodeSource()
                                    .getLocation()
                                    .getPath());
            directory = Files.createTempDirectory(classes.getParent(), "bus-");
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        try {
            setUp.accept(this);
        } catch (final RuntimeException | Error e) {
            System.err.println("the processes did not start; " + report());
            close();
            throw e;
        }
    }

    Path directory() {
        return directory;
    }

    /** Starts a front end of one loop, and waits until it listens. */
    HeadraceProcess frontEnd(String... args) {
        return awaitListening(startFrontEnd(args));
    }

    /** Starts a front end of one loop, without waiting for it. */
    HeadraceProcess startFrontEnd(String... args) {
        return start(
                concat(
                        List.of("-Dheadrace.loops=1", "frontend", "--port", "0", EXIT_WITH_PARENT),
                        args));
    }

    HeadraceProcess awaitListening(HeadraceProcess frontEnd) {
        port = port(frontEnd.awaitReady("headrace frontend f"));
        return frontEnd;
    }

    /** The port that a ready line names. */
    static int port(String readyLine) {
        final Matcher matcher = PORT.matcher(readyLine);
        if (!matcher.find()) {
            throw new AssertionError("no address in '" + readyLine + "'");
        }
        return Integer.parseInt(matcher.group(1));
    }

    /** Starts a worker with the demo's application, and waits until it handles messages. */
    HeadraceProcess demoWorker(String... args) {
        return worker(concat(List.of("--app", "demo"), args));
    }

    /** Starts a worker, and waits until it handles messages. */
    HeadraceProcess worker(String... args) {
        final HeadraceProcess worker = start(concat(List.of("worker", EXIT_WITH_PARENT), args));
        worker.awaitReady("headrace worker w");
        return worker;
    }

    /**
     * A front end and one worker with the demo's application and four consumers, started side by
     * side.
     */
    void frontEndAndDemoWorker() {
        frontEndAndWorker("--app", "demo", "--consumers", "4");
    }

    /** A front end and one worker, started side by side. */
    void frontEndAndWorker(String... workerArgs) {
        frontEndAndWorker(List.of(), workerArgs);
    }

    /** A front end with options of its own, and one worker. */
    public void frontEndAndWorker(List<String> frontEndArgs, String... workerArgs) {
        final HeadraceProcess frontEnd = startFrontEnd(frontEndArgs.toArray(String[]::new));
        worker(workerArgs);
        awaitListening(frontEnd);
        awaitServed();
    }

    /** Runs another command of the program on this bus. */
    HeadraceProcess start(String... args) {
        final HeadraceProcess process =
                HeadraceProcess.start(concat(List.of(args), "--bus", directory.toString()));
        processes.add(process);
        return process;
    }

    private static String[] concat(List<String> first, String... second) {
        return Stream.concat(first.stream(), Stream.of(second)).toArray(String[]::new);
    }

    int port() {
        return port;
    }

    /** All that it has started, in that order. */
    List<HeadraceProcess> processes() {
        return processes;
    }

    /** A new connection to the front end. */
    HttpConnection connect() {
        return connector.apply(port);
    }

    /** Makes connections in another way, such as through TLS. */
    void connectBy(IntFunction<HttpConnection> value) {
        connector = value;
    }

    /** Waits until the front end knows a worker. */
    void awaitServed() {
        Await.until(
                "a worker that the front end knows",
                () -> get("/awaiting-a-worker").status() != 503);
        // Reading lanes for the first time takes long enough to miss what a test waits for.
        lanes().all("*");
    }

    /** Waits until the front end knows no worker. */
    void awaitNotServed() {
        Await.until(
                "a front end without workers", () -> get("/awaiting-no-worker").status() == 503);
    }

    /** One request on a connection of its own. */
    HttpAnswer get(String target) {
        try (HttpConnection connection = connect()) {
            return connection.get(target);
        }
    }

    /**
     * Has so many consumers of {@link HeldApplication} at work until they are released: when these
     * are all, nobody takes what comes then.
     *
     * @return the connection with their requests.
     */
    HttpConnection hold(int consumers, String name) {
        final HttpConnection client = connect();
        for (int i = 0; i < consumers; i++) {
            client.request("GET /held?until=" + name + "&i=" + i + " HTTP/1.1");
        }
        for (int i = 0; i < consumers; i++) {
            lanes().awaitTaken("/held?until=" + name + "&i=" + i);
        }
        return client;
    }

    /** Ends the handlers of {@link HeldApplication} that are at work until this is said. */
    void release(String name) {
        try {
            Files.createFile(directory.resolve(HeldApplication.file(name)));
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Asserts that other clients are served as if nothing had happened. */
    void shouldStillServe() {
        assertEquals("Hello, World!", get("/hello").text());
    }

    /** What is in the lanes of this bus. */
    Lanes lanes() {
        if (lanes == null) {
            lanes = new Lanes(directory);
        }
        return lanes;
    }

    /**
     * Names of the files that a channel's lanes have, oldest first. No file is looked at: the
     * janitor may delete it in that moment.
     */
    TreeSet<String> laneFiles(String channel) {
        final Path lanes = directory.resolve("channels").resolve(channel);
        return names(lanes)
                .flatMap(lane -> names(lanes.resolve(lane)))
                .filter(name -> name.endsWith(".cq4"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Stream<String> names(Path directory) {
        final String[] names = directory.toFile().list();
        return names == null ? Stream.empty() : Stream.of(names);
    }

    /** Sum of all counters, of all members, whose labels end with this text. */
    long counter(String labelEnd) {
        try (Members members = members()) {
            return members.all().stream()
                    .flatMap(member -> member.counters().entrySet().stream())
                    .filter(counter -> counter.getKey().endsWith(labelEnd))
                    .mapToLong(Map.Entry::getValue)
                    .sum();
        }
    }

    /** Asserts that {@code headrace audit} can say what became of every message. */
    void shouldExplainEveryMessage() {
        final HeadraceProcess audit = start("audit").shouldExit(0);
        final String line = audit.stdout().get(audit.stdout().size() - 1);
        assertTrue(line.matches("audit: .* 0 unexplained"), audit::report);
    }

    /** Waits until a process that is frozen has missed its heartbeats for everybody. */
    void awaitMissed(HeadraceProcess frozen) {
        final long missedNs = LiveMembers.HEARTBEAT_TIMEOUT_NS + 20 * LiveMembers.INTERVAL_NS;
        try (Bus bus = Bus.open(directory)) {
            Await.until(
                    "heartbeats that are missed of " + frozen,
                    () -> bus.clock().nanoTime() - heartbeatNs(frozen.pid()) > missedNs);
        }
    }

    /** Waits until a process that was asked to end only finishes what it has. */
    void awaitLeaving(HeadraceProcess process) {
        Await.until(
                "the leaving of " + process,
                () -> {
                    try (Members members = members()) {
                        return members.all().stream()
                                .anyMatch(it -> it.pid() == process.pid() && it.isLeaving());
                    }
                });
    }

    private long heartbeatNs(long pid) {
        try (Members members = members()) {
            return members.all().stream()
                    .filter(member -> member.pid() == pid)
                    .mapToLong(MemberReader::heartbeatNs)
                    .max()
                    .orElseThrow();
        }
    }

    /** First lines of the distinct errors of all members of a kind. */
    public List<String> errors(Member.Kind kind) {
        try (Members members = members()) {
            return members.all().stream()
                    .filter(member -> member.kind() == kind)
                    .flatMap(member -> member.errors().keySet().stream())
                    .map(error -> error.lines().findFirst().orElse(""))
                    .toList();
        }
    }

    private Members members() {
        final Members members = new Members(directory.resolve("members"), unreadable -> {});
        members.refresh();
        return members;
    }

    private String report() {
        final StringBuilder report = new StringBuilder("bus " + directory + "\n");
        processes.forEach(process -> report.append(process.report()).append('\n'));
        if (Files.isDirectory(directory.resolve("members"))) {
            try (Members members = members()) {
                members.all().forEach(member -> report(member, report));
            }
        }
        return report.toString();
    }

    private static void report(MemberReader member, StringBuilder report) {
        report.append(member.id() + " pid " + member.pid());
        report.append(member.isAlive() ? " lives\n" : " is dead\n");
        member.counters().entrySet().stream()
                .filter(counter -> counter.getValue() != 0)
                .forEach(c -> report.append("    " + c.getKey() + ": " + c.getValue() + "\n"));
        member.errors().forEach((text, count) -> report.append("  ! " + count + " x " + text));
    }

    private void close() {
        processes.forEach(HeadraceProcess::close);
        if (lanes != null) {
            lanes.close();
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (final Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        final List<String> leaks =
                processes.stream()
                        .flatMap(process -> process.stderr().stream())
                        .filter(line -> line.contains("LEAK"))
                        .toList();
        processes.clear();
        lanes = null;
        assertEquals(List.of(), leaks, "buffers leaked");
    }
}
