// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.member.Member;
import io.headrace.testing.ChildJvm;
import io.headrace.testing.MemberChild;
import io.headrace.testing.TestMembers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Who lives, who has stopped and who is dead, of this process and of others. */
class LiveMembersTest {

    private static final long HUNG_NS = 30_000_000_000L;

    @TempDir Path directory;
    private Bus bus;
    private LiveMembers liveMembers;
    private final List<Member> members = new ArrayList<>();
    private final List<Member> stopped = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    @BeforeEach
    void openBus() {
        bus = Bus.openOrCreate(directory.resolve("bus"));
        liveMembers = new LiveMembers(bus, HUNG_NS, e -> problems.add(e.getMessage()));
    }

    @AfterEach
    void close() {
        liveMembers.onClose();
        members.forEach(Member::close);
        bus.close();
    }

    @Test
    void shouldKnowNobodyOnAnEmptyBus() {
        final LiveMembers.Snapshot nobody = look();
        assertFalse(nobody.isServed("http.request"));
        assertFalse(nobody.isDead(1));
        assertFalse(nobody.isOut(1));
        assertFalse(nobody.isDead("w1-x"));
        assertEquals(List.of(), nobody.frontEnds());
        assertArrayEquals(new int[0], nobody.consumersOf("http.request"));
    }

    @Test
    void shouldServeTheChannelsThatALiveWorkerTakesAndNoOthers() {
        worker("http.*,chat", 1);
        final LiveMembers.Snapshot snapshot = look();
        assertTrue(snapshot.isServed("http.request"));
        assertTrue(snapshot.isServed("http.disconnect"));
        assertTrue(snapshot.isServed("chat"));
        assertFalse(snapshot.isServed("websocket.connect"));
        assertFalse(snapshot.isServed("api.http.request"));
        assertEquals(List.of(), snapshot.frontEnds());
    }

    @Test
    void shouldNotTakeAFrontEndForAWorker() {
        final Member frontEnd = TestMembers.frontEnd(bus);
        members.add(frontEnd);
        final LiveMembers.Snapshot snapshot = look();
        assertEquals(List.of(frontEnd.id()), snapshot.frontEnds());
        assertFalse(snapshot.isServed(""));
        assertFalse(snapshot.isServed("http.request"));
    }

    @Test
    void shouldTakeAMemberThatLeftForDeadWithExactlyItsConsumers() {
        bus.nextConsumerIds(4);
        final Member before = worker("*", 2);
        final Member leaving = worker("*", 3);
        final Member after = worker("*", 2);
        look();
        leaving.close();
        final LiveMembers.Snapshot snapshot = look();
        final List<Integer> dead = new ArrayList<>();
        for (int id = 0; id < 20; id++) {
            if (snapshot.isDead(id)) {
                dead.add(id);
            }
        }
        assertEquals(List.of(7, 8, 9), dead);
        assertTrue(snapshot.isDead(leaving.id()));
        assertFalse(snapshot.isDead(before.id()));
        assertFalse(snapshot.isDead(after.id()));
        assertEquals(List.of(leaving.id()), snapshot.deadMembers());
        assertTrue(snapshot.isWriterDead(leaving.id() + "-0"));
        assertTrue(snapshot.isWriterDead(leaving.id() + "-12"));
        assertFalse(snapshot.isWriterDead(after.id() + "-0"));
        assertFalse(snapshot.isWriterDead("nonsense"));
        assertTrue(snapshot.isServed("x"));
    }

    @Test
    void shouldSayWhichFrontEndIsDead() {
        final Member frontEnd = TestMembers.frontEnd(bus);
        members.add(frontEnd);
        worker("*", 1);
        look();
        frontEnd.close();
        final LiveMembers.Snapshot snapshot = look();
        assertEquals(List.of(frontEnd.id()), snapshot.deadFrontEnds());
        assertEquals(List.of(), snapshot.frontEnds());
    }

    @Test
    void shouldTakeAMemberWithoutAHeartbeatForStoppedAndNotForDead() {
        final Member worker = worker("http.*", 2);
        final int first = 1;
        worker.onDuty(0, bus.clock().nanoTime());
        worker.onDuty(1, bus.clock().nanoTime());
        assertTrue(look().isServed("http.request"));
        stop(worker);
        final LiveMembers.Snapshot silent = look();
        assertFalse(silent.isServed("http.request"));
        assertFalse(silent.isDead(first));
        assertFalse(silent.isDead(worker.id()));
        assertTrue(silent.isOut(first));
        assertTrue(silent.isOut(first + 1));
        assertArrayEquals(new int[0], silent.consumersOf("http.request"));
        TestMembers.heartbeat(bus, worker.id(), bus.clock().nanoTime());
        final LiveMembers.Snapshot again = look();
        assertTrue(again.isServed("http.request"));
        assertFalse(again.isOut(first));
    }

