// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.message.DeliveryHeader;
import io.headrace.testing.CycleFileAway;
import io.headrace.testing.TestWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How much a channel holds, of all its writers together. */
class CapacityTest {

    private static final String CHANNEL = "http.request";
    private static final int LENGTH = 100;
    private static final long LOOK_NS = 10_000_000L;

    @TempDir Path directory;
    private long nowNs = 1_000_000_000L;
    private Bus bus;
    private TestWriter some;
    private TestWriter other;
    private Capacity ofSome;
    private Capacity ofOther;

    @BeforeEach
    void open() {
        System.setProperty("headrace.channel.http.*.messages", "10");
        System.setProperty("headrace.block.size", "1m");
        bus = Bus.openOrCreate(directory.resolve("bus"), () -> nowNs);
        some = new TestWriter(bus, "f1-some-0");
        other = new TestWriter(bus, "f2-other-0");
        ofSome = new Capacity(bus, some.lane(CHANNEL).lane(), bus.settings().channel(CHANNEL));
        ofOther = new Capacity(bus, other.lane(CHANNEL).lane(), bus.settings().channel(CHANNEL));
    }

    @AfterEach
    void close() {
        System.clearProperty("headrace.channel.http.*.messages");
        System.clearProperty("headrace.block.size");
        ofSome.close();
        ofOther.close();
        some.close();
        other.close();
        bus.close();
    }

    @Test
    void shouldCountWhatAllWritersHaveWaiting() {
        append(some, 6);
        assertTrue(admits(ofOther));
        append(other, 3);
        assertTrue(admits(ofSome));
        append(other, 1);
        assertFalse(admits(ofSome));
        assertFalse(admits(ofOther));
    }

    @Test
    void shouldHaveRoomAgainForEachMessageThatIsClaimedOfWhomever() {
        append(some, 5);
        append(other, 5);
        assertFalse(admits(ofSome));
        claim(other, 1);
        assertTrue(admits(ofSome));
        append(some, 1);
        assertFalse(admits(ofSome));
        assertFalse(admits(ofOther));
        claim(some, 6);
        claim(other, 5);
        append(some, 9);
        assertTrue(admits(ofOther));
        append(other, 1);
        assertFalse(admits(ofOther));
    }

    @Test
    void shouldCountWhatWaitedBeforeItsWriterCame() {
        append(some, 5);
        append(other, 4);
        try (TestWriter third = new TestWriter(bus, "f3-third-0");
                Capacity ofThird =
                        new Capacity(
                                bus, third.lane(CHANNEL).lane(), bus.settings().channel(CHANNEL))) {
            assertTrue(admits(ofThird));
            append(third, 1);
            assertFalse(admits(ofThird));
            assertFalse(admits(ofSome));
        }
    }

    @Test
    void shouldForgetALaneThatIsDeleted() {
        append(some, 4);
        append(other, 6);
        assertFalse(admits(ofSome));
        bus.lane(CHANNEL, other.id()).orElseThrow().hide();
        bus.raiseLaneVersion();
        assertTrue(admits(ofSome));
        append(some, 5);
        assertTrue(admits(ofSome));
        append(some, 1);
        assertFalse(admits(ofSome));
    }

    @Test
    void shouldCountAMessageAgainThatIsFreeAgain() {
        append(some, 10);
        claim(some, 3);
        assertTrue(admits(ofSome));
        append(some, 3);
        assertFalse(admits(ofSome));
        claim(some, 5);
        assertTrue(admits(ofSome));
        free(some, 2);
        append(some, 2);
        // 10 wait that were never claimed, and 2 of the first.
        assertFalse(admits(ofSome));
        claim(some, 6);
        assertTrue(admits(ofSome));
        free(some, 2);
        append(some, 1);
        assertFalse(admits(ofSome));
        // 8 behind them are left, and these 2.
        claim(some, 6, 8);
        assertFalse(admits(ofSome));
        claim(some, 0, 1);
        assertTrue(admits(ofSome));
    }

    @Test
    void shouldNotLookAtWhatIsBeforeAMessageThatIsFreeAgain() {
        append(some, 10);
        claim(some, 5);
        assertTrue(admits(ofSome));
        // In truth, and told to nobody, which shows that it is not looked at.
        try (LanePoller poller = bus.lane(CHANNEL, some.id()).orElseThrow().poller()) {
            for (int i = 0; i < 4; i++) {
                assertTrue(poller.peek());
                if (i != 2) {
                    poller.record().putIntVolatile(DeliveryHeader.CLAIM_WORD_OFFSET, 0);
                }
                if (i == 3) {
                    bus.publishFreed(poller.lane(), poller.index(), poller.index());
                }
                poller.advance();
            }
        }
        append(some, 5);
        assertFalse(admits(ofSome));
        claim(some, 5, 7);
        // 8 were never claimed, and one is free again.
        assertTrue(admits(ofSome));
    }

