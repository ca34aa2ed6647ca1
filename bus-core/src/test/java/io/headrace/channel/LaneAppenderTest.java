// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.message.DeliveryHeader;
import io.headrace.message.MessageType;
import io.headrace.message.encode.EventEncoder;
import io.headrace.testing.ChildJvm;
import io.headrace.testing.Samples;
import java.nio.file.Path;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The verbs of the writing side, used wrongly and by a writer that dies. */
class LaneAppenderTest {

    private static final long NOW_NS = 1_700_000_000_000_000_000L;

    @TempDir Path directory;
    private Bus bus;
    private final WriterSequence sequence = new WriterSequence();
    private LaneAppender appender;
    private LanePoller poller;

    @BeforeEach
    void openLane() {
        bus = Bus.openOrCreate(directory.resolve("bus"));
        appender = bus.newLane("http.request", "f1-x-0", sequence);
        poller = bus.lane("http.request", "f1-x-0").orElseThrow().poller();
    }

    @AfterEach
    void close() {
        poller.close();
        appender.close();
        bus.close();
    }

    @Test
    void shouldCountOneSequenceOverAllLanesOfAWriterWithoutGaps() {
        try (LaneAppender other = bus.newLane("http.disconnect", "f1-x-0", sequence);
                LanePoller otherPoller =
                        bus.lane("http.disconnect", "f1-x-0").orElseThrow().poller()) {
            append(appender, 8);
            append(other, 8);
            appender.claim(8, NOW_NS);
            appender.abortIfClaimed();
            assertEquals(
                    LaneAppender.TOO_LONG, appender.claim(appender.messageLengthMax() + 1, NOW_NS));
            append(appender, 8);
            assertEquals(3, sequence.last());
            assertEquals(1, next(poller));
            assertEquals(3, next(poller));
            assertEquals(2, next(otherPoller));
        }
    }

    @Test
    void shouldGiveEachRecordTheIndexAtWhichItIsRead() {
        assertEquals(-1, appender.lastIndex());
        final long first = append(appender, 8);
        final long second = append(appender, 8);
        assertEquals(second, appender.lastIndex());
        appender.claim(8, NOW_NS);
        appender.abortIfClaimed();
        assertEquals(second, appender.lastIndex());
        final long third = append(appender, 8);
        for (final long index : new long[] {first, second, third}) {
            assertTrue(poller.peek());
            assertEquals(index, poller.index());
            poller.advance();
        }
        assertFalse(poller.peek());
    }

    @Test
    void shouldShowNothingOfARecordBeforeItsCommit() {
        assertEquals(LaneAppender.OK, appender.claim(8, NOW_NS));
        assertFalse(poller.peek());
        appender.buffer().putLong(appender.offset(), 7);
        assertFalse(poller.peek());
        appender.commit(1, 0, 0, NOW_NS, NOW_NS);
        assertTrue(poller.peek());
    }

    @Test
    void shouldShowNothingOfAMessageWhoseEncoderThrew() {
        final int length = EventEncoder.receiveLength(10);
        assertEquals(LaneAppender.OK, appender.claim(length, NOW_NS));
        assertThrows(
                IndexOutOfBoundsException.class,
                () ->
                        new EventEncoder()
                                .encodeReceive(
                                        appender.buffer(),
                                        appender.offset(),
                                        1,
                                        -1,
                                        true,
                                        new UnsafeBuffer(new byte[11]),
                                        0,
                                        11));
        appender.abortIfClaimed();
        assertFalse(poller.peek());
        assertEquals(0, sequence.last());
        append(appender, 8);
        assertEquals(1, next(poller));
        assertFalse(poller.peek());
    }

    @Test
    void shouldAbortAsOftenAsItIsTold() {
        appender.abortIfClaimed();
        append(appender, 8);
        appender.abortIfClaimed();
        appender.claim(8, NOW_NS);
        appender.abortIfClaimed();
        appender.abortIfClaimed();
        assertEquals(1, next(poller));
        assertFalse(poller.peek());
    }

    @Test
    void shouldTakeASecondClaimBeforeTheCommitForAMistake() {
        appender.claim(8, NOW_NS);
        assertThrows(AssertionError.class, () -> appender.claim(8, NOW_NS));
        appender.commit(1, 0, 0, NOW_NS, NOW_NS);
        assertEquals(1, next(poller));
        assertFalse(poller.peek());
    }

