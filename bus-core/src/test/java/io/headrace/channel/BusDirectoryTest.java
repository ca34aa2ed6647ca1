// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.headrace.HeadraceException;
import io.headrace.member.Member;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import net.openhft.chronicle.core.io.BackgroundResourceReleaser;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a bus does to a directory, and which directories it refuses. */
class BusDirectoryTest {

    @TempDir Path directory;

    @AfterEach
    void clearProperties() {
        System.clearProperty(Bus.DIRECTORY_PROPERTY);
    }

    @Test
    void shouldMakeAnAbsentDirectoryAndItsParentsForItsOwnerAlone() throws IOException {
        final Path path = directory.resolve("absent/parent/bus");
        Bus.openOrCreate(path).close();
        assertEquals("rwx------", mode(path));
        assertEquals("rwx------", mode(path.getParent()));
    }

    @Test
    void shouldMakeAnEmptyDirectoryABusForItsOwnerAlone() throws IOException {
        final Path path = Files.createDirectory(directory.resolve("bus"));
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
        Bus.openOrCreate(path).close();
        assertEquals("rwx------", mode(path));
    }

    @ParameterizedTest
    @ValueSource(strings = {"lanes.dat", "bells.dat"})
    void shouldFinishATableWhoseMakerWasKilledHalfWay(String name) throws IOException {
        final Path path = directory.resolve("bus");
        Bus.openOrCreate(path).close();
        final long length = Files.size(path.resolve(name));
        try (FileChannel table = FileChannel.open(path.resolve(name), StandardOpenOption.WRITE)) {
            table.truncate(length / 2 + 1);
        }
        Bus.openOrCreate(path).close();
        assertEquals(length, Files.size(path.resolve(name)));
    }

    @Test
    void shouldLetNobodyElseReadWhatIsInIt() throws IOException {
        final Path path = directory.resolve("bus");
        try (Bus bus = Bus.openOrCreate(path);
                LaneAppender lane = bus.newLane("http.request", "f1-x-0", new WriterSequence())) {
            append(bus, lane);
            Member.register(
                            bus.membersDirectory(),
                            Member.Kind.WORKER,
                            "w1-x",
                            "*",
                            1,
                            1,
                            bus.clock())
                    .close();
            // Chronicle tells of a new file from a thread of its own.
            BackgroundResourceReleaser.releasePendingResources();
            final Set<String> open = new TreeSet<>();
            for (final Path each : walk(path)) {
                final String expected = Files.isDirectory(each) ? "rwx------" : "rw-------";
                if (!mode(each).equals(expected)) {
                    open.add(path.relativize(each) + " " + mode(each));
                }
            }
            assertEquals(Set.of(), open);
        }
    }

