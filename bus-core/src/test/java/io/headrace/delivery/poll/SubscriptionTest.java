// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery.poll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.testing.RawLane;
import io.headrace.testing.TestWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whose turn it is: between writers, at a writer's lanes, and at records that are not passed. */
class SubscriptionTest {

    private static final String CHANNEL = "http.request";
    private static final long MS = 1_000_000L;
    private static final long START_NS = 1_000 * MS;

    @TempDir Path directory;
    private Bus bus;
    private TestWriter busy;
    private TestWriter quiet;
    private TestWriter third;
    private Subscription subscription;
    private final List<String> delivered = new ArrayList<>();

    @BeforeEach
    void openBus() {
        bus = Bus.openOrCreate(directory.resolve("bus"));
        busy = new TestWriter(bus, "busy");
        quiet = new TestWriter(bus, "quiet");
        third = new TestWriter(bus, "third");
        subscription = subscription(bus, true);
    }

    @AfterEach
    void close() {
        subscription.close();
        busy.close();
        quiet.close();
        third.close();
        bus.close();
    }

    @Test
    void shouldGiveTheQuietWriterItsTurnInEveryPoll() {
        for (int i = 0; i < 1_000; i++) {
            busy.append(CHANNEL, START_NS);
        }
        for (int i = 1; i <= 10; i++) {
            quiet.append(CHANNEL, START_NS);
            delivered.clear();
            assertEquals(2, poll(START_NS));
            assertEquals(Set.of("busy" + i, "quiet" + i), Set.copyOf(delivered));
        }
    }

    @Test
    void shouldDeliverOneRecordOfEachWriterPerPoll() {
        for (int i = 0; i < 5; i++) {
            for (final TestWriter writer : List.of(busy, quiet, third)) {
                writer.append(CHANNEL, START_NS);
                writer.append("http.disconnect", START_NS);
            }
        }
        for (int i = 1; i <= 10; i++) {
            delivered.clear();
            assertEquals(3, poll(START_NS));
            assertEquals(Set.of("busy" + i, "quiet" + i, "third" + i), Set.copyOf(delivered));
        }
        assertEquals(0, poll(START_NS));
    }

    @Test
    void shouldLetEachWriterBeginInItsTurn() {
        final List<String> firsts = new ArrayList<>();
        for (int i = 1; i <= 6; i++) {
            for (final TestWriter writer : List.of(busy, quiet, third)) {
                writer.append(CHANNEL, START_NS);
            }
            delivered.clear();
            poll(START_NS);
            firsts.add(delivered.get(0).replaceAll("[0-9]+", ""));
        }
        for (final String writer : List.of("busy", "quiet", "third")) {
            assertEquals(2, Collections.frequency(firsts, writer), firsts.toString());
        }
    }

    @Test
    void shouldDeliverTheOldestHeadFirstWhenItIsOlderThanAMillisecond() {
        for (int i = 1; i <= 6; i++) {
            final long nowNs = START_NS + i * 100 * MS;
            busy.append(CHANNEL, nowNs - MS - 1);
            quiet.append(CHANNEL, nowNs - MS - 2);
            third.append(CHANNEL, nowNs);
            delivered.clear();
            assertEquals(3, poll(nowNs));
            assertEquals("quiet" + i, delivered.get(0), delivered.toString());
        }
    }

