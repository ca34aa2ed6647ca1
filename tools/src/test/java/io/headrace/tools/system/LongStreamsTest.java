// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A download and an upload that are longer than the bus may hold, in memory that does not grow.
 * {@code -Dheadrace.stream.bytes=4294967296} makes them as long as you like.
 */
class LongStreamsTest {

    private static final long BYTES = Long.getLong("headrace.stream.bytes", 384L << 20);
    private static final long WARM_UP_BYTES = 96L << 20;
    private static final int GROWTH_KB_MAX = 32 << 10;
    private static final int BLOCK = 256 << 10;

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it ->
                            it.frontEndAndWorker(
                                    List.of(
                                            "-Dheadrace.upload.paths=/upload",
                                            "-Dheadrace.memory.max=160m",
                                            "-Dheadrace.roll.size=16m"),
                                    "-Dheadrace.memory.max=160m",
                                    "-Dheadrace.roll.size=16m",
                                    "--app",
                                    "demo"));

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    /** What came before may have left no memory, until the janitor's next look. */
    private static void awaitMemory(HttpConnection client) {
        Await.until("an answer", () -> client.get("/hello").text().equals("Hello, World!"));
    }

    private static void download(long length) {
        try (HttpConnection client = bus.connect()) {
            awaitMemory(client);
            client.request("GET /download?bytes=" + length + " HTTP/1.1");
            final HttpAnswer head = client.answerHead();
            assertEquals(200, head.status());
            assertEquals("" + length, head.header("content-length").orElseThrow());
            for (long left = length; left > 0; left -= BLOCK) {
                client.read((int) Math.min(left, BLOCK));
            }
            // The connection goes on.
            awaitMemory(client);
        }
    }

    private static void upload(long length) {
        try (HttpConnection client = bus.connect()) {
            awaitMemory(client);
            client.send(HttpConnection.head("POST /upload HTTP/1.1", "Content-Length: " + length));
            final byte[] block = new byte[BLOCK];
            for (long left = length; left > 0; left -= BLOCK) {
                client.send(block);
            }
            final String answer = client.answer().text();
            assertTrue(answer.startsWith("{\"bytes\":" + length + ","), answer);
        }
    }

    /** Memory of each process that no file backs, in KiB. */
    private static List<Long> anonymousKb() {
        return bus.processes().stream()
                .filter(HeadraceProcess::isAlive)
                .map(process -> anonymousKb(process.pid()))
                .toList();
    }

    private static long anonymousKb(long pid) {
        try {
            return Files.readAllLines(Path.of("/proc", "" + pid, "status")).stream()
                    .filter(line -> line.startsWith("RssAnon:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElseThrow();
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void shouldStreamMoreThanTheBusMayHoldInMemoryThatDoesNotGrow() {
        download(WARM_UP_BYTES);
        upload(WARM_UP_BYTES);
        final List<Long> before = anonymousKb();
        download(BYTES);
        upload(BYTES);
        final List<Long> after = anonymousKb();
        for (int i = 0; i < before.size(); i++) {
            assertTrue(
                    after.get(i) - before.get(i) <= GROWTH_KB_MAX,
                    "from " + before + " to " + after + " KiB");
        }
    }
}
