// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.worker.Application;
import io.headrace.worker.WorkerContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What users see whose command line, or whose bus, does not do: a code, and one line that says why.
 */
class CommandLineTest {

    @TempDir Path temporary;
    private Path directory;
    private final List<HeadraceProcess> processes = new ArrayList<>();

    @BeforeEach
    void choose() {
        directory = temporary.resolve("bus");
    }

    @AfterEach
    void end() {
        processes.forEach(HeadraceProcess::close);
    }

    private HeadraceProcess run(String... args) {
        final HeadraceProcess process = HeadraceProcess.start(args);
        processes.add(process);
        return process;
    }

    private HeadraceProcess runOnBus(String... args) {
        final List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of("--bus", directory.toString()));
        return run(all.toArray(String[]::new));
    }

    /** Starts several command lines side by side. */
    private HeadraceProcess[] runAll(String... commands) {
        return Stream.of(commands)
                .map(command -> run(command.split(" ")))
                .toArray(HeadraceProcess[]::new);
    }

    private HeadraceProcess[] runAllOnBus(String... commands) {
        return Stream.of(commands)
                .map(command -> runOnBus(command.split(" ")))
                .toArray(HeadraceProcess[]::new);
    }

    /** Asserts that it fails with one line, which has all these texts in it. */
    private static void shouldFail(HeadraceProcess process, String... texts) {
        process.shouldExit(1);
        assertEquals(List.of(), process.stdout(), process::report);
        assertEquals(1, process.stderr().size(), process::report);
        final String line = process.stderr().get(0);
        assertTrue(line.startsWith("headrace "), process::report);
        for (final String text : texts) {
            assertTrue(line.contains(text), () -> "'" + text + "' is not in: " + line);
        }
    }

    private static void shouldShowUsage(HeadraceProcess process, String problem) {
        process.shouldExit(2);
        assertEquals(List.of(), process.stdout(), process::report);
        final String text = String.join("\n", process.stderr());
        assertTrue(text.contains(problem), process::report);
        assertTrue(text.contains("Usage: headrace"), process::report);
        assertTrue(!text.contains("\tat "), process::report);
    }

    @Test
    void shouldNameThePortThatIsTaken() throws IOException {
        try (ServerSocket owner = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            final String port = "" + owner.getLocalPort();
            shouldFail(runOnBus("frontend", "--port", port), "frontend", port, "--port");
            shouldFail(runOnBus("demo", "--port", port), port);
        }
    }

    @Test
    void shouldNameThePortThatAnotherFrontEndHas() {
        final HeadraceProcess first = runOnBus("frontend", "--port", "0");
        final int port = RunningBus.port(first.awaitReady("headrace frontend"));

        shouldFail(runOnBus("frontend", "--port", "" + port), "" + port);
    }

    @Test
    void shouldNameTheBusThatIsNotThere() {
        for (final HeadraceProcess process : runAllOnBus("tail", "stat", "audit")) {
            shouldFail(process, directory.toString());
        }
        assertTrue(Files.notExists(directory), "has made a bus");
    }

    @Test
    void shouldRefuseABusOfAnotherVersion() throws IOException {
        Bus.openOrCreate(directory).close();
        final Path settings = directory.resolve("bus.properties");
        Files.writeString(
                settings, Files.readString(settings).replaceFirst("version=\\d+", "version=99"));

        for (final HeadraceProcess process :
                runAllOnBus("tail", "stat", "frontend --port 0", "worker --app demo")) {
            shouldFail(process, directory.toString(), "version 99");
        }
    }

    @Test
    void shouldRefuseADirectoryThatIsNoBus() throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("thesis.txt"), "important");

        shouldFail(runOnBus("frontend", "--port", "0"), directory.toString(), "thesis.txt");
        assertEquals("important", Files.readString(directory.resolve("thesis.txt")));
    }

    @Test
    void shouldRefuseABusThatOthersMayWriteTo() throws IOException {
        Files.createDirectories(directory);
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));

        shouldFail(runOnBus("worker", "--app", "demo"), directory.toString(), "rwxrwxrwx");
    }

    @Test
    void shouldRefuseABusThatIsAFile() throws IOException {
        Files.writeString(directory, "");

        shouldFail(runOnBus("frontend", "--port", "0"), directory.toString());
    }

    @Test
    void shouldMakeABusThatOnlyItsOwnerMayReadAndEnter() throws IOException {
        runOnBus("worker", "--app", "demo").awaitReady("headrace worker");

        assertEquals(
                "rwx------",
                PosixFilePermissions.toString(Files.getPosixFilePermissions(directory)));
    }

    @Test
    void shouldShowTheUsageForAnUnknownOption() {
        for (final HeadraceProcess process :
                runAll(
                        "frontend --nonsense",
                        "worker --app demo --nonsense",
                        "demo --nonsense",
                        "tail --nonsense",
                        "stat --nonsense",
                        "audit --nonsense")) {
            shouldShowUsage(process, "Unknown option: '--nonsense'");
        }
    }

    @Test
    void shouldShowTheUsageForAnIncompleteCommandLine() {
        final HeadraceProcess nothing = run();
        final HeadraceProcess nonsense = run("nonsense");
        final HeadraceProcess[] incomplete =
                runAll("worker", "frontend --port x", "tail --limit x", "tail --from x");

        shouldShowUsage(nothing, "Missing command");
        nonsense.shouldExit(2);
        shouldShowUsage(incomplete[0], "--app");
        shouldShowUsage(incomplete[1], "--port");
        shouldShowUsage(incomplete[2], "--limit");
        shouldShowUsage(incomplete[3], "--from");
    }

    @Test
    void shouldShowHelpForEveryCommand() {
        final String[] commands = {
            "frontend", "worker", "demo", "tail", "stat", "audit", "who", "requeue"
        };
        final HeadraceProcess[] helps =
                runAll(Stream.of(commands).map(name -> name + " --help").toArray(String[]::new));

        for (int i = 0; i < commands.length; i++) {
            final HeadraceProcess help = helps[i].shouldExit(0);
            final String start = "Usage: headrace " + commands[i];
            assertTrue(help.stdout().get(0).startsWith(start), help::report);
            assertEquals(List.of(), help.stderr(), help::report);
        }
    }

    /** Runs command lines side by side, and asserts that each fails with what stands behind it. */
    private void shouldFailWith(Map<String, String> problems) {
        final Map<String, HeadraceProcess> running = new LinkedHashMap<>();
        problems.keySet().forEach(command -> running.put(command, runOnBus(command.split(" "))));
        running.forEach((command, process) -> shouldFail(process, problems.get(command)));
    }

    @Test
    void shouldNameTheValueThatWillNotDo() {
        shouldFailWith(
                Map.of(
                        "frontend --port 70000",
                        "70000",
                        "frontend --port 0 --loops 0",
                        "headrace.loops",
                        "frontend --port 0 --idle nonsense",
                        "nonsense",
                        "frontend --port 0 --host no.such.host.invalid",
                        "no.such.host.invalid",
                        "frontend --port 0 --mount-prefix relative",
                        "relative",
                        "frontend --port 0 -Dheadrace.header.max=1",
                        "headrace.header.max",
                        "frontend --port 0 -Dheadrace.body.max=1g",
                        "headrace.body.max",
                        "worker --app demo --consumers 0",
                        "headrace.consumers",
                        "worker --app demo --cpus 1-x",
                        "1-x",
                        "worker --app demo --idle nonsense",
                        "nonsense"));
    }

    @Test
    void shouldNameThePropertyThatCannotBeRead() {
        shouldFailWith(
                Map.of(
                        "frontend --port 0 -Dheadrace.requests.max=lots",
                        "headrace.requests.max is 'lots'; it takes",
                        "frontend --port 0 -Dheadrace.idle.timeout=10m",
                        "headrace.idle.timeout is '10m'; it takes",
                        "frontend --port 0 -Dheadrace.handshake.timeout=10us",
                        "headrace.handshake.timeout (ns) is 10000; it takes 1000000 and more",
                        "frontend --port 0 -Dheadrace.body.max=4097m",
                        "headrace.body.max is '4097m'; it takes",
                        "frontend --port 8080 -Dheadrace.port.shared=yes",
                        "headrace.port.shared is 'yes'; it takes",
                        "worker --app demo -Dheadrace.blocking=some",
                        "headrace.blocking is 'some'; it takes"));
    }

    @Test
    void shouldSayWhatIsWrongWithAnApplication() {
        final String here = "worker --app " + CommandLineTest.class.getName();
        shouldFailWith(
                Map.of(
                        "worker --app no.such.App",
                        "cannot be found",
                        "worker --app io/headrace/worker/Application",
                        "cannot be found",
                        "worker --app java.lang.String",
                        "does not implement io.headrace.worker.Application",
                        "worker --app io.headrace.worker.Application",
                        "cannot be made",
                        here + "$Hidden",
                        "public constructor",
                        here + "$Throwing",
                        "thrown by a constructor",
                        here + "$Empty",
                        "registers no handler",
                        here + "$Misconfigured",
                        "thrown by configure",
                        "worker --app no.such.App --classpath /no/such.jar",
                        "/no/such.jar"));
    }

    @Test
    void shouldSayHowLongAChannelNameIsThatIsTooLong() {
        Bus.openOrCreate(directory).close();

        final HeadraceProcess[] tails =
                runAllOnBus(
                        "tail " + "c".repeat(200),
                        "tail " + "c".repeat(201),
                        "tail http.request a/b",
                        "tail a!b!c",
                        "tail ..");

        tails[0].shouldExit(0);
        shouldFail(tails[1], "201", "200");
        shouldFail(tails[2], "a/b");
        shouldFail(tails[3], "a!b!c");
        shouldFail(tails[4], "'..'");
    }

    @Test
    void shouldShowTheStackTraceOnlyWhenAskedTo() {
        final HeadraceProcess verbose = runOnBus("tail", "--verbose").shouldExit(1);

        assertTrue(
                verbose.stderr().stream().anyMatch(line -> line.startsWith("\tat io.headrace")),
                verbose::report);
    }

    /** Has no constructor to use. */
    public static final class Hidden implements Application {
        private Hidden() {}

        @Override
        public void configure(WorkerContext context) {}
    }

    /** Cannot be made. */
    public static final class Throwing implements Application {
        public Throwing() {
            throw new IllegalStateException("thrown by a constructor");
        }

        @Override
        public void configure(WorkerContext context) {}
    }

    /** Handles nothing. */
    public static final class Empty implements Application {
        @Override
        public void configure(WorkerContext context) {}
    }

    /** Fails to register. */
    public static final class Misconfigured implements Application {
        @Override
        public void configure(WorkerContext context) {
            throw new IllegalStateException("thrown by configure");
        }
    }
}
