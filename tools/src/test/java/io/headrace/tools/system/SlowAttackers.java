// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Connections that are slow, each in one of three ways: its headers come by a byte a second, its
 * body does, or it takes as little of what it has asked for. One that is sent away comes again. A
 * thread goes around them once a second.
 */
final class SlowAttackers implements AutoCloseable {

    private static final int WAY_COUNT = 3;
    private static final int RECEIVE_LENGTH = 4_096;
    private static final long ROUND_NS = 1_000_000_000L;
    // They do not all come at once: what is asked for here is what it costs that they stay.
    private static final long ARRIVAL_NS = 2_000_000L;
    private static final String[] BEGINNINGS = {
        "GET /hello HTTP/1.1\r\nHost: h\r\nX-Slow: ",
        "POST /upload HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n",
        "GET /download?bytes=100000000 HTTP/1.1\r\nHost: h\r\n\r\n"
    };

    private final InetSocketAddress address;
    private final List<SocketChannel> channels = new ArrayList<>();
    private final int[] sentAway = new int[WAY_COUNT];
    private final Thread thread = new Thread(this::run, "slow-attackers");
    private volatile boolean stopped;

    SlowAttackers(int port, int count) {
        address = new InetSocketAddress("127.0.0.1", port);
        final long startNs = System.nanoTime();
        for (int i = 0; i < count; i++) {
            awaitTime(startNs + i * ARRIVAL_NS);
            channels.add(begin(i));
        }
        thread.start();
    }

    static void awaitTime(long timeNs) {
        for (long left = timeNs - System.nanoTime(); left > 0; left = timeNs - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    private SocketChannel begin(int i) {
        try {
            final SocketChannel channel = SocketChannel.open();
            channel.setOption(StandardSocketOptions.SO_RCVBUF, RECEIVE_LENGTH);
            channel.connect(address);
            channel.configureBlocking(false);
            channel.write(bytes(BEGINNINGS[i % WAY_COUNT]));
            return channel;
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    private void run() {
        final long startNs = System.nanoTime();
        for (long step = 0; !stopped; step++) {
            final int i = (int) (step % channels.size());
            awaitTime(startNs + step * (ROUND_NS / channels.size()));
            if (!goOn(channels.get(i), i % WAY_COUNT)) {
                sentAway[i % WAY_COUNT]++;
                close(channels.get(i));
                channels.set(i, begin(i));
            }
        }
    }

    /** A byte more; false when the front end wants no more of it. */
    private static boolean goOn(SocketChannel channel, int way) {
        try {
            if (way == WAY_COUNT - 1) {
                return channel.read(ByteBuffer.allocate(1)) >= 0;
            }
            // What comes before the end of its request can only be a refusal.
            if (channel.read(ByteBuffer.allocate(1)) != 0) {
                return false;
            }
            channel.write(bytes("x"));
            return true;
        } catch (final IOException closed) {
            return false;
        }
    }

    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (final IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Nobody goes on any more. */
    void stop() throws InterruptedException {
        stopped = true;
        thread.join();
    }

    @Override
    public void close() throws InterruptedException {
        stop();
        channels.forEach(SlowAttackers::close);
    }

    /** How many were sent away, and came again. */
    @Override
    public String toString() {
        return "sent away with slow headers %d, bodies %d, reading %d"
                .formatted(sentAway[0], sentAway[1], sentAway[2]);
    }
}
