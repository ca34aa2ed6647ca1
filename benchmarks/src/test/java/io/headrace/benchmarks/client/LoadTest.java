// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.client;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.benchmarks.harness.Command;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the client says of a server that stalls, or answers wrongly. */
class LoadTest {

    private static final String ANSWER =
            "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!";
    private static final long STALL_MS = 300;

    private final Load load = new Load();
    private ServerSocket server;
    private volatile int stallAt = -1;
    private volatile int lieAt = -1;

    /** Serves one connection after the other, a request at a time. */
    @BeforeEach
    void startServer() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        final Thread thread = new Thread(this::serve, "server");
        thread.setDaemon(true);
        thread.start();
    }

    private void serve() {
        try (Socket socket = server.accept()) {
            socket.setTcpNoDelay(true);
            final InputStream in = socket.getInputStream();
            final int length = Wire.SMALL_REQUEST.readableBytes();
            for (int i = 0; in.readNBytes(length).length == length; i++) {
                if (i == stallAt) {
                    LockSupport.parkNanos(STALL_MS * 1_000_000);
                }
                final String answer = i == lieAt ? ANSWER.replace("World", "Wurld") : ANSWER;
                socket.getOutputStream().write(answer.getBytes(US_ASCII));
            }
        } catch (final IOException closed) {
            // The test is over.
        }
    }

    @AfterEach
    void close() throws IOException {
        load.obey(Command.of("close"));
        server.close();
    }

    private void open() {
        load.obey(
                Command.of("open")
                        .with("port", server.getLocalPort())
                        .with("kind", "small")
                        .with("connections", 1));
    }

    @Test
    void shouldChargeAStallToAllWhoWouldHaveAskedMeanwhile() {
        // Two requests open the connection.
        stallAt = 2 + 20;
        open();
        final Command answer = load.obey(Command.of("rate").with("ms", 500).with("perSecond", 200));
        final Histogram latencyNs = answer.histogram("latency");
        assertEquals(100, answer.number("answers"));
        assertEquals(100, latencyNs.getTotalCount());
        // Of those that were due while the server stalled, half waited for more than half of it.
        final long slow =
                latencyNs.getCountBetweenValues(STALL_MS * 1_000_000 / 2, Long.MAX_VALUE / 2);
        assertTrue(slow >= 200 * STALL_MS / 1_000 / 2, () -> slow + " were slow");
    }

    @Test
    void shouldAnswerEveryRequestOfAClosedLoopOnce() {
        open();
        final Command answer = load.obey(Command.of("closed").with("ms", 50).with("active", 1));
        assertTrue(answer.number("answers") > 0);
        assertEquals(answer.number("answers"), answer.histogram("latency").getTotalCount());
    }

    @Test
    void shouldRefuseAnAnswerThatDiffersInOneByte() {
        lieAt = 2 + 5;
        open();
        assertThrows(
                IllegalStateException.class,
                () -> load.obey(Command.of("closed").with("ms", 5_000).with("active", 1)));
    }
}
