// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class BatchPaceTest {

    private static final int BATCH = 8;

    private final BatchPace pace = new BatchPace();

    private void batch(long atNs, int count) {
        for (int i = 0; i < count; i++) {
            pace.onMessage(atNs);
        }
    }

    @Test
    void shouldLookAlwaysWhenMessagesComeOneByOne() {
        assertEquals(0, pace.lullNs());
        for (int i = 1; i <= 100; i++) {
            batch(i * 20_000, 1);
            assertEquals(0, pace.lullNs());
        }
    }

    @Test
    void shouldRestForAQuarterOfACycleOnceABatchIsLargeEnough() {
        batch(1_000_000, BATCH - 1);
        batch(1_090_000, BATCH - 1);
        assertEquals(0, pace.lullNs());
        pace.onMessage(1_090_000);
        assertEquals(22_500, pace.lullNs());
        // Of the next cycle little has come yet.
        pace.onMessage(1_190_000);
        assertEquals(25_000, pace.lullNs());
    }

    @Test
    void shouldLookAgainWhenBatchesHaveBecomeSmall() {
        batch(1_000_000, BATCH);
        batch(1_100_000, 1);
        batch(1_200_000, 1);
        assertEquals(0, pace.lullNs());
    }

    @Test
    void shouldRestNoLongerThanItsLimit() {
        batch(1_000_000, 256);
        batch(3_000_000, 256);
        assertEquals(200_000, pace.lullNs());
    }

    @Test
    void shouldNotRestBetweenBurstsWhoseLoopHasRestedItself() {
        batch(1_000_000, BATCH);
        batch(1_000_000 + BATCH * 40_000, BATCH);
        assertEquals(BATCH * 10_000, pace.lullNs());
        batch(1_000_001 + 2 * BATCH * 40_000, BATCH);
        assertEquals(0, pace.lullNs());
    }

    @Test
    void shouldNotRestAfterAClockThatWentBack() {
        batch(2_000_000, BATCH);
        batch(1_900_000, BATCH);
        assertEquals(0, pace.lullNs());
    }

    @Test
    void shouldTakeTwoLoopsThatTakeTurnsForNoBatch() {
        for (int i = 0; i < 100; i++) {
            pace.onMessage(1_000_000);
            pace.onMessage(1_050_000);
        }
        assertEquals(0, pace.lullNs());
    }
}
