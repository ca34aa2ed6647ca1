// SPDX-License-Identifier: Apache-2.0
package io.headrace.member;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.agrona.concurrent.status.AtomicCounter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Member files of this very process, and files that are none. */
class MemberTest {

    @TempDir Path directory;
    private long clockNs = 1_000_000_000_000L;
    private final List<Member> members = new ArrayList<>();

    @AfterEach
    void close() {
        members.forEach(Member::close);
    }

    @Test
    void shouldSayWhoItIs() {
        final Member member =
                Member.register(
                        directory, Member.Kind.WORKER, "w3-abc", "http.*,x", 17, 4, () -> clockNs);
        members.add(member);
        member.announce();
        try (MemberReader reader = open("w3-abc")) {
            assertEquals("w3-abc", reader.id());
            assertEquals(Member.Kind.WORKER, reader.kind());
            assertEquals(ProcessHandle.current().pid(), reader.pid());
            assertEquals("http.*,x", reader.channels());
            assertEquals(17, reader.firstConsumerId());
            assertEquals(4, reader.consumerCount());
            assertEquals(clockNs, reader.startNs());
            assertEquals(clockNs, reader.heartbeatNs());
            assertTrue(reader.isAlive());
            assertEquals(Map.of(), reader.counters());
            assertEquals(Map.of(), reader.errors());
        }
    }

    @Test
    void shouldNameItselfByKindNumberAndBus() {
        assertEquals("f7-q3k1z9", Member.Kind.FRONT_END.memberId(7, "q3k1z9"));
        assertEquals("w1-q3k1z9", Member.Kind.WORKER.memberId(1, "q3k1z9"));
        assertEquals("j2-q3k1z9", Member.Kind.JANITOR.memberId(2, "q3k1z9"));
        assertEquals("frontend", Member.Kind.FRONT_END.label());
    }

    @Test
    void shouldHaveAFreshHeartbeatWhenItIsAnnouncedHoweverLongItTookToStart() {
        final Member member =
                Member.register(directory, Member.Kind.WORKER, "w1-x", "", 1, 1, () -> clockNs);
        members.add(member);
        clockNs += 60_000_000_000L;
        member.announce();
        try (MemberReader reader = open("w1-x")) {
            assertEquals(clockNs, reader.heartbeatNs());
        }
    }

    @Test
    void shouldBeSeenByNobodyBeforeItIsAnnounced() {
        final Member member =
                Member.register(directory, Member.Kind.WORKER, "w1-x", "", 1, 1, () -> clockNs);
        members.add(member);
        try (Members all = members()) {
            assertEquals(List.of(), ids(all));
            assertFalse(Members.isAlive(directory, "w1-x"));
            member.announce();
            all.refresh();
            assertEquals(List.of("w1-x"), ids(all));
            assertTrue(Members.isAlive(directory, "w1-x"));
        }
    }

    @Test
    void shouldWriteItsHeartbeatWhenItIsDue() {
        final Member member = member("w1-x");
        final long startNs = clockNs;
        assertEquals(1, member.doWork());
        assertEquals(0, member.doWork());
        clockNs = startNs + Member.HEARTBEAT_INTERVAL_NS - 1;
        assertEquals(0, member.doWork());
        try (MemberReader reader = open("w1-x")) {
            assertEquals(startNs, reader.heartbeatNs());
            clockNs++;
            assertEquals(1, member.doWork());
            assertEquals(clockNs, reader.heartbeatNs());
            assertEquals(startNs, reader.startNs());
        }
    }

    @Test
    void shouldBeDeadAndStillReadableAfterItWasClosed() {
        final Member member = member("w1-x");
        final AtomicCounter counter = member.counter("messages");
        counter.set(7);
        member.errorLog().record(new HeadraceException("broken"));
        try (MemberReader before = open("w1-x")) {
            assertTrue(before.isAlive());
            member.close();
            assertFalse(before.isAlive());
            member.close();
        }
        try (MemberReader after = open("w1-x")) {
            assertFalse(after.isAlive());
            assertEquals(Map.of("messages", 7L), after.counters());
            assertEquals(1, after.errors().size());
        }
        assertFalse(Members.isAlive(directory, "w1-x"));
        // A thread that is still ending must not bring the process down.
        counter.increment();
    }

