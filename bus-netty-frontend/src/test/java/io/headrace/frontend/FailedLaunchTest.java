// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/**
 * A launch that fails half-way leaves nothing behind in a program that goes on: no thread, no open
 * file, no port, no member that others count on.
 */
class FailedLaunchTest {

    @TempDir private Path directory;

    private Path bus;
    private Set<Thread> threadsBefore;

    @BeforeEach
    void prepare() {
        bus = directory.resolve("bus");
        // What Chronicle, Netty and the JDK start with the first bus, and keep.
        try (Frontend first = Frontend.launch(context())) {
            assertTrue(first.port() > 0);
        }
        threadsBefore = Thread.getAllStackTraces().keySet();
    }

    @AfterEach
    void serveAllTheSame() throws IOException {
        try (Frontend next = Frontend.launch(context());
                Socket client = new Socket(InetAddress.getLoopbackAddress(), next.port())) {
            assertTrue(client.isConnected());
        }
    }

    private FrontendContext context() {
        return new FrontendContext().directory(bus).port(0).loops(2);
    }

    private void shouldLeaveNothing(String problem, Executable launch) throws IOException {
        final HeadraceException e = assertThrows(HeadraceException.class, launch);
        assertTrue(e.getMessage().contains(problem), e.getMessage());
        assertEquals(List.of(), threads());
        assertEquals(List.of(), openMemberFiles());
    }

    /** Those that have come since, and are not the JVM's or a library's. */
    private List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.isAlive() && !threadsBefore.contains(thread))
                .map(Thread::getName)
                .filter(name -> name.matches("\\[?(member-|[fw]\\d+-|pages|access).*"))
                .collect(Collectors.toList());
    }

    /** The member files that this process has open, and so locked: proc(5). */
    private List<String> openMemberFiles() throws IOException {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors
                    .map(FailedLaunchTest::target)
                    .filter(target -> target.startsWith(bus.resolve("members").toString()))
                    .collect(Collectors.toList());
        }
    }

    /** Those that belong to a living member, as the kernel tells it: proc_locks(5). */
    private List<Path> lockedMemberFiles() throws IOException {
        final List<String> locks = Files.readAllLines(Path.of("/proc/locks"));
        final List<Path> locked = new ArrayList<>();
        try (Stream<Path> files = Files.list(bus.resolve("members"))) {
            for (final Path file : files.sorted().toList()) {
                final String inode = ":" + Files.getAttribute(file, "unix:ino") + " ";
                if (locks.stream()
                        .anyMatch(lock -> lock.contains(" WRITE ") && lock.contains(inode))) {
                    locked.add(file);
                }
            }
        }
        return locked;
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (final IOException closed) {
            return "";
        }
    }

    @Test
    void shouldUndoAFrontEndThatCannotListenAtAFile() throws IOException {
        final FrontendContext context = context().listen("unix:" + directory + "/no/such/socket");
        shouldLeaveNothing("/no/such/socket", () -> Frontend.launch(context));
    }

    @Test
    void shouldUndoAFrontEndWhoseOperatorsPortIsTaken() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            final int port = free.getLocalPort();
            free.close();
            final FrontendContext context =
                    context().port(port).admin("127.0.0.1:" + taken.getLocalPort());
            shouldLeaveNothing("" + taken.getLocalPort(), () -> Frontend.launch(context));
            try (Socket client = new Socket()) {
                assertThrows(
                        IOException.class,
                        () -> client.connect(new InetSocketAddress("127.0.0.1", port)));
                assertFalse(client.isConnected());
            }
        }
    }

    @Test
    void shouldLetNoOtherFrontEndHaveItsPortBeforeItListens() throws IOException {
        try (Frontend first = Frontend.prepare(context().loops(1))) {
            // It would listen with its loop's first cycle.
            first.agents().get(1).onStart();
            final FrontendContext second =
                    new FrontendContext().directory(directory.resolve("other")).port(first.port());
            final HeadraceException e =
                    assertThrows(HeadraceException.class, () -> Frontend.launch(second));
            assertTrue(e.getMessage().contains("cannot listen on"), e.getMessage());
        }
    }

    @Test
    void shouldGiveItsPortBackWhenThereIsNoBusForIt() throws IOException {
        final int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        final Path noBus = Files.createFile(directory.resolve("file"));
        assertThrows(
                HeadraceException.class,
                () -> Frontend.launch(context().directory(noBus).port(port)));
        try (Frontend next = Frontend.launch(context().port(port))) {
            assertEquals(port, next.port());
        }
    }

    @Test
    void shouldUndoAFrontEndWhoseAccessLogCannotBeOpened() throws IOException {
        final FrontendContext context = context().accessLog(directory + "/no/such/log");
        shouldLeaveNothing("/no/such/log", () -> Frontend.launch(context));
    }

    @Test
    void shouldUndoAFrontEndWhoseLimitsAreRefusedOnTheWay() throws IOException {
        System.setProperty("headrace.held.max", "many");
        try {
            shouldLeaveNothing("headrace.held.max", () -> Frontend.launch(context()));
        } finally {
            System.clearProperty("headrace.held.max");
        }
    }

    @Test
    void shouldUndoAWorkerWhoseLaneCannotBeMade() throws IOException {
        try (Frontend frontend = Frontend.launch(context())) {
            // The lane in which it would reply is there already.
            final int number = frontend.bus().nextMemberNumber() + 1;
            final String busId = frontend.bus().settings().id();
            final String channel = ReplyAddress.channel(frontend.id(), 0);
            try (Stream<Path> paths = Files.walk(bus)) {
                final Path lanes = paths.filter(path -> path.endsWith(channel)).findFirst().get();
                final Path lane = lanes.resolve("w" + number + "-" + busId + "-0");
                Files.createFile(Files.createDirectory(lane).resolve("lane.properties"));
            }
            threadsBefore = Thread.getAllStackTraces().keySet();
            // Not those that are open: the front end's janitor may read the failed worker's.
            final List<Path> lockedBefore = lockedMemberFiles();
            final HeadraceException e =
                    assertThrows(HeadraceException.class, () -> Worker.launch(workerContext()));
            assertTrue(e.getMessage().startsWith("lane "), e.getMessage());
            assertEquals(1, lockedBefore.size(), lockedBefore.toString());
            assertEquals(List.of(), threads());
            assertEquals(lockedBefore, lockedMemberFiles());
            try (Worker next = Worker.launch(workerContext())) {
                assertEquals(1, next.consumerCount());
            }
        }
    }

    private WorkerContext workerContext() {
        return new WorkerContext()
                .directory(bus)
                .onHttpRequest((channel, request, reply) -> reply.send(200, "", ""));
    }

    @Test
    void shouldUndoAWorkerWhoseSettingsAreRefusedOnTheWay() throws IOException {
        System.setProperty("headrace.claim.timeout", "never");
        try {
            shouldLeaveNothing("headrace.claim.timeout", () -> Worker.launch(workerContext()));
        } finally {
            System.clearProperty("headrace.claim.timeout");
        }
    }
}
