// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two janitors that both take a lane for theirs, as when one was stopped and goes on. */
class FreedRaceTest {

    private static final int ROUND_COUNT = 20_000;

    @TempDir Path directory;

    @Test
    void shouldLoseNothingOfWhatTwoJanitorsFreeAtTheSameTime() {
        try (LaneTable table = new LaneTable(directory.resolve("lanes.dat"))) {
            final LaneTable.Entry entry = table.new Entry(table.allocate(1));
            final FreedRecords freed = new FreedRecords(entry);
            final AtomicInteger begun = new AtomicInteger();
            final AtomicInteger ended = new AtomicInteger();
            final CompletableFuture<Void> other =
                    CompletableFuture.runAsync(
                            () -> {
                                for (int round = 1; round <= ROUND_COUNT; round++) {
                                    await(begun, round);
                                    entry.freed(2 * round, 2 * round);
                                    ended.set(round);
                                }
                            });
            for (int round = 1; round <= ROUND_COUNT; round++) {
                begun.set(round);
                entry.freed(2 * round + 1, 2 * round + 1);
                await(ended, round);
                assertTrue(freed.look());
                assertTrue(
                        freed.first() == FreedRecords.ALL
                                || freed.first() == 2 * round && freed.last() == 2 * round + 1,
                        () -> freed.first() + " to " + freed.last());
            }
            other.join();
        }
    }

    private static void await(AtomicInteger word, int value) {
        while (word.get() < value) {
            Thread.yield();
        }
    }
}
