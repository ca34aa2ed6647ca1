// SPDX-License-Identifier: Apache-2.0
package io.headrace.simulation;

import io.headrace.channel.Bus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.agrona.IoUtil;

/**
 * Runs many histories, each decided by its seed. Seeds share a bus in batches, since making lanes
 * takes longer than a history, so a seed is repeated with those of its batch that precede it.
 */
public final class Histories {

    private static final int BATCH = 25;
    private static final String ROLL_CYCLE = "headrace.roll.cycle";
    private static final String[] SETTINGS = {
        "headrace.channel.http.*.expiry=2s",
        "headrace.channel.http.*.redeliver=idempotent",
        "headrace.channel.websocket.*.expiry=3s",
        "headrace.channel.websocket.*.redeliver=always",
        "headrace.channel.websocket.receive.expiry=0",
        "headrace.channel.http.request.messages=2",
        "headrace.channel.websocket.receive.messages=3",
    };

    private Histories() {}

    static {
    }

    /**
     * Runs the seeds from the first to the one before the end, and those that come before in the
     * first one's batch.
     */
    public static void run(Path directory, long first, long end) throws IOException {
        for (long batch = first / BATCH * BATCH; batch < end; batch += BATCH) {
            runBatch(directory, batch, Math.min(batch + BATCH, end));
        }
    }

    /** The settings of a bus differ from batch to batch. */
    private static void runBatch(Path directory, long first, long end) throws IOException {
        final long batch = first / BATCH;
        final Random random = new Random(batch);
        for (final String setting : SETTINGS) {
            if (random.nextBoolean()) {
                System.setProperty(setting.split("=")[0], setting.split("=")[1]);
            }
        }
        // In every third one files are deleted as soon as they may be.
        final boolean isForgetful = batch % 3 == 2;
        System.setProperty(ROLL_CYCLE, isForgetful ? "TEST_SECONDLY" : "FAST_HOURLY");
        final Path bus = directory.resolve("bus" + first);
        makeBus(bus, first);
        long seed = first;
        try (Simulation simulation = new Simulation(bus, isForgetful ? 0 : 2_000)) {
            for (; seed < end; seed++) {
                simulation.run(seed);
            }
            simulation.cleanUp();
        } catch (final Throwable thrown) {
            throw new AssertionError(
                    "-Dheadrace.simulation.seed=" + seed + ": " + thrown.getMessage(), thrown);
        } finally {
            System.clearProperty(ROLL_CYCLE);
            for (final String setting : SETTINGS) {
                System.clearProperty(setting.split("=")[0]);
            }
        }
        IoUtil.delete(bus.toFile(), true);
    }

    /** Its id decides when lanes go on to other files, and so is the seed's, too. */
    private static void makeBus(Path directory, long first) throws IOException {
        Bus.openOrCreate(directory).close();
        final Path settings = directory.resolve("bus.properties");
        final String id = "id=s%05d".formatted(first / BATCH % 100_000);
        Files.writeString(settings, Files.readString(settings).replaceFirst("id=\\w{6}", id));
    }
}
