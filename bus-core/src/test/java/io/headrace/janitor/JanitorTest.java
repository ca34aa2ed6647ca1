// SPDX-License-Identifier: Apache-2.0
package io.headrace.janitor;

import static io.headrace.janitor.SimulatedHost.MS;
import static io.headrace.janitor.SimulatedHost.SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.LaneMark;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.DeadClaims;
import io.headrace.janitor.SimulatedHost.Housekeeper;
import io.headrace.member.Member;
import io.headrace.member.MemberReader;
import io.headrace.message.DeliveryHeader;
import io.headrace.testing.TestMembers;
import io.headrace.testing.TestWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.agrona.IoUtil;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JanitorTest {

    private static final String REQUESTS = "http.request";

    @TempDir Path directory;
    private SimulatedHost host;
    private Housekeeper first;
    private Member frontEnd;
    private TestWriter writer;

    @BeforeEach
    void open() {
        host = new SimulatedHost(directory, "FAST_HOURLY", new Retention(3_000, 5 * SECOND));
        frontEnd = TestMembers.frontEnd(host.bus);
        writer = new TestWriter(host.bus, frontEnd.id() + "-0");
        first = host.housekeeper();
    }

    @AfterEach
    void close() {
        writer.close();
        frontEnd.close();
        host.close();
    }

    @Test
    void shouldAdvanceTheMarkUpToTheFirstMessageThatHasNotEnded() {
        append(6);
        end(0, ClaimWord.DONE);
        end(1, ClaimWord.FAILED);
        end(3, ClaimWord.DONE);
        end(4, ClaimWord.CANCELLED);
        run(first, 20 * MS, frontEnd);
        assertEnded(2, 1, 1, 0, 0, 0);

        host.claim(REQUESTS, writer.id(), 2, 77);
        run(first, 20 * MS, frontEnd);
        assertEnded(2, 1, 1, 0, 0, 0);

        host.finish(REQUESTS, writer.id(), 2, 77, ClaimWord.LOST);
        run(first, 20 * MS, frontEnd);
        assertEnded(5, 2, 1, 0, 1, 1);
        end(5, ClaimWord.EXPIRED);
        run(first, 20 * MS, frontEnd);
        assertEnded(6, 2, 1, 1, 1, 1);
        assertEquals(
                host.lane(REQUESTS, writer.id()).appendedBytes(),
                host.mark(REQUESTS, writer.id()).endedBytes());
    }

    @Test
    void shouldHaveMuchToDoWhileAMessageHasNotEndedAndLittleWhenAFewHave() {
        try (TestWriter own = new TestWriter(host.bus, first.member.id() + "-0")) {
            own.append(REQUESTS, host.nowNs);
            own.append(REQUESTS, host.nowNs);
            run(first, 20 * MS);
            assertEquals(Janitor.MUCH_WORK, first.janitor.doWork());
            host.finishAll(REQUESTS, own.id(), 77);
            host.nowNs += 20 * MS;
            assertEquals(2, first.janitor.doWork());
            host.nowNs += 20 * MS;
            assertEquals(0, first.janitor.doWork());
        }
    }

    @Test
    void shouldGoOnExactlyWhereADeadWritersOwnKeeperLeftOff() {
        append(5);
        end(0, ClaimWord.DONE);
        end(1, ClaimWord.DONE);
        run(first, 20 * MS, frontEnd);
        end(2, ClaimWord.FAILED);
        // What it ended is in the records, what it had not counted yet is not in the mark.
        final int holder = host.consumer();
        try (LaneKeeper keeper =
                new LaneKeeper(
                        host.bus,
                        host.lane(REQUESTS, writer.id()),
                        76,
                        SECOND,
                        new DeadClaims(host.bus))) {
            host.claim(REQUESTS, writer.id(), 3, holder);
            host.nowNs += 2 * SECOND;
            keeper.lookAhead(first.liveMembers.snapshot(), host.nowNs);
        }
        assertEquals(ClaimWord.LOST, host.state(REQUESTS, writer.id(), 3));
        host.kill(frontEnd);
        run(first, 40 * MS);
        assertEnded(4, 2, 1, 0, 0, 1);
        end(4, ClaimWord.DONE);
        run(first, 40 * MS);
        assertEnded(5, 3, 1, 0, 0, 1);
    }

    @Test
    void shouldFollowAnothersLaneOnlyWhenThatOneIsDeadAndItIsElected() {
        append(1);
        end(0, ClaimWord.DONE);
        final Housekeeper second = host.housekeeper();
        run(first, SECOND);
        run(second, SECOND);
        assertEnded(0, 0, 0, 0, 0, 0);
        host.kill(frontEnd);
        run(second, SECOND);
        assertEnded(0, 0, 0, 0, 0, 0);
        first.die();
        run(second, 40 * MS);
        assertEnded(1, 1, 0, 0, 0, 0);
    }

    @Test
    void shouldFollowItsOwnLanesWhileTheElectedOneIsStopped() {
        append(2);
        run(first, 20 * MS, frontEnd);
        end(0, ClaimWord.DONE);
        final Housekeeper second = host.housekeeper();
        // The first one is the elected one, and does not go round any more.
        run(second, 40 * MS, frontEnd);
        assertEnded(1, 1, 0, 0, 0, 0);
    }

    @Test
    void shouldKeepTheLanesOfAWriterThatNobodyKnows() {
        try (TestWriter stranger = new TestWriter(host.bus, "x9-stranger-0")) {
            stranger.append(REQUESTS, host.nowNs);
            host.finishAll(REQUESTS, stranger.id(), 77);
            run(first, 1_900 * MS, frontEnd);
            assertEquals(0, host.mark(REQUESTS, stranger.id()).endedCount());
            run(first, 500 * MS, frontEnd);
            assertEquals(1, host.mark(REQUESTS, stranger.id()).endedCount());
        }
    }

    @Test
    void shouldCleanUpAfterAMemberThatWasKilledBeforeItWasAnnounced() {
        final Member starting =
                Member.register(
                        host.bus.membersDirectory(),
                        Member.Kind.FRONT_END,
                        "f98-starting",
                        "",
                        0,
                        0,
                        host.bus.clock());
        try (TestWriter its = new TestWriter(host.bus, starting.id() + "-0")) {
            its.append(REQUESTS, host.nowNs);
            host.finishAll(REQUESTS, its.id(), 77);
            run(first, SECOND, frontEnd);
            assertEquals(0, host.mark(REQUESTS, its.id()).endedCount());
        }
        starting.close();
        run(first, 10 * SECOND, frontEnd);
        assertFalse(Files.exists(host.bus.membersDirectory().resolve("f98-starting.new")));
        assertTrue(host.bus.lane(REQUESTS, "f98-starting-0").isEmpty());
    }

    @Test
    void shouldLookAgainOnlyAtWhatHasNotEndedBehindAMessageThatHasNot() {
        final Member dying = TestMembers.worker(host.bus, "http.*", 1);
        append(601);
        host.claim(REQUESTS, writer.id(), 0, host.consumer());
        host.claim(REQUESTS, writer.id(), 1, consumerId(dying));
        host.claim(REQUESTS, writer.id(), 400, consumerId(dying));
        for (int number = 2; number <= 600; number++) {
            if (number != 400) {
                end(number, ClaimWord.DONE);
            }
        }
        run(first, SECOND, frontEnd, dying);
        // In truth it has ended, which shows that it is not looked at.
        final int strangers = ClaimWord.of(4_711, ClaimWord.CLAIMED);
        host.record(
                REQUESTS,
                writer.id(),
                300,
                record -> record.putIntVolatile(DeliveryHeader.CLAIM_WORD_OFFSET, strangers));
        append(1);
        host.claim(REQUESTS, writer.id(), 601, 4_711);
        run(first, SECOND, frontEnd, dying);
        assertEquals(ClaimWord.CLAIMED, host.state(REQUESTS, writer.id(), 300));
        assertEquals(ClaimWord.LOST, host.state(REQUESTS, writer.id(), 601));
        host.kill(dying);
        run(first, SECOND, frontEnd);
        for (final int number : new int[] {1, 400}) {
            assertEquals(ClaimWord.LOST, host.state(REQUESTS, writer.id(), number));
        }
        assertEquals(ClaimWord.CLAIMED, host.state(REQUESTS, writer.id(), 0));
    }

    @Test
    void shouldEndADeadConsumersClaimBehindALiveOneWithinASecond() {
        final Member dying = TestMembers.worker(host.bus, "http.*", 1);
        append(2);
        host.claim(REQUESTS, writer.id(), 0, host.consumer());
        host.claim(REQUESTS, writer.id(), 1, consumerId(dying));
        run(first, 500 * MS, dying, frontEnd);
        host.kill(dying);
        run(first, SECOND, frontEnd);
        assertEquals(ClaimWord.CLAIMED, host.state(REQUESTS, writer.id(), 0));
        assertEquals(ClaimWord.LOST, host.state(REQUESTS, writer.id(), 1));
    }

    @Test
    void shouldEndTheClaimOfAConsumerWhoseMemberIsDeletedAlready() {
        append(1);
        host.claim(REQUESTS, writer.id(), 0, 4_711);
        run(first, 90 * MS, frontEnd);
        assertEquals(ClaimWord.CLAIMED, host.state(REQUESTS, writer.id(), 0));
        run(first, 100 * MS, frontEnd);
        assertEquals(ClaimWord.LOST, host.state(REQUESTS, writer.id(), 0));
    }

    @Test
    void shouldTakeNobodyForGoneWhileAMemberCannotBeRead() throws IOException {
        append(1);
        host.claim(REQUESTS, writer.id(), 0, 4_711);
        final Path unread = TestMembers.file(host.bus, "w77-unread");
        Files.write(unread, new byte[100]);
        try (TestWriter stranger = new TestWriter(host.bus, "w77-unread-0")) {
            stranger.append(REQUESTS, host.nowNs);
            host.finishAll(REQUESTS, stranger.id(), 77);
            run(first, 3 * SECOND, frontEnd);
            assertEquals(ClaimWord.CLAIMED, host.state(REQUESTS, writer.id(), 0));
            assertEquals(0, host.mark(REQUESTS, stranger.id()).endedCount());
            Files.delete(unread);
            run(first, 90 * MS, frontEnd);
            assertEquals(ClaimWord.CLAIMED, host.state(REQUESTS, writer.id(), 0));
            run(first, 100 * MS, frontEnd);
            assertEquals(ClaimWord.LOST, host.state(REQUESTS, writer.id(), 0));
            run(first, 3 * SECOND, frontEnd);
            assertEquals(1, host.mark(REQUESTS, stranger.id()).endedCount());
        }
    }

    @Test
    void shouldWaitAnewForAConsumerThatWasKnownInBetween() throws IOException {
        try (Member worker = TestMembers.worker(host.bus, "http.*", 1)) {
            append(1);
            host.claim(REQUESTS, writer.id(), 0, consumerId(worker));
            final Path file = TestMembers.file(host.bus, worker.id());
            final Path away = host.bus.directory().resolve("away");
            move(file, away);
            run(first, 60 * MS, frontEnd);
            move(away, file);
            run(first, 60 * MS, frontEnd);
            move(file, away);
            run(first, 90 * MS, frontEnd);
            assertEquals(ClaimWord.CLAIMED, host.state(REQUESTS, writer.id(), 0));
            run(first, 50 * MS, frontEnd);
            assertEquals(ClaimWord.LOST, host.state(REQUESTS, writer.id(), 0));
        }
    }

    @Test
    void shouldFindAHungClaimThatDoesNotSaySinceWhen() {
        append(1);
        host.record(
                REQUESTS,
                writer.id(),
                0,
                record -> assertTrue(ClaimWord.tryClaim(record, host.consumer())));
        run(first, 4 * SECOND, frontEnd);
        assertEquals(ClaimWord.CLAIMED, host.state(REQUESTS, writer.id(), 0));
        run(first, 2 * SECOND, frontEnd);
        assertEquals(ClaimWord.LOST, host.state(REQUESTS, writer.id(), 0));
    }

    @Test
    void shouldEndMessagesAtTheirExpiryAndNeverBefore() {
        writer.append(REQUESTS, new byte[16], 1, 1_000, host.nowNs);
        run(first, 990 * MS, frontEnd);
        assertEquals(ClaimWord.FREE, host.state(REQUESTS, writer.id(), 0));
        run(first, 30 * MS, frontEnd);
        assertEquals(ClaimWord.EXPIRED, host.state(REQUESTS, writer.id(), 0));
    }

    @Test
    void shouldDrainHideAndDeleteTheLanesOfADeadWriter() {
        writer.append(REQUESTS, new byte[16], 1, 60_000, host.nowNs);
        // A disconnect never expires: somebody is to hear of it.
        writer.append("http.disconnect", new byte[16], 1, 0, host.nowNs);
        run(first, 100 * MS, frontEnd);
        host.kill(frontEnd);
        run(first, 300 * MS);
        assertEquals(ClaimWord.CANCELLED, host.state(REQUESTS, writer.id(), 0));
        assertEquals(ClaimWord.FREE, host.state("http.disconnect", writer.id(), 0));

        run(first, 10 * SECOND);
        assertTrue(Files.exists(lanePath("http.disconnect")));
        assertTrue(Files.exists(TestMembers.file(host.bus, frontEnd.id())));
        assertTrue(Files.exists(lanePath(REQUESTS)), "the disconnect's request is in it");

        host.finishAll("http.disconnect", writer.id(), 77);
        final long deletionVersion = host.bus.deletionVersion();
        run(first, 10 * SECOND);
        assertFalse(Files.exists(lanePath("http.disconnect")));
        assertFalse(Files.exists(lanePath(REQUESTS)));
        assertTrue(host.bus.deletionVersion() > deletionVersion, "readers are to let go of them");
        assertFalse(Files.exists(TestMembers.file(host.bus, frontEnd.id())));
    }

    @Test
    void shouldNotKeepADeadWritersLanesForWhatWaitsInOneThatDoesNotReferToThem() {
        writer.append(REQUESTS, new byte[16], 1, 60_000, host.nowNs);
        writer.append("game.http.disconnect", new byte[16], 1, 0, host.nowNs);
        writer.append("dead.letters", new byte[16], 1, 0, host.nowNs);
        run(first, 100 * MS, frontEnd);
        host.kill(frontEnd);
        run(first, 10 * SECOND);
        assertFalse(Files.exists(lanePath(REQUESTS)));
        assertTrue(Files.exists(lanePath("game.http.disconnect")));
    }

    @Test
    void shouldNotKeepRequestsForADisconnectOfWhichNoWorkerWillHear() {
        try (Member worker = TestMembers.worker(host.bus, REQUESTS, 1)) {
            writer.append(REQUESTS, new byte[16], 1, 60_000, host.nowNs);
            writer.append("http.disconnect", new byte[16], 1, 0, host.nowNs);
            run(first, 100 * MS, frontEnd, worker);
            host.kill(frontEnd);
            run(first, 10 * SECOND, worker);
            assertFalse(Files.exists(lanePath(REQUESTS)));
            assertTrue(Files.exists(lanePath("http.disconnect")));
        }
    }

    @Test
    void shouldKeepADeadWritersLanesForTheRetention() {
        append(1);
        run(first, 100 * MS, frontEnd);
        host.kill(frontEnd);
        host.finishAll(REQUESTS, writer.id(), 77);
        run(first, 2_900 * MS);
        assertTrue(host.bus.lane(REQUESTS, writer.id()).isPresent());
        run(first, 4 * SECOND);
        assertFalse(Files.exists(lanePath(REQUESTS)));
    }

    @Test
    void shouldNotKeepADeadWritersLaneInWhichThereNeverWasAnything() {
        append(1);
        host.finishAll(REQUESTS, writer.id(), 77);
        writer.lane("a");
        run(first, 2 * SECOND, frontEnd);
        assertTrue(host.bus.lane("a", writer.id()).isPresent());
        host.kill(frontEnd);
        run(first, 4 * SECOND);
        assertFalse(Files.exists(lanePath("a")));
        assertTrue(Files.exists(lanePath(REQUESTS)));
    }

    @Test
    void shouldUseThePlaceOfADeletedLaneAgain() throws IOException {
        append(1);
        final String entry = entry(lanePath(REQUESTS));
        host.finishAll(REQUESTS, writer.id(), 77);
        host.kill(frontEnd);
        run(first, 10 * SECOND);
        assertFalse(Files.exists(lanePath(REQUESTS)));
        try (TestWriter next = new TestWriter(host.bus, "f99-next-0")) {
            next.append(REQUESTS, host.nowNs);
            assertEquals(entry, entry(host.lane(REQUESTS, next.id()).path()));
            assertEquals(0, host.mark(REQUESTS, next.id()).endedCount());
            assertEquals(1, host.lane(REQUESTS, next.id()).appendedCount());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"lane.properties", ""})
    void shouldDeleteOthersLanesWhenOnesPropertiesOrFolderAreGone(String gone) throws IOException {
        append(1);
        host.finishAll(REQUESTS, writer.id(), 77);
        final String entry = entry(lanePath(REQUESTS));
        try (TestWriter second = new TestWriter(host.bus, frontEnd.id() + "-1")) {
            second.append(REQUESTS, host.nowNs);
            host.finishAll(REQUESTS, second.id(), 77);
            final Path lane = host.lane(REQUESTS, second.id()).path();
            host.kill(frontEnd);
            run(first, SECOND);
            IoUtil.delete(lanePath(REQUESTS).resolve(gone).toFile(), false);
            run(first, 10 * SECOND);
            assertFalse(Files.exists(lane));
        }
        assertFalse(Files.exists(lanePath(REQUESTS)));
        assertFalse(Files.exists(TestMembers.file(host.bus, frontEnd.id())));
        try (TestWriter next = new TestWriter(host.bus, "f99-next-0")) {
            next.append(REQUESTS, host.nowNs);
            assertEquals(entry, entry(host.lane(REQUESTS, next.id()).path()), "of the first again");
        }
    }

    @Test
    void shouldKeepOthersLanesWhenOneCannotBeCleaned() throws IOException {
        writer.append("a", host.nowNs);
        append(1);
        for (final String channel : List.of("a", REQUESTS)) {
            host.finishAll(channel, writer.id(), 77);
        }
        host.kill(frontEnd);
        run(first, SECOND);
        // No file can take the place of a folder that is not empty.
        final Path inTheWay = lanePath("a").resolve("lane.properties.hidden");
        Files.createDirectories(inTheWay.resolve("x"));
        run(first, 10 * SECOND);
        assertFalse(Files.exists(lanePath(REQUESTS)));
        assertTrue(Files.exists(lanePath("a")));
        try (MemberReader reader =
                MemberReader.open(TestMembers.file(host.bus, first.member.id()))) {
            assertTrue(reader.errors().toString().contains("cannot become"));
        }
        IoUtil.delete(inTheWay.toFile(), false);
        run(first, 10 * SECOND);
        assertFalse(Files.exists(lanePath("a")));
    }

    @Test
    void shouldDeleteWhatADeadJanitorHad() throws IOException {
        append(1);
        host.finishAll(REQUESTS, writer.id(), 77);
        run(first, 100 * MS, frontEnd);
        host.kill(frontEnd);
        while (Files.exists(lanePath(REQUESTS).resolve("lane.properties"))) {
            run(first, 10 * MS);
        }
        assertTrue(Files.exists(lanePath(REQUESTS)));
        final Housekeeper second = host.housekeeper();
        first.die();
        run(second, 10 * SECOND);
        assertFalse(Files.exists(lanePath(REQUESTS)), "hidden, and never deleted");
        assertFalse(Files.exists(TestMembers.file(host.bus, frontEnd.id())));
    }

    @Test
    void shouldDeleteTheLaneThatItsWriterDidNotFinishMaking() throws IOException {
        append(1);
        host.finishAll(REQUESTS, writer.id(), 77);
        Files.move(
                lanePath(REQUESTS).resolve("lane.properties"),
                lanePath(REQUESTS).resolve("lane.properties.new"));
        host.kill(frontEnd);
        host.bus.raiseLaneVersion();
        run(first, 10 * SECOND);
        assertFalse(Files.exists(lanePath(REQUESTS)));
    }

    @Test
    void shouldListLanesAgainThatCouldNotBeListedThoughNothingElseChanges() throws IOException {
        run(first, 20 * MS, frontEnd);
        final Path channels = host.bus.directory().resolve("channels");
        final Path away = channels.resolveSibling("away");
        try (TestWriter own = new TestWriter(host.bus, first.member.id() + "-0")) {
            own.append(REQUESTS, host.nowNs);
            host.finishAll(REQUESTS, own.id(), 77);
            Files.move(channels, away);
            Files.createFile(channels);
            assertThrows(HeadraceException.class, first::doWork);
            Files.delete(channels);
            Files.move(away, channels);
            run(first, 2 * SECOND, frontEnd);
            assertEquals(1, host.mark(REQUESTS, own.id()).endedCount());
        }
    }

    @Test
    void shouldKeepALaneThatCouldNotBeReadAtFirstThoughNothingElseChanges() throws IOException {
        run(first, 20 * MS, frontEnd);
        // Not a bus that has its lanes open already.
        try (Bus other = Bus.open(host.bus.directory());
                TestWriter own = new TestWriter(other, first.member.id() + "-0")) {
            final Path properties = own.lane(REQUESTS).lane().path().resolve("lane.properties");
            own.append(REQUESTS, host.nowNs);
            final String good = Files.readString(properties);
            Files.writeString(properties, "version=9\n");
            run(first, 20 * MS, frontEnd);
            Files.writeString(properties, good);
            host.finishAll(REQUESTS, own.id(), 77);
            run(first, 2 * SECOND, frontEnd);
            assertEquals(1, host.mark(REQUESTS, own.id()).endedCount());
        }
    }

    private void move(Path from, Path to) throws IOException {
        Files.move(from, to);
        host.bus.raiseLaneVersion();
    }

    private void append(int count) {
        for (int i = 0; i < count; i++) {
            writer.append(REQUESTS, host.nowNs);
        }
    }

    private void end(int number, int fate) {
        host.record(
                REQUESTS,
                writer.id(),
                number,
                record -> {
                    if (fate == ClaimWord.EXPIRED || fate == ClaimWord.CANCELLED) {
                        assertTrue(ClaimWord.tryEnd(record, 77, fate));
                    } else {
                        assertTrue(ClaimWord.tryClaim(record, 77));
                        DeliveryHeader.claimedNs(record, 0, host.nowNs);
                        assertTrue(ClaimWord.finish(record, 77, fate));
                    }
                });
    }

    private void run(Housekeeper housekeeper, long durationNs, Member... alive) {
        host.run(housekeeper, durationNs, alive);
    }

    private int consumerId(Member worker) {
        try (MemberReader reader = MemberReader.open(TestMembers.file(host.bus, worker.id()))) {
            return reader.firstConsumerId();
        }
    }

    private Path lanePath(String channel) {
        return host.bus.directory().resolve("channels").resolve(channel).resolve(writer.id());
    }

    private static String entry(Path lane) throws IOException {
        try (Stream<String> lines = Files.lines(lane.resolve("lane.properties"))) {
            return lines.filter(line -> line.startsWith("entry=")).findFirst().orElseThrow();
        }
    }

    private void assertEnded(
            long all, long done, long failed, long expired, long cancelled, long lost) {
        final LaneMark mark = host.mark(REQUESTS, writer.id());
        assertEquals(all, mark.endedCount());
        assertEquals(
                List.of(done, failed, expired, cancelled, lost),
                List.of(mark.ended(0), mark.ended(1), mark.ended(2), mark.ended(3), mark.ended(4)));
    }
}
