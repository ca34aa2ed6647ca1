// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.limit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.frontend.testing.RawConnection;
import io.headrace.frontend.testing.RunningFrontend;
import io.netty.util.internal.PlatformDependent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two thousand slow connections, and another client's latency beside them. For a quiet machine:
 * {@code -Dheadrace.long=true}.
 */
@EnabledIfSystemProperty(named = "headrace.long", matches = "true")
class SlowAttackTest {

    private static final int CONNECTION_COUNT = 2_000;
    private static final int REQUEST_COUNT = 4_000;
    private static final int ROUND_COUNT = 3;
    private static final int ANSWER_LENGTH = 1_000_000;

    /** How a connection is slow: what it says at first, and then now and again. */
    enum Attack {
        HEADERS(c -> c.send("GET / HTTP/1.1\r\nHost: h\r\n"), c -> c.send("X: y\r\n")),
        BODY(
                c ->
                        c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n")
                                .send(new byte[100_000]),
                c -> c.send(new byte[1])),
        READ(c -> c.get("/?length=" + ANSWER_LENGTH), c -> c.tryRead(1)),
        SILENCE(c -> {}, c -> {});

        private final Consumer<RawConnection> begin;
        private final Consumer<RawConnection> go;

        Attack(Consumer<RawConnection> begin, Consumer<RawConnection> go) {
            this.begin = begin;
            this.go = go;
        }
    }

    private static RunningFrontend running;

    @BeforeAll
    static void start() {
        running =
                RunningFrontend.start(
                        Map.of(),
                        worker ->
                                worker.onHttpRequest(
                                        (channel, request, reply) ->
                                                reply.send(
                                                        200,
                                                        "text/plain",
                                                        "x"
                                                                .repeat(
                                                                        Integer.parseInt(
                                                                                request.query()
                                                                                        .value(
                                                                                                "length",
                                                                                                "2"))))));
    }

    @AfterAll
    static void stop() {
        final List<String> errors = running.errors();
        running.close();
        assertEquals(List.of(), errors);
    }

    /** p99 of another client's requests, in microseconds. */
    private static long p99Us() {
        final long[] latencies = new long[REQUEST_COUNT];
        try (RawConnection client = running.connect()) {
            for (int i = 0; i < REQUEST_COUNT; i++) {
                final long startNs = System.nanoTime();
                assertEquals("xx", client.get("/").answer().body());
                latencies[i] = System.nanoTime() - startNs;
            }
        }
        Arrays.sort(latencies);
        return latencies[REQUEST_COUNT * 99 / 100] / 1_000;
    }

    private static long underAttack(Attack attack) throws InterruptedException {
        final List<RawConnection> attackers = new ArrayList<>();
        final AtomicBoolean stopped = new AtomicBoolean();
        final Thread attacker =
                new Thread(
                        () -> {
                            while (!stopped.get()) {
                                for (int i = 0; i < attackers.size() && !stopped.get(); i++) {
                                    attack.go.accept(attackers.get(i));
                                    LockSupport.parkNanos(500_000L);
                                }
                            }
                        });
        try {
            for (int i = 0; i < CONNECTION_COUNT; i++) {
                final RawConnection connection =
                        new RawConnection(running.frontend().port(), 4_096);
                attackers.add(connection);
                attack.begin.accept(connection);
            }
            attacker.start();
            return p99Us();
        } finally {
            stopped.set(true);
            attacker.join();
            attackers.forEach(RawConnection::close);
        }
    }

    @ParameterizedTest
    @EnumSource(Attack.class)
    void shouldLeaveAnotherClientsLatencyWithinTwiceItsOwn(Attack attack) throws Exception {
        p99Us();
        final double[] ratios = new double[ROUND_COUNT];
        for (int round = 0; round < ROUND_COUNT; round++) {
            final long quietUs = p99Us();
            final long attackedUs = underAttack(attack);
            ratios[round] = (double) attackedUs / quietUs;
            System.out.printf(
                    "%s: p99 %d us alone, %d us beside %d connections; direct memory %d MiB, closed %d, refused %d%n",
                    attack,
                    quietUs,
                    attackedUs,
                    CONNECTION_COUNT,
                    PlatformDependent.usedDirectMemory() >> 20,
                    running.counter("closed memory-high")
                            + running.counter("closed slow-reader")
                            + running.counter("closed outbound-full"),
                    running.counter("408 headers-too-slow") + running.counter("408 body-too-slow"));
        }
        Arrays.sort(ratios);
        assertTrue(ratios[ROUND_COUNT / 2] <= 2, () -> Arrays.toString(ratios));
    }
}
