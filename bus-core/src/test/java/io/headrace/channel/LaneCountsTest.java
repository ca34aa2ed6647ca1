// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.testing.TestWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which lanes have counted something, of many side by side. */
class LaneCountsTest {

    private static final long NOW_NS = 1_000_000_000L;

    @TempDir Path directory;

    @Test
    void shouldFindEachLaneOnceForWhatItHasCountedSinceThen() {
        try (Bus bus = Bus.openOrCreate(directory.resolve("bus"));
                TestWriter first = new TestWriter(bus, "first");
                TestWriter second = new TestWriter(bus, "second");
                TestWriter third = new TestWriter(bus, "third")) {
            for (final TestWriter writer : List.of(first, second, third)) {
                writer.append("http.request", NOW_NS);
            }
            final LaneCounts counts =
                    bus.counts(
                            List.of("third", "first", "second").stream()
                                    .map(writer -> bus.lane("http.request", writer).orElseThrow())
                                    .toList());
            assertEquals(0, counts.next(0));
            assertEquals(1, counts.next(1));
            assertEquals(2, counts.next(2));
            assertEquals(-1, counts.next(3));
            assertEquals(-1, counts.next(0));

            second.append("http.request", NOW_NS);
            second.append("http.request", NOW_NS);
            first.append("http.disconnect", NOW_NS);
            assertEquals(2, counts.next(0));
            assertEquals(-1, counts.next(0));

            first.append("http.request", NOW_NS);
            assertEquals(-1, counts.next(2));
            assertEquals(1, counts.next(0));
        }
    }

    @Test
    void shouldAddUpWhatItsLanesHaveCounted() {
        try (Bus bus = Bus.openOrCreate(directory.resolve("bus"));
                TestWriter first = new TestWriter(bus, "first");
                TestWriter second = new TestWriter(bus, "second")) {
            first.append("http.request", NOW_NS);
            second.append("http.request", NOW_NS);
            final List<Lane> lanes =
                    List.of(
                            bus.lane("http.request", "first").orElseThrow(),
                            bus.lane("http.request", "second").orElseThrow());
            final LaneCounts counts = bus.counts(lanes).sum();
            assertEquals(2, counts.messages());
            assertEquals(
                    lanes.get(0).appendedBytes() + lanes.get(1).appendedBytes(), counts.bytes());

            second.append("http.request", NOW_NS);
            first.append("http.disconnect", NOW_NS);
            assertEquals(2, counts.messages(), "as it was");
            assertEquals(3, counts.sum().messages());
        }
    }

    @Test
    void shouldFindNothingAmongNoLanes() {
        try (Bus bus = Bus.openOrCreate(directory.resolve("bus"))) {
            assertEquals(-1, bus.counts(List.of()).next(0));
            assertEquals(0, bus.counts(List.of()).sum().messages());
        }
    }
}
