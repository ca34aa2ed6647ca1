// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code headrace demo} as one command: its line, its processes, and how all of them end. */
class DemoTest {

    private static final Pattern READY =
            Pattern.compile(
                    "headrace demo: http://127\\.0\\.0\\.1:(\\d+)/  "
                            + "\\(bus (.+), front end pid (\\d+), worker pids (\\d+) (\\d+)\\)");

    private static final Pattern STARTED =
            Pattern.compile("headrace demo: worker pid (\\d+) started");

    @RegisterExtension final RunningBus bus = new RunningBus(it -> it.start("demo", "--port", "0"));

    private HeadraceProcess demo;
    private int port;
    private List<Long> children;

    @BeforeEach
    void readLine() {
        demo = bus.processes().get(0);
        final String line = demo.awaitReady("headrace demo: ");
        final Matcher ready = READY.matcher(line);
        assertTrue(ready.matches(), line);
        assertEquals(bus.directory().toString(), ready.group(2));
        port = Integer.parseInt(ready.group(1));
        children = Stream.of(3, 4, 5).map(ready::group).map(Long::valueOf).toList();
        bus.lanes().all("*");
    }

    private void shouldServe() {
        try (HttpConnection client = new HttpConnection(port)) {
            assertEquals("Hello, World!", client.get("/hello").text());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void shouldEndCleanlyWithAllItsProcesses(String signal) throws IOException {
        assumeFalse(
                signal.equals("INT") && isInterruptIgnored(demo.pid()),
                "a shell that runs this in the background has it ignore SIGINT");
        shouldServe();
        try (HttpConnection busy = new HttpConnection(port);
                HttpConnection socket = new HttpConnection(port)) {
            assertEquals(
                    101, WebSocketClient.request(socket, "/ws/chat").answerWithoutBody().status());
            busy.request("GET /slow?ms=1000 HTTP/1.1");
            bus.lanes().awaitTaken("/slow?ms=1000");

            HeadraceProcess.signal(signal, demo.pid());
            if (signal.equals("INT")) {
                // Ctrl-C goes to all processes that the terminal has in front.
                children.forEach(child -> HeadraceProcess.signal(signal, child));
            }

            assertEquals(1001, Frame.read(socket).code());
            assertEquals("answered after 1000 ms\n", busy.answer().text());
        }
        demo.shouldExit(0);
        assertEquals(1, demo.stdout().size(), demo::report);
        assertEquals(List.of(), demo.stderr(), demo::report);
        assertTrue(children.stream().allMatch(HeadraceProcess::hasEnded), demo::report);
    }

    /** Whether a process was started with SIGINT ignored, as POSIX shells start background jobs. */
    private static boolean isInterruptIgnored(long pid) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 2) != 0);
    }

    @Test
    void shouldStartAWorkerAgainAndLeaveNobodyBehindWhenItIsKilled() {
        shouldServe();
        ProcessHandle.of(children.get(1)).orElseThrow().destroyForcibly();
        Await.until(
                "a line about the worker",
                () ->
                        demo.stdout()
                                .contains(
                                        "headrace demo: worker pid "
                                                + children.get(1)
                                                + " ended with 137"));
        shouldServe();
        final long next =
                Await.value(
                        "a line about the next worker",
                        () ->
                                demo.stdout().stream()
                                        .map(STARTED::matcher)
                                        .filter(Matcher::matches)
                                        .map(line -> Long.valueOf(line.group(1)))
                                        .findFirst());
        ProcessHandle.of(children.get(2)).orElseThrow().destroyForcibly();
        shouldServe();

        demo.kill();

        Await.until(
                "the end of the demo's processes",
                () ->
                        HeadraceProcess.hasEnded(next)
                                && children.stream().allMatch(HeadraceProcess::hasEnded));
    }
}
