// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery.poll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.headrace.channel.Bus;
import io.headrace.delivery.ClaimWord;
import io.headrace.message.Message;
import io.headrace.testing.RawLane;
import io.headrace.testing.TestWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A reader that claims nothing and sees everything, oldest first. */
class TapTest {

    @TempDir Path directory;
    private Bus bus;
    private TestWriter one;
    private TestWriter two;
    private Tap tap;
    private final List<String> seen = new ArrayList<>();

    @BeforeEach
    void openBus() {
        bus = Bus.openOrCreate(directory.resolve("bus"));
        one = new TestWriter(bus, "one");
        two = new TestWriter(bus, "two");
        tap =
                new Tap(
                        bus,
                        name -> !name.equals("secret"),
                        problem -> {
                            throw problem;
                        });
    }

    @AfterEach
    void close() {
        tap.close();
        one.close();
        two.close();
        bus.close();
    }

    @Test
    void shouldSeeTheMessagesOfAllWritersOldestFirst() {
        one.append("a", 10);
        one.append("b", 30);
        two.append("a", 20);
        two.append("c", 40);
        two.append("a", 60);
        one.append("c", 50);
        assertEquals(6, poll(100));
        assertEquals(List.of("a/one1", "a/two1", "b/one2", "c/two2", "c/one3", "a/two3"), seen);
        assertEquals(0, poll(100));
    }

    @Test
    void shouldStopAtItsLimitAndGoOnFromThere() {
        for (int i = 1; i <= 5; i++) {
            one.append("a", i);
        }
        assertEquals(0, poll(0));
        assertEquals(2, poll(2));
        assertEquals(3, poll(100));
        assertEquals(List.of("a/one1", "a/one2", "a/one3", "a/one4", "a/one5"), seen);
    }

    @Test
    void shouldSeeMessagesWhateverBecameOfThemAndChangeNothing() {
        one.append("a", 1);
        one.append("a", 2);
        tap.poll((lane, nowNs) -> ClaimWord.tryClaim(lane.record(), 7), 1);
        try (Tap second = new Tap(bus, name -> true, problem -> {})) {
            final List<Integer> words = new ArrayList<>();
            assertEquals(
                    2, second.poll((lane, nowNs) -> words.add(ClaimWord.read(lane.record())), 100));
            assertEquals(List.of(ClaimWord.of(7, ClaimWord.CLAIMED), ClaimWord.FREE), words);
        }
    }

    @Test
    void shouldShowRecordsThatAreNoMessages() {
        one.append("a", 1);
        RawLane.append(bus, "a", "one", new byte[3]);
        final List<Boolean> whole = new ArrayList<>();
        assertEquals(2, tap.poll((lane, nowNs) -> whole.add(Message.isWhole(lane.record())), 100));
        assertEquals(List.of(true, false), whole);
    }

    @Test
    void shouldSeeNothingOfOtherChannels() {
        one.append("secret", 1);
        assertEquals(0, poll(100));
        assertFalse(seen.contains("secret/one1"));
    }

    @Test
    void shouldSeeEverythingThatComesWhileItPolls() {
        one.append("a", 1);
        final int[] left = {50};
        final int passed =
                tap.poll(
                        (lane, nowNs) -> {
                            if (left[0]-- > 0) {
                                // Also in lanes that were not there a moment ago.
                                (left[0] % 2 == 0 ? one : two).append("x" + left[0] % 5, 1);
                            }
                        },
                        1_000);
        assertEquals(51, passed);
    }

    private int poll(int limit) {
        return tap.poll((lane, nowNs) -> seen.add(lane.lane().toString() + lane.sequence()), limit);
    }
}