    @Test
    void shouldNotPublishWhatWasClaimedWhenItIsClosed() {
        appender.claim(8, NOW_NS);
        appender.close();
        assertFalse(poller.peek());
        assertEquals(LaneAppender.CLOSED, appender.claim(8, NOW_NS));
        appender.close();
        assertEquals(0, sequence.last());
    }

    @Test
    void shouldRefuseTheLongestIntAsTooLong() {
        assertEquals(LaneAppender.TOO_LONG, appender.claim(Integer.MAX_VALUE, NOW_NS));
        append(appender, 0);
        assertEquals(1, next(poller));
    }

    @Test
    void shouldWriteACleanHeaderWhereAnAbortedMessageHadBeenWritten() {
        appender.claim(200, NOW_NS);
        appender.buffer().setMemory(0, DeliveryHeader.LENGTH + 200, (byte) 0xFF);
        appender.abortIfClaimed();
        append(appender, 8);
        assertTrue(poller.peek());
        final UnsafeBuffer record = poller.record();
        assertEquals(0, record.getInt(DeliveryHeader.CLAIM_WORD_OFFSET));
        assertEquals(0, DeliveryHeader.flags(record, 0));
        assertEquals(8, DeliveryHeader.messageLength(record, 0));
        assertEquals(0, DeliveryHeader.claimedNs(record, 0));
        assertEquals(0, DeliveryHeader.doneNs(record, 0));
        // The rest of the aborted record must not come out as one of its own.
        poller.advance();
        assertFalse(poller.peek());
    }

    @Test
    void shouldPadARecordWithAtMostThreeBytesAndKeepItsClaimWordAligned() {
        for (int length = 0; length < 16; length++) {
            append(appender, length);
        }
        for (int length = 0; length < 16; length++) {
            assertTrue(poller.peek());
            final int padding = poller.record().capacity() - DeliveryHeader.LENGTH - length;
            assertTrue(padding >= 0 && padding <= 3, "padding " + padding);
            assertEquals(0, poller.record().addressOffset() & 3);
            poller.advance();
        }
    }

    @Test
    void shouldSpendAtMost160BytesOfTheLaneOnATenByteFrame() {
        final byte[] frame = Samples.message(Samples.record(MessageType.WEB_SOCKET_RECEIVE));
        final int count = 1_000;
        for (int i = 0; i < count; i++) {
            assertEquals(LaneAppender.OK, appender.claim(frame.length, NOW_NS));
            appender.buffer().putBytes(appender.offset(), frame);
            appender.commit(1, i, 0, NOW_NS, NOW_NS);
        }
        assertTrue(poller.peek());
        final long first = poller.record().addressOffset();
        long last = first;
        for (int i = 0; i < count; i++) {
            assertTrue(poller.peek());
            last = poller.record().addressOffset();
            poller.advance();
        }
        final long bytesPerFrame = (last - first) / (count - 1);
        assertTrue(bytesPerFrame > 64 && bytesPerFrame <= 160, bytesPerFrame + " bytes");
    }

    @Test
    void shouldShowAllButTheHalfMessageOfAWriterThatWasKilled() {
        try (ChildJvm child = ChildJvm.start(HalfWriter.class, directory.resolve("bus"))) {
            assertEquals("half a message", child.readLine());
            child.kill();
        }
        try (LanePoller dead = bus.lane("http.request", "f2-x-0").orElseThrow().poller()) {
            assertEquals(1, next(dead));
            assertEquals(2, next(dead));
            for (int i = 0; i < 3; i++) {
                assertFalse(dead.peek());
            }
        }
        append(appender, 8);
        assertEquals(1, next(poller));
    }

    private static long append(LaneAppender lane, int length) {
        assertEquals(LaneAppender.OK, lane.claim(length, NOW_NS));
        return lane.commit(1, 0, 0, NOW_NS, NOW_NS);
    }

    private static long next(LanePoller lane) {
        assertTrue(lane.peek());
        final long next = lane.sequence();
        lane.advance();
        return next;
    }

    /** A child that is killed between a claim and its commit. */
    static final class HalfWriter {

        private HalfWriter() {}

        public static void main(String[] arguments) {
            final Bus bus = Bus.open(Path.of(arguments[0]));
            final LaneAppender lane = bus.newLane("http.request", "f2-x-0", new WriterSequence());
            append(lane, 8);
            append(lane, 8);
            lane.claim(1_000, NOW_NS);
            lane.buffer().setMemory(0, 500, (byte) 0xFF);
            System.out.println("half a message");
            ChildJvm.awaitEndOfInput();
        }
    }
}
