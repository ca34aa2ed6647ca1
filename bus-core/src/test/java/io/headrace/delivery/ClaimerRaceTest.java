// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.BusSettings;
import io.headrace.delivery.poll.Tap;
import io.headrace.member.Member;
import io.headrace.message.DeliveryHeader;
import io.headrace.testing.TestMembers;
import io.headrace.testing.TestWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.agrona.CloseHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many claimers over the same lanes: each message goes to exactly one, and each claimer gets those
 * of a writer in order. {@code -Dheadrace.test.seed=N} repeats the interleavings.
 */
class ClaimerRaceTest {

    @TempDir Path directory;
    private Bus bus;
    private Member member;

    @BeforeEach
    void openBus() {
        System.setProperty(BusSettings.BLOCK_SIZE_PROPERTY, "1m");
        bus = Bus.openOrCreate(directory.resolve("bus"));
        System.clearProperty(BusSettings.BLOCK_SIZE_PROPERTY);
        member = TestMembers.worker(bus, "*", 4);
    }

    @AfterEach
    void close() {
        member.close();
        bus.close();
    }

    @Test
    void shouldGiveEachMessageToOneOfManyInAnyInterleaving() {
        final long seed = Long.getLong("headrace.test.seed", System.nanoTime());
        System.out.println("ClaimerRaceTest seed " + seed);
        final Random random = new Random(seed);
        final List<TestConsumer> consumers = new ArrayList<>();
        final List<TestWriter> writers = new ArrayList<>();
        try {
            for (int i = 1; i <= 4; i++) {
                consumers.add(new TestConsumer(bus, member, bus.clock(), i));
                writers.add(new TestWriter(bus, "w" + i));
            }
            // A claimer in the middle of a message while others poll.
            for (final TestConsumer consumer : consumers) {
                consumer.does(
                        (lane, message) -> {
                            final TestConsumer other = consumers.get(random.nextInt(4));
                            if (other.id > consumer.id) {
                                other.poll(1);
                            }
                            return ClaimWord.DONE;
                        });
            }
            for (int step = 0; step < 4_000; step++) {
                if (random.nextInt(3) == 0) {
                    final TestWriter writer = writers.get(random.nextInt(4));
                    writer.append("http." + random.nextInt(3), 1);
                } else {
                    consumers.get(random.nextInt(4)).poll(1);
                }
            }
            consumers.forEach(consumer -> consumer.drain(1));
            check(consumers, writers);
        } finally {
            CloseHelper.quietCloseAll(consumers);
            CloseHelper.quietCloseAll(writers);
        }
    }

    @Test
    void shouldGiveEachMessageToOneOfManyThreads() throws Exception {
        final int count = 20_000;
        final int writerCount = 2;
        final int consumerCount = 3;
        final AtomicInteger handledCount = new AtomicInteger();
        final ExecutorService threads = Executors.newFixedThreadPool(writerCount + consumerCount);
        final List<TestConsumer> consumers = new ArrayList<>();
        final List<TestWriter> writers = new ArrayList<>();
        final List<Future<Void>> running = new ArrayList<>();
        try {
            for (int i = 1; i <= consumerCount; i++) {
                final TestConsumer consumer = new TestConsumer(bus, member, bus.clock(), i);
                consumer.does(
                        (lane, message) -> {
                            handledCount.incrementAndGet();
                            return ClaimWord.DONE;
                        });
                consumers.add(consumer);
                final Callable<Void> polling =
                        () -> {
                            while (handledCount.get() < writerCount * count) {
                                if (consumer.poll(bus.clock().nanoTime()) == 0) {
                                    Thread.yield();
                                }
                            }
                            consumer.drain(bus.clock().nanoTime());
                            return null;
                        };
                running.add(threads.submit(polling));
            }
            for (int i = 1; i <= writerCount; i++) {
                final TestWriter writer = new TestWriter(bus, "w" + i);
                writers.add(writer);
                final Callable<Void> writing =
                        () -> {
                            for (int n = 0; n < count; n++) {
                                writer.append("http." + n % 3, bus.clock().nanoTime());
                            }
                            return null;
                        };
                running.add(threads.submit(writing));
            }
            for (final Future<Void> each : running) {
                each.get();
            }
            assertEquals(writerCount * count, handledCount.get());
            check(consumers, writers);
        } finally {
            threads.shutdownNow();
            CloseHelper.quietCloseAll(consumers);
            CloseHelper.quietCloseAll(writers);
        }
    }

    /** Compares what the consumers say with what the records themselves say. */
    private void check(List<TestConsumer> consumers, List<TestWriter> writers) {
        final Map<String, Integer> consumerByMessage = new HashMap<>();
        for (final TestConsumer consumer : consumers) {
            final Map<String, Integer> last = new HashMap<>();
            for (final String message : consumer.handled) {
                final Integer other = consumerByMessage.put(message, consumer.id);
                assertEquals(null, other, message + " was handled by two");
                final String writer = message.substring(0, 2);
                final int sequence = Integer.parseInt(message.substring(2));
                assertTrue(last.getOrDefault(writer, 0) < sequence, message + " came late");
                last.put(writer, sequence);
            }
        }
        final int[] recordCount = {0};
        try (Tap tap = new Tap(bus, name -> true, problem -> {})) {
            tap.poll(
                    (lane, nowNs) -> {
                        recordCount[0]++;
                        final String message = lane.lane().writer() + lane.sequence();
                        final int word = ClaimWord.read(lane.record());
                        assertEquals(ClaimWord.DONE, ClaimWord.state(word), message);
                        assertEquals(
                                consumerByMessage.get(message), ClaimWord.consumer(word), message);
                        final long claimedNs = DeliveryHeader.claimedNs(lane.record(), 0);
                        assertTrue(claimedNs <= DeliveryHeader.doneNs(lane.record(), 0), message);
                    },
                    Integer.MAX_VALUE);
        }
        assertEquals(recordCount[0], consumerByMessage.size());
        final long appended = writers.stream().mapToLong(TestWriter::last).sum();
        assertEquals(appended, recordCount[0]);
        long counted = 0;
        for (final TestConsumer consumer : consumers) {
            for (int i = 0; i < 3; i++) {
                counted += consumer.counters.of(ClaimWord.DONE, "http." + i).get();
            }
        }
        assertEquals(appended, counted);
    }
}
