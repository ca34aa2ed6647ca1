// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.member.Member;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A client that takes 16 KB a second of what its worker sends as fast as it may: {@code
 * -Dheadrace.figures=true}. Memory stays as it was, others are served, and where the client is
 * slower than it has to be it is sent away and its worker is told.
 */
@EnabledIfSystemProperty(named = Figures.PROPERTY, matches = "true")
class SlowReaderFigureTest {

    private static final int BYTES_PER_STEP = 1_600;
    private static final long STEP_NS = 100_000_000L;
    private static final int STEP_COUNT = 250;
    private static final long WARM_UP_BYTES = 256L << 20;
    // The JVM's compiler takes 28 MB for a moment when it pleases; nothing else grows.
    private static final int GROWTH_KB_MAX = 32 << 10;
    private static final String TARGET = "/download?bytes=1000000000000";

    // What waits may be less than a stream's window, so that a rate is asked for at all.
    @RegisterExtension
    final RunningBus bus =
            new RunningBus(
                    it ->
                            it.frontEndAndWorker(
                                    Figures.with(
                                            "-Xmx256m",
                                            "-Dheadrace.outbound.max=64k",
                                            "-Dheadrace.outbound.rate.min=8k"),
                                    Figures.with("-Xmx256m", "--app", "demo")
                                            .toArray(String[]::new)));

    private final List<Long> before = new ArrayList<>();
    private final List<Long> largest = new ArrayList<>();
    private int servedCount;

    @AfterEach
    void shouldKeepNoErrors() {
        assertEquals(List.of(), bus.errors(Member.Kind.FRONT_END));
        bus.shouldExplainEveryMessage();
    }

    private SocketChannel ask() throws IOException {
        final SocketChannel client = SocketChannel.open();
        client.setOption(StandardSocketOptions.SO_RCVBUF, 8 << 10);
        client.connect(new InetSocketAddress("127.0.0.1", bus.port()));
        client.write(
                ByteBuffer.wrap(
                        HttpConnection.head("GET " + TARGET + " HTTP/1.1")
                                .getBytes(StandardCharsets.US_ASCII)));
        return client;
    }

    /** Takes so much a step; false when it was sent away. */
    private boolean take(SocketChannel client, int bytesPerStep, int stepCount) {
        final ByteBuffer target = ByteBuffer.allocate(bytesPerStep);
        final long startNs = System.nanoTime();
        for (int step = 0; step < stepCount; step++) {
            SlowAttackers.awaitTime(startNs + step * STEP_NS);
            target.clear();
            try {
                while (target.hasRemaining()) {
                    if (client.read(target) < 0) {
                        return false;
                    }
                }
            } catch (final IOException reset) {
                return false;
            }
            bus.shouldStillServe();
            servedCount++;
            for (int i = 0; i < bus.processes().size(); i++) {
                final long now = Figures.anonymousKb(bus.processes().get(i));
                largest.set(i, Math.max(largest.get(i), now));
            }
        }
        return true;
    }

    /**
     * The same as fast as it goes: what is compiled and allocated once is there before it counts.
     */
    private void warmUp() {
        try (SocketChannel other = ask()) {
            for (int i = 0; i < 2_000; i++) {
                bus.shouldStillServe();
            }
            final ByteBuffer target = ByteBuffer.allocate(1 << 20);
            for (long rest = WARM_UP_BYTES; rest > 0; rest -= target.position()) {
                assertTrue(other.read(target.clear()) > 0, "it was sent away");
            }
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
        bus.processes().forEach(process -> before.add(Figures.anonymousKb(process)));
        largest.addAll(before);
    }

    private void print(String how) {
        System.out.printf(
                "slow reader, %s: RssAnon of front end %d -> %d KiB, of worker %d -> %d KiB; %d"
                        + " requests of others served meanwhile%n",
                how, before.get(0), largest.get(0), before.get(1), largest.get(1), servedCount);
        for (int i = 0; i < before.size(); i++) {
            assertTrue(
                    largest.get(i) - before.get(i) <= GROWTH_KB_MAX,
                    "from " + before + " to " + largest + " KiB");
        }
    }

    @Test
    void shouldKeepASlowClientInMemoryThatDoesNotGrow() throws IOException {
        warmUp();
        try (SocketChannel client = ask()) {
            assertTrue(take(client, BYTES_PER_STEP, STEP_COUNT), "it was sent away");
        }
        print("16 KB/s where 8 are asked for");
        assertEquals(0, bus.counter("closed slow-reader"));
    }

    @Test
    void shouldSendAClientAwayThatIsSlowerThanItHasToBe() throws IOException {
        warmUp();
        try (SocketChannel client = ask()) {
            for (boolean stays = true; stays && bus.counter("closed slow-reader") == 0; ) {
                stays = take(client, BYTES_PER_STEP / 8, 10);
            }
            assertEquals(1, bus.counter("closed slow-reader"));
            final ByteBuffer rest = ByteBuffer.allocate(1 << 20);
            for (int length = 0; length >= 0; length = tryRead(client, rest)) {
                // What the system had taken for it already.
                rest.clear();
            }
        }
        print("2 KB/s where 8 are asked for, sent away as slow-reader");
        // The other one is of the warm-up.
        Await.until(
                "two workers that are told",
                () ->
                        bus.lanes().about(TARGET, "http.disconnect").stream()
                                        .filter(seen -> seen.fate().equals("done"))
                                        .count()
                                == 2);
    }

    private static int tryRead(SocketChannel client, ByteBuffer target) {
        try {
            return client.read(target);
        } catch (final IOException reset) {
            return -1;
        }
    }
}
