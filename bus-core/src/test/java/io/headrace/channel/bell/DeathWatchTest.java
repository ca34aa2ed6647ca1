// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.bell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Sleeps over real pipes, in one process; what is not woken sleeps for longer than the time-out.
 */
@Timeout(60)
class DeathWatchTest {

    private static final long FOREVER_NS = 3_600_000_000_000L;

    @TempDir Path directory;
    private Bus bus;
    private final List<DeathWatch> watches = new ArrayList<>();

    @BeforeEach
    void openBus() {
        bus = Bus.openOrCreate(directory.resolve("bus"));
    }

    @AfterEach
    void closeBus() {
        watches.forEach(DeathWatch::close);
        bus.close();
    }

    private DeathWatch watch(int owner) {
        final DeathWatch watch = bus.bells().watch(owner).orElseThrow();
        watches.add(watch);
        return watch;
    }

    @Test
    void shouldWakeWhenAWatchedMemberEndsAndSayItOnce() {
        final DeathWatch watch = watch(1);
        final DeathWatch first = watch(10);
        final DeathWatch second = watch(20);
        final DeathWatch third = watch(30);
        watch.add(10);
        watch.add(20);
        watch.add(20);
        watch.add(30);
        assertFalse(watch.await(0));
        second.close();
        assertTrue(watch.await(FOREVER_NS));
        assertFalse(watch.await(0));
        third.close();
        first.close();
        assertTrue(watch.await(FOREVER_NS));
        assertFalse(watch.await(0));
    }

    @Test
    void shouldWakeWhenItIsRungBetweenTwoSleepsAndInOne() throws InterruptedException {
        final DeathWatch watch = watch(1);
        bus.bells().ringWatches();
        assertFalse(watch.await(FOREVER_NS));
        final Thread sleeper = new Thread(() -> watch.await(FOREVER_NS));
        sleeper.start();
        bus.raiseLaneVersion();
        sleeper.join();
        watch.wake();
        assertFalse(watch.await(FOREVER_NS));
    }

    @Test
    void shouldWatchNeitherItselfNorWhoHasNoWatch() {
        final DeathWatch watch = watch(1);
        watch.add(1);
        watch.add(2);
        assertFalse(watch.await(0));
        // It has one now.
        watch(2);
        watch.add(2);
        watches.get(1).close();
        assertTrue(watch.await(FOREVER_NS));
    }

    @Test
    void shouldBeNobodyWhomAMessageOrItsReplyRings() {
        watch(1);
        final Optional<Bell> reader = bus.newBell(1, "http.*");
        bus.bells().new Ringer("http.request", bus::laneVersion).ring(Bells.ANYBODY);
        bus.bells().ring(1);
        bus.bells().ringAll();
        assertEquals(0, bus.bells().unheardCount());
        assertFalse(reader.orElseThrow().await(0));
        reader.get().arm();
        bus.bells().ring(1);
        assertTrue(reader.get().await(0));
        reader.get().close();
    }

    @Test
    void shouldLeaveNoPipeAndLetTheJanitorTakeDownThoseOfTheDead() {
        watch(1).close();
        assertFalse(Files.exists(bus.directory().resolve("watch-1")));
        bus.bells().watch(2);
        bus.bells().takeDown(owner -> owner == 2);
        assertFalse(Files.exists(bus.directory().resolve("watch-2")));
    }

    @Test
    void shouldHangNoMoreThanThereAre() {
        for (int owner = 1; owner <= Bells.BELL_COUNT - Bells.FIRST_WATCH; owner++) {
            watch(owner);
        }
        assertEquals(Optional.empty(), bus.bells().watch(1_000));
        assertTrue(bus.newBell(1_000, "*").isPresent());
    }
}
