// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.member.Member;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Clients that ask at a fixed rate, alone and beside {@link SlowAttackers} by turns: {@code
 * -Dheadrace.figures=true}, for a quiet machine.
 */
@EnabledIfSystemProperty(named = Figures.PROPERTY, matches = "true")
class SlowAttackFigureTest {

    private static final int ROUND_COUNT = Integer.getInteger("headrace.figures.rounds", 4);
    private static final int ATTACKER_COUNT = 2_000;
    private static final int CLIENT_COUNT = 8;
    private static final int REQUESTS_PER_SECOND = 500;
    private static final int SECONDS = 15;

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it ->
                            it.frontEndAndWorker(
                                    Figures.with("-Xmx1g"),
                                    Figures.with("--app", "demo").toArray(String[]::new)));

    /** Latencies in ns, each from when its request was due, so that a late answer delays none. */
    private static long[] latencies(HttpConnection client, long startNs) {
        final long periodNs = 1_000_000_000L * CLIENT_COUNT / REQUESTS_PER_SECOND;
        final long[] latencies = new long[REQUESTS_PER_SECOND * SECONDS / CLIENT_COUNT];
        for (int i = 0; i < latencies.length; i++) {
            final long dueNs = startNs + i * periodNs;
            SlowAttackers.awaitTime(dueNs);
            assertEquals("Hello, World!", client.get("/hello").text());
            latencies[i] = System.nanoTime() - dueNs;
        }
        return latencies;
    }

    private static long[] measure() throws Exception {
        final ExecutorService threads = Executors.newFixedThreadPool(CLIENT_COUNT);
        final long startNs = System.nanoTime();
        try {
            final List<Future<long[]>> clients =
                    IntStream.range(0, CLIENT_COUNT)
                            .mapToObj(
                                    client ->
                                            threads.submit(
                                                    () -> {
                                                        try (HttpConnection connection =
                                                                bus.connect()) {
                                                            return latencies(
                                                                    connection,
                                                                    startNs + client * 2_000_000L);
                                                        }
                                                    }))
                            .toList();
            LongStream all = LongStream.empty();
            for (final Future<long[]> client : clients) {
                all = LongStream.concat(all, Arrays.stream(client.get()));
            }
            return all.sorted().toArray();
        } finally {
            threads.shutdownNow();
        }
    }

    private static long us(long[] latencies, double quantile) {
        return latencies[(int) (latencies.length * quantile)] / 1_000;
    }

    private static long closed() {
        return bus.counter("408 headers-too-slow")
                + bus.counter("408 body-too-slow")
                + bus.counter("closed slow-reader")
                + bus.counter("closed outbound-full")
                + bus.counter("closed memory-high")
                + bus.counter("closed idle");
    }

    @Test
    void shouldServeOtherClientsAndSendTheSlowAway() throws Exception {
        // Of code that is compiled: in its first minute a process compiles for half of the time.
        measure();
        try (SlowAttackers attackers = new SlowAttackers(bus.port(), ATTACKER_COUNT)) {
            measure();
        }
        Await.until("the end of the first", () -> bus.counter(" connections") == 0);
        final long[] alone = new long[ROUND_COUNT];
        final long[] attacked = new long[ROUND_COUNT];
        for (int i = 0; i < ROUND_COUNT; i++) {
            alone[i] = us(measure(), 0.99);
            final long[] beside;
            try (SlowAttackers attackers = new SlowAttackers(bus.port(), ATTACKER_COUNT)) {
                beside = measure();
                attackers.stop();
                System.out.printf(
                        "slow attack, round %d: p99 %d us alone, p50 %d p99 %d max %d us beside"
                                + " %d connections; %s; counted as closed %d%n",
                        i + 1,
                        alone[i],
                        us(beside, 0.5),
                        us(beside, 0.99),
                        beside[beside.length - 1] / 1_000,
                        ATTACKER_COUNT,
                        attackers,
                        closed());
            }
            attacked[i] = us(beside, 0.99);
            Await.until("the end of all connections", () -> bus.counter(" connections") == 0);
        }
        Arrays.sort(alone);
        Arrays.sort(attacked);
        final double ratio = (double) attacked[ROUND_COUNT / 2] / alone[ROUND_COUNT / 2];
        System.out.printf(
                "slow attack: p99 %d us alone %s, %d us beside %d slow connections %s, ratio"
                        + " %.2f, which is to be 2%n",
                alone[ROUND_COUNT / 2],
                Arrays.toString(alone),
                attacked[ROUND_COUNT / 2],
                ATTACKER_COUNT,
                Arrays.toString(attacked),
                ratio);
        assertEquals(List.of(), bus.errors(Member.Kind.FRONT_END));
        assertTrue(closed() > 0, "nobody was sent away");
    }
}
