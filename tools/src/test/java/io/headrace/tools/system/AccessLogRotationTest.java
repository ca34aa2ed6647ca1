// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** An access log that is rotated as logrotate does it: moved away, and then a signal. */
class AccessLogRotationTest {

    @TempDir static Path directory;

    @RegisterExtension
    final RunningBus bus =
            new RunningBus(
                    it -> {
                        final HeadraceProcess frontEnd =
                                it.startFrontEnd(
                                        "--access-log",
                                        file().toString(),
                                        "--access-log-format",
                                        "json");
                        it.demoWorker();
                        it.awaitListening(frontEnd);
                        it.awaitServed();
                    });

    private static Path file() {
        return directory.resolve("access.log");
    }

    private static boolean has(Path file, String target) throws Exception {
        return Files.exists(file) && Files.readString(file).contains("\"" + target + "\"");
    }

    @Test
    void shouldGoOnInANewFileAfterASignalAndLoseNoLine() throws Exception {
        final Path old = directory.resolve("access.log.1");
        bus.get("/hello?first");
        Await.until("a line", () -> has(file(), "/hello?first"));
        Files.move(file(), old);
        bus.processes().get(0).hangUp();
        Await.until("a new file", () -> Files.exists(file()));
        for (int i = 0; i < 50; i++) {
            bus.get("/hello?" + i);
        }
        bus.processes().get(0).terminate();
        bus.processes().get(0).shouldExit(0);

        assertTrue(has(old, "/hello?first"));
        final List<String> lines = Files.readAllLines(file());
        assertEquals(50, lines.size());
        for (int i = 0; i < 50; i++) {
            assertEquals("/hello?" + i, Json.object(lines.get(i)).get("target"), lines.get(i));
        }
    }
}
