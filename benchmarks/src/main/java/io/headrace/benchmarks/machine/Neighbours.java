// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Who else used the CPU while the benchmark ran: all that the system was busy with, but for this
 * process and its children, and what the host of a virtual machine took for itself.
 */
public final class Neighbours {

    private static final Path SYSTEM = Path.of("/proc/stat");
    private static final Path SELF = Path.of("/proc/self/stat");
    private static final int STEAL = 7;
    private static final double TICKS_PER_SECOND = 100;

    private final long startNs = System.nanoTime();
    private final long[] systemTicks = systemTicks();
    private final long ownTicks = ownTicks(SELF);

    /**
     * Share of one core that others used since this was made; NaN where the system does not tell.
     * Counts right only while no child of this process runs: those that have ended count as its
     * own.
     */
    public double othersShare() {
        final long[] now = systemTicks();
        long busy = ownTicks - ownTicks(SELF);
        for (int i = 0; i < now.length; i++) {
            // User, nice, system; idle, waiting for disks; interrupts; steal comes after them.
            if (i < 3 || i == 5 || i == 6) {
                busy += now[i] - systemTicks[i];
            }
        }
        return now.length == 0 ? Double.NaN : busy / ticks();
    }

    /** Share of one core that the host did not give though it was wanted. */
    public double stolenShare() {
        final long[] now = systemTicks();
        return now.length <= STEAL ? Double.NaN : (now[STEAL] - systemTicks[STEAL]) / ticks();
    }

    private double ticks() {
        return (System.nanoTime() - startNs) * TICKS_PER_SECOND / 1e9;
    }

    private static long[] systemTicks() {
        try {
            final String line = Files.readAllLines(SYSTEM).get(0);
            return Arrays.stream(line.split(" +")).skip(1).mapToLong(Long::parseLong).toArray();
        } catch (final IOException notLinux) {
            return new long[0];
        }
    }

    /** Times of the process and of its children that have ended: fields 14 to 17 of proc(5). */
    private static long ownTicks(Path stat) {
        try {
            final String line = Files.readString(stat);
            final String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ");
            long ticks = 0;
            for (int i = 11; i <= 14; i++) {
                ticks += Long.parseLong(fields[i]);
            }
            return ticks;
        } catch (final IOException notLinux) {
            return 0;
        }
    }
}