    @Test
    void shouldRefuseADirectoryThatIsNotEmptyAndLeaveItAsItIs() throws IOException {
        final Path path = Files.createDirectory(directory.resolve("home"));
        Files.writeString(path.resolve("letter.txt"), "dear");
        final String problem = openOrCreateProblem(path);
        assertTrue(problem.contains("neither a bus nor empty"), problem);
        assertTrue(problem.contains("'letter.txt'"), problem);
        assertTrue(problem.contains("--bus"), problem);
        assertEquals(List.of(path, path.resolve("letter.txt")), walk(path));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rwxrwx---", "rwx---rwx", "rwxrwxrwx", "rwx----w-", "rwx-w----"})
    void shouldRefuseADirectoryThatOthersMayWriteSayingWhatToDo(String mode) throws IOException {
        final Path path = Files.createDirectory(directory.resolve("bus"));
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
        final String problem = openOrCreateProblem(path);
        assertTrue(problem.contains("writable by others (" + mode + ")"), problem);
        assertTrue(problem.contains("chmod 700"), problem);
        assertEquals(List.of(path), walk(path));
    }

    @Test
    void shouldRefuseABusThatOthersMayWriteByNow() throws IOException {
        final Path path = directory.resolve("bus");
        Bus.openOrCreate(path).close();
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxrwxrwx"));
        assertTrue(openOrCreateProblem(path).contains("chmod 700"));
        assertTrue(openProblem(path).contains("chmod 700"));
    }

    @Test
    void shouldRefuseADirectoryOfAnotherUser() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "only root can give files away");
        final Path path = Files.createDirectory(directory.resolve("bus"));
        Files.setAttribute(path, "unix:uid", 65_534);
        final String problem = openOrCreateProblem(path);
        assertTrue(problem.contains("another user (uid 65534)"), problem);
        assertEquals(List.of(path), walk(path));
    }

    @Test
    void shouldRefuseAFileInPlaceOfADirectory() throws IOException {
        final Path path = Files.createFile(directory.resolve("file"));
        assertTrue(openOrCreateProblem(path).contains("not a directory"));
        assertTrue(openOrCreateProblem(path.resolve("below")).contains("below"));
    }

    @Test
    void shouldRefuseToOpenAnAbsentBusSayingWhatToStart() {
        final Path path = directory.resolve("absent");
        final String problem = openProblem(path);
        assertTrue(problem.contains("no bus in " + path), problem);
        assertTrue(problem.contains("headrace demo"), problem);
        assertTrue(problem.contains("--bus"), problem);
        assertFalse(Files.exists(path));
    }

    @Test
    void shouldRefuseToOpenAnEmptyDirectoryAndLeaveItEmpty() throws IOException {
        final Path path = Files.createDirectory(directory.resolve("empty"));
        assertTrue(openProblem(path).contains("no bus in"));
        assertEquals(List.of(path), walk(path));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bus.lock",
                "bus.lock members/",
                "bus.lock members/ channels/",
                "bus.lock members/ channels/ bus.properties.new",
                "bus.dat",
                "bus.lock bus.dat members/ channels/ bus.properties.new"
            })
    void shouldGoOnWhereSomebodyDiedInTheMiddleOfMakingIt(String debris) throws IOException {
        final Path path = Files.createDirectory(directory.resolve("bus"));
        for (final String name : debris.split(" ")) {
            if (name.endsWith("/")) {
                Files.createDirectory(path.resolve(name));
            } else {
                Files.createFile(path.resolve(name));
            }
        }
        try (Bus bus = Bus.openOrCreate(path)) {
            assertEquals(1, bus.nextMemberNumber());
            assertTrue(Files.isDirectory(bus.membersDirectory()));
            bus.newLane("http.request", "f1-x-0", new WriterSequence()).close();
        }
    }

    @Test
    void shouldRefuseSharedWordsOfAnotherLengthInsteadOfMappingThem() throws IOException {
        final Path path = directory.resolve("bus");
        Bus.openOrCreate(path).close();
        for (final int length : new int[] {1, 4095, 4097}) {
            Files.write(path.resolve("bus.dat"), new byte[length]);
            final String problem = openProblem(path);
            assertTrue(problem.contains("has " + length + " bytes, not 4096"), problem);
        }
    }

    @Test
    void shouldKeepItsSharedWordsWhileItIsOpenedAgain() {
        final Path path = directory.resolve("bus");
        try (Bus first = Bus.openOrCreate(path);
                Bus second = Bus.open(path)) {
            assertEquals(first.settings(), second.settings());
            assertEquals(1, first.nextMemberNumber());
            assertEquals(2, second.nextMemberNumber());
            assertEquals(1, first.nextConsumerIds(3));
            assertEquals(4, second.nextConsumerIds(1));
            assertEquals(5, first.nextConsumerIds(1));
            final long version = first.laneVersion();
            second.raiseLaneVersion();
            assertEquals(version + 1, first.laneVersion());
        }
        try (Bus third = Bus.openOrCreate(path)) {
            assertEquals(3, third.nextMemberNumber());
        }
    }

    @Test
    void shouldTellTheSameTimeToAllThatOpenIt() {
        final Path path = directory.resolve("bus");
        try (Bus first = Bus.openOrCreate(path);
                Bus second = Bus.open(path)) {
            final long one = first.clock().nanoTime();
            final long two = second.clock().nanoTime();
            final long three = first.clock().nanoTime();
            assertTrue(one <= two && two <= three, one + " " + two + " " + three);
            final long anHourAgoNs = (System.currentTimeMillis() - 3_600_000) * 1_000_000;
            assertTrue(one > anHourAgoNs, "bus time is the time since the epoch");
        }
    }

    @Test
    void shouldListTheChannelsThereAreInOrder() {
        try (Bus bus = Bus.openOrCreate(directory.resolve("bus"))) {
            assertEquals(List.of(), bus.channels(name -> true));
            for (final String name : List.of("b", "a.request", "c")) {
                bus.createChannel(name);
                bus.createChannel(name);
            }
            assertEquals(List.of("a.request", "b", "c"), bus.channels(name -> true));
            assertEquals(List.of("b"), bus.channels("b"::equals));
            assertEquals(List.of(), bus.lanes(name -> true, Assertions::fail));
        }
    }

    @Test
    void shouldDeleteChannelsButNotOneThatHasALane() {
        try (Bus bus = Bus.openOrCreate(directory.resolve("bus"))) {
            List.of("a", "b", "c").forEach(bus::createChannel);
            bus.newLane("b", "f1-0", new WriterSequence()).close();
            bus.deleteChannels(name -> !name.equals("c"));
            bus.deleteChannels("gone"::equals);
            assertEquals(List.of("b", "c"), bus.channels(name -> true));
            assertEquals(1, bus.lanes(name -> true, Assertions::fail).size());
            // Another process may delete one between the look at it and the look into it.
            assertEquals(List.of(), BusDirectory.list(directory.resolve("bus/channels/gone")));
        }
    }

    @Test
    void shouldRefuseChannelsAndWritersThatAreNoNames() {
        try (Bus bus = Bus.openOrCreate(directory.resolve("bus"))) {
            for (final String name : List.of("", "..", "../x", "a/b", "n".repeat(201))) {
                assertThrows(HeadraceException.class, () -> bus.createChannel(name), name);
                assertThrows(
                        HeadraceException.class,
                        () -> bus.newLane("http.request", name, new WriterSequence()),
                        name);
            }
        }
    }

    @Test
    void shouldHaveRoomForNamesOf200Characters() {
        final String name = "n".repeat(200);
        try (Bus bus = Bus.openOrCreate(directory.resolve("bus"));
                LaneAppender lane = bus.newLane(name, name, new WriterSequence());
                LanePoller poller = bus.lane(name, name).orElseThrow().poller()) {
            append(bus, lane);
            assertTrue(poller.peek());
            assertEquals(name + "/" + name, poller.lane().toString());
        }
    }

    @Test
    void shouldFindTheDefaultDirectoryByItsProperty() {
        final String user = System.getProperty("user.name");
        assertEquals("headrace-" + user, Bus.defaultDirectory().getFileName().toString());
        System.setProperty(Bus.DIRECTORY_PROPERTY, "/somewhere/else");
        assertEquals(Path.of("/somewhere/else"), Bus.defaultDirectory());
    }

    @Test
    void shouldCloseTwice() {
        final Bus bus = Bus.openOrCreate(directory.resolve("bus"));
        bus.close();
        bus.close();
    }

    private static void append(Bus bus, LaneAppender lane) {
        final long nowNs = bus.clock().nanoTime();
        assertEquals(LaneAppender.OK, lane.claim(8, nowNs));
        lane.commit(1, 0, 0, nowNs, nowNs);
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    private static List<Path> walk(Path path) throws IOException {
        try (Stream<Path> all = Files.walk(path)) {
            return all.sorted().toList();
        }
    }

    private static String openOrCreateProblem(Path path) {
        return assertThrows(HeadraceException.class, () -> Bus.openOrCreate(path)).getMessage();
    }

    private static String openProblem(Path path) {
        return assertThrows(HeadraceException.class, () -> Bus.open(path)).getMessage();
    }
}
