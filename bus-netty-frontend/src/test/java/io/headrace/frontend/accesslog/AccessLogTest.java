// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.accesslog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The lines of the access log, and what happens when their file moves or the disk is slow. */
class AccessLogTest {

    private static final long START_NS = 1_700_000_000_123_456_789L;

    @TempDir Path directory;

    private final List<Throwable> errors = new ArrayList<>();
    private long nowNs = START_NS;

    private AccessLog open(AccessFormat format) {
        return new AccessLog(file().toString(), format, () -> nowNs, errors::add);
    }

    private Path file() {
        return directory.resolve("access.log");
    }

    private static AccessEntry entry(String target, String userAgent) {
        return new AccessEntry(
                START_NS, "192.0.2.1", "GET", target, "HTTP/1.1", "h", "", userAgent);
    }

    private static boolean offer(AccessLog log, String target) {
        return log.offer(entry(target, "curl/8"), START_NS + 1_234_567, 200, 13, "");
    }

    private List<String> lines(String name) throws IOException {
        return Files.readAllLines(directory.resolve(name));
    }

    @Test
    void shouldWriteApachesCombinedFormat() throws Exception {
        final AccessLog log = open(AccessFormat.COMBINED);
        offer(log, "/a?b=c");
        log.offer(
                new AccessEntry(START_NS, "", "GET", "/", "HTTP/1.0", "", "http://r/", ""),
                START_NS,
                503,
                0,
                "no-worker");
        assertEquals(2, log.doWork());

        final List<String> lines = lines("access.log");
        assertTrue(
                lines.get(0)
                        .matches(
                                "192\\.0\\.2\\.1 - - \\[1[45]/Nov/2023:\\d\\d:\\d\\d:20 [+-]\\d{4}]"
                                        + " \"GET /a\\?b=c HTTP/1\\.1\" 200 13 \"-\" \"curl/8\""),
                lines.get(0));
        assertTrue(
                lines.get(1).startsWith("- - - [")
                        && lines.get(1).endsWith("\"GET / HTTP/1.0\" 503 - \"http://r/\" \"-\""),
                lines.get(1));
        log.onClose();
    }

    @Test
    void shouldWriteJson() throws Exception {
        final AccessLog log = open(AccessFormat.JSON);
        offer(log, "/a\"\\\u00e9\u0001");
        log.onClose();

        assertEquals(
                List.of(
                        "{\"time\":\"2023-11-14T22:13:20.123Z\",\"remote\":\"192.0.2.1\","
                                + "\"method\":\"GET\",\"target\":\"/a\\\"\\\\\\u00e9\\u0001\","
                                + "\"protocol\":\"HTTP/1.1\",\"status\":200,\"bytes\":13,"
                                + "\"durationUs\":1234,\"host\":\"h\",\"referer\":\"\","
                                + "\"userAgent\":\"curl/8\",\"reason\":\"\"}"),
                lines("access.log"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"", "\\", "\n", "\r", "\u0000", "\u007f", "\u00ff", "\u001b[2J"})
    void shouldLetNoClientForgeALine(String forged) throws Exception {
        for (final AccessFormat format : AccessFormat.values()) {
            final AccessLog log = open(format);
            log.offer(entry("/" + forged, forged), START_NS, 400, 1, "");
            log.onClose();

            final List<String> lines = lines("access.log");
            assertEquals(1, lines.size());
            assertTrue(lines.get(0).chars().allMatch(c -> c >= ' ' && c <= '~'), lines.get(0));
            final long quotes =
                    lines.get(0)
                            .replace("\\\\", "")
                            .replace("\\\"", "")
                            .chars()
                            .filter(c -> c == '"')
                            .count();
            assertEquals(format == AccessFormat.COMBINED ? 6 : 42, quotes, lines.get(0));
            Files.delete(file());
        }
    }

    @Test
    void shouldCutWhatIsTooLong() {
        final AccessEntry entry = entry("/" + "x".repeat(100_000), "y".repeat(2_048));

        assertEquals(2_048, entry.target().length());
        assertEquals(2_048, entry.userAgent().length());
    }

    @Test
    void shouldDropWhatDoesNotFitAndGoOn() throws Exception {
        final AccessLog log = open(AccessFormat.COMBINED);
        int count = 0;
        while (offer(log, "/" + count)) {
            count++;
        }
        assertEquals(8_192, count);
        assertFalse(offer(log, "/dropped"));

        while (log.doWork() > 0) {
            // It catches up.
        }
        assertTrue(offer(log, "/last"));
        log.onClose();

        final List<String> lines = lines("access.log");
        assertEquals(count + 1, lines.size());
        assertTrue(lines.get(count).contains("/last"));
    }

    @Test
    void shouldFollowAFileThatIsMovedOrDeleted() throws Exception {
        final AccessLog log = open(AccessFormat.COMBINED);
        offer(log, "/first");
        log.doWork();
        Files.move(file(), directory.resolve("access.log.1"));
        nowNs += 1_000_000_000L;
        offer(log, "/second");
        log.doWork();

        assertEquals(1, lines("access.log.1").size());
        assertTrue(lines("access.log").get(0).contains("/second"));
        Files.delete(file());
        nowNs += 1_000_000_000L;
        offer(log, "/third");
        log.onClose();
        assertTrue(lines("access.log").get(0).contains("/third"));
        assertEquals(List.of(), errors);
    }

    @Test
    void shouldOpenItsFileAgainAtOnceWhenAsked() throws Exception {
        final AccessLog log = open(AccessFormat.COMBINED);
        Files.move(file(), directory.resolve("access.log.1"));
        log.reopen();
        offer(log, "/second");
        log.onClose();

        assertEquals(0, lines("access.log.1").size());
        assertEquals(1, lines("access.log").size());
    }

    @Test
    void shouldAppendToWhatIsThere() throws Exception {
        Files.writeString(file(), "before\n");
        final AccessLog log = open(AccessFormat.COMBINED);
        offer(log, "/x");
        log.onClose();

        assertEquals(2, lines("access.log").size());
    }

    @Test
    void shouldSayThatItsFileCannotBeWrittenAndTryAgain() throws Exception {
        final AccessLog log = open(AccessFormat.COMBINED);
        Files.delete(file());
        Files.createDirectory(file());
        nowNs += 1_000_000_000L;
        offer(log, "/lost");
        log.doWork();
        assertEquals(1, errors.size());
        assertTrue(errors.get(0).getMessage().contains("access log"), errors::toString);

        Files.delete(file());
        nowNs += 1_000_000_000L;
        offer(log, "/written");
        log.onClose();
        assertTrue(lines("access.log").get(0).contains("/written"));
    }

    @Test
    void shouldRefuseAFileThatCannotBeOpenedAndAFormatThatIsNone() {
        assertThrows(
                HeadraceException.class,
                () -> new AccessLog(directory.toString(), AccessFormat.JSON, () -> 0, errors::add));
        assertThrows(HeadraceException.class, () -> AccessFormat.of("JSON"));
        assertEquals(AccessFormat.JSON, AccessFormat.of("json"));
    }
}
