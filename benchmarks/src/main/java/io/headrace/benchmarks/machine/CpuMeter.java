// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.machine;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import net.openhft.posix.ClockId;
import net.openhft.posix.PosixAPI;

/**
 * CPU time of some processes since it was started, to the nanosecond: what the scheduler counts for
 * each thread ({@code /proc/PID/task/TID/schedstat}). {@code /proc/PID/stat} counts in clock ticks
 * of 10 ms, of which a request at 200 a second takes a two-hundredth.
 */
public final class CpuMeter {

    private static final Pattern COMPILER = Pattern.compile("C[12] Compiler");

    private final List<Long> pids;
    private final Predicate<Path> threads;
    private final Map<Path, Long> before;

    private CpuMeter(List<Long> pids, Predicate<Path> threads) {
        this.pids = pids;
        this.threads = threads;
        this.before = read();
    }

    /** Starts to count. */
    public static CpuMeter start(List<Long> pids) {
        return new CpuMeter(List.copyOf(pids), thread -> true);
    }

    /** Starts to count what the JVMs' compilers take, and nobody else. */
    public static CpuMeter startCompilers(List<Long> pids) {
        return new CpuMeter(List.copyOf(pids), CpuMeter::isCompiler);
    }

    private static boolean isCompiler(Path thread) {
        try {
            return COMPILER.matcher(Files.readString(thread.resolve("comm"))).lookingAt();
        } catch (final IOException ended) {
            return false;
        }
    }

    /**
     * Nanoseconds of CPU since the start; NaN where the system does not tell. A thread that has
     * ended in between is not counted: that is one of the JVM's compilers, if any.
     */
    public double usedNs() {
        final Map<Path, Long> after = read();
        if (after.isEmpty() && before.isEmpty()) {
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

    private Map<Path, Long> read() {
        final Map<Path, Long> byThread = new HashMap<>();
        for (final long pid : pids) {
            try (DirectoryStream<Path> all =
                    Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"), threads::test)) {
                for (final Path thread : all) {
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
