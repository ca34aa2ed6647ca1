// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A WebSocket that is open for longer than messages are kept: a second, in files of a second. */
class LongConnectionTest {

    private static final String RETENTION = "-Dheadrace.retention=1s";
    private static final String ROLL_CYCLE = "-Dheadrace.roll.cycle=TEST_SECONDLY";

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it -> {
                        final HeadraceProcess frontEnd = it.startFrontEnd(RETENTION, ROLL_CYCLE);
                        it.awaitListening(frontEnd);
                        it.demoWorker(RETENTION, ROLL_CYCLE);
                        it.awaitServed();
                    });

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    @Test
    void shouldKeepItsKeysOnRecordForEveryWorkerAndForItsClose() {
        final HeadraceProcess frontEnd = bus.processes().get(0);
        final HeadraceProcess first = bus.processes().get(1);
        try (WebSocketClient client = new WebSocketClient(bus, "/ws/echo?long")) {
            client.shouldEcho("when it was new");
            final Path file = connectFile();
            Await.until("the file with its connect is deleted", () -> !Files.exists(file));

            // One that has never seen the connect.
            bus.demoWorker(RETENTION);
            first.kill();
            client.shouldEcho("when it was old");

            frontEnd.kill();
            bus.lanes()
                    .await(
                            "/ws/echo?long",
                            "websocket.disconnect",
                            seen -> seen.fate().equals("done") && seen.order() == 3);
        }
    }

    /** The file that the connect is in: the last one that its lane has. */
    private static Path connectFile() {
        try (Stream<Path> files =
                Files.walk(bus.directory().resolve("channels/websocket.connect"))) {
            return files.filter(file -> file.toString().endsWith(".cq4"))
                    .max(Comparator.naturalOrder())
                    .orElseThrow();
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
    }
}