    @Test
    void shouldLeaveOutAConsumerThatDoesNotGoRound() {
        final Member worker = worker("*", 3);
        final long nowNs = bus.clock().nanoTime();
        worker.onDuty(0, nowNs);
        worker.onDuty(1, nowNs - HUNG_NS - 1_000_000_000L);
        worker.onDuty(2, nowNs);
        final LiveMembers.Snapshot snapshot = look();
        assertArrayEquals(new int[] {1, 3}, snapshot.consumersOf("anything"));
        assertFalse(snapshot.isOut(1));
        assertTrue(snapshot.isOut(2));
        assertFalse(snapshot.isDead(2));
        worker.onDuty(1, bus.clock().nanoTime());
        assertArrayEquals(new int[] {1, 2, 3}, look().consumersOf("anything"));
    }

    @Test
    void shouldPublishAnotherSnapshotExactlyWhenSomebodyCameOrWent() {
        final LiveMembers.Snapshot empty = look();
        assertSame(empty, look());
        final Member worker = worker("*", 1);
        final LiveMembers.Snapshot one = look();
        assertNotSame(empty, one);
        bus.raiseLaneVersion();
        assertSame(one, look());
        worker.close();
        final LiveMembers.Snapshot dead = look();
        assertNotSame(one, dead);
        assertSame(dead, look());
    }

    @Test
    void shouldForgetADeadMemberWhoseFileWasDeleted() throws IOException {
        final Member worker = worker("*", 1);
        worker.close();
        assertTrue(look().isDead(worker.id()));
        Files.delete(TestMembers.file(bus, worker.id()));
        assertFalse(look().isDead(worker.id()));
    }

    @Test
    void shouldReportFilesThatCannotBeReadAndKnowTheOthers() throws IOException {
        Files.write(TestMembers.file(bus, "w0-x"), new byte[3]);
        Files.write(TestMembers.file(bus, "w99-x"), new byte[1 << 20]);
        worker("http.*", 1);
        assertTrue(look().isServed("http.request"));
        assertEquals(2, problems.size(), problems.toString());
        assertTrue(problems.get(0).contains("truncated"), problems.toString());
        assertTrue(problems.get(1).contains("has version 0"), problems.toString());
    }

    @Test
    void shouldKnowAMemberWhoseFileCouldNotBeReadAtFirstThoughNothingElseChanges()
            throws IOException {
        final Member late =
                Member.register(
                        bus.membersDirectory(),
                        Member.Kind.WORKER,
                        "w7-x",
                        "http.*",
                        100,
                        1,
                        bus.clock());
        Files.write(TestMembers.file(bus, "w7-x"), new byte[3]);
        bus.raiseLaneVersion();
        assertFalse(look().isKnown("w7-x"));
        assertFalse(look().isKnown("w7-x"));
        assertEquals(1, problems.size(), problems.toString());
        late.announce();
        final long endNs = System.nanoTime() + 60_000_000_000L;
        while (!liveMembers.snapshot().isKnown("w7-x") && System.nanoTime() < endNs) {
            liveMembers.doWork();
        }
        assertTrue(liveMembers.snapshot().isKnown("w7-x"));
        assertEquals(1, problems.size(), problems.toString());
        late.close();
    }

    @Test
    void shouldSeeTheKnownDieWhileItsFolderCannotBeReadAndTheNewAfterwards() throws IOException {
        final Member known = worker("*", 1);
        assertFalse(look().isDead(known.id()));
        final Path folder = bus.membersDirectory();
        final Path away = folder.resolveSibling("away");
        Files.move(folder, away);
        known.close();
        assertTrue(look().isDead(known.id()));
        assertEquals(1, problems.size(), problems.toString());
        assertTrue(problems.get(0).contains("cannot be listed"), problems.toString());
        Files.move(away, folder);
        assertTrue(look().isDead(known.id()));
        assertEquals(1, problems.size(), problems.toString());
    }

