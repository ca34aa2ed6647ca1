// SPDX-License-Identifier: Apache-2.0
package io.headrace.simulation;

import java.lang.reflect.InvocationTargetException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Thousands of short histories of a bus, whose processes are killed and stopped between any two
 * accesses to what they share. A failure prints the seed; {@code -Dheadrace.simulation.seed=N}
 * repeats it.
 */
class SimulationTest {

    private static final int SEED_COUNT = Integer.getInteger("headrace.simulation.seeds", 200);
    private static final long SEED = Long.getLong("headrace.simulation.seed", -1);

    static {
        // Otherwise Chronicle looks at all lanes ever opened whenever it opens one.
        System.setProperty("disable.ctl.orphan.tracking", "true");
    }

    @TempDir Path directory;

    @BeforeEach
    void setBlockSize() {
        System.setProperty("headrace.block.size", "1m");
    }

    @AfterEach
    void clearBlockSize() {
        System.clearProperty("headrace.block.size");
    }

    @Test
    void shouldGiveEveryMessageOneFateWhateverHappens() throws Throwable {
        final Class<?> histories = new InterruptingLoader().loadClass(Histories.class.getName());
        try {
            histories
                    .getMethod("run", Path.class, long.class, long.class)
                    .invoke(null, directory, Math.max(SEED, 0), SEED < 0 ? SEED_COUNT : SEED + 1);
        } catch (final InvocationTargetException failed) {
            throw failed.getCause();
        }
    }
}
