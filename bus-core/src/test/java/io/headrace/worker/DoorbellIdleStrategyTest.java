// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.bell.Bell;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DoorbellIdleStrategyTest {

    private static final long SLEEP_MAX_NS = 7_000_000_000L;

    @TempDir Path directory;
    private Bus bus;
    private Bell bell;
    private final List<Long> sleeps = new ArrayList<>();
    private boolean expectsReply;
    private boolean mayRest = true;
    private long lullNs;
    private int lulls;
    private long nowNs;
    private long sleepNs;
    private boolean ringsInSleep;

    @BeforeEach
    void openBus() {
        bus = Bus.openOrCreate(directory.resolve("bus"));
        bell = bus.newBell(1, "*").orElseThrow();
    }

    @AfterEach
    void closeBus() {
        bell.close();
        bus.close();
    }

    private DoorbellIdleStrategy strategy(Optional<Bell> itsBell) {
        return new DoorbellIdleStrategy(
                itsBell,
                this::sleep,
                this::lullNs,
                () -> expectsReply,
                () -> mayRest,
                SLEEP_MAX_NS,
                () -> nowNs);
    }

    /** One that sleeps next. */
    private DoorbellIdleStrategy armed() {
        final DoorbellIdleStrategy strategy = strategy(Optional.of(bell));
        while (!bell.isArmed()) {
            strategy.idle(0);
        }
        return strategy;
    }

    @Test
    void shouldSleepOnlyAfterAWholeCycleWithItsBellArmed() {
        final DoorbellIdleStrategy strategy = strategy(Optional.of(bell));
        while (!bell.isArmed()) {
            strategy.idle(0);
            assertEquals(List.of(), sleeps);
        }
        sleepNs = SLEEP_MAX_NS / 2;
        strategy.idle(0);
        assertEquals(List.of(SLEEP_MAX_NS), sleeps);
        assertFalse(bell.isArmed());
        strategy.idle(0);
        assertTrue(bell.isArmed());
        assertEquals(1, sleeps.size());
    }

    @Test
    void shouldLookOnceAndSleepAgainWhenNobodyHasRungForAllItsSleep() {
        final DoorbellIdleStrategy strategy = armed();
        sleepNs = SLEEP_MAX_NS;
        strategy.idle(0);
        assertTrue(bell.isArmed());
        strategy.idle(0);
        assertEquals(List.of(SLEEP_MAX_NS, SLEEP_MAX_NS), sleeps);
        // Whoever appends at the end of a sleep still finds it asleep.
        bus.bells().ringAll();
        assertTrue(bell.await(0));
        strategy.idle(1);
        assertFalse(bell.isArmed());
    }

    @Test
    void shouldHearTheNextRingAlsoWhenOneCameAsItsSleepEnded() {
        final DoorbellIdleStrategy strategy = armed();
        sleepNs = SLEEP_MAX_NS;
        strategy.idle(0);
        bus.bells().ringAll();
        // What it was rung for, another has taken: so it looks once more, armed again.
        strategy.idle(0);
        assertTrue(bell.isArmed());
        assertEquals(1, sleeps.size());
        assertTrue(bell.await(0));
        bus.bells().ringAll();
        assertTrue(bell.await(0), "it is deaf");
    }

    @Test
    void shouldDisarmWhenTheSecondLookFindsWork() {
        final DoorbellIdleStrategy strategy = armed();
        strategy.idle(1);
        assertFalse(bell.isArmed());
        bus.bells().ringAll();
        assertFalse(bell.await(0));
        strategy.idle(0);
        assertFalse(bell.isArmed());
        assertEquals(List.of(), sleeps);
    }

    private long lullNs() {
        lulls++;
        return lullNs;
    }

    @Test
    void shouldAskOnceForALullAfterSomeLooksAndSleepAsEverAfterIt() {
        final DoorbellIdleStrategy strategy = strategy(Optional.of(bell));
        final int looks = looks(strategy, 199_999);
        assertEquals(1, lulls);
        lullNs = 1;
        assertEquals(looks, looks(strategy, 199_999));
        assertEquals(2, lulls);
        strategy.idle(1);
        strategy.idle(0);
        strategy.idle(1);
        assertEquals(2, lulls, "it did not look at all");
        looksWhenRung(strategy, 199_999);
        assertEquals(3, lulls, "it was rung for a message that comes now");
    }

    private void sleep(long maxNs) {
        sleeps.add(maxNs);
        nowNs += sleepNs;
        if (ringsInSleep) {
            bus.bells().ringAll();
        }
    }

    /** How often it looks between work and the sleep that follows. */
    private int looks(DoorbellIdleStrategy strategy, long sleptNs) {
        strategy.idle(1);
        return looksBeforeASleep(strategy, sleptNs);
    }

    private int looksBeforeASleep(DoorbellIdleStrategy strategy, long sleptNs) {
        sleepNs = sleptNs;
        final int before = sleeps.size();
        int looks = 0;
        for (; sleeps.size() == before; looks++) {
            strategy.idle(0);
        }
        return looks;
    }

    @Test
    void shouldLookLessOftenWhileItsSleepsAreLongAndMoreOftenWhenItIsWokenAtOnce() {
        final DoorbellIdleStrategy strategy = strategy(Optional.of(bell));
        final int most = looks(strategy, 199_999);
        assertEquals(most, looks(strategy, 199_999));
        looks(strategy, 200_000);
        assertEquals(most / 2, looks(strategy, 200_000), 2);
        for (int i = 0; i < 10; i++) {
            looks(strategy, SLEEP_MAX_NS);
        }
        final int least = looks(strategy, 199_999);
        assertTrue(least < most / 8, least + " of " + most);
        looks(strategy, 99_999);
        assertTrue(looks(strategy, 99_999) > least);
        for (int i = 0; i < 10; i++) {
            looks(strategy, 0);
        }
        assertEquals(most, looks(strategy, 0));
    }

    @Test
    void shouldLookLongerForAReplyAndLearnHowLongApartFromWhatItLearnsAboutWork() {
        final DoorbellIdleStrategy strategy = strategy(Optional.of(bell));
        for (int i = 0; i < 10; i++) {
            looks(strategy, SLEEP_MAX_NS);
        }
        final int least = looks(strategy, 199_999);
        expectsReply = true;
        final int most = looks(strategy, 199_999);
        assertTrue(most > 10 * least, most + " and " + least);
        // Whoever answers takes its time.
        for (int i = 0; i < 10; i++) {
            looks(strategy, 200_000);
        }
        assertEquals(least, looks(strategy, 99_999));
        for (int i = 0; i < 10; i++) {
            looks(strategy, 99_999);
        }
        assertEquals(most, looks(strategy, 199_999));
        expectsReply = false;
        assertEquals(least, looks(strategy, 199_999));
    }

    /** How often it looks for what it has been rung for, if that does not come. */
    private int looksWhenRung(DoorbellIdleStrategy strategy, long nextSleepNs) {
        ringsInSleep = true;
        looks(strategy, 1_000_000);
        ringsInSleep = false;
        return looksBeforeASleep(strategy, nextSleepNs);
    }

    @Test
    void shouldLookLongWhenItIsRungBeforeTheMessageComesAndLearnHowLongApart() {
        final DoorbellIdleStrategy strategy = strategy(Optional.of(bell));
        for (int i = 0; i < 10; i++) {
            looks(strategy, SLEEP_MAX_NS);
        }
        final int least = looks(strategy, 199_999);
        final int most = looksWhenRung(strategy, 199_999);
        assertTrue(most > 10 * least, most + " and " + least);
        ringsInSleep = true;
        looks(strategy, 1_000_000);
        ringsInSleep = false;
        assertEquals(least, looks(strategy, 199_999), "it remembers the ring after its work");
        assertEquals(most, looksWhenRung(strategy, 199_999));
        // Whoever rings has nothing for it, again and again.
        for (int i = 0; i < 10; i++) {
            looksWhenRung(strategy, 200_000);
        }
        assertEquals(least, looksWhenRung(strategy, 199_999));
        assertEquals(least, looks(strategy, 199_999));
    }

    @Test
    void shouldNapWhileItWaitsForWhatNobodyRingsAbout() {
        final DoorbellIdleStrategy strategy = armed();
        mayRest = false;
        for (int i = 0; i < 20; i++) {
            // A ring is to end the nap.
            assertTrue(bell.isArmed());
            strategy.idle(0);
            assertEquals(i + 1, sleeps.size());
            assertFalse(bell.isArmed());
            strategy.idle(0);
        }
        assertEquals(20, sleeps.size());
        assertEquals(IdleStrategies.PARK_MAX_NS, sleeps.get(19));
        assertTrue(sleeps.get(0) < sleeps.get(1));
    }

    @Test
    void shouldLookAsOftenAsItCanBeforeItNapsHoweverLongItHasSlept() {
        final DoorbellIdleStrategy strategy = strategy(Optional.of(bell));
        final int most = looks(strategy, 199_999);
        for (int i = 0; i < 10; i++) {
            looks(strategy, SLEEP_MAX_NS);
        }
        mayRest = false;
        assertEquals(most, looks(strategy, 199_999));
    }

    @Test
    void shouldNapWithoutABell() {
        final DoorbellIdleStrategy strategy = strategy(Optional.empty());
        for (int i = 0; i < 200; i++) {
            strategy.idle(0);
        }
        assertEquals(IdleStrategies.PARK_MAX_NS, sleeps.get(sleeps.size() - 1));
    }
}