    @Test
    void shouldNotLookAtStretchesInWhichNothingWaitsBehindOneThatDoes() {
        append(some, 1);
        append(some, 3_000);
        claim(some, 1, 3_001);
        append(some, 9);
        assertFalse(admits(ofSome));
        // In truth, and told to nobody, which shows that they are not looked at.
        for (int from = 300; from < 2_900; from += 100) {
            make(some, from, ClaimWord.FREE);
        }
        claim(some, 0, 1);
        assertTrue(admits(ofSome));
        append(some, 1);
        assertFalse(admits(ofSome));
    }

    @Test
    void shouldGoOnBehindTheLastMessageWhenNothingWaits() {
        append(some, 10);
        assertFalse(admits(ofSome));
        claim(some, 10);
        assertTrue(admits(ofSome));
        make(some, 0, ClaimWord.FREE);
        make(some, 8, ClaimWord.FREE);
        append(some, 10);
        claim(some, 11, 12);
        assertTrue(admits(ofSome));
        append(some, 1);
        assertFalse(admits(ofSome));
    }

    @Test
    void shouldLookLessOftenTheMoreThereIsToLookAt() {
        append(some, 80_000);
        claim(some, 79_990);
        assertFalse(admits(ofSome));
        final long before = nowNs;
        claim(some, 79_990, 79_991);
        nowNs = before + 19_999_999L;
        assertFalse(ofSome.admits(LENGTH, nowNs));
        nowNs++;
        assertTrue(ofSome.admits(LENGTH, nowNs));
        append(some, 1);
        // Nothing but what waits was looked at.
        assertFalse(admits(ofSome));
        claim(some, 79_991, 79_992);
        assertTrue(admits(ofSome));
    }

    private void make(TestWriter writer, int number, int state) {
        try (LanePoller poller = bus.lane(CHANNEL, writer.id()).orElseThrow().poller()) {
            for (int i = 0; i < number; i++) {
                assertTrue(poller.peek());
                poller.advance();
            }
            assertTrue(poller.peek());
            poller.record().putIntVolatile(DeliveryHeader.CLAIM_WORD_OFFSET, state);
        }
    }

    @Test
    void shouldGoByTheJanitorsMarkWhileItSaysThatLittleCanWait() {
        final Lane lane = bus.lane(CHANNEL, some.id()).orElseThrow();
        append(some, 9);
        // More than have ended, which shows that no record is looked at.
        mark(lane, 7);
        append(some, 1);
        assertTrue(admits(ofSome));
        append(some, 7);
        mark(lane, 13);
        assertTrue(admits(ofSome));
        // 5 is half of what may wait: now the records tell, of which 17 are free.
        append(some, 1);
        mark(lane, 13);
        append(some, 5);
        assertFalse(admits(ofSome));
    }

    @Test
    void shouldNotLookAtWhatHasEndedByTheJanitorsMark() {
        final Lane lane = bus.lane(CHANNEL, some.id()).orElseThrow();
        append(some, 10);
        assertFalse(admits(ofSome));
        append(some, 4);
        final LaneMark mark = new LaneMark();
        try (LanePoller poller = lane.poller()) {
            for (int i = 0; i < 8; i++) {
                assertTrue(poller.peek());
                mark.lastEnded(poller.index());
                poller.advance();
            }
        }
        // These 8 are free in truth, which shows that they are not looked at.
        mark.ended(0, 8);
        lane.writeMark(mark);
        assertTrue(admits(ofSome));
        append(some, 4);
        assertFalse(admits(ofSome));
    }

    @Test
    void shouldHaveRoomForARecordAsLongAsAllThatMayWaitWhenNothingWaits() {
        final int longest = (int) bus.settings().channel(CHANNEL).bytesMax();
        append(some, 1);
        nowNs += LOOK_NS;
        assertFalse(ofSome.admits(longest, nowNs));
        claim(some, 1);
        nowNs += LOOK_NS;
        // It has not ended by any mark.
        assertTrue(ofSome.admits(longest, nowNs));
        assertFalse(ofSome.admits(longest + 1, nowNs));
    }

    private static void mark(Lane lane, int endedCount) {
        final LaneMark mark = new LaneMark();
        mark.ended(0, endedCount);
        lane.writeMark(mark);
    }

    @Test
    void shouldFindWhatWaitsThoughFilesAreRolledAndDeletedMeanwhile() {
        final Lane lane = bus.lane(CHANNEL, some.id()).orElseThrow();
        try (LanePoller poller = lane.poller()) {
            for (int hour = 0; hour < 5; hour++) {
                append(some, 8);
                assertTrue(admits(ofSome));
                append(some, 2);
                assertFalse(admits(ofSome));
                for (int i = 0; i < 10; i++) {
                    assertTrue(poller.peek());
                    assertTrue(ClaimWord.tryClaim(poller.record(), 7));
                    poller.advance();
                }
                assertTrue(admits(ofSome));
                nowNs += 3_600_000_000_000L;
                if (hour == 3) {
                    assertTrue(lane.deleteFiles(poller, Long.MAX_VALUE, Long.MAX_VALUE) > 1);
                    ofSome.letGo();
                }
            }
        }
    }

