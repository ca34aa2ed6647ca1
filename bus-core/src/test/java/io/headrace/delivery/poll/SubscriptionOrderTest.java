// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery.poll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.BusSettings;
import io.headrace.channel.LanePoller;
import io.headrace.message.DeliveryHeader;
import io.headrace.testing.TestWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.agrona.CloseHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever the order of appends and polls: each subscription gets each writer's messages in the
 * order of their sequence, across all its channels, none lost and none twice. {@code
 * -Dheadrace.test.seed=N} repeats a run.
 */
class SubscriptionOrderTest {

    private static final int ROUNDS = 40;

    @TempDir Path directory;
    private Bus bus;
    private Random random;

    @BeforeEach
    void openBus() {
        System.setProperty(BusSettings.BLOCK_SIZE_PROPERTY, "1m");
        bus = Bus.openOrCreate(directory.resolve("bus"));
        System.clearProperty(BusSettings.BLOCK_SIZE_PROPERTY);
        final long seed = Long.getLong("headrace.test.seed", System.nanoTime());
        System.out.println("SubscriptionOrderTest seed " + seed);
        random = new Random(seed);
    }

    @AfterEach
    void close() {
        bus.close();
    }

    @Test
    void shouldDeliverInOrderWhateverHappensBetweenPolls() {
        for (int round = 0; round < ROUNDS; round++) {
            try (Model model = new Model(round, false)) {
                model.run();
            }
        }
    }

    @Test
    void shouldDeliverInOrderWhateverHappensWithinAPoll() {
        for (int round = 0; round < ROUNDS; round++) {
            try (Model model = new Model(round, true)) {
                model.run();
            }
        }
    }

    @Test
    void shouldNotOvertakeAMessageInALaneThatWasMadeSinceThePollBegan() {
        try (TestWriter first = new TestWriter(bus, "a");
                TestWriter second = new TestWriter(bus, "b");
                Subscription subscription = subscription(name -> true)) {
            first.append("old", 1);
            second.append("old", 1);
            subscription.poll((lane, nowNs) -> true, 1);
            first.append("old", 1);
            final List<String> delivered = new ArrayList<>();
            final Delivery delivery =
                    (lane, nowNs) -> {
                        delivered.add(lane.lane().writer() + lane.sequence());
                        if (delivered.size() == 1) {
                            // Another thread is as fast as this, now and then.
                            second.append("new", 1);
                            second.append("old", 1);
                        }
                        return true;
                    };
            while (subscription.poll(delivery, 1) > 0) {
                // Until there is no more.
            }
            assertEquals(List.of("a2", "b2", "b3"), delivered);
        }
    }

    @Test
    void shouldDeliverInOrderWhileWritersRunAndMakeNewLanes() throws Exception {
        final int count = 30_000;
        final Thread[] threads = new Thread[2];
        try (Subscription subscription = subscription(name -> true)) {
            for (int i = 0; i < threads.length; i++) {
                final String id = "running-" + i;
                final Random own = new Random(random.nextLong());
                threads[i] = new Thread(() -> write(id, own, count));
                threads[i].start();
            }
            final Map<String, Long> lastByWriter = new HashMap<>();
            final Delivery delivery =
                    (lane, nowNs) -> {
                        final long last = lastByWriter.getOrDefault(lane.lane().writer(), 0L);
                        assertEquals(last + 1, lane.sequence(), lane.lane().toString());
                        lastByWriter.put(lane.lane().writer(), lane.sequence());
                        return true;
                    };
            for (long delivered = 0; delivered < (long) count * threads.length; ) {
                delivered += subscription.poll(delivery, 1);
            }
            assertEquals(0, subscription.poll(delivery, 1));
        } finally {
            for (final Thread thread : threads) {
                thread.join();
            }
        }
    }

    /** Appends to a random lane of those it has; now and then it makes another one. */
    private void write(String id, Random own, int count) {
        try (TestWriter writer = new TestWriter(bus, id)) {
            int channelCount = 1;
            for (int i = 0; i < count; i++) {
                if (i % (count / 10) == count / 20) {
                    channelCount++;
                }
                writer.append("channel" + own.nextInt(channelCount), 1);
            }
        }
    }

