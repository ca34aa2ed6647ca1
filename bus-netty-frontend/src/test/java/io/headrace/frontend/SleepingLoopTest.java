// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.bell.Bell;
import io.headrace.worker.IdleStrategies;
import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.SystemEpochNanoClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A loop that sleeps for longer than it should does, when it wakes, all that is due; and it knows
 * what it waits for.
 */
class SleepingLoopTest {

    // Of its own clock: no test takes as long by the system's, however busy the machine is.
    private static final long TIMEOUT_NS = 600_000_000_000L;
    private static final int CYCLES = 3;
    private static final int CONNECTION_COUNT = 64;
    private static final String HTTP_2_PREFACE =
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\0\0\0\4\0\0\0\0\0";
    private static final List<String> TIMEOUTS =
            List.of("headrace.response.timeout", "headrace.header.timeout");

    @TempDir Path directory;

    private Worker worker;
    private Frontend frontend;
    private FrontendLoop loop;
    private boolean answering;
    private long sleptNs;

    @BeforeEach
    void start() throws Exception {
        final Path bus = directory.resolve("bus");
        worker =
                Worker.prepare(
                        new WorkerContext()
                                .directory(bus)
                                .onHttpRequest(
                                        (channel, request, reply) -> {
                                            if (answering) {
                                                reply.send(200, "text/plain", "hello");
                                            }
                                        }));
        TIMEOUTS.forEach(timeout -> System.setProperty(timeout, TIMEOUT_NS + "ns"));
        frontend =
                Frontend.prepare(
                        new FrontendContext().directory(bus).port(0).loops(1),
                        () -> SystemEpochNanoClock.INSTANCE.nanoTime() + sleptNs);
        loop = (FrontendLoop) frontend.agents().get(1);
        loop.onStart();
        // To load the classes has taken longer, perhaps, than a heartbeat may be old.
        for (int i = 0; i < 2; i++) {
            frontend.bus().raiseLaneVersion();
            worker.agents().get(0).doWork();
            frontend.agents().get(0).doWork();
        }
        go(CYCLES);
    }

    @AfterEach
    void stop() {
        TIMEOUTS.forEach(System::clearProperty);
        frontend.close();
        worker.close();
    }

    private SocketChannel connect(String text) throws IOException {
        final SocketChannel client =
                SocketChannel.open(new InetSocketAddress("127.0.0.1", frontend.port()));
        client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
        client.configureBlocking(false);
        return client;
    }

    private void go(int cycles) throws Exception {
        for (int i = 0; i < cycles; i++) {
            loop.doWork();
        }
    }

    private static String answer(SocketChannel client) throws IOException {
        final ByteBuffer received = ByteBuffer.allocate(4_096);
        client.read(received);
        return new String(received.array(), 0, received.position(), StandardCharsets.US_ASCII);
    }

    @Test
    void shouldAnswerWhatHasWaitedTooLongMeanwhile() throws Exception {
        try (SocketChannel client = connect("GET / HTTP/1.1\r\nHost: h\r\n\r\n")) {
            go(100);
            assertEquals("", answer(client));
            sleptNs += TIMEOUT_NS;
            go(CYCLES);
            assertTrue(answer(client).startsWith("HTTP/1.1 504 "));
        }
    }

    @Test
    void shouldSendAwayAllWhoseHeadersHaveTakenTooLongMeanwhile() throws Exception {
        final List<SocketChannel> clients = new ArrayList<>();
        try {
            for (int i = 0; i < CONNECTION_COUNT; i++) {
                clients.add(connect("GET / HTTP/1.1\r\nHo"));
                go(10);
            }
            // A whole round, in which each is seen to have begun.
            for (int step = 0; step < 40; step++) {
                sleptNs += TIMEOUT_NS / 75;
                go(1);
            }
            sleptNs += TIMEOUT_NS;
            go(CYCLES);
            for (final SocketChannel client : clients) {
                assertTrue(answer(client).startsWith("HTTP/1.1 408 "));
            }
        } finally {
            for (final SocketChannel client : clients) {
                client.close();
            }
        }
    }

