// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the tests that print figures have in common: processes that run as in earnest, and what is
 * known of their memory. They run with {@code -Dheadrace.figures=true} only.
 */
final class Figures {

    static final String PROPERTY = "headrace.figures";

    /** Takes back what the processes of tests are started with. */
    static final List<String> FLAGS =
            List.of(
                    "-XX:TieredStopAtLevel=4",
                    "-XX:NativeMemoryTracking=summary",
                    "-Dio.netty.leakDetection.level=disabled");

    private static final Pattern USED = Pattern.compile("generation.* used (\\d+)K");
    private static final Pattern OTHER =
            Pattern.compile("Other \\(reserved=\\d+KB, committed=(\\d+)");

    private Figures() {}

    static List<String> with(String... args) {
        final List<String> all = new ArrayList<>(FLAGS);
        all.addAll(List.of(args));
        return all;
    }

    /** Memory of a process that no file backs, in KiB. */
    static long anonymousKb(HeadraceProcess process) {
        try {
            return Files.readAllLines(Path.of("/proc", "" + process.pid(), "status")).stream()
                    .filter(line -> line.startsWith("RssAnon:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What objects take in a heap, garbage left out, in KiB. */
    static long heapKb(HeadraceProcess process) {
        jcmd(process, "GC.run");
        return sum(USED, jcmd(process, "GC.heap_info"));
    }

    /** What buffers take outside of the heap, in KiB. */
    static long directKb(HeadraceProcess process) {
        return sum(OTHER, jcmd(process, "VM.native_memory", "summary"));
    }

    private static long sum(Pattern pattern, String text) {
        final Matcher matcher = pattern.matcher(text);
        long sum = 0;
        while (matcher.find()) {
            sum += Long.parseLong(matcher.group(1));
        }
        return sum;
    }

    /** Asks a JVM about itself. */
    static String jcmd(HeadraceProcess process, String... command) {
        final List<String> all = new ArrayList<>();
        all.add(Path.of(System.getProperty("java.home"), "bin", "jcmd").toString());
        all.add("" + process.pid());
        all.addAll(List.of(command));
        try {
            final Process jcmd = new ProcessBuilder(all).redirectErrorStream(true).start();
            final String output =
                    new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertEquals(0, jcmd.waitFor(), output);
            return output;
        } catch (final IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
