// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.delivery.ChannelLedger;
import io.headrace.message.DeliveryHeader;
import io.headrace.testing.CycleFileAway;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LaneTest {

    private static final long NOW_NS = 1_700_000_000_000_000_000L;

    @TempDir Path directory;
    private Bus bus;
    private LaneAppender appender;
    private LanePoller poller;

    @BeforeEach
    void openLane() {
        bus = Bus.openOrCreate(directory.resolve("bus"));
        appender = bus.newLane("http.request", "f1-0", new WriterSequence());
        poller = bus.lane("http.request", "f1-0").orElseThrow().poller();
    }

    @AfterEach
    void close() {
        appender.close();
        poller.close();
        bus.close();
    }

    @Test
    void shouldShowACommittedMessageWithItsHeader() {
        assertFalse(poller.peek());
        final long index = append("hello", 7);

        assertTrue(poller.peek());
        final UnsafeBuffer record = poller.record();
        assertEquals(index, poller.index());
        assertEquals(1, poller.sequence());
        assertEquals(7, DeliveryHeader.connection(record, 0));
        assertEquals(5, DeliveryHeader.messageLength(record, 0));
        assertEquals("hello", record.getStringWithoutLengthAscii(DeliveryHeader.LENGTH, 5));
        poller.advance();
        assertFalse(poller.peek());
    }

    @Test
    void shouldPublishNothingOfAnAbortedClaimAndGoOn() {
        assertEquals(LaneAppender.OK, appender.claim(100, NOW_NS));
        appender.buffer().putStringWithoutLengthAscii(appender.offset(), "half a mess");
        appender.abortIfClaimed();
        assertFalse(poller.peek());

        append("whole", 1);
        assertTrue(poller.peek());
        assertEquals(1, poller.sequence());
        assertEquals("whole", poller.record().getStringWithoutLengthAscii(64, 5));
    }

    @Test
    void shouldRefuseOneByteMoreThanTheLargestMessageBeforeWritingAnything() {
        final int max = appender.messageLengthMax();
        assertEquals(LaneAppender.TOO_LONG, appender.claim(max + 1, NOW_NS));
        assertEquals(1, appender.lane().refusedCount());
        assertEquals(LaneAppender.TOO_LONG, appender.tryClaim(max + 1, NOW_NS));
        assertEquals(1, appender.lane().refusedCount());
        assertFalse(poller.peek());

        assertEquals(LaneAppender.OK, appender.claim(max, NOW_NS));
        appender.buffer().putByte(appender.offset() + max - 1, (byte) 42);
        appender.commit(1, 0, 0, NOW_NS, NOW_NS);
        assertTrue(poller.peek());
        assertEquals(max, DeliveryHeader.messageLength(poller.record(), 0));
        assertEquals((byte) 42, poller.record().getByte(64 + max - 1));
    }

    @Test
    void shouldReadOnAfterManyLargeMessagesHaveCrossedMappedChunks() {
        final int length = appender.messageLengthMax() / 2;
        for (int i = 0; i < 12; i++) {
            assertEquals(LaneAppender.OK, appender.claim(length, NOW_NS));
            appender.buffer().putInt(appender.offset(), i);
            appender.buffer().putInt(appender.offset() + length - 4, i);
            appender.commit(i, 0, 0, NOW_NS, NOW_NS);
        }
        for (int i = 0; i < 12; i++) {
            assertTrue(poller.peek());
            assertEquals(i, poller.record().getInt(64));
            assertEquals(i, poller.record().getInt(64 + length - 4));
            poller.advance();
        }
        assertFalse(poller.peek());
    }

    @Test
    void shouldCloseALaneThatAnotherProcessHasDeletedWhenItsChannelIsListed() {
        try (Bus other = Bus.open(directory.resolve("bus"))) {
            final Lane listed = other.lanes(channel -> true, this::unexpected).get(0);
            final LanePoller reader = listed.poller();
            hide();
            assertEquals(List.of(), other.lanes("http.part"::equals, this::unexpected));
            reader.close();
            assertFalse(listed.queue().isClosed());
            assertEquals(List.of(), other.lanes(channel -> true, this::unexpected));
            assertTrue(listed.queue().isClosed());
            // Its writer's is not.
            assertEquals(List.of(), bus.lanes(channel -> true, this::unexpected));
            append("hello", 1);
        }
    }

    @Test
    void shouldCloseADeletedLaneWhenNobodyReadsItAnyMore() {
        try (Bus other = Bus.open(directory.resolve("bus"))) {
            final Lane listed = other.lanes(channel -> true, this::unexpected).get(0);
            final LanePoller reader = listed.poller();
            append("hello", 1);
            hide();
            assertEquals(List.of(), other.lanes(channel -> true, this::unexpected));
            assertTrue(reader.peek());
            reader.close();
            assertTrue(listed.queue().isClosed());
        }
    }

    @Test
    void shouldCloseADeletedLaneThatCouldNotBeReadBefore() throws IOException {
        try (Bus other = Bus.open(directory.resolve("bus"))) {
            final Lane listed = other.lanes(channel -> true, this::unexpected).get(0);
            try (CycleFileAway first = CycleFileAway.ofFirst(listed)) {
                final HeadraceException unreadable =
                        assertThrows(HeadraceException.class, listed::poller);
                assertTrue(unreadable.getMessage().contains("http.request/f1-0"));
            }
            other.forget(listed);
            assertTrue(listed.queue().isClosed());
        }
    }

    @Test
    void shouldNotCloseALaneThatIsHiddenWhileItIsBeingListed() throws IOException {
        try (Bus other = Bus.open(directory.resolve("bus"))) {
            // Is found, and hidden before all lanes are.
            final Path damaged = appender.lane().path().resolveSibling("f9-damaged-0");
            Files.createDirectory(damaged);
            Files.writeString(damaged.resolve("lane.properties"), "version=0\n");
            final List<Lane> found = other.lanes(channel -> true, badLane -> hide());
            assertFalse(found.get(0).queue().isClosed());
            assertEquals(List.of(), other.lanes(channel -> true, badLane -> {}));
            assertTrue(found.get(0).queue().isClosed());
            // Whoever found it before that counts nothing of it.
            assertEquals(0, ChannelLedger.of(found).get("http.request").appended());
        }
    }

    /** As the janitor of another process does. */
    private void hide() {
        try (Bus janitors = Bus.open(directory.resolve("bus"))) {
            janitors.lanes(channel -> true, badLane -> {}).get(0).hide();
        }
    }

    @Test
    void shouldTakeNothingForALaneThatIsHidden() {
        // By the janitor of the writer's process, as nobody is there to read what it sends.
        append("hello", 1);
        appender.lane().hide();
        assertEquals(LaneAppender.CLOSED, appender.claim(5, NOW_NS));
        bus.delete(appender.lane());
        assertEquals(LaneAppender.CLOSED, appender.claim(5, NOW_NS));
        assertEquals(LaneAppender.CLOSED, appender.tryClaim(5, NOW_NS));
    }

    private void unexpected(HeadraceException badLane) {
        throw new AssertionError(badLane);
    }

    @Test
    void shouldAnswerClosedAfterItWasClosed() {
        appender.close();
        assertEquals(LaneAppender.CLOSED, appender.claim(1, NOW_NS));
        assertEquals(0, appender.lane().refusedCount());
    }

    @Test
    void shouldFindARecordByItsIndex() {
        append("one", 1);
        final long index = append("two", 2);
        append("three", 3);

        assertTrue(poller.moveTo(index));
        assertTrue(poller.peek());
        assertEquals(2, DeliveryHeader.connection(poller.record(), 0));
    }

    @Test
    void shouldRefuseASecondLaneOfTheSameWriter() {
        assertThrows(
                HeadraceException.class,
                () -> bus.newLane("http.request", "f1-0", new WriterSequence()));
    }

    private long append(String text, long connection) {
        assertEquals(LaneAppender.OK, appender.claim(text.length(), NOW_NS));
        appender.buffer().putStringWithoutLengthAscii(appender.offset(), text);
        return appender.commit(connection, 0, 0, NOW_NS, NOW_NS);
    }

    @Test
    void shouldStayOpenForItsOtherReadersWhenOneIsClosedTwice() {
        append("one", 1);
        final LanePoller other = appender.lane().poller();
        other.close();
        other.close();
        bus.forget(appender.lane());
        assertTrue(poller.peek());
        poller.close();
        final HeadraceException deleted =
                assertThrows(HeadraceException.class, () -> appender.lane().poller());
        assertTrue(deleted.getMessage().contains("http.request/f1-0"), deleted.getMessage());
    }

    @Test
    void shouldBeMadeAgainByItsWriterWhereAnAttemptFailedHalfWay() throws IOException {
        final Path folder = bus.directory().resolve("channels/http.request/f9-0");
        Files.createDirectory(folder);
        Files.writeString(folder.resolve("lane.properties.new"), "version=2\nnumber=77\n");
        Files.writeString(folder.resolve("metadata.cq4t"), "half");
        final LaneAppender again = bus.newLane("http.request", "f9-0", new WriterSequence());
        assertEquals(LaneAppender.OK, again.claim(1, NOW_NS));
        again.abortIfClaimed();
        again.close();
        again.lane().hide();
        assertThrows(
                HeadraceException.class,
                () -> bus.newLane("http.request", "f9-0", new WriterSequence()));
    }
}