    @Test
    void shouldCountTheSameErrorAndKeepDifferentOnesApart() {
        final Member member = member("w1-x");
        for (int i = 0; i < 10; i++) {
            member.errorLog().record(new HeadraceException("the same"));
        }
        member.errorLog().record(new HeadraceException("another"));
        try (MemberReader reader = open("w1-x")) {
            final Map<String, Integer> errors = reader.errors();
            assertEquals(2, errors.size(), errors.toString());
            errors.forEach(
                    (text, count) -> assertEquals(text.contains("the same") ? 10 : 1, count, text));
        }
    }

    @Test
    void shouldGoOnWhenItsErrorLogIsFull() {
        final Member member = member("w1-x");
        for (int i = 0; i < 2_000; i++) {
            member.errorLog().record(new HeadraceException("error " + i));
        }
        final AtomicCounter counter = member.counter("behind the log");
        counter.increment();
        try (MemberReader reader = open("w1-x")) {
            assertTrue(reader.errors().size() > 1, "errors " + reader.errors().size());
            assertEquals(Map.of("behind the log", 1L), reader.counters());
            assertTrue(reader.isAlive());
        }
    }

    @Test
    void shouldHaveRoomForTheLongestCounterLabel() {
        final String label = "w8388607-abcdef-63 cancelled " + "n".repeat(200);
        member("w1-x").counter(label).set(1);
        try (MemberReader reader = open("w1-x")) {
            assertEquals(Map.of(label, 1L), reader.counters());
        }
    }

    @Test
    void shouldAddUpCountersOfTheSameName() {
        final Member member = member("w1-x");
        member.counter("messages").set(3);
        member.counter("messages").set(4);
        try (MemberReader reader = open("w1-x")) {
            assertEquals(Map.of("messages", 7L), reader.counters());
        }
    }

