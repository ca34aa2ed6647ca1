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
    private boolean mayRest = true;

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
        return new DoorbellIdleStrategy(itsBell, sleeps::add, () -> mayRest, SLEEP_MAX_NS);
    }

    @Test
    void shouldSleepOnlyAfterAWholeCycleWithItsBellArmed() {
        final DoorbellIdleStrategy strategy = strategy(Optional.of(bell));
        while (!bell.isArmed()) {
            strategy.idle(0);
            assertEquals(List.of(), sleeps);
        }
        strategy.idle(0);
        assertEquals(List.of(SLEEP_MAX_NS), sleeps);
        assertFalse(bell.isArmed());
        strategy.idle(0);
        assertTrue(bell.isArmed());
        assertEquals(1, sleeps.size());
    }

    @Test
    void shouldDisarmWhenTheSecondLookFindsWork() {
        final DoorbellIdleStrategy strategy = strategy(Optional.of(bell));
        while (!bell.isArmed()) {
            strategy.idle(0);
        }
        strategy.idle(1);
        assertFalse(bell.isArmed());
        bus.bells().ringAll();
        assertFalse(bell.await(0));
        strategy.idle(0);
        assertFalse(bell.isArmed());
        assertEquals(List.of(), sleeps);
    }

    @Test
    void shouldNapWhileItWaitsForWhatNobodyRingsAbout() {
        final DoorbellIdleStrategy strategy = strategy(Optional.of(bell));
        while (!bell.isArmed()) {
            strategy.idle(0);
        }
        mayRest = false;
        for (int i = 0; i < 20; i++) {
            strategy.idle(0);
            assertFalse(bell.isArmed());
        }
        assertEquals(20, sleeps.size());
        assertEquals(IdleStrategies.PARK_MAX_NS, sleeps.get(19));
        assertTrue(sleeps.get(0) < sleeps.get(1));
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
