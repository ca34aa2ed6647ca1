// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery.poll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.FreedRecords;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.testing.CycleFileAway;
import io.headrace.testing.RolledFiles;
import io.headrace.testing.TestWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which records are delivered once more when some were freed, and what comes after them. */
class FreedRecordsTest {

    private static final String CHANNEL = "http.request";
    private static final String OTHER = "http.disconnect";
    private static final long HOUR_NS = 3_600_000_000_000L;

    @TempDir Path directory;
    private long nowNs = System.currentTimeMillis() * 1_000_000L;
    private Bus bus;
    private TestWriter writer;
    private Lane lane;
    private Subscription subscription;
    private final List<Long> indexes = new ArrayList<>();
    private int problemCount;
    private final List<HeadraceException> problems = new ArrayList<>();
    private final List<Long> delivered = new ArrayList<>();
    private boolean isReady = true;

    @BeforeEach
    void open() {
        System.setProperty("headrace.block.size", "1m");
        bus = Bus.openOrCreate(directory.resolve("bus"), () -> nowNs);
        writer = new TestWriter(bus, "writer");
        append(100);
        lane = bus.lane(CHANNEL, "writer").orElseThrow();
        subscription = new Subscription(bus, name -> true, false, found -> {}, problems::add);
        deliver();
        delivered.clear();
    }

    @AfterEach
    void close() {
        assertEquals(problemCount, problems.size());
        System.clearProperty("headrace.block.size");
        subscription.close();
        writer.close();
        bus.close();
    }

    @Test
    void shouldDeliverOnceMoreWhatWasFreedAndNothingBehindIt() {
        free(20, 20);
        deliver();
        assertEquals(List.of(21L), delivered);
        append(2);
        deliver();
        assertEquals(List.of(21L, 101L, 102L), delivered);
    }

    @Test
    void shouldDeliverFromTheFirstToTheLastOfThoseThatWereFreedTogether() {
        free(20, 22);
        free(10, 10);
        free(23, 24);
        deliver();
        assertEquals(List.of(11L, 25L), List.of(delivered.get(0), delivered.get(14)));
        assertEquals(15, delivered.size());
    }

    @Test
    void shouldGoBackFurtherForWhatIsFreedWhileItIsBack() {
        free(20, 22);
        subscription.revisitFreed();
        subscription.poll(this::onRecord, nowNs);
        free(10, 10);
        deliver();
        assertEquals(List.of(21L, 11L), delivered.subList(0, 2));
        assertEquals(List.of(21L, 22L, 23L), delivered.subList(11, 14));
        assertEquals(14, delivered.size());
    }

    @Test
    void shouldReadOnToWhatIsFreedWhileItIsBack() {
        free(20, 22);
        subscription.revisitFreed();
        subscription.poll(this::onRecord, nowNs);
        free(24, 24);
        deliver();
        assertEquals(List.of(21L, 22L, 23L, 24L, 25L), delivered);
    }

    @Test
    void shouldComeBackToAHeadThatWasNotPassed() {
        append(3);
        isReady = false;
        deliver();
        free(20, 20);
        assertTrue(subscription.revisitFreed());
        isReady = true;
        deliver();
        assertEquals(List.of(21L, 101L, 102L, 103L), delivered);
    }

    @Test
    void shouldNotGoBackToWhatItHasNotPassed() {
        append(1);
        isReady = false;
        deliver();
        append(2);
        free(100, 102);
        assertFalse(subscription.revisitFreed());
        isReady = true;
        deliver();
        assertEquals(List.of(101L, 102L, 103L), delivered);
    }

    @Test
    void shouldDeliverNothingTwiceWhenTheLastThatWasFreedIsStillToCome() {
        append(1);
        isReady = false;
        deliver();
        append(3);
        free(98, 102);
        isReady = true;
        deliver();
        assertEquals(List.of(99L, 100L, 101L, 102L, 103L, 104L), delivered);
    }

