// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.headrace.benchmarks.machine.Machine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The command as a user sees it: every row, once and short, and its end, however it comes. */
@EnabledOnOs(OS.LINUX)
class BenchCommandTest {

    private static final Set<String> ROWS =
            Set.of("hop", "throughput", "http", "websocket", "idle", "size");
    private static final Set<String> KEYS =
            Set.of(
                    "row",
                    "case",
                    "contender",
                    "rounds",
                    "p50Ns",
                    "p99Ns",
                    "p999Ns",
                    "maxNs",
                    "perSecond",
                    "cpuUsPerOp",
                    "bytesPerOp",
                    "ratioTo");

    @TempDir Path root;

    /** The launcher's place is taken by a script that needs no build. */
    @BeforeEach
    void makeLauncher() throws IOException {
        final List<String> java = new ArrayList<>(java());
        java.add("io.headrace.tools.HeadraceMain");
        Files.createDirectories(root.resolve("tools/bin"));
        Files.writeString(
                root.resolve("tools/bin/headrace"),
                "umask 077\nexec '" + String.join("' '", java) + "' \"$@\"\n");
    }

    private static List<String> java() {
        final List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(Machine.jvmFlags());
        // The benchmark's processes get these, too; most of their time here is their start.
        command.addAll(
                List.of(
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UnlockDiagnosticVMOptions",
                        "-XX:-BytecodeVerificationRemote"));
        command.add("-cp");
        final String classPath = System.getProperty("java.class.path");
        command.add(System.getProperty("surefire.test.class.path", classPath));
        return command;
    }

    private Process start(String... arguments) throws IOException {
        final List<String> command = java();
        command.add("-Dheadrace.root=" + root);
        command.add(BenchmarksMain.class.getName());
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(root.resolve("errors").toFile())
                .start();
    }

    @Test
    void shouldMeasureEveryRowAndReportIt() throws Exception {
        final Path output = root.resolve("output");
        final Process bench = start("--trial", "--verbose", "--output", output.toString());
        final int status = bench.waitFor();
        assertEquals(0, status, () -> errors());
        assertNothingIsLeft(bench);
        final Map<String, Integer> rows = new TreeMap<>();
        for (final Map<String, String> row : rows(output.resolve("bench.json"))) {
            assertTrue(row.keySet().containsAll(KEYS), row::toString);
            assertTrue(Integer.parseInt(row.get("rounds")) >= 1, row::toString);
            rows.merge(row.get("row"), 1, Integer::sum);
        }
        assertEquals(new TreeSet<>(ROWS), rows.keySet());
        final String html = Files.readString(output.resolve("bench.html"));
        assertTrue(html.contains("<svg") && html.contains("</html>"));
        assertFalse(html.matches("(?s).*(?:src|href)=.*"), "the page needs something else");
    }

    /** The scalar keys of each object of the array {@code rows}; null is the text null. */
    private static List<Map<String, String>> rows(Path file) throws IOException {
        final List<Map<String, String>> rows = new ArrayList<>();
        try (JsonParser json = new JsonFactory().createParser(file.toFile())) {
            while (!"rows".equals(json.currentName())) {
                assertNotNull(json.nextToken(), "no rows");
            }
            assertEquals(JsonToken.START_ARRAY, json.nextToken());
            while (json.nextToken() == JsonToken.START_OBJECT) {
                final Map<String, String> row = new HashMap<>();
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    final String key = json.currentName();
                    json.nextToken();
                    row.put(key, json.getText());
                    json.skipChildren();
                }
                rows.add(row);
            }
        }
        return rows;
    }

    @Test
    void shouldLeaveNothingBehindWhenItIsStopped() throws Exception {
        final Process bench = start("--trial", "--row", "http", "--rounds", "1000");
        final List<ProcessHandle> children = awaitChildren(bench);
        bench.destroy();
        assertEquals(0, bench.waitFor(), () -> errors());
        children.forEach(BenchCommandTest::awaitEnd);
        awaitNothingIsLeft(bench);
    }

    @Test
    void shouldLeaveNothingBehindWhenItIsKilled() throws Exception {
        final Process bench = start("--trial", "--row", "http", "--rounds", "1000");
        final List<ProcessHandle> children = awaitChildren(bench);
        bench.destroyForcibly().waitFor();
        // Some are stopped, and would not notice; the guard does.
        children.forEach(BenchCommandTest::awaitEnd);
        awaitNothingIsLeft(bench);
    }

    /** Waits until servers are being measured, so that some of them are stopped. */
    private List<ProcessHandle> awaitChildren(Process bench) throws IOException {
        final Path errors = root.resolve("errors");
        while (bench.descendants().noneMatch(BenchCommandTest::isStopped)) {
            assertTrue(bench.isAlive(), () -> errors());
            LockSupport.parkNanos(5_000_000);
        }
        assertTrue(Files.exists(errors));
        return bench.descendants().toList();
    }

    private static boolean isStopped(ProcessHandle process) {
        try (BufferedReader stat =
                new BufferedReader(
                        new InputStreamReader(
                                Files.newInputStream(
                                        Path.of("/proc/" + process.pid() + "/stat"))))) {
            return stat.readLine().matches(".*\\) T .*");
        } catch (final IOException ended) {
            return false;
        }
    }

    private static void awaitEnd(ProcessHandle process) {
        while (process.isAlive()) {
            LockSupport.parkNanos(5_000_000);
        }
    }

    private static void awaitNothingIsLeft(Process bench) throws IOException {
        while (!leftovers(bench).isEmpty()) {
            LockSupport.parkNanos(5_000_000);
        }
    }

    private static void assertNothingIsLeft(Process bench) throws IOException {
        assertEquals(List.of(), leftovers(bench));
    }

    private static List<Path> leftovers(Process bench) throws IOException {
        final Path memory =
                Files.isDirectory(Path.of("/dev/shm"))
                        ? Path.of("/dev/shm")
                        : Path.of(System.getProperty("java.io.tmpdir"));
        final List<Path> left = new ArrayList<>();
        try (DirectoryStream<Path> found =
                Files.newDirectoryStream(memory, "headrace-bench-" + bench.pid() + "-*")) {
            found.forEach(left::add);
        }
        return left;
    }

    private String errors() {
        try {
            return Files.readString(root.resolve("errors"));
        } catch (final IOException e) {
            return e.toString();
        }
    }
}