    @Test
    void shouldTakeChannelPatternsOfUpTo3900Characters() {
        Member.register(
                        directory,
                        Member.Kind.WORKER,
                        "w1-x",
                        "c".repeat(3_900),
                        1,
                        1,
                        () -> clockNs)
                .announce();
        try (MemberReader reader = open("w1-x")) {
            assertEquals("c".repeat(3_900), reader.channels());
        }
        final String problem =
                assertThrows(
                                HeadraceException.class,
                                () ->
                                        Member.register(
                                                directory,
                                                Member.Kind.WORKER,
                                                "w2-x",
                                                "c".repeat(3_901),
                                                1,
                                                1,
                                                () -> clockNs))
                        .getMessage();
        assertTrue(problem.contains("3901") && problem.contains("3900"), problem);
        assertFalse(Files.exists(file("w2-x")));
        // It may try again with fewer.
        Member.register(directory, Member.Kind.WORKER, "w2-x", "c", 1, 1, () -> clockNs).close();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4, 40, 4_095, 4_096, MemberFile.LENGTH - 1})
    void shouldRefuseATruncatedFileBeforeItTouchesIt(int length) throws IOException {
        Files.write(file("w9-x"), new byte[length]);
        final String problem = problem("w9-x");
        assertTrue(problem.contains("truncated: " + length + " of"), problem);
        assertTrue(problem.contains("w9-x.member"), problem);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, -1})
    void shouldRefuseAFileOfAnotherVersion(int version) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(file("w9-x").toFile(), "rw")) {
            file.setLength(MemberFile.LENGTH);
            file.writeInt(Integer.reverseBytes(version));
        }
        assertTrue(problem("w9-x").contains("has version " + version + ", not 1"));
    }

    @Test
    void shouldReadTheOthersBesideFilesThatCannotBeRead() throws IOException {
        Files.write(file("w0-x"), new byte[100]);
        Files.write(file("w2-x"), new byte[MemberFile.LENGTH]);
        Files.write(directory.resolve("junk.txt"), new byte[1]);
        member("w1-x");
        final List<String> problems = new ArrayList<>();
        try (Members all = new Members(directory, e -> problems.add(e.getMessage()))) {
            all.refresh();
            assertEquals(List.of("w1-x"), ids(all));
            assertEquals(2, problems.size(), problems.toString());
            member("w3-x");
            all.refresh();
            assertEquals(List.of("w1-x", "w3-x"), ids(all));
            Files.delete(file("w1-x"));
            all.refresh();
            assertEquals(List.of("w3-x"), ids(all));
        }
    }

    @Test
    void shouldLetGoOfFilesThatItRefused() throws IOException {
        Files.write(file("w0-x"), new byte[100]);
        Files.write(file("w2-x"), new byte[MemberFile.LENGTH]);
        try (Members all = new Members(directory, e -> {})) {
            all.refresh();
            final long before = openFileCount();
            for (int i = 0; i < 50; i++) {
                all.refresh();
            }
            assertTrue(openFileCount() < before + 50, "files stay open");
        }
    }

    @Test
    void shouldKeepTheLockOfAMemberThatOthersOfThisProcessSeeInTheMaking() throws Exception {
        final AtomicBoolean isOver = new AtomicBoolean();
        final Thread looking =
                new Thread(
                        () -> {
                            try (Members all = new Members(directory, e -> {})) {
                                while (!isOver.get()) {
                                    all.refresh();
                                }
                            }
                        });
        looking.start();
        try {
            for (int i = 0; i < 50; i++) {
                final Member member = member("w" + i + "-x");
                assertTrue(isLocked(file(member.id())), member.id());
                member.close();
                assertFalse(isLocked(file(member.id())), member.id());
                Members.delete(directory, member.id());
            }
        } finally {
            isOver.set(true);
            looking.join();
        }
    }

    @Test
    void shouldTakeAMemberWithoutAReadableFileForDead() throws IOException {
        assertFalse(Members.isAlive(directory, "w9-x"));
        Files.write(file("w9-x"), new byte[10]);
        assertFalse(Members.isAlive(directory, "w9-x"));
        Files.write(file("w9-x"), new byte[MemberFile.LENGTH]);
        assertFalse(Members.isAlive(directory, "w9-x"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, MemberFile.LENGTH - 1, MemberFile.LENGTH})
    void shouldDeleteWhatAKilledProcessHasLeftHalfMade(int length) throws IOException {
        final Path left = directory.resolve("w9-x.new");
        Files.write(left, new byte[length]);
        Members.deleteHalfMade(directory);
        assertTrue(Files.exists(left), "it may be in the making");
        Files.setLastModifiedTime(left, FileTime.fromMillis(0));
        try (FileChannel other = FileChannel.open(left, StandardOpenOption.WRITE)) {
            other.lock();
            Members.deleteHalfMade(directory);
            assertTrue(Files.exists(left), "somebody has it");
        }
        Members.deleteHalfMade(directory);
        assertFalse(Files.exists(left));
    }

    @Test
    void shouldDeleteNoMemberThatIsWholeHoweverOldItIs() throws Exception {
        final Member own =
                Member.register(directory, Member.Kind.WORKER, "w1-x", "*", 1, 1, () -> clockNs);
        members.add(own);
        final Path starting = directory.resolve("w1-x.new");
        final Path dead = directory.resolve("w2-x.new");
        member("w2-x").close();
        Files.move(file("w2-x"), dead);
        // Another process does it: this one would lose its own lock by it.
        final List<String> age = List.of("touch", "-d", "@0", starting.toString(), dead.toString());
        assertEquals(0, new ProcessBuilder(age).start().waitFor());
        Members.deleteHalfMade(directory);
        assertTrue(isLocked(starting));
        assertTrue(Files.exists(dead));
    }

    @Test
    void shouldDeleteADeadMembersFileAndNotMindIfItIsGone() {
        member("w1-x").close();
        Members.delete(directory, "w1-x");
        Members.delete(directory, "w1-x");
        assertFalse(Files.exists(file("w1-x")));
    }

    private Member member(String id) {
        final Member member =
                Member.register(directory, Member.Kind.WORKER, id, "*", 1, 1, () -> clockNs);
        members.add(member);
        member.announce();
        return member;
    }

    private Members members() {
        final Members all =
                new Members(
                        directory,
                        problem -> {
                            throw problem;
                        });
        all.refresh();
        return all;
    }

    private static List<String> ids(Members all) {
        return all.all().stream().map(MemberReader::id).toList();
    }

    private MemberReader open(String id) {
        return MemberReader.open(file(id));
    }

    private String problem(String id) {
        return assertThrows(HeadraceException.class, () -> open(id)).getMessage();
    }

    private Path file(String id) {
        return directory.resolve(id + ".member");
    }

    /** Whether any process has locked a file, as the kernel tells it: proc_locks(5). */
    private static boolean isLocked(Path file) throws IOException {
        final String inode = ":" + Files.getAttribute(file, "unix:ino") + " ";
        return Files.readAllLines(Path.of("/proc/locks")).stream()
                .anyMatch(lock -> lock.contains(" WRITE ") && lock.contains(inode));
    }

    private static long openFileCount() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }
}
