// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The machine and the JVM that figures belong to, and what is wrong with them. */
final class Machine {

    /** A load above this means that others use the machine. */
    private static final double LOAD_MAX = 0.5;

    private Machine() {}

    /** Flags for another JVM like this one: its own, and what Chronicle and Agrona need of any. */
    static List<String> jvmFlags() {
        final List<String> flags =
                new ArrayList<>(
                        List.of(
                                "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
                                "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED",
                                "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                                "--add-exports=java.base/jdk.internal.misc=ALL-UNNAMED",
                                "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
                                "-Dchronicle.analytics.disable=true",
                                "-Dchronicle.announcer.disable=true"));
        if (Runtime.version().feature() >= 24) {
            flags.add("--enable-native-access=ALL-UNNAMED");
            flags.add("--sun-misc-unsafe-memory-access=allow");
        }
        flags.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        return flags;
    }

    /**
     * Machine, kernel, JDK, flags and commit, one line each, and a warning for each thing that
     * makes figures worse than the code.
     *
     * @param coreCount that are busy all the time.
     */
    static String describe(int coreCount) {
        final int cores = Runtime.getRuntime().availableProcessors();
        final String model = field(Path.of("/proc/cpuinfo"), "model name");
        final double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
        final List<String> lines = new ArrayList<>();
        lines.add("machine: " + model + ", " + cores + " cores");
        lines.add(
                "kernel: "
                        + System.getProperty("os.name")
                        + " "
                        + System.getProperty("os.version"));
        lines.add("jdk: " + System.getProperty("java.vm.name") + " " + Runtime.version());
        lines.add("flags: " + ManagementFactory.getRuntimeMXBean().getInputArguments());
        lines.add("commit: " + commit());
        if (cores < coreCount) {
            lines.add("WARNING: needs %d cores: figures mean nothing".formatted(coreCount));
        } else if (cores < coreCount + 2) {
            lines.add("WARNING: kernel and compiler have no core of their own beside " + coreCount);
        }
        if (load > LOAD_MAX) {
            lines.add(
                    "WARNING: load %.1f: figures are preliminary if others are at work"
                            .formatted(load));
        }
        if (!Files.isDirectory(Path.of("/dev/shm"))) {
            lines.add("WARNING: no /dev/shm: files are on a disk");
        }
        return String.join("\n", lines) + "\n";
    }

    /**
     * How often this thread lost its core to others since it began; 0 where the system does not
     * tell.
     */
    static long preemptionCount() {
        final String count =
                field(Path.of("/proc/thread-self/status"), "nonvoluntary_ctxt_switches");
        return count.matches("\\d+") ? Long.parseLong(count) : 0;
    }

    private static String field(Path file, String name) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(name))
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .findFirst()
                    .orElse("unknown");
        } catch (final IOException notLinux) {
            return "unknown";
        }
    }

    private static String commit() {
        try {
            final Process git =
                    new ProcessBuilder("git", "describe", "--always", "--dirty", "--exclude=*")
                            .start();
            final byte[] commit = git.getInputStream().readAllBytes();
            return commit.length == 0
                    ? "unknown"
                    : new String(commit, StandardCharsets.US_ASCII).strip();
        } catch (final IOException noGit) {
            return "unknown";
        }
    }
}
