// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** One client that asks for {@code /hello} on one connection, now and then. */
public final class Probe implements AutoCloseable {

    private static final String OK = "HTTP/1.1 200 ";
    // More often, it would keep a cold server from what it is asked about.
    private static final long RETRY_NS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long TIMEOUT_NS = TimeUnit.SECONDS.toNanos(30);

    private final Socket socket;
    private final byte[] request;
    private final byte[] answer = new byte[4_096];

    public Probe(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout((int) TimeUnit.NANOSECONDS.toMillis(TIMEOUT_NS));
        request = new byte[Wire.SMALL_REQUEST.readableBytes()];
        Wire.SMALL_REQUEST.getBytes(0, request);
    }

    /** Asks until it is answered with 200; returns the time that was. */
    public static long awaitAnswer(int port) throws IOException {
        final long deadlineNs = System.nanoTime() + TIMEOUT_NS;
        while (System.nanoTime() - deadlineNs < 0) {
            try (Probe probe = new Probe(port)) {
                if (probe.ask()) {
                    return System.nanoTime();
                }
            }
            LockSupport.parkNanos(RETRY_NS);
        }
        throw new IllegalStateException("no answer from port " + port + " within 30 s");
    }

    /** Asks once; true when the answer is 200. Answers are short, and come in one piece. */
    public boolean ask() throws IOException {
        socket.getOutputStream().write(request);
        final int length = socket.getInputStream().read(answer);
        return length > 0 && new String(answer, 0, length, US_ASCII).startsWith(OK);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
