// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.page;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.SystemUtil;

/**
 * How much memory a bus may use ({@code headrace.memory.max}), and how much of that is used:
 *
 * <ul>
 *   <li>a size such as {@code 512m} is what the files of its lanes may have;
 *   <li>{@code 60%} is how full its file system may be, whoever fills it;
 *   <li>without a setting, and beside a size, the file system may be filled to 80 %, or up to the
 *       last 1 GiB where that is less.
 * </ul>
 */
public final class Allowance {

    /** System property, and {@code memory.max} in the settings of the bus. */
    public static final String PROPERTY = "headrace.memory.max";

    /** There is enough. */
    public static final int OK = 0;

    /** Three quarters are used: the past is given up. */
    public static final int TIGHT = 1;

    /** All is used: nothing more is taken from clients. */
    public static final int HIGH = 2;

    private static final long RESERVE_MAX = 1L << 30;
    private static final long SIZE_MIN = 1L << 20;

    private final Path directory;
    private final FileStore store;
    private final long total;
    private final long usableMin;
    private final long bytesMax;

    /**
     * @param directory of the bus.
     * @param setting a size, a percentage, or nothing.
     */
    public Allowance(Path directory, String setting) {
        this.directory = directory;
        try {
            store = Files.getFileStore(directory);
            total = store.getTotalSpace();
        } catch (final IOException e) {
            throw unknown(e);
        }
        final int percent = percent(setting);
        usableMin = percent > 0 ? total / 100 * (100 - percent) : Math.min(total / 5, RESERVE_MAX);
        bytesMax = setting.isEmpty() || percent > 0 ? Long.MAX_VALUE : size(setting);
    }

    /** Whether only a size is set, so that {@link #level} asks what lanes have. */
    public boolean isSize() {
        return bytesMax != Long.MAX_VALUE;
    }

    /**
     * How much may be got ahead for one lane: little of what many may have, and at most twice what
     * the fastest writers fill while a page agent sleeps.
     */
    public long aheadMax() {
        return Math.min(Math.min(bytesMax, total - usableMin) / 64, 32 << 20);
    }

    /**
     * How much is used at this moment: {@link #OK}, {@link #TIGHT} or {@link #HIGH}.
     *
     * @param bytes that the lanes have; of interest to a size only.
     */
    public int level(long bytes) {
        final long usable;
        try {
            usable = store.getUsableSpace();
        } catch (final IOException e) {
            throw unknown(e);
        }
        if (usable < usableMin || bytes > bytesMax) {
            return HIGH;
        }
        final boolean isTight =
                usable - usableMin < (total - usableMin) / 4 || bytes > bytesMax / 4 * 3;
        return isTight ? TIGHT : OK;
    }

    /**
     * Refuses a setting that is none.
     *
     * @throws HeadraceException that says what it takes.
     */
    public static void check(String setting) {
        try {
            if (!setting.isEmpty() && percent(setting) == 0 && size(setting) < SIZE_MIN) {
                throw new NumberFormatException(setting);
            }
        } catch (final NumberFormatException e) {
            throw new HeadraceException(
                    "%s is '%s'; it takes 1m and more, or 1%% to 99%%".formatted(PROPERTY, setting),
                    e);
        }
    }

    /** Per cent of the file system, or 0 when it is none. */
    private static int percent(String setting) {
        if (!setting.endsWith("%")) {
            return 0;
        }
        final int percent = Integer.parseInt(setting.substring(0, setting.length() - 1));
        if (percent < 1 || percent > 99) {
            throw new NumberFormatException(setting);
        }
        return percent;
    }

    private static long size(String setting) {
        return SystemUtil.parseSize(PROPERTY, setting);
    }

    private HeadraceException unknown(IOException e) {
        return new HeadraceException("bus " + directory + " has no free space to be seen: " + e, e);
    }
}
