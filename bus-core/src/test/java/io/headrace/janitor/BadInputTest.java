// SPDX-License-Identifier: Apache-2.0
package io.headrace.janitor;

import static io.headrace.janitor.SimulatedHost.MS;
import static io.headrace.janitor.SimulatedHost.SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.BusSettings;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.DeadClaims;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.ShardTable;
import io.headrace.janitor.SimulatedHost.Housekeeper;
import io.headrace.member.Member;
import io.headrace.member.MemberReader;
import io.headrace.message.DeliveryHeader;
import io.headrace.testing.ChildJvm;
import io.headrace.testing.CycleFileAway;
import io.headrace.testing.RawLane;
import io.headrace.testing.TestMembers;
import io.headrace.testing.TestWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What nobody should do to a bus: each time there is a clear line in the error log, the bus goes
 * on, and nothing that has to do with it is lost.
 */
class BadInputTest {

    private static final String REQUESTS = "http.request";

    @TempDir Path directory;
    private SimulatedHost host;
    private Housekeeper janitor;
    private Member frontEnd;
    private TestWriter writer;

    @BeforeEach
    void open() {
        host = new SimulatedHost(directory, "FAST_HOURLY", new Retention(0, 5 * SECOND));
        frontEnd = TestMembers.frontEnd(host.bus);
        writer = new TestWriter(host.bus, frontEnd.id() + "-0");
        writer.append(REQUESTS, host.nowNs);
        janitor = host.housekeeper();
    }

    @AfterEach
    void close() {
        writer.close();
        frontEnd.close();
        host.close();
    }

    @Test
    void shouldPassOverATruncatedMemberFile() throws IOException {
        final Path file = TestMembers.file(host.bus, "w77-broken");
        Files.write(file, new byte[100]);
        host.bus.raiseLaneVersion();
        assertGoesOn();
        assertLogged("w77-broken.member is truncated: 100 of");
        assertTrue(janitor.liveMembers.snapshot().frontEnds().contains(frontEnd.id()));
        assertTrue(Files.exists(file));
    }

    @Test
    void shouldLeaveNothingOpenOfALaneWhoseFileCannotBeOpened() throws IOException {
        final LaneMark mark = new LaneMark();
        mark.lastEnded(writer.append(REQUESTS, host.nowNs + 7_200 * SECOND));
        try (Bus other = Bus.openOrCreate(host.bus.directory(), () -> host.nowNs)) {
            final Lane lane = other.lane(REQUESTS, writer.id()).orElseThrow();
            lane.writeMark(mark);
            final DeadClaims claims = new DeadClaims(other);
            try (CycleFileAway marked = CycleFileAway.ofLast(lane)) {
                Assertions.assertThrows(
                        HeadraceException.class,
                        () -> new LaneKeeper(other, lane, 7, 30 * SECOND, claims));
            }
            new LaneKeeper(other, lane, 7, 30 * SECOND, claims).close();
            other.forget(lane);
            // Closed, because nobody reads it any more.
            Assertions.assertThrows(HeadraceException.class, lane::poller);
        }
    }

    @Test
    void shouldListFilesAgainThatAProcessCouldNotList() throws IOException {
        writer.append(REQUESTS, host.nowNs + 7_200 * SECOND);
        try (Bus elsewhere = Bus.openOrCreate(host.bus.directory(), () -> host.nowNs);
                LanePoller far = elsewhere.lane(REQUESTS, writer.id()).orElseThrow().poller()) {
            assertTrue(far.peek());
            final long first = far.index();
            far.advance();
            assertTrue(far.peek());
            far.advance();
            assertFalse(far.peek());
            host.run(janitor, 100 * MS, frontEnd);
            RawLane.listNone(host.bus, REQUESTS, writer.id());
            assertFalse(far.moveTo(first));
            host.run(janitor, 260 * MS, frontEnd);
            assertTrue(far.moveTo(first));
            // The same when nothing waits in it, for those that refer to what has ended.
            host.finishAll(REQUESTS, writer.id(), 77);
            far.advance();
            assertTrue(far.peek());
            host.run(janitor, 260 * MS, frontEnd);
            RawLane.listNone(host.bus, REQUESTS, writer.id());
            assertFalse(far.moveTo(first));
            host.run(janitor, 260 * MS, frontEnd);
            assertTrue(far.moveTo(first));
        }
    }

