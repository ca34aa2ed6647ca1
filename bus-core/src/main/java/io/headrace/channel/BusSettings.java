// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import io.headrace.HeadraceException;
import io.headrace.Setting;
import io.headrace.channel.page.Allowance;
import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import net.openhft.chronicle.queue.RollCycle;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.queue.rollcycles.TestRollCycles;

/**
 * What all processes of a bus must agree on, kept in its file {@code bus.properties}. A process
 * that has one of these settings from a system property is refused by a bus that has it otherwise;
 * one that has not takes the bus's.
 *
 * @param version layout of the whole bus directory.
 * @param id six characters that make member ids unique across buses.
 * @param blockSize mapped at a time, in bytes; the largest record is a quarter of it.
 * @param rollCycle name of the Chronicle roll cycle: how long a lane writes into one file.
 * @param rollSize how much it writes into one file, in bytes; at most a block.
 * @param memoryMax what the bus may use, see {@link Allowance}; empty for the default.
 * @param channelLines what is set for channels, see {@link ChannelSettings}.
 */
public record BusSettings(
        int version,
        String id,
        int blockSize,
        String rollCycle,
        int rollSize,
        String memoryMax,
        Map<String, String> channelLines) {

    /** The layout this code reads and writes. */
    public static final int VERSION = 2;

    /** System property for {@link #blockSize()}, for example {@code 64m}. */
    public static final String BLOCK_SIZE_PROPERTY = "headrace.block.size";

    /** System property for {@link #rollCycle()}, for example {@code FAST_HOURLY}. */
    public static final String ROLL_CYCLE_PROPERTY = "headrace.roll.cycle";

    /** System property for {@link #rollSize()}, for example {@code 16m}. */
    public static final String ROLL_SIZE_PROPERTY = "headrace.roll.size";

    private static final int BLOCK_SIZE_DEFAULT = 64 << 20;
    private static final int ROLL_SIZE_MIN = 256 << 10;
    private static final int BLOCK_SIZE_MIN = 1 << 20;
    private static final int BLOCK_SIZE_MAX = 1 << 30;
    // Memory is given back a file at a time, so a short cycle keeps the past small.
    private static final String ROLL_CYCLE_DEFAULT = "FIVE_MINUTELY";
    private static final Map<String, RollCycle> ROLL_CYCLES = new TreeMap<>();

    static {
        ROLL_CYCLES.put("FIVE_MINUTELY", RollCycles.FIVE_MINUTELY);
        ROLL_CYCLES.put("TEN_MINUTELY", RollCycles.TEN_MINUTELY);
        ROLL_CYCLES.put("FAST_HOURLY", RollCycles.FAST_HOURLY);
        // For tests that must see a roll.
        ROLL_CYCLES.put("TEST_SECONDLY", TestRollCycles.TEST_SECONDLY);
    }

    public BusSettings {
        if (blockSize < BLOCK_SIZE_MIN
                || blockSize > BLOCK_SIZE_MAX
                || Integer.bitCount(blockSize) != 1) {
            throw badBlockSize(blockSize);
        }
        if (rollSize < ROLL_SIZE_MIN || rollSize > blockSize) {
            throw new HeadraceException(
                    "%s is %d; it takes 256k up to %s"
                            .formatted(ROLL_SIZE_PROPERTY, rollSize, BLOCK_SIZE_PROPERTY));
        }
        Allowance.check(memoryMax);
        channelLines.forEach(ChannelSettings::check);
        Setting.check(ROLL_CYCLE_PROPERTY, rollCycle, ROLL_CYCLES.keySet());
    }

    /** The settings of a new bus: system properties, else defaults. */
    static BusSettings forNewBus(String id) {
        final int blockSize = Math.toIntExact(wantedBlockSize(BLOCK_SIZE_DEFAULT));
        return new BusSettings(
                VERSION,
                id,
                blockSize,
                System.getProperty(ROLL_CYCLE_PROPERTY, ROLL_CYCLE_DEFAULT),
                Setting.count(ROLL_SIZE_PROPERTY, blockSize),
                System.getProperty(Allowance.PROPERTY, ""),
                ChannelSettings.fromSystemProperties());
    }

    /**
     * Reads and validates a bus's settings.
     *
     * @throws HeadraceException when the file is not readable, of another version, or other than
     *     this process's own system properties.
     */
    static BusSettings read(Path file) {
        final Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        } catch (final IOException | IllegalArgumentException e) {
            throw new HeadraceException("bus settings " + file + " cannot be read: " + e, e);
        }
        final int version = number(properties, "version", file);
        if (version != VERSION) {
            throw new HeadraceException(
                    "bus %s has version %d, this program reads version %d; use another --bus directory or the program that made it"
                            .formatted(file.getParent(), version, VERSION));
        }
        final int blockSize = number(properties, "block.size", file);
        final BusSettings settings =
                new BusSettings(
                        version,
                        text(properties, "id", file),
                        blockSize,
                        text(properties, "roll.cycle", file),
                        properties.containsKey("roll.size")
                                ? number(properties, "roll.size", file)
                                : blockSize,
                        properties.getProperty("memory.max", "").trim(),
                        ChannelSettings.fromFile(properties));
        settings.checkSame(
                BLOCK_SIZE_PROPERTY,
                wantedBlockSize(settings.blockSize),
                (long) settings.blockSize,
                file);
        settings.checkSame(
                ROLL_CYCLE_PROPERTY,
                System.getProperty(ROLL_CYCLE_PROPERTY, settings.rollCycle),
                settings.rollCycle,
                file);
        settings.checkSame(
                ROLL_SIZE_PROPERTY,
                Setting.count(ROLL_SIZE_PROPERTY, settings.rollSize),
                settings.rollSize,
                file);
        settings.checkSame(
                Allowance.PROPERTY,
                System.getProperty(Allowance.PROPERTY, settings.memoryMax),
                settings.memoryMax,
                file);
        return settings;
    }

    private static long wantedBlockSize(int otherwise) {
        final long wanted = Setting.size(BLOCK_SIZE_PROPERTY, otherwise);
        if (wanted < BLOCK_SIZE_MIN || wanted > BLOCK_SIZE_MAX) {
            throw badBlockSize(wanted);
        }
        return wanted;
    }

    private static HeadraceException badBlockSize(long value) {
        return new HeadraceException(
                "%s is %d; it takes a power of two from 1m to 1g"
                        .formatted(BLOCK_SIZE_PROPERTY, value));
    }

    void write(Path file) throws IOException {
        try (Writer writer = Files.newBufferedWriter(file)) {
            writer.write("# Headrace bus: every process of it validates these when it opens it.\n");
            writer.write("version=" + version + "\n");
            writer.write("id=" + id + "\n");
            writer.write("block.size=" + blockSize + "\n");
            writer.write("roll.cycle=" + rollCycle + "\n");
            writer.write("roll.size=" + rollSize + "\n");
            writer.write("memory.max=" + memoryMax + "\n");
            for (final Map.Entry<String, String> line : channelLines.entrySet()) {
                writer.write(line.getKey() + "=" + line.getValue() + "\n");
            }
        }
    }

    /** What holds for a channel. */
    public ChannelSettings channel(String name) {
        return ChannelSettings.of(channelLines, name);
    }

    /** Largest record of a lane in bytes, delivery header included. */
    public int recordLengthMax() {
        return blockSize / 4;
    }

    RollCycle chronicleRollCycle() {
        return ROLL_CYCLES.get(rollCycle);
    }

    /** Length of a roll cycle. */
    long cycleNs() {
        return chronicleRollCycle().lengthInMillis() * 1_000_000L;
    }

    private void checkSame(String property, Object wanted, Object actual, Path file) {
        if (!wanted.equals(actual)) {
            throw new HeadraceException(
                    "bus %s has %s=%s, this process was started with %s; start it with -D%s=%s or use another --bus directory"
                            .formatted(
                                    file.getParent(), property, actual, wanted, property, actual));
        }
    }

    private static String text(Properties properties, String key, Path file) {
        final String value = properties.getProperty(key);
        if (value == null || value.isBlank()) {
            throw new HeadraceException("bus settings " + file + " lack '" + key + "'");
        }
        return value.trim();
    }

    private static int number(Properties properties, String key, Path file) {
        final String value = text(properties, key, file);
        try {
            return Integer.parseInt(value);
        } catch (final NumberFormatException e) {
            throw new HeadraceException(
                    "bus settings " + file + ": '" + key + "' is '" + value + "', not a number", e);
        }
    }
}