    private Subscription subscription(Predicate<String> channels) {
        return new Subscription(bus, channels, true, lane -> {}, this::bad);
    }

    private void bad(RuntimeException e) {
        throw e;
    }

    /** Some writers, channels and subscriptions, and what must come out. */
    private final class Model implements AutoCloseable {
        private final String prefix;
        private final boolean appendsWithinPolls;
        private final List<String> channels = new ArrayList<>();
        private final List<TestWriter> writers = new ArrayList<>();
        private final List<Reader> readers = new ArrayList<>();
        private final Map<String, Map<Long, String>> appended = new HashMap<>();
        private long nowNs = 1_000_000_000L;

        Model(int round, boolean appendsWithinPolls) {
            this.prefix = "round" + round + ".";
            this.appendsWithinPolls = appendsWithinPolls;
            for (int i = 0; i <= random.nextInt(3); i++) {
                channels.add(prefix + i);
            }
            for (int i = 0; i <= random.nextInt(3); i++) {
                writers.add(new TestWriter(bus, prefix + "w" + i));
                appended.put(prefix + "w" + i, new HashMap<>());
            }
            for (int i = 0; i <= random.nextInt(3); i++) {
                readers.add(new Reader(i == 0 ? channels : someChannels()));
            }
        }

        private List<String> someChannels() {
            return channels.stream().filter(name -> random.nextBoolean()).toList();
        }

        void run() {
            for (int step = random.nextInt(300); step > 0; step--) {
                nowNs += random.nextInt(1_500_000);
                if (random.nextBoolean()) {
                    append();
                } else {
                    readers.get(random.nextInt(readers.size())).poll();
                }
            }
            for (final Reader reader : readers) {
                while (reader.poll() > 0) {
                    // Until there is no more.
                }
                reader.checkComplete();
            }
        }

        private void append() {
            final TestWriter writer = writers.get(random.nextInt(writers.size()));
            final String channel = channels.get(random.nextInt(channels.size()));
            writer.append(channel, nowNs);
            appended.get(writer.id()).put(writer.last(), channel);
        }

        @Override
        public void close() {
            readers.forEach(reader -> CloseHelper.quietClose(reader.subscription));
            CloseHelper.quietCloseAll(writers);
        }

        private final class Reader implements Delivery {
            private final List<String> mine;
            private final Subscription subscription;
            private final Map<String, Long> lastByWriter = new HashMap<>();
            private int deliveredCount;

            Reader(List<String> mine) {
                this.mine = mine;
                this.subscription = subscription(mine::contains);
            }

            int poll() {
                final int before = deliveredCount;
                final int work = subscription.poll(this, nowNs);
                assertEquals(deliveredCount - before, work, "the work count of poll");
                return work;
            }

            @Override
            public boolean onRecord(LanePoller lane, long pollNowNs) {
                final String writer = lane.lane().writer();
                final long sequence = lane.sequence();
                final long last = lastByWriter.getOrDefault(writer, 0L);
                assertTrue(sequence > last, () -> writer + ": " + sequence + " after " + last);
                for (long passed = last + 1; passed < sequence; passed++) {
                    final String channel = appended.get(writer).get(passed);
                    final long missing = passed;
                    assertTrue(
                            !mine.contains(channel),
                            () -> writer + ": " + sequence + " overtakes " + missing);
                }
                assertEquals(appended.get(writer).get(sequence), lane.lane().channel());
                assertEquals(sequence, DeliveryHeader.connection(lane.record(), 0));
                lastByWriter.put(writer, sequence);
                deliveredCount++;
                if (appendsWithinPolls && random.nextInt(3) == 0) {
                    append();
                    append();
                }
                return true;
            }

            void checkComplete() {
                for (final TestWriter writer : writers) {
                    final Set<Long> expected = new TreeSet<>();
                    appended.get(writer.id())
                            .forEach(
                                    (sequence, channel) -> {
                                        if (mine.contains(channel)) {
                                            expected.add(sequence);
                                        }
                                    });
                    final long last = lastByWriter.getOrDefault(writer.id(), 0L);
                    expected.removeIf(sequence -> sequence <= last);
                    assertEquals(Set.of(), expected, "lost messages of " + writer.id());
                }
            }
        }
    }
}