    @Test
    void shouldTakeShardsBackWhoseOwnersNeverWere() throws IOException {
        writer.append("websocket.receive", host.nowNs);
        final Member worker = TestMembers.worker(host.bus, "websocket.*", 1);
        host.run(janitor, 100 * MS, frontEnd, worker);
        final int known = firstConsumerId(worker);
        try (ShardTable table = ShardTable.of(host.bus, "websocket")) {
            assertTrue(table.acquire(7, known));
            final ByteBuffer garbage = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < 16; i++) {
                garbage.putInt(0xDEAD_BEEF + i);
            }
            try (FileChannel file =
                    FileChannel.open(
                            host.bus.file("shards-websocket.dat"), StandardOpenOption.WRITE)) {
                for (int shard = 8; shard < ShardTable.SHARD_COUNT; shard++) {
                    file.write(garbage.rewind(), shard * 64L);
                }
            }
            for (long endNs = host.nowNs + SECOND; host.nowNs < endNs; ) {
                worker.onDuty(0, host.nowNs);
                host.run(janitor, 10 * MS, frontEnd, worker);
            }
            assertEquals(known, table.owner(7));
            for (int shard = 8; shard < ShardTable.SHARD_COUNT; shard++) {
                assertEquals(0, table.owner(shard), "shard " + shard);
            }
        }
        assertLogged("shard");
        assertGoesOn();
    }

    @Test
    void shouldPassOverJunkAmongLanes() throws IOException {
        final Path channel = host.bus.directory().resolve("channels").resolve(REQUESTS);
        Files.createDirectories(channel.resolve("lost+found").resolve("deep"));
        Files.write(channel.resolve("core"), new byte[10]);
        Files.write(host.lane(REQUESTS, writer.id()).path().resolve("notes.txt"), new byte[10]);
        Files.createDirectories(channel.resolve("f5-junk-0"));
        Files.write(channel.resolve("f5-junk-0").resolve("lane.properties"), new byte[] {0, -1});
        host.bus.raiseLaneVersion();
        assertGoesOn();
        assertLogged("f5-junk-0");
        assertTrue(Files.exists(channel.resolve("lost+found").resolve("deep")));
        assertTrue(Files.exists(channel.resolve("core")));
    }

    @Test
    void shouldPassOverALaneOfAnUnknownVersion() throws IOException {
        try (TestWriter newer = new TestWriter(host.bus, "f9-newer-0")) {
            newer.append(REQUESTS, host.nowNs);
        }
        final Path ready = host.lane(REQUESTS, "f9-newer-0").path().resolve("lane.properties");
        Files.writeString(
                ready,
                Files.readString(ready).replace("version=" + BusSettings.VERSION, "version=9"));
        try (Bus reader = Bus.openOrCreate(host.bus.directory(), () -> host.nowNs)) {
            final StringBuilder problems = new StringBuilder();
            assertEquals(
                    1,
                    reader.lanes(REQUESTS::equals, bad -> problems.append(bad.getMessage()))
                            .size());
            assertTrue(
                    problems.toString().contains("has version 9, not " + BusSettings.VERSION),
                    problems.toString());
        }
        assertGoesOn();
        assertTrue(Files.exists(ready));
    }

    @Test
    void shouldCountARecordOfAnImpossibleLengthAsFailedAndGoOn() {
        final byte[] record = new byte[DeliveryHeader.LENGTH + 16];
        ByteBuffer.wrap(record)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(DeliveryHeader.FLAGS_LENGTH_OFFSET, DeliveryHeader.MESSAGE_LENGTH_MAX);
        RawLane.append(host.bus, REQUESTS, writer.id(), record);
        RawLane.append(host.bus, REQUESTS, writer.id(), new byte[3]);
        host.finishAll(REQUESTS, writer.id(), 77);
        host.run(janitor, SECOND, frontEnd);
        assertEquals(3, host.mark(REQUESTS, writer.id()).endedCount());
        assertEquals(2, host.mark(REQUESTS, writer.id()).ended(1));
        assertGoesOn();
    }

    @Test
    void shouldElectOneOfTwoProcessesAndTheOtherWhenItIsKilled() {
        final Path lock = host.bus.file("election.lock");
        try (ChildJvm child = ChildJvm.start(Candidate.class, lock);
                Election here = new Election(lock, Assertions::fail)) {
            assertEquals("true", child.readLine());
            assertFalse(here.isWon());
            assertFalse(here.isWon());
            child.kill();
            assertTrue(here.isWon());
            try (ChildJvm next = ChildJvm.start(Candidate.class, lock)) {
                assertEquals("false", next.readLine());
                next.end();
            }
        }
    }

    /** A candidate in a process of its own: it says whether it has won. */
    static final class Candidate {
        public static void main(String[] arguments) {
            try (Election election = new Election(Path.of(arguments[0]), Assertions::fail)) {
                System.out.println(election.isWon());
                ChildJvm.awaitEndOfInput();
            }
        }
    }

    @Test
    void shouldGoOnWhenTheClockStepsBackAnHour() {
        // Bus time has no such step: it was anchored once and goes on with the monotonic clock.
        try (Bus some = Bus.open(host.bus.directory());
                Bus other = Bus.open(host.bus.directory())) {
            final long someNs = some.clock().nanoTime();
            final long otherNs = other.clock().nanoTime();
            assertTrue(otherNs >= someNs && some.clock().nanoTime() >= otherNs);
        }
        // And were there one, nobody would lose a message or be taken for dead.
        host.run(janitor, SECOND, frontEnd);
        host.nowNs -= 3_600 * SECOND;
        writer.append(REQUESTS, new byte[16], 1, 1_000, host.nowNs);
        host.run(janitor, 500 * MS, frontEnd);
        assertEquals(ClaimWord.FREE, host.state(REQUESTS, writer.id(), 1));
        assertTrue(janitor.liveMembers.snapshot().deadMembers().isEmpty());
        host.nowNs += 3_600 * SECOND;
        assertGoesOn();
    }

    @Test
    void shouldTakeAMemberForDeadWhosePidIsAnotherProgramsNow() throws IOException {
        final Member dead = TestMembers.worker(host.bus, "http.*", 1);
        final int consumerId = firstConsumerId(dead);
        host.run(janitor, 100 * MS, frontEnd, dead);
        assertFalse(janitor.liveMembers.snapshot().isDead(consumerId));
        host.claim(REQUESTS, writer.id(), 0, consumerId);
        host.kill(dead);
        try (FileChannel file =
                FileChannel.open(TestMembers.file(host.bus, dead.id()), StandardOpenOption.WRITE)) {
            final ByteBuffer word = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
            // The pid of a process that lives, and no word that this one has left.
            file.write(word.putLong(0, ProcessHandle.current().pid()), 8);
            file.write(ByteBuffer.allocate(4), 40);
        }
        try (MemberReader reader = MemberReader.open(TestMembers.file(host.bus, dead.id()))) {
            assertEquals(ProcessHandle.current().pid(), reader.pid());
            assertFalse(reader.isAlive());
        }
        host.run(janitor, SECOND, frontEnd);
        assertEquals(ClaimWord.LOST, host.state(REQUESTS, writer.id(), 0));
    }

    private int firstConsumerId(Member member) {
        try (MemberReader reader = MemberReader.open(TestMembers.file(host.bus, member.id()))) {
            return reader.firstConsumerId();
        }
    }

    /** A message that was there is handled, one that comes is handled, both are counted. */
    private void assertGoesOn() {
        host.run(janitor, 2 * SECOND, frontEnd);
        writer.append(REQUESTS, host.nowNs);
        host.finishAll(REQUESTS, writer.id(), 77);
        host.run(janitor, SECOND, frontEnd);
        assertEquals(
                host.lane(REQUESTS, writer.id()).appendedCount(),
                host.mark(REQUESTS, writer.id()).endedCount()
                        - host.mark(REQUESTS, writer.id()).ended(1));
        final LiveMembers.Snapshot members = janitor.liveMembers.snapshot();
        assertTrue(members.frontEnds().contains(frontEnd.id()));
    }

    private void assertLogged(String line) {
        try (MemberReader reader =
                MemberReader.open(TestMembers.file(host.bus, janitor.member.id()))) {
            final Map<String, Integer> errors = reader.errors();
            assertTrue(
                    errors.keySet().stream().anyMatch(error -> error.contains(line)),
                    () -> line + " is not in " + errors);
        }
    }
}
