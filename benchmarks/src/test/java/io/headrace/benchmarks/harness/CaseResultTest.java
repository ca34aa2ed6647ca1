// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Medians over rounds, ratios within them. */
class CaseResultTest {

    private final Results results = new Results();

    private CaseResult add(String contender, int round, double perSecond) {
        return results.add(
                "row", "case", Figure.PER_SECOND, contender, round, Sample.ofRate(perSecond));
    }

    @Test
    void shouldTakeRatiosWithinRoundsAndNotOfMedians() {
        add("headrace", 1, 100);
        add("headrace", 2, 1_000);
        add("headrace", 3, 10_000);
        add("netty", 1, 200);
        add("netty", 2, 500);
        final CaseResult result = add("netty", 3, 2_500);
        assertEquals(1_000, result.median("headrace", Figure.PER_SECOND));
        assertEquals(500, result.median("netty", Figure.PER_SECOND));
        // 0.5, 2 and 4.
        assertEquals(2, result.ratio("headrace", "netty", Figure.PER_SECOND));
    }

    @Test
    void shouldPassOverRoundsThatOneOfBothHasNot() {
        add("headrace", 1, 100);
        add("headrace", 2, 7);
        final CaseResult result = add("netty", 1, 50);
        assertEquals(2, result.ratio("headrace", "netty", Figure.PER_SECOND));
        assertEquals(2, result.rounds("headrace"));
        assertEquals(1, result.rounds("netty"));
    }

    @Test
    void shouldHaveNoNumberForWhatWasNotMeasured() {
        final CaseResult result = add("headrace", 1, 100);
        assertTrue(Double.isNaN(result.median("headrace", Figure.P50)));
        assertTrue(Double.isNaN(result.median("nobody", Figure.PER_SECOND)));
        assertTrue(Double.isNaN(result.ratio("headrace", "nobody", Figure.PER_SECOND)));
        assertTrue(Double.isNaN(CaseResult.median()));
    }

    @Test
    void shouldNameTheProductFirst() {
        add("agrona", 1, 1);
        add("headrace, 64 lanes", 1, 1);
        assertEquals(
                List.of("headrace", "headrace, 64 lanes", "agrona"),
                add("headrace", 1, 1).contenders());
    }

    @Test
    void shouldReadBackWhatAProcessAnswered() {
        final Command answer =
                Command.ok().with("answers", 3).with("latency", Sample.ofNs(1_500).latencyNs());
        final Command read = Command.parse(answer.toString());
        assertEquals(3, read.number("answers"));
        assertEquals(1, read.histogram("latency").getCountAtValue(1_500));
        assertEquals(
                "failed why=no reason at all", Command.parse("failed no reason at all").toString());
    }
}
