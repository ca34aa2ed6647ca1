// SPDX-License-Identifier: Apache-2.0
package io.headrace.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.Claimer;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.Shards;
import io.headrace.delivery.UndecodableReport;
import io.headrace.delivery.poll.Subscription;
import io.headrace.member.Member;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.testing.TestMembers;
import io.headrace.testing.TestWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Busy lanes, quiet ones and slow handlers, in simulated time. */
class FairnessTest {

    private static final String REQUESTS = "http.request";
    private static final long MS = SimulatedClock.MS;
    private static final long PATIENCE_NS = MS;

    /** A writer that appends at a steady rate. */
    private final class Source {
        private final TestWriter writer;
        private final String channel;
        private final long intervalNs;
        private long nextNs;

        private Source(String id, String channel, long intervalNs) {
            this.writer = new TestWriter(bus, id);
            this.channel = channel;
            this.intervalNs = intervalNs;
            writer.lane(channel);
            nextNs = clock.nanoTime() + intervalNs;
        }

        private void appendDue() {
            for (; nextNs <= clock.nanoTime(); nextNs += intervalNs) {
                writer.append(channel, nextNs);
            }
        }
    }

    @TempDir Path directory;
    private final SimulatedClock clock = new SimulatedClock();
    private final List<Source> sources = new ArrayList<>();
    private final List<Subscription> subscriptions = new ArrayList<>();
    // By writer: the longest wait, and how many.
    private final Map<String, Long> waits = new HashMap<>();
    private final Map<String, Integer> counts = new HashMap<>();
    private Bus bus;
    private Member member;

    @BeforeEach
    void open() {
        System.setProperty("headrace.block.size", "1m");
        bus = Bus.openOrCreate(directory.resolve("bus"), clock);
        member = TestMembers.worker(bus, "*", 2);
    }

    @AfterEach
    void close() {
        subscriptions.forEach(Subscription::close);
        sources.forEach(source -> source.writer.close());
        member.close();
        bus.close();
        System.clearProperty("headrace.block.size");
    }

    @Test
    void shouldTakeAQuietLanesMessageAfterAMillisecondAndOneMessage() {
        sources.add(new Source("f1-busy-0", REQUESTS, MS));
        sources.add(new Source("f2-quiet-0", REQUESTS, 1_000 * MS));
        // More comes than one consumer can handle.
        final long messageNs = 2 * MS;
        run(consumer(1, nowNs -> pass(messageNs)), 20_000 * MS);
        assertTrue(counts.get("f1-busy-0") > 9_000, counts.toString());
        assertEquals(19, counts.get("f2-quiet-0"), 1.0);
        assertTrue(waits.get("f1-busy-0") > 1_000 * MS, "it was not too much");
        assertTrue(waits.get("f2-quiet-0") <= PATIENCE_NS + messageNs, waits.toString());
    }

    @Test
    void shouldTakeAQuietChannelsMessageAfterOneMessageOfEachBusyLane() {
        for (int i = 0; i < 4; i++) {
            sources.add(new Source("f" + i + "-busy-0", REQUESTS, MS));
        }
        sources.add(new Source("f9-quiet-0", "http.disconnect", 1_000 * MS));
        final long messageNs = MS / 2;
        run(consumer(1, nowNs -> pass(messageNs)), 10_000 * MS);
        assertEquals(9, counts.get("f9-quiet-0"), 1.0);
        assertTrue(waits.get("f9-quiet-0") <= PATIENCE_NS + 4 * messageNs, waits.toString());
        for (int i = 1; i < 4; i++) {
            assertEquals(counts.get("f0-busy-0"), counts.get("f" + i + "-busy-0"), 1.0);
        }
    }

    @Test
    void shouldLetASlowHandlerBlockOnlyItself() {
        sources.add(new Source("f1-busy-0", REQUESTS, MS));
        sources.add(new Source("f2-quiet-0", REQUESTS, 100 * MS));
        final long messageNs = MS / 2;
        final Runnable quick = consumer(2, nowNs -> pass(messageNs));
        final boolean[] slept = {false};
        final Runnable slow =
                consumer(
                        1,
                        nowNs -> {
                            if (slept[0]) {
                                return;
                            }
                            slept[0] = true;
                            // Ten seconds in a handler, while the other one goes on.
                            run(quick, 10_000 * MS);
                        });
        pass(MS);
        slow.run();
        assertTrue(slept[0]);
        assertTrue(counts.get("f1-busy-0") >= 9_990, counts.toString());
        assertEquals(100, counts.get("f2-quiet-0"), 1.0);
        assertTrue(waits.get("f1-busy-0") <= PATIENCE_NS + 2 * messageNs, waits.toString());
        assertTrue(waits.get("f2-quiet-0") <= PATIENCE_NS + messageNs, waits.toString());
    }

    private void run(Runnable consumer, long durationNs) {
        for (long endNs = clock.nanoTime() + durationNs - MS; clock.nanoTime() < endNs; ) {
            pass(10_000);
            consumer.run();
        }
    }

    /** Time passes, and what is appended in it comes at its own moment. */
    private void pass(long ns) {
        clock.wind(ns);
        sources.forEach(Source::appendDue);
    }

    private Runnable consumer(int consumerId, LongConsumer handler) {
        final LiveMembers liveMembers = new LiveMembers(bus, 1_000 * MS, Simulation::fail);
        final Subscription subscription =
                new Subscription(
                        bus, name -> name.startsWith("http."), false, lane -> {}, Simulation::fail);
        subscriptions.add(subscription);
        final Claimer claimer =
                new Claimer(
                        clock,
                        consumerId,
                        new Message(),
                        new Shards(bus, liveMembers, consumerId, 1_000 * MS),
                        (lane, message, nowNs) -> {
                            final String writer = lane.lane().writer();
                            final long waitNs = nowNs - DeliveryHeader.appendedNs(lane.record(), 0);
                            handler.accept(nowNs);
                            waits.merge(writer, waitNs, Math::max);
                            counts.merge(writer, 1, Integer::sum);
                            return ClaimWord.DONE;
                        },
                        new FateCounters(member, "c" + consumerId),
                        new UndecodableReport(member.errorLog()));
        return () -> subscription.poll(claimer, clock.nanoTime());
    }
}
