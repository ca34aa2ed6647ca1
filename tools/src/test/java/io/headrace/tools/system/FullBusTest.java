// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A bus on a small file system in memory that others fill to the last page: nobody dies, and it
 * goes on when there is room. Mounting one takes root; who is not skips this.
 */
class FullBusTest {

    private static final int SIZE = 32 << 20;
    private static final int BODY_LENGTH = 50_000;

    @RegisterExtension static final RunningBus bus = new RunningBus(FullBusTest::start);

    private static void start(RunningBus bus) {
        final int code =
                run("mount", "-t", "tmpfs", "-o", "mode=700,size=" + SIZE, "tmpfs", path(bus));
        assumeTrue(code == 0, "needs a file system of its own, and mounting a tmpfs takes root");
        final HeadraceProcess frontEnd = bus.startFrontEnd();
        bus.demoWorker();
        bus.demoWorker();
        bus.awaitListening(frontEnd);
        bus.awaitServed();
    }

    private static String path(RunningBus bus) {
        return bus.directory().toString();
    }

    private static int run(String... command) {
        try {
            return new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start()
                    .waitFor();
        } catch (final IOException | InterruptedException e) {
            return -1;
        }
    }

    @AfterAll
    static void shouldExplainEveryMessageAndUnmount() {
        try {
            bus.shouldExplainEveryMessage();
        } finally {
            // Lazily: the processes end a moment later.
            run("umount", "-l", path(bus));
        }
    }

    /** Takes the last page, and those that were given back meanwhile. */
    private static void fill() {
        final Path taken = bus.directory().resolve("taken");
        try (OutputStream file =
                Files.newOutputStream(
                        taken, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            final byte[] page = new byte[4_096];
            while (true) {
                file.write(page);
            }
        } catch (final IOException full) {
            // It is.
        }
    }

    private static void free() throws IOException {
        Files.delete(bus.directory().resolve("taken"));
    }

    private static HttpAnswer post(HttpConnection client) {
        return client.post("/echo", new byte[BODY_LENGTH]);
    }

    /** Whether it is an answer, and not a refusal until memory has been given back. */
    private static boolean isAnswered(HttpAnswer answer) {
        if (answer.status() == 200) {
            return true;
        }
        answer.shouldBeRefusal(503, "memory-high");
        return false;
    }

    private static void shouldAllBeAlive() {
        for (final HeadraceProcess process : bus.processes()) {
            assertTrue(process.isAlive(), process::report);
        }
    }

    /** The test before may have left it full, until the janitor's next look. */
    @BeforeEach
    void awaitMemory() {
        try (HttpConnection client = bus.connect()) {
            Await.until("an answer", () -> post(client).status() == 200);
        }
    }

    @Test
    void shouldRefuseWhileOthersHaveAllMemoryAndGoOnWhenTheyGiveItBack() throws IOException {
        try (HttpConnection client = bus.connect();
                WebSocketClient socket = new WebSocketClient(bus, "/ws/echo?full")) {
            socket.shouldEcho("before");
            for (int round = 0; round < 3; round++) {
                assertEquals(200, post(client).status());
                Await.until(
                        "a refusal",
                        () -> {
                            fill();
                            return post(client).status() == 503;
                        });
                int refusedCount = 0;
                for (int i = 0; i < 200; i++) {
                    fill();
                    final HttpAnswer answer = post(client);
                    if (answer.status() == 503) {
                        answer.shouldBeRefusal(503, "memory-high");
                        assertEquals(Optional.of("1"), answer.header("retry-after"));
                        refusedCount++;
                    }
                }
                assertTrue(refusedCount > 0);
                shouldAllBeAlive();
                free();
                Await.until("an answer", () -> post(client).status() == 200);
            }
            socket.shouldEcho("after");
        }
        shouldAllBeAlive();
    }

    @Test
    void shouldLiveOnWhatItGivesBackItself() {
        try (HttpConnection client = bus.connect()) {
            // Three times as much as there is, each way.
            for (long answered = 0; answered < 3L * SIZE; answered += BODY_LENGTH) {
                Await.until("an answer", () -> isAnswered(post(client)));
            }
        }
        shouldAllBeAlive();
    }
}