    @Test
    void shouldListLanesAgainThatCouldNotBeListedThoughNothingElseChanges() throws IOException {
        append(some, 5);
        assertTrue(admits(ofSome));
        final Path channels = bus.directory().resolve("channels");
        final Path away = channels.resolveSibling("away");
        try (TestWriter third = new TestWriter(bus, "f3-third-0")) {
            append(third, 5);
            Files.move(channels, away);
            Files.createFile(channels);
            assertThrows(HeadraceException.class, () -> admits(ofSome));
            // Those that it knows have room, and no message is refused for the others.
            assertTrue(admits(ofSome));
            Files.delete(channels);
            Files.move(away, channels);
            nowNs += 1_000_000_000L;
            assertFalse(admits(ofSome));
        }
    }

    @Test
    void shouldStayFullWhenAFileCannotBeOpened() throws IOException {
        append(some, 5);
        nowNs += 3_600_000_000_000L;
        append(some, 5);
        // As another process, which has not opened the last file yet.
        try (Bus elsewhere = Bus.openOrCreate(bus.directory(), () -> nowNs)) {
            final Lane lane = elsewhere.lane(CHANNEL, some.id()).orElseThrow();
            try (Capacity capacity =
                            new Capacity(elsewhere, lane, bus.settings().channel(CHANNEL));
                    CycleFileAway last = CycleFileAway.ofLast(lane)) {
                for (int i = 0; i < 3; i++) {
                    assertThrows(HeadraceException.class, () -> admits(capacity));
                    // It does not look at all of it for each message.
                    assertFalse(capacity.admits(LENGTH, nowNs));
                }
                nowNs += 1_000_000_000L;
                assertThrows(HeadraceException.class, () -> admits(capacity));
                last.close();
                assertFalse(admits(capacity));
                claim(some, 1);
                assertTrue(admits(capacity));
            }
        }
    }

    @Test
    void shouldCountALaneThatCouldNotBeReadAsSoonAsItCan() throws IOException {
        append(some, 5);
        append(other, 5);
        final Path properties = other.lane(CHANNEL).lane().path().resolve("lane.properties");
        final String good = Files.readString(properties);
        Files.writeString(properties, "version=9");
        try (Bus elsewhere = Bus.openOrCreate(bus.directory(), () -> nowNs)) {
            final Lane lane = elsewhere.lane(CHANNEL, some.id()).orElseThrow();
            try (Capacity capacity =
                            new Capacity(elsewhere, lane, bus.settings().channel(CHANNEL));
                    CycleFileAway first = CycleFileAway.ofFirst(other.lane(CHANNEL).lane())) {
                assertTrue(admits(capacity));
                Files.writeString(properties, good);
                assertTrue(admits(capacity));
                nowNs += 1_000_000_000L;
                assertTrue(admits(capacity));
                first.close();
                nowNs += 1_000_000_000L;
                assertFalse(admits(capacity));
            }
        }
    }

    private boolean admits(Capacity capacity) {
        nowNs += LOOK_NS;
        return capacity.admits(LENGTH, nowNs);
    }

    private void append(TestWriter writer, int count) {
        for (int i = 0; i < count; i++) {
            writer.append(CHANNEL, nowNs);
        }
    }

    /** Gives the first so many of a writer's messages back. */
    private void free(TestWriter writer, int count) {
        try (LanePoller poller = bus.lane(CHANNEL, writer.id()).orElseThrow().poller()) {
            assertTrue(poller.peek());
            final long first = poller.index();
            for (int i = 0; i < count; i++) {
                assertTrue(poller.peek());
                poller.record().putIntVolatile(DeliveryHeader.CLAIM_WORD_OFFSET, 0);
                poller.advance();
            }
            bus.publishFreed(poller.lane(), first, poller.index());
        }
    }

    /** Claims the first so many of a writer's messages, unless they are claimed already. */
    private void claim(TestWriter writer, int count) {
        claim(writer, 0, count);
    }

    private void claim(TestWriter writer, int from, int to) {
        try (LanePoller poller = bus.lane(CHANNEL, writer.id()).orElseThrow().poller()) {
            for (int i = 0; i < to; i++) {
                assertTrue(poller.peek());
                if (i >= from) {
                    final UnsafeBuffer record = poller.record();
                    ClaimWord.tryClaim(record, 7);
                    assertEquals(ClaimWord.CLAIMED, ClaimWord.state(ClaimWord.read(record)));
                }
                poller.advance();
            }
        }
    }
}
