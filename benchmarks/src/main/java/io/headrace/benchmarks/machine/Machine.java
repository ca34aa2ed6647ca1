// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.machine;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The machine and the JVM that figures belong to, and what is wrong with them. */
public final class Machine {

    private static final Path MEMORY = Path.of("/dev/shm");
    private static final long MEMORY_MIN = 6L << 30;

    private Machine() {}

    /** Flags for another JVM like this one: its own, and what Chronicle and Agrona need of any. */
    public static List<String> jvmFlags() {
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

    /** Machine, cores, interruptions, kernel, JDK, flags and commit. */
    public static Map<String, String> facts(Interruptions interruptions) {
        final Map<String, String> facts = new LinkedHashMap<>();
        facts.put("machine", field(Path.of("/proc/cpuinfo"), "model name"));
        facts.put("cores", Integer.toString(cores()));
        facts.put("interruptions", interruptions.toString());
        facts.put("kernel", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        facts.put("jdk", System.getProperty("java.vm.name") + " " + Runtime.version());
        facts.put(
                "flags",
                String.join(" ", ManagementFactory.getRuntimeMXBean().getInputArguments()));
        facts.put("commit", commit());
        return facts;
    }

    public static int cores() {
        return Runtime.getRuntime().availableProcessors();
    }

    /** What is wrong with the machine itself, whatever is measured. */
    public static List<String> warnings() {
        final List<String> warnings = new ArrayList<>();
        if (!Files.isDirectory(MEMORY)) {
            warnings.add("no /dev/shm: the bus is on a disk");
        } else {
            final long free = MEMORY.toFile().getUsableSpace();
            if (free < MEMORY_MIN) {
                warnings.add("%d MB free in /dev/shm: needs 6 GB".formatted(free >> 20));
            }
        }
        return warnings;
    }

    /**
     * How often this thread lost its core to others since it began; 0 where the system does not
     * tell.
     */
    public static long preemptionCount() {
        final String count =
                field(Path.of("/proc/thread-self/status"), "nonvoluntary_ctxt_switches");
        return count.matches("\\d+") ? Long.parseLong(count) : 0;
    }

    /**
     * A number of {@code /proc/PID/status} in KiB, as bytes; NaN where the system does not tell.
     */
    public static double statusBytes(long pid, String name) {
        final String value = field(Path.of("/proc/" + pid + "/status"), name + ":");
        return value.endsWith(" kB")
                ? 1024.0 * Long.parseLong(value.substring(0, value.length() - 3).strip())
                : Double.NaN;
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
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .directory(Path.of(System.getProperty("headrace.root", ".")).toFile())
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
