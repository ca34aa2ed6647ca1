// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.message.DeliveryHeader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClaimWordTest {

    private final UnsafeBuffer record =
            new UnsafeBuffer(ByteBuffer.allocateDirect(DeliveryHeader.LENGTH));

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 12_345, ClaimWord.CONSUMER_MAX})
    void shouldKeepConsumerAndStateApart(int consumer) {
        for (int state = ClaimWord.FREE; state <= ClaimWord.LOST; state++) {
            final int word = ClaimWord.of(consumer, state);
            assertEquals(state, ClaimWord.state(word));
            assertEquals(consumer, ClaimWord.consumer(word));
        }
    }

    @Test
    void shouldHaveALabelForEveryState() {
        final List<String> labels = new ArrayList<>();
        for (int state = 0; state <= 15; state++) {
            labels.add(ClaimWord.label(state));
        }
        assertEquals(
                List.of("pending", "claimed", "done", "failed", "expired", "cancelled", "lost"),
                labels.subList(0, 7));
        assertEquals("pending", labels.get(ClaimWord.REDELIVERED));
        assertEquals("pending", labels.get(ClaimWord.DEFERRED));
        assertEquals("pending", labels.get(ClaimWord.ADDRESSED));
        assertEquals("unknown-10", labels.get(10));
        assertEquals("unknown-15", labels.get(15));
    }

    @Test
    void shouldGiveAFreeMessageToTheFirstWhoClaimsIt() {
        assertEquals(ClaimWord.FREE, ClaimWord.read(record));
        assertTrue(ClaimWord.tryClaim(record, 7));
        assertEquals(ClaimWord.of(7, ClaimWord.CLAIMED), ClaimWord.read(record));
        assertFalse(ClaimWord.tryClaim(record, 8));
        assertFalse(ClaimWord.tryClaim(record, 7), "the same consumer, twice");
        assertEquals(ClaimWord.of(7, ClaimWord.CLAIMED), ClaimWord.read(record));
    }

    @Test
    void shouldLetOnlyTheClaimingConsumerFinish() {
        assertFalse(ClaimWord.finish(record, 7, ClaimWord.DONE), "before the claim");
        ClaimWord.tryClaim(record, 7);
        assertFalse(ClaimWord.finish(record, 8, ClaimWord.DONE));
        assertTrue(ClaimWord.finish(record, 7, ClaimWord.DONE));
        assertEquals(ClaimWord.of(7, ClaimWord.DONE), ClaimWord.read(record));
        assertFalse(ClaimWord.finish(record, 7, ClaimWord.FAILED), "a second fate");
    }

    @ParameterizedTest
    @ValueSource(ints = {ClaimWord.EXPIRED, ClaimWord.CANCELLED})
    void shouldEndAFreeMessageOnce(int fate) {
        assertTrue(ClaimWord.tryEnd(record, 3, fate));
        assertEquals(ClaimWord.of(3, fate), ClaimWord.read(record));
        assertFalse(ClaimWord.tryEnd(record, 4, fate));
        assertFalse(ClaimWord.tryClaim(record, 4));
        assertFalse(ClaimWord.finish(record, 3, ClaimWord.DONE));
    }

    @Test
    void shouldNotEndWhatSomebodyHasClaimed() {
        ClaimWord.tryClaim(record, 7);
        assertFalse(ClaimWord.tryEnd(record, 7, ClaimWord.EXPIRED));
        assertFalse(ClaimWord.tryEnd(record, 8, ClaimWord.CANCELLED));
        assertEquals(ClaimWord.of(7, ClaimWord.CLAIMED), ClaimWord.read(record));
    }

    @Test
    void shouldTellAConsumerThatWasTakenForDead() {
        ClaimWord.tryClaim(record, 7);
        record.putIntVolatile(DeliveryHeader.CLAIM_WORD_OFFSET, ClaimWord.of(7, ClaimWord.LOST));
        assertFalse(ClaimWord.finish(record, 7, ClaimWord.DONE));
        assertEquals(ClaimWord.LOST, ClaimWord.state(ClaimWord.read(record)));
    }

    @Test
    void shouldFreeWhatADeadConsumerHadClaimedForTheNextOne() {
        assertFalse(ClaimWord.unclaim(record, 7), "before the claim");
        ClaimWord.tryClaim(record, 7);
        assertFalse(ClaimWord.unclaim(record, 8), "another's claim");
        assertTrue(ClaimWord.unclaim(record, 7));
        assertFalse(ClaimWord.unclaim(record, 7), "twice");
        assertTrue(ClaimWord.isFree(ClaimWord.read(record)));
        assertFalse(ClaimWord.finish(record, 7, ClaimWord.DONE), "the dead one was only stopped");
        assertTrue(ClaimWord.tryClaim(record, 8));
        assertFalse(ClaimWord.isFree(ClaimWord.read(record)));
        assertTrue(ClaimWord.finish(record, 8, ClaimWord.DONE));
        assertFalse(ClaimWord.unclaim(record, 8), "what has ended");
        assertEquals(ClaimWord.of(8, ClaimWord.DONE), ClaimWord.read(record));
    }

    @Test
    void shouldEndWhatIsFreeForTheSecondTimeAsWell() {
        ClaimWord.tryClaim(record, 7);
        ClaimWord.unclaim(record, 7);
        assertTrue(ClaimWord.tryEnd(record, 3, ClaimWord.EXPIRED));
        assertEquals(ClaimWord.of(3, ClaimWord.EXPIRED), ClaimWord.read(record));
        assertFalse(ClaimWord.tryClaim(record, 4));
    }

    @Test
    void shouldKeepADeferredMessageFromEverybodyUntilItIsFreed() {
        ClaimWord.tryClaim(record, 7);
        assertTrue(ClaimWord.finish(record, 7, ClaimWord.DEFERRED));
        final int word = ClaimWord.read(record);
        assertTrue(ClaimWord.isPending(word) && !ClaimWord.isFree(word));
        assertEquals(ClaimWord.FREE, ClaimWord.ledgerState(word));
        assertFalse(ClaimWord.tryClaim(record, 7));
        assertFalse(ClaimWord.tryClaim(record, 8));
        assertTrue(ClaimWord.undefer(record, word));
        assertFalse(ClaimWord.undefer(record, word), "twice");
        assertTrue(ClaimWord.tryClaim(record, 8));
    }

    @Test
    void shouldLetAClientThatLeavesCancelADeferredMessage() {
        ClaimWord.tryClaim(record, 7);
        ClaimWord.finish(record, 7, ClaimWord.DEFERRED);
        assertTrue(ClaimWord.tryEnd(record, 3, ClaimWord.CANCELLED));
        assertFalse(ClaimWord.undefer(record, ClaimWord.of(7, ClaimWord.DEFERRED)));
    }

    @Test
    void shouldGiveAnAddressedMessageToNobodyElse() {
        final int word = ClaimWord.of(7, ClaimWord.ADDRESSED);
        record.putIntVolatile(DeliveryHeader.CLAIM_WORD_OFFSET, word);
        assertTrue(ClaimWord.isPending(word) && !ClaimWord.isFree(word));
        assertFalse(ClaimWord.tryClaim(record, 8));
        assertTrue(ClaimWord.tryClaim(record, 7));
        assertFalse(ClaimWord.lose(record, word), "claimed already");
        record.putIntVolatile(DeliveryHeader.CLAIM_WORD_OFFSET, word);
        assertTrue(ClaimWord.lose(record, word));
        assertEquals(ClaimWord.of(7, ClaimWord.LOST), ClaimWord.read(record));
        assertFalse(ClaimWord.tryClaim(record, 7));
    }

    @Test
    void shouldTouchNothingButItsFourBytes() {
        record.setMemory(4, DeliveryHeader.LENGTH - 4, (byte) 0xAA);
        ClaimWord.tryClaim(record, ClaimWord.CONSUMER_MAX);
        ClaimWord.finish(record, ClaimWord.CONSUMER_MAX, ClaimWord.DONE);
        for (int i = 4; i < DeliveryHeader.LENGTH; i++) {
            assertEquals((byte) 0xAA, record.getByte(i));
        }
    }

    @Test
    void shouldGiveEachMessageToExactlyOneOfManyThreadsAndOneFate() throws Exception {
        final int count = 100_000;
        final int threadCount = 4;
        final UnsafeBuffer records =
                new UnsafeBuffer(ByteBuffer.allocateDirect(count * DeliveryHeader.LENGTH));
        final CyclicBarrier barrier = new CyclicBarrier(threadCount);
        final ExecutorService threads = Executors.newFixedThreadPool(threadCount);
        final List<Future<int[]>> wins = new ArrayList<>();
        try {
            for (int i = 0; i < threadCount; i++) {
                final int consumer = i + 1;
                final Callable<int[]> racer =
                        () -> {
                            barrier.await();
                            return race(records, count, consumer);
                        };
                wins.add(threads.submit(racer));
            }
            final int[] winners = new int[count];
            for (int i = 0; i < threadCount; i++) {
                final int[] won = wins.get(i).get();
                for (int message = 0; message < count; message++) {
                    if (won[message] != 0) {
                        assertEquals(0, winners[message], "message " + message + " was won twice");
                        winners[message] = ClaimWord.of(i + 1, won[message]);
                    }
                }
            }
            for (int message = 0; message < count; message++) {
                assertEquals(winners[message], records.getInt(message * DeliveryHeader.LENGTH));
            }
        } finally {
            threads.shutdownNow();
        }
    }

    /** What this consumer ended each message as; 0 where another was first. */
    private static int[] race(UnsafeBuffer records, int count, int consumer) {
        final int[] won = new int[count];
        final UnsafeBuffer record = new UnsafeBuffer(0, 0);
        for (int i = 0; i < count; i++) {
            record.wrap(records, i * DeliveryHeader.LENGTH, DeliveryHeader.LENGTH);
            if ((i + consumer) % 3 == 0) {
                if (ClaimWord.tryEnd(record, consumer, ClaimWord.EXPIRED)) {
                    won[i] = ClaimWord.EXPIRED;
                }
            } else if (ClaimWord.tryClaim(record, consumer)) {
                if (ClaimWord.finish(record, consumer, ClaimWord.DONE)) {
                    won[i] = ClaimWord.DONE;
                }
            }
        }
        return won;
    }
}