    @Test
    void shouldTakeNobodyForAStrangerWhileAMemberCannotBeRead() throws IOException {
        assertFalse(liveMembers.snapshot().isNobody(4_711));
        assertTrue(look().isNobody(4_711));
        final Path unread = TestMembers.file(bus, "w7-x");
        Files.write(unread, new byte[3]);
        final LiveMembers.Snapshot incomplete = look();
        assertFalse(incomplete.isNobody(4_711));
        assertFalse(incomplete.isNobody("w8-y"));
        Files.delete(unread);
        assertTrue(look().isNobody(4_711));
        assertTrue(look().isNobody("w8-y"));
        final Member known = worker("*", 1);
        assertFalse(look().isNobody(known.id()));
    }

    @Test
    void shouldLookAgainOnlyAfterItsIntervalUnlessTheBusHasChanged() {
        look();
        bus.raiseLaneVersion();
        assertEquals(1, liveMembers.doWork());
        bus.raiseLaneVersion();
        assertEquals(1, liveMembers.doWork());
    }

    @Test
    void shouldSeeAnotherProcessLiveAndDieByTheKill() {
        try (ChildJvm child = MemberChild.start(directory.resolve("bus"), "http.*")) {
            final String id = child.readLine();
            final int first = Integer.parseInt(child.readLine());
            // Its heart may be late on a busy machine; it is not to be late for ever.
            while (!look().isServed("http.request")) {
                assertTrue(child.isAlive(), child.errors());
                Thread.onSpinWait();
            }
            assertFalse(look().isDead(first));
            assertArrayEquals(new int[] {first, first + 1}, look().consumersOf("http.request"));
            child.kill();
            final LiveMembers.Snapshot after = look();
            assertFalse(after.isServed("http.request"));
            assertTrue(after.isDead(first));
            assertTrue(after.isDead(first + 1));
            assertFalse(after.isDead(first - 1));
            assertFalse(after.isDead(first + 2));
            assertTrue(after.isDead(id));
            assertTrue(after.isOut(first));
        }
    }

    @Test
    void shouldTakeAMemberForStoppedAfterAsLongAsIsSaid() {
        final String property = "headrace.heartbeat.timeout";
        final Member member = worker("http.*", 1);
        stop(member);
        assertFalse(look().isServed("http.request"));
        try {
            System.setProperty(property, "60s");
            liveMembers.onClose();
            liveMembers = new LiveMembers(bus, HUNG_NS, bad -> {});
            assertTrue(look().isServed("http.request"));
            System.setProperty(property, "999ms");
            final HeadraceException e =
                    assertThrows(
                            HeadraceException.class,
                            () -> new LiveMembers(bus, HUNG_NS, bad -> {}));
            assertTrue(e.getMessage().contains(property), e.getMessage());
        } finally {
            System.clearProperty(property);
        }
    }

    @Test
    @Timeout(60)
    void shouldBeWokenByTheDeathOfAnotherProcessAndLookAtOnce() {
        liveMembers.watchDeaths(bus.nextConsumerIds(1));
        try (ChildJvm child = MemberChild.start(bus.directory(), "http.*")) {
            final String id = child.readLine();
            child.readLine();
            while (!look().isServed("http.request")) {
                assertTrue(child.isAlive(), child.errors());
                Thread.onSpinWait();
            }
            child.kill();
            // Nothing else ends this sleep.
            liveMembers.sleep(3_600_000_000_000L);
            while (!liveMembers.snapshot().isDead(id)) {
                liveMembers.doWork();
                liveMembers.sleep(3_600_000_000_000L);
            }
        }
    }

    @Test
    void shouldSeeAnotherProcessLeave() {
        try (ChildJvm child = MemberChild.start(directory.resolve("bus"), "http.*")) {
            final String id = child.readLine();
            while (!look().isServed("http.request")) {
                assertTrue(child.isAlive(), child.errors());
                Thread.onSpinWait();
            }
            assertEquals(0, child.end(), child.errors());
            assertTrue(look().isDead(id));
        }
    }

    private Member worker(String channels, int consumerCount) {
        final Member member = TestMembers.worker(bus, channels, consumerCount);
        members.add(member);
        return member;
    }

    private void stop(Member member) {
        final long longAgoNs = bus.clock().nanoTime() - LiveMembers.HEARTBEAT_TIMEOUT_NS - 1;
        TestMembers.heartbeat(bus, member.id(), longAgoNs);
        stopped.add(member);
    }

    /** A look that does not wait for its interval; beats the hearts that beat. */
    private LiveMembers.Snapshot look() {
        members.stream().filter(member -> !stopped.contains(member)).forEach(Member::doWork);
        bus.raiseLaneVersion();
        liveMembers.doWork();
        return liveMembers.snapshot();
    }
}