    @Test
    void shouldExpectAReplyFromWhenItHasAppendedUntilOneHasCome() throws Exception {
        answering = true;
        assertFalse(loop.expectsReply());
        try (SocketChannel client = connect("GET / HTTP/1.1\r\nHost: h\r\n\r\n")) {
            go(100);
            assertTrue(loop.expectsReply());
            worker.agents().get(1).doWork();
            client.write(ByteBuffer.wrap("GET / HTTP/1.1\r\nHost: h\r\n\r\n".getBytes()));
            go(1);
            assertTrue(answer(client).startsWith("HTTP/1.1 200 "));
            // The second came in the cycle that brought the first one's reply.
            assertTrue(loop.expectsReply());
            worker.agents().get(1).doWork();
            go(1);
            assertFalse(loop.expectsReply());
        }
    }

    /** Whether a sleeping loop that these bytes wake rings the reader, which sleeps. */
    private static boolean isRungAhead(
            IdleStrategy strategy, Bell bell, Bell reader, SocketChannel client, String text)
            throws IOException {
        looks(strategy, bell);
        reader.arm();
        client.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1)));
        boolean isRung = false;
        for (int i = 0; i < 20 && !isRung; i++) {
            strategy.idle(0);
            isRung = reader.await(0);
        }
        return isRung;
    }

    @Test
    void shouldRingItsWorkerAsSoonAsASocketWakesItAndNotWhileItIsAwake() throws Exception {
        try (Bus bus = Bus.openOrCreate(directory.resolve("bus"));
                Bell reader = bus.newBell(1, "http.*").orElseThrow();
                Bell bell = bus.newBell(2, "reply.none").orElseThrow();
                SocketChannel client = connect("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
                SocketChannel http2 = connect(HTTP_2_PREFACE)) {
            bus.raiseLaneVersion();
            go(100);
            assertTrue(loop.expectsReply(), "it has not appended");
            final IdleStrategy strategy =
                    loop.idleStrategy(IdleStrategies.DOORBELL, Optional.of(bell));
            assertTrue(isRungAhead(strategy, bell, reader, client, "GET / HT"));
            assertTrue(loop.doWork() > 0);
            // Of a frame's length: whatever the protocol.
            assertTrue(isRungAhead(strategy, bell, reader, http2, "\0"));
            assertFalse(isRungAhead(strategy, bell, reader, client, ""));
            client.write(ByteBuffer.wrap("TP/1.1\r\nHo".getBytes(StandardCharsets.US_ASCII)));
            go(100);
            assertFalse(reader.await(0), "it was awake");
            client.write(ByteBuffer.wrap("st: h\r\n\r\n".getBytes(StandardCharsets.US_ASCII)));
            go(100);
            assertTrue(reader.await(0));
        }
    }

    /** How often it looks until it is ready to sleep. */
    private static int looks(IdleStrategy strategy, Bell bell) {
        strategy.reset();
        int looks = 0;
        for (; !bell.isArmed(); looks++) {
            strategy.idle(0);
        }
        return looks;
    }

    @Test
    void shouldLookForTheReplyToWhatItAppendedWhileItSlept() throws Exception {
        try (Bus bus = Bus.openOrCreate(directory.resolve("bus"));
                Bell bell = bus.newBell(1, "*").orElseThrow()) {
            final IdleStrategy strategy =
                    loop.idleStrategy(IdleStrategies.DOORBELL, Optional.of(bell));
            final int looks = looks(strategy, bell);
            try (SocketChannel client = connect("")) {
                go(100);
                client.write(ByteBuffer.wrap("GET / HTTP/1.1\r\nHost: h\r\n\r\n".getBytes()));
                while (!loop.expectsReply()) {
                    strategy.idle(0);
                }
                assertTrue(loop.doWork() > 0, "to have read it is work");
                assertEquals(0, loop.doWork());
                assertTrue(looks(strategy, bell) > looks);
                assertEquals("", answer(client));
            }
        }
    }
}
