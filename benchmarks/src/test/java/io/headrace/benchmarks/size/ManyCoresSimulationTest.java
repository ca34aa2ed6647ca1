// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.size;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * More cores than the machine has, by a model: every consumer of a channel goes round all of its
 * lanes and passes every record; what that costs is the way of the cache line that has the record's
 * claim word. Prints a table, which {@code benchmarks/README.md} explains.
 */
class ManyCoresSimulationTest {

    private static final int RECORD_COUNT = 40_000;
    // The machine's own figures, ns: a line's way between two cores, an idle lane's poll, what a
    // consumer does with a message's bytes and its claim; and what a line's way to another node is
    // taken to be.
    private static final long SAME_NODE_NS = 100;
    private static final long OTHER_NODE_NS = 300;
    private static final long IDLE_LANE_NS = 13;
    private static final long LOOK_NS = 25;
    private static final long CLAIM_NS = 300;
    private static final int NOBODY = -1;

    /** What came of it: messages per second of all, and of 100 claims how many came too late. */
    private record Outcome(double perSecond, double lateClaims) {}

    /** One record: who wrote to its line last, and who has claimed it. */
    private static final class Line {
        private int owner;
        private int claimer = NOBODY;
    }

    private static final class Consumer {
        private final int core;
        private final int[] positions;
        private int lane;
        private long nowNs;
        // What it has seen to be free.
        private Line claiming;

        private Consumer(int core, int laneCount) {
            this.core = core;
            this.positions = new int[laneCount];
            // They do not start at the same lane, nor in the same moment.
            this.lane = core % laneCount;
            this.nowNs = core * 7L;
        }
    }

    /** One bus. */
    private static final class Model {

        private final Random random = new Random(1);
        private final int nodeCount;
        private final long handleNs;
        private final boolean sharded;
        private final Line[][] lanes;
        private final Consumer[] consumers;
        private long claimCount;
        private long lateCount;
        private long handledCount;

        private Model(
                int laneCount, int consumerCount, int nodeCount, long handleNs, boolean sharded) {
            this.nodeCount = nodeCount;
            this.handleNs = handleNs;
            this.sharded = sharded;
            lanes = new Line[laneCount][RECORD_COUNT / laneCount];
            for (int lane = 0; lane < laneCount; lane++) {
                for (int i = 0; i < lanes[lane].length; i++) {
                    lanes[lane][i] = new Line();
                    // Its writer, a core that consumes nothing.
                    lanes[lane][i].owner = consumerCount + lane;
                }
            }
            consumers = new Consumer[consumerCount];
            Arrays.setAll(consumers, core -> new Consumer(core, laneCount));
        }

        private long wayNs(int from, int to) {
            if (from == to) {
                return 0;
            }
            return from % nodeCount == to % nodeCount ? SAME_NODE_NS : OTHER_NODE_NS;
        }

        private Outcome run() {
            final PriorityQueue<Consumer> byTime =
                    new PriorityQueue<>(Comparator.comparingLong(consumer -> consumer.nowNs));
            byTime.addAll(Arrays.asList(consumers));
            long endNs = 0;
            while (!byTime.isEmpty()) {
                final Consumer next = byTime.poll();
                if (visit(next)) {
                    byTime.add(next);
                }
                endNs = Math.max(endNs, next.nowNs);
            }
            assertEquals((long) lanes.length * lanes[0].length, handledCount);
            return new Outcome(
                    handledCount * 1e9 / endNs, 100.0 * lateCount / Math.max(1, claimCount));
        }

        /** One lane's turn; false when the consumer has passed all records of all lanes. */
        private boolean visit(Consumer consumer) {
            if (consumer.claiming != null) {
                claim(consumer);
                return true;
            }
            for (int i = 0; i < lanes.length; i++) {
                final int lane = consumer.lane;
                consumer.lane = (lane + 1) % lanes.length;
                final int position = consumer.positions[lane];
                if (position < lanes[lane].length) {
                    consumer.positions[lane]++;
                    look(consumer, lanes[lane][position], position);
                    return true;
                }
                consumer.nowNs += IDLE_LANE_NS;
            }
            return false;
        }

        private void look(Consumer consumer, Line line, int position) {
            final boolean isOther = sharded && position % consumers.length != consumer.core;
            // Whoever only reads a line leaves it with its owner, too.
            consumer.nowNs += LOOK_NS + wayNs(line.owner, consumer.core);
            if (!isOther && line.claimer == NOBODY) {
                consumer.claiming = line;
            }
        }

        private void claim(Consumer consumer) {
            final Line line = consumer.claiming;
            consumer.claiming = null;
            claimCount++;
            if (line.claimer == NOBODY) {
                line.claimer = consumer.core;
                handledCount++;
                // No two take equally long, or they would go round in step.
                consumer.nowNs += CLAIM_NS + handleNs / 2 + random.nextLong(handleNs + 1);
            } else {
                // The line has been there and comes back, for nothing.
                lateCount++;
                consumer.nowNs += wayNs(line.owner, consumer.core);
            }
            line.owner = consumer.core;
        }
    }

    private static Outcome of(
            int laneCount, int consumerCount, int nodeCount, long handleNs, boolean sharded) {
        return new Model(laneCount, consumerCount, nodeCount, handleNs, sharded).run();
    }

    @Test
    void shouldSayHowFarOneChannelScales() {
        System.out.println(
                "messages/s of one channel, 16 lanes, and late claims in %; handler 1 us:");
        System.out.println(
                "consumers   one node            4 nodes             4 nodes, by shard   a bus per node");
        double one = 0;
        double eight = 0;
        for (final int count : new int[] {1, 2, 4, 8, 16, 32, 64}) {
            final Outcome near = of(16, count, 1, 1_000, false);
            final Outcome far = of(16, count, 4, 1_000, false);
            final Outcome shards = of(16, count, 4, 1_000, true);
            final Outcome apart = of(4, Math.max(1, count / 4), 1, 1_000, false);
            System.out.printf(
                    "%9d %,10.0f %5.1f %%  %,10.0f %5.1f %%  %,10.0f %5.1f %%  %,10.0f %5.1f %%%n",
                    count,
                    near.perSecond,
                    near.lateClaims,
                    far.perSecond,
                    far.lateClaims,
                    shards.perSecond,
                    shards.lateClaims,
                    apart.perSecond * Math.min(4, count),
                    apart.lateClaims);
            one = count == 1 ? near.perSecond : one;
            eight = count == 8 ? near.perSecond : eight;
            assertTrue(count == 1 || near.perSecond > one, "more consumers do less");
        }
        assertTrue(eight > 3 * one, eight + " of eight, " + one + " of one");
    }
}
