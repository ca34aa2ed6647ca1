// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.machine;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.openhft.posix.ClockId;
import net.openhft.posix.PosixAPI;

/**
 * CPU time of some processes since it was started, to the nanosecond: what the scheduler counts for
 * each thread ({@code /proc/PID/task/TID/schedstat}). {@code /proc/PID/stat} counts in clock ticks
 * of 10 ms, of which a request at 200 a second takes a two-hundredth.
 */
public final class CpuMeter {

    private final List<Long> pids;
    private Map<Path, Long> before;

    private CpuMeter(List<Long> pids) {
        this.pids = pids;
        this.before = read(pids);
    }

    /** Starts to count. */
    public static CpuMeter start(List<Long> pids) {
        return new CpuMeter(List.copyOf(pids));
    }

    /**
     * Nanoseconds of CPU since the start; NaN where the system does not tell. A thread that has
     * ended in between is not counted: that is one of the JVM's compilers, if any.
     */
    public double usedNs() {
        final Map<Path, Long> after = read(pids);
        if (after.isEmpty()) {
            return Double.NaN;
        }
        long usedNs = 0;
        for (final Map.Entry<Path, Long> thread : after.entrySet()) {
            usedNs += thread.getValue() - before.getOrDefault(thread.getKey(), 0L);
        }
        return usedNs;
    }

    /** CPU time of this process since its start, with that of threads that have ended. */
    public static long ownNs() {
        return PosixAPI.posix().clock_gettime(ClockId.CLOCK_PROCESS_CPUTIME_ID);
    }

    private static Map<Path, Long> read(List<Long> pids) {
        final Map<Path, Long> byThread = new HashMap<>();
        for (final long pid : pids) {
            try (DirectoryStream<Path> threads =
                    Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
                for (final Path thread : threads) {
                    readThread(thread, byThread);
                }
            } catch (final IOException endedOrNotLinux) {
                // No threads, no time.
            }
        }
        return byThread;
    }

    private static void readThread(Path thread, Map<Path, Long> byThread) {
        try {
            final String line = Files.readString(thread.resolve("schedstat"));
            byThread.put(thread, Long.parseLong(line.substring(0, line.indexOf(' '))));
        } catch (final IOException ended) {
            // Between the listing and now.
        }
    }
}
