// SPDX-License-Identifier: Apache-2.0
package io.headrace.simulation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.IoUtil;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Thousands of short histories of a bus, each decided by its seed. A failure prints the seed;
 * {@code -Dheadrace.simulation.seed=N} repeats it. Seeds share a bus in batches, since making lanes
 * takes longer than a history, so a seed is repeated with those of its batch that precede it.
 */
class SimulationTest {

    private static final int BATCH = 100;
    private static final int SEED_COUNT = Integer.getInteger("headrace.simulation.seeds", 1_000);
    private static final long SEED = Long.getLong("headrace.simulation.seed", -1);
    private static final String ROLL_CYCLE = "headrace.roll.cycle";
    private static final String[] SETTINGS = {
        "headrace.channel.http.*.expiry=2s",
        "headrace.channel.http.*.redeliver=idempotent",
        "headrace.channel.websocket.*.expiry=3s",
        "headrace.channel.websocket.*.redeliver=always",
        "headrace.channel.websocket.receive.expiry=0",
    };

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
    void clear() {
        System.clearProperty("headrace.block.size");
        System.clearProperty(ROLL_CYCLE);
    }

    @Test
    void shouldGiveEveryMessageOneFateWhateverHappens() throws IOException {
        final long first = SEED < 0 ? 0 : SEED / BATCH * BATCH;
        final long end = SEED < 0 ? SEED_COUNT : SEED + 1;
        for (long batch = first; batch < end; batch += BATCH) {
            runBatch(batch, Math.min(batch + BATCH, end));
        }
    }

    /** The settings of a bus differ from batch to batch. */
    private void runBatch(long first, long end) throws IOException {
        final long mask = first / BATCH;
        for (int i = 0; i < SETTINGS.length; i++) {
            if ((mask >> i & 1) == 0) {
                final String[] setting = SETTINGS[i].split("=");
                System.setProperty(setting[0], setting[1]);
            }
        }
        // In every third one files are deleted as soon as they may be.
        final boolean isForgetful = mask % 3 == 2;
        System.setProperty(ROLL_CYCLE, isForgetful ? "TEST_SECONDLY" : "FAST_HOURLY");
        final Path bus = Files.createTempDirectory(directory, "bus");
        long seed = first;
        try (Simulation simulation = new Simulation(bus, isForgetful ? 0 : 2_000)) {
            for (; seed < end; seed++) {
                simulation.run(seed);
            }
        } catch (final Throwable thrown) {
            throw new AssertionError(
                    "-Dheadrace.simulation.seed=" + seed + ": " + thrown.getMessage(), thrown);
        } finally {
            for (final String setting : SETTINGS) {
                System.clearProperty(setting.split("=")[0]);
            }
        }
        IoUtil.delete(bus.toFile(), true);
    }
}
