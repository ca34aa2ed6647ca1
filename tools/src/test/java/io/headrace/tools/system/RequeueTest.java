// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** {@code headrace requeue} where it cannot do all that it should. */
class RequeueTest {

    @TempDir Path temporary;
    private WrittenBus bus;
    private Path directory;

    @BeforeEach
    void write() {
        directory = temporary.resolve("bus");
        bus = new WrittenBus(directory);
        bus.letter(1, "/one");
        bus.letter(2, "/two");
    }

    @AfterEach
    void close() {
        bus.close();
    }

    private HeadraceProcess requeue() {
        return HeadraceProcess.start("requeue", "--bus", directory.toString());
    }

    private List<String> fates(String channel) {
        try (Lanes lanes = new Lanes(directory)) {
            return lanes.all(channel).stream().map(Lanes.Seen::fate).toList();
        }
    }

    @Test
    void shouldLeaveTheLettersAloneWhenTheirChannelTakesNoLane() throws IOException {
        final Path inTheWay = directory.resolve("channels/http.request");
        Files.writeString(inTheWay, "");
        try (HeadraceProcess requeue = requeue().shouldExit(1)) {
            assertEquals(List.of(), requeue.stdout(), requeue::report);
            assertEquals(1, requeue.stderr().size(), requeue::report);
            assertTrue(requeue.stderr().get(0).contains("http.request"), requeue::report);
        }
        assertEquals(List.of("pending", "pending"), fates("dead.http.request"));

        Files.delete(inTheWay);
        try (HeadraceProcess requeue = requeue().shouldExit(0)) {
            assertEquals(List.of("requeue: 2 messages"), requeue.stdout(), requeue::report);
        }
        assertEquals(List.of("done", "done"), fates("dead.http.request"));
        assertEquals(List.of("pending", "pending"), fates("http.request"));
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "asks /proc what a process has open")
    void shouldEndBetweenTwoLettersWhenItIsAskedTo() throws IOException {
        final Path lockFile = directory.resolve("bus.lock");
        try (HeadraceProcess requeue = lockedOut(lockFile)) {
            requeue.shouldExit(0);
            assertEquals(List.of("requeue: 0 messages"), requeue.stdout(), requeue::report);
        }
        assertEquals(List.of("pending", "pending"), fates("dead.http.request"));
    }

    /** One that got SIGTERM while it could not open the bus, and then could. */
    private HeadraceProcess lockedOut(Path lockFile) throws IOException {
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            final HeadraceProcess requeue = requeue();
            Await.until("a process that waits for " + lock, () -> hasOpen(requeue.pid(), lockFile));
            requeue.terminate();
            return requeue;
        }
    }

    private static boolean hasOpen(long pid, Path file) throws IOException {
        final Path real = file.toRealPath();
        try (Stream<Path> open = Files.list(Path.of("/proc", "" + pid, "fd"))) {
            return open.anyMatch(
                    descriptor -> {
                        try {
                            return Files.readSymbolicLink(descriptor).equals(real);
                        } catch (final IOException closed) {
                            return false;
                        }
                    });
        }
    }
}