    @Test
    void shouldNotPreferAHeadThatIsExactlyAMillisecondOld() {
        final List<String> firsts = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            final long nowNs = START_NS + i * 100 * MS;
            busy.append(CHANNEL, nowNs);
            quiet.append(CHANNEL, nowNs - MS);
            third.append(CHANNEL, nowNs);
            delivered.clear();
            poll(nowNs);
            firsts.add(delivered.get(0).replaceAll("[0-9]+", ""));
        }
        assertEquals(Set.of("busy", "quiet", "third"), Set.copyOf(firsts));
    }

    @Test
    void shouldNotLetABacklogStarveAWriterWhoseHeadsAreYoung() {
        for (int i = 0; i < 100; i++) {
            busy.append(CHANNEL, START_NS);
        }
        for (int i = 1; i <= 50; i++) {
            final long nowNs = START_NS + i * 100 * MS;
            quiet.append(CHANNEL, nowNs);
            delivered.clear();
            poll(nowNs);
            assertTrue(delivered.contains("quiet" + i), "poll " + i + ": " + delivered);
        }
    }

    @Test
    void shouldStayAtARecordThatIsNotPassedAndLetOtherWritersGoOn() {
        busy.append(CHANNEL, START_NS);
        busy.append("http.disconnect", START_NS);
        quiet.append(CHANNEL, START_NS);
        quiet.append(CHANNEL, START_NS);
        final Delivery refusing =
                (lane, nowNs) -> {
                    deliver(lane);
                    return !lane.lane().writer().equals("busy");
                };
        assertEquals(1, subscription.poll(refusing, START_NS));
        assertEquals(1, subscription.poll(refusing, START_NS));
        assertEquals(0, subscription.poll(refusing, START_NS));
        assertEquals(3, Collections.frequency(delivered, "busy1"), delivered.toString());
        assertFalse(delivered.contains("busy2"), "the second must not overtake the first");
        delivered.clear();
        drain();
        assertEquals(List.of("busy1", "busy2"), delivered);
    }

    @Test
    void shouldPassARecordWhoseDeliveryThrew() {
        busy.append(CHANNEL, START_NS);
        busy.append(CHANNEL, START_NS);
        final IllegalStateException thrown = new IllegalStateException("on purpose");
        assertEquals(
                thrown,
                assertThrows(
                        IllegalStateException.class,
                        () ->
                                subscription.poll(
                                        (lane, nowNs) -> {
                                            throw thrown;
                                        },
                                        START_NS)));
        drain();
        assertEquals(List.of("busy2"), delivered);
    }

    @Test
    void shouldPassRecordsTooShortForAHeaderOnceEach() {
        busy.append(CHANNEL, START_NS);
        RawLane.append(bus, CHANNEL, "busy", new byte[] {1, 2, 3});
        RawLane.append(bus, CHANNEL, "busy", new byte[63]);
        busy.append(CHANNEL, START_NS);
        quiet.append(CHANNEL, START_NS);
        drain();
        delivered.remove("quiet1");
        assertEquals(List.of("busy1", "busy-1", "busy-1", "busy2"), delivered);
    }

    @Test
    void shouldFindTheRecordOfAWriterThatHadNothing() {
        quiet.append(CHANNEL, START_NS);
        third.append(CHANNEL, START_NS);
        for (int i = 1; i <= 3; i++) {
            drain();
            busy.append(CHANNEL, START_NS);
            quiet.append("http.disconnect", START_NS);
            delivered.clear();
            assertEquals(2, poll(START_NS));
            assertEquals(Set.of("busy" + i, "quiet" + (i + 1)), Set.copyOf(delivered));
        }
    }

    @Test
    void shouldFindTheOldestRecordOfWritersThatHadNothing() {
        for (final TestWriter writer : List.of(busy, quiet, third)) {
            writer.append(CHANNEL, START_NS);
        }
        drain();
        delivered.clear();
        busy.append(CHANNEL, START_NS - 1);
        quiet.append(CHANNEL, START_NS - 3);
        third.append(CHANNEL, START_NS - 2);
        while (subscription.passOldest(this::deliverAndPass, START_NS)) {
            // Until there is no more.
        }
        assertEquals(List.of("quiet2", "third2", "busy2"), delivered);
    }

    @Test
    void shouldFindARecordThatItsWriterHasNotCountedTenMillisecondsLater() {
        busy.append(CHANNEL, START_NS);
        quiet.append(CHANNEL, START_NS);
        drain();
        delivered.clear();
        RawLane.append(bus, CHANNEL, "busy", new byte[63]);
        assertEquals(0, poll(START_NS + 10 * MS - 1));
        assertEquals(1, poll(START_NS + 10 * MS));
        assertEquals(List.of("busy-1"), delivered);
    }

    @Test
    void shouldFindLanesOnlyOfItsOwnChannels() {
        busy.append("other", START_NS);
        poll(START_NS);
        assertEquals(0, subscription.laneCount());
        busy.append(CHANNEL, START_NS);
        drain();
        assertEquals(List.of("busy2"), delivered);
        assertEquals(1, subscription.laneCount());
    }

    @Test
    void shouldTellOfEachLaneOnce() {
        final List<String> found = new ArrayList<>();
        try (Subscription telling =
                new Subscription(
                        bus,
                        name -> true,
                        true,
                        lane -> found.add(lane.toString()),
                        SubscriptionTest::bad)) {
            busy.append(CHANNEL, START_NS);
            telling.warmUp();
            bus.raiseLaneVersion();
            telling.poll((lane, nowNs) -> true, START_NS);
            quiet.append(CHANNEL, START_NS);
            telling.poll((lane, nowNs) -> true, START_NS);
            assertEquals(List.of("http.request/busy", "http.request/quiet"), found);
        }
    }

    @Test
    void shouldDeliverNothingWhileItWarmsUp() {
        busy.append(CHANNEL, START_NS);
        subscription.warmUp();
        subscription.warmUp();
        assertEquals(List.of(), delivered);
        drain();
        assertEquals(List.of("busy1"), delivered);
    }

    @Test
    void shouldDeliverEverythingAfterItHasReadAllOrSomeOfItToWarmUp() {
        for (int i = 0; i < 5_000; i++) {
            busy.append(CHANNEL, START_NS);
        }
        quiet.append(CHANNEL, START_NS);
        subscription.warmUp();
        busy.append(CHANNEL, START_NS);
        drain();
        assertEquals(5_002, delivered.size());
        assertEquals(5_002, Set.copyOf(delivered).size());
    }

    @Test
    void shouldBeginBehindWhatHasEndedUnlessItReadsFromTheStart() {
        busy.append(CHANNEL, START_NS);
        final long second = busy.append(CHANNEL, START_NS);
        busy.append(CHANNEL, START_NS);
        final LaneMark mark = new LaneMark();
        mark.lastEnded(second);
        bus.lane(CHANNEL, "busy").orElseThrow().writeMark(mark);
        try (Subscription late = subscription(bus, false)) {
            late.poll(this::deliverAndPass, START_NS);
            assertEquals(0, late.poll(this::deliverAndPass, START_NS));
            assertEquals(List.of("busy3"), delivered);
        }
        delivered.clear();
        drain();
        assertEquals(List.of("busy1", "busy2", "busy3"), delivered);
    }

    @Test
    void shouldDeliverAgainWhatHasNotEndedWhenItIsRewound() {
        final long first = busy.append(CHANNEL, START_NS);
        busy.append("http.disconnect", START_NS);
        busy.append(CHANNEL, START_NS);
        drain();
        delivered.clear();
        final LaneMark mark = new LaneMark();
        mark.lastEnded(first);
        bus.lane(CHANNEL, "busy").orElseThrow().writeMark(mark);
        subscription.rewind(CHANNEL::equals);
        drain();
        assertEquals(List.of("busy3"), delivered);
        delivered.clear();
        subscription.rewind(name -> true);
        drain();
        assertEquals(List.of("busy2", "busy3"), delivered);
    }

    @Test
    void shouldForgetALaneThatWasHiddenByAnotherProcess() {
        busy.append(CHANNEL, START_NS);
        quiet.append(CHANNEL, START_NS);
        try (Bus others = Bus.open(directory.resolve("bus"))) {
            drain();
            assertEquals(2, subscription.laneCount());
            final Lane hidden = others.lane(CHANNEL, "busy").orElseThrow();
            hidden.hide();
            others.raiseLaneVersion();
            quiet.append(CHANNEL, START_NS);
            drain();
            assertEquals(1, subscription.laneCount());
            assertEquals("quiet2", delivered.get(delivered.size() - 1));
        }
    }

    private int poll(long nowNs) {
        return subscription.poll(this::deliverAndPass, nowNs);
    }

    private void drain() {
        while (poll(START_NS) > 0) {
            // Until there is no more.
        }
    }

    private boolean deliverAndPass(LanePoller lane, long nowNs) {
        deliver(lane);
        return true;
    }

    private void deliver(LanePoller lane) {
        delivered.add(lane.lane().writer() + lane.sequence());
    }

    private static Subscription subscription(Bus bus, boolean fromStart) {
        return new Subscription(
                bus,
                name -> name.startsWith("http."),
                fromStart,
                lane -> {},
                SubscriptionTest::bad);
    }

    private static void bad(RuntimeException e) {
        throw e;
    }
}
