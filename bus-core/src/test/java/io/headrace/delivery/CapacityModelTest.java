// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.message.DeliveryHeader;
import io.headrace.testing.TestWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A capacity beside a list of what waits: messages are appended, claimed and freed anywhere, end
 * and are deleted in order, and before each question just enough wait for the answer to depend on
 * one of them.
 */
class CapacityModelTest {

    private static final String CHANNEL = "websocket.receive";
    private static final int STEP_COUNT = 150;
    private static final int LANE_COUNT = 2;
    private static final long HOUR_NS = 3_600_000_000_000L;

    @TempDir Path directory;

    private long nowNs = HOUR_NS;
    private Random random;
    private Bus bus;
    private int messagesMax;
    private final List<ModelLane> lanes = new ArrayList<>();

    /** A lane and what its records are, from the oldest that is there. */
    private final class ModelLane {

        private final TestWriter writer;
        private final Lane lane;
        private final LanePoller poller;
        private final List<Long> indexes = new ArrayList<>();
        private final List<Boolean> waits = new ArrayList<>();
        private final LaneMark mark = new LaneMark();
        private int marked;

        private ModelLane(String id) {
            writer = new TestWriter(bus, id);
            lane = writer.lane(CHANNEL).lane();
            poller = lane.poller();
        }

        private void append(int count) {
            for (int i = 0; i < count; i++) {
                indexes.add(writer.append(CHANNEL, nowNs));
                waits.add(true);
            }
        }

        private List<Integer> those(boolean waiting) {
            final List<Integer> found = new ArrayList<>();
            for (int i = marked; i < indexes.size(); i++) {
                if (waits.get(i) == waiting) {
                    found.add(i);
                }
            }
            return found;
        }

        private void set(int number, boolean waiting) {
            assertTrue(poller.moveTo(indexes.get(number)));
            if (waiting) {
                poller.record().putIntVolatile(DeliveryHeader.CLAIM_WORD_OFFSET, 0);
            } else {
                assertTrue(ClaimWord.tryClaim(poller.record(), 7));
            }
            waits.set(number, waiting);
        }

        /** Says so of as many as have ended from the first on. */
        private void mark() {
            final int before = marked;
            while (marked < waits.size() && !waits.get(marked) && random.nextInt(100) > 0) {
                marked++;
            }
            if (marked > before) {
                mark.lastEnded(indexes.get(marked - 1));
                mark.ended(0, marked);
                lane.writeMark(mark);
            }
        }

        private void delete() {
            if (marked > 0 && poller.moveTo(indexes.get(marked - 1))) {
                lane.deleteFiles(poller, Long.MAX_VALUE, Long.MAX_VALUE);
            }
        }

        private void free(int count) {
            final List<Integer> claimed = those(false);
            if (!claimed.isEmpty()) {
                final int from = random.nextInt(claimed.size());
                final int to = Math.min(from + count, claimed.size());
                claimed.subList(from, to).forEach(number -> set(number, true));
                bus.publishFreed(
                        lane, indexes.get(claimed.get(from)), indexes.get(claimed.get(to - 1)));
            }
        }

        private void close() {
            poller.close();
            writer.close();
        }
    }

    private ModelLane anyLane() {
        return lanes.get(random.nextInt(lanes.size()));
    }

    private int waitingCount() {
        return lanes.stream().mapToInt(lane -> lane.those(true).size()).sum();
    }

    /** Appends, or claims anywhere, until so many wait. */
    private void letWait(int count) {
        while (waitingCount() < count) {
            anyLane().append(1 + random.nextInt(count - waitingCount()));
        }
        while (waitingCount() > count) {
            final ModelLane lane = anyLane();
            final List<Integer> waiting = lane.those(true);
            // Most from the first on, as consumers do.
            final boolean isFirst = random.nextInt(10) > 0;
            int left = Math.min(waitingCount() - count, waiting.size());
            for (left = isFirst ? left : Math.min(left, 5); left > 0; left--) {
                final int at = isFirst ? 0 : random.nextInt(waiting.size());
                lane.set(waiting.remove(at), false);
            }
        }
    }

    private void step(Capacity capacity) {
        switch (random.nextInt(8)) {
            case 0 -> anyLane().append(random.nextInt(2_000));
            case 1 -> anyLane().free(1 + random.nextInt(5));
            case 2 -> anyLane().mark();
            case 3 -> nowNs += HOUR_NS;
            case 4 -> {
                anyLane().delete();
                capacity.letGo();
            }
            default -> anyLane().append(random.nextInt(20));
        }
        // It notices what is free again when it is full otherwise.
        anyLane().append(messagesMax);
        nowNs += HOUR_NS / 100;
        assertFalse(capacity.admits(100, nowNs));
        letWait(messagesMax - random.nextInt(2));
        nowNs += HOUR_NS / 100;
        assertEquals(waitingCount() < messagesMax, capacity.admits(100, nowNs));
    }

    @Test
    void shouldHaveRoomForOneMoreMessageAsLongAsFewerWaitThanMay() {
        final long first = System.nanoTime();
        for (long seed = first; seed < first + 5; seed++) {
            System.out.println("CapacityModelTest seed " + seed);
            random = new Random(seed);
            messagesMax = 1 + random.nextInt(random.nextBoolean() ? 5 : 600);
            System.setProperty("headrace.channel.*.messages", "" + messagesMax);
            System.setProperty("headrace.block.size", "1m");
            bus = Bus.openOrCreate(directory.resolve("bus" + seed), () -> nowNs);
            for (int i = 0; i < LANE_COUNT; i++) {
                lanes.add(new ModelLane("f" + i + "-x-0"));
            }
            try (Capacity capacity =
                    new Capacity(bus, lanes.get(0).lane, bus.settings().channel(CHANNEL))) {
                for (int i = 0; i < STEP_COUNT; i++) {
                    step(capacity);
                }
            } finally {
                lanes.forEach(ModelLane::close);
                lanes.clear();
                bus.close();
                System.clearProperty("headrace.channel.*.messages");
                System.clearProperty("headrace.block.size");
            }
        }
    }
}