    @Test
    void shouldKeepTheOrderOfAWritersLanes() {
        writer.append(OTHER, nowNs);
        deliver();
        delivered.clear();
        isReady = false;
        writer.append(OTHER, nowNs);
        deliver();
        free(20, 20);
        isReady = true;
        deliver();
        assertEquals(List.of(21L, 102L), delivered);
    }

    @Test
    void shouldGoBackToTheMarkWhenNobodyKnowsWhatWasFreed() {
        final LaneMark mark = new LaneMark();
        mark.lastEnded(indexes.get(59));
        lane.writeMark(mark);
        for (int i = 0; i < 15; i++) {
            free(99, 99);
        }
        deliver();
        assertEquals(List.of(100L), delivered);
        delivered.clear();
        for (int i = 0; i < 16; i++) {
            free(99, 99);
        }
        deliver();
        assertEquals(40, delivered.size());
        delivered.clear();
        bus.publishFreed(lane, FreedRecords.ALL, Long.MAX_VALUE);
        deliver();
        assertEquals(40, delivered.size());
        delivered.clear();
        append(1);
        deliver();
        assertEquals(List.of(101L), delivered);
    }

    @Test
    void shouldForgetWhereItWasWhenItIsRewoundWhileItIsBack() {
        free(20, 22);
        subscription.revisitFreed();
        subscription.poll(this::onRecord, nowNs);
        subscription.rewind(channel -> true);
        delivered.clear();
        deliver();
        assertEquals(100, delivered.size());
        assertEquals(23L, delivered.get(22));
    }

    @Test
    void shouldReadOnFromTheStartWhenWhatIsFreedAfterARewindIsStillToCome() {
        subscription.rewind(channel -> true);
        free(20, 20);
        deliver();
        assertEquals(100, delivered.size());
        assertEquals(1L, delivered.get(0));
    }

    @Test
    void shouldPassOnToWhatIsLeftWhenWhatWasFreedHasEndedAndIsDeleted() {
        nowNs += HOUR_NS;
        append(5);
        deliver();
        delivered.clear();
        free(20, 20);
        try (LanePoller ended = lane.poller()) {
            assertTrue(ended.moveTo(indexes.get(100)));
            assertEquals(1, lane.deleteFiles(ended, Long.MAX_VALUE, Long.MAX_VALUE));
        }
        deliver();
        append(1);
        deliver();
        assertEquals(106L, delivered.get(delivered.size() - 1));
        assertTrue(delivered.stream().allMatch(sequence -> sequence > 100), delivered.toString());
        assertEquals(1, delivered.stream().filter(sequence -> sequence == 106).count());
    }

    @Test
    void shouldComeBackOverARollOfTheFile() {
        nowNs += HOUR_NS;
        append(5);
        deliver();
        delivered.clear();
        free(20, 20);
        deliver();
        append(1);
        deliver();
        assertEquals(List.of(21L, 106L), delivered);
    }

    @Test
    void shouldGoBackLaterWhenAFileCannotBeOpened() throws Exception {
        nowNs += HOUR_NS;
        append(5);
        deliver();
        delivered.clear();
        free(20, 20);
        RolledFiles.close(bus);
        try (CycleFileAway first = CycleFileAway.ofFirst(lane)) {
            deliver();
            deliver();
            problemCount = 1;
        }
        append(1);
        deliver();
        assertEquals(List.of(), delivered);
        nowNs += 1_000_000_000L;
        deliver();
        deliver();
        assertEquals(
                21L,
                delivered.stream().filter(sequence -> sequence > 20).findFirst().orElseThrow());
        assertEquals(106L, delivered.get(delivered.size() - 1));
    }

    private void append(int count) {
        for (int i = 0; i < count; i++) {
            indexes.add(writer.append(CHANNEL, nowNs));
        }
    }

    private void free(int first, int last) {
        bus.publishFreed(lane, indexes.get(first), indexes.get(last));
    }

    private void deliver() {
        subscription.revisitFreed();
        while (subscription.poll(this::onRecord, nowNs) > 0) {
            // Until there is no more.
        }
    }

    private boolean onRecord(LanePoller at, long atNs) {
        if (isReady) {
            delivered.add(at.sequence());
        }
        return isReady;
    }
}
