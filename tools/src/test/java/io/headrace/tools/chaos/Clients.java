// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import io.headrace.tools.chaos.HttpConnection.Answer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * The clients of a run: HTTP connections with a request at a time each, and WebSockets with a few
 * frames on their way each, all at an even pace. They remember everything they sent and got.
 */
final class Clients implements AutoCloseable {

    private static final long PACE_NS = 16_000_000L;
    private static final int WINDOW = 4;
    // Frames of a window may all be lost: then nothing comes back, unless more is sent.
    private static final long SILENCE_NS = 5_000_000_000L;
    private static final int HANDLER_MS = 2;

    private final List<Thread> threads = new ArrayList<>();
    private final List<FrameConnection> frameConnections = new ArrayList<>();
    private final Answers answers = new Answers();
    private final Queue<String> problems = new ConcurrentLinkedQueue<>();
    private final AtomicInteger requests = new AtomicInteger();
    private volatile boolean running = true;

    Clients(List<Integer> ports, int httpConnections, int webSockets) throws IOException {
        for (int i = 0; i < webSockets; i++) {
            frameConnections.add(new FrameConnection(ports.get(i % ports.size()), "w" + i));
        }
        for (int i = 0; i < httpConnections; i++) {
            final int port = ports.get(i % ports.size());
            threads.add(new Thread(() -> request(port), "http-client-" + i));
        }
        threads.add(new Thread(this::sendFrames, "frame-sender"));
        threads.forEach(Thread::start);
    }

    static String key(long request) {
        return "h" + request;
    }

    private void request(int port) {
        while (running) {
            try (HttpConnection connection = new HttpConnection(port)) {
                while (running) {
                    final long startNs = System.nanoTime();
                    final int request = requests.incrementAndGet();
                    final String key = key(request);
                    try {
                        answers.add(request, connection.get(key, HANDLER_MS));
                    } catch (final IOException e) {
                        problems.add(key + " has no answer: " + e);
                        break;
                    }
                    LockSupport.parkNanos(startNs + PACE_NS - System.nanoTime());
                }
            } catch (final IOException e) {
                problems.add("no connection: " + e);
                LockSupport.parkNanos(PACE_NS);
            }
        }
    }

    private void sendFrames() {
        while (running) {
            final long startNs = System.nanoTime();
            for (final FrameConnection connection : frameConnections) {
                try {
                    if (connection.outstanding() < WINDOW || connection.silentNs() > SILENCE_NS) {
                        connection.send(HANDLER_MS);
                    }
                } catch (final IOException e) {
                    // The connection's reader says more about it.
                    LockSupport.parkNanos(PACE_NS);
                }
            }
            LockSupport.parkNanos(startNs + PACE_NS - System.nanoTime());
        }
    }

    /**
     * Sends no more, and waits for what is on its way. Each WebSocket sends one more frame, with
     * whose echo all before it are either there or lost; called when no more workers are killed.
     */
    void finish() throws IOException, InterruptedException {
        running = false;
        for (final Thread thread : threads) {
            thread.join();
        }
        for (final FrameConnection connection : frameConnections) {
            connection.send(0);
        }
        for (final FrameConnection connection : frameConnections) {
            if (!connection.awaitLastEcho()) {
                problems.add(connection.key() + " got no echo of its last frame");
            }
        }
    }

    int requestCount() {
        return requests.get();
    }

    List<Answer> answers() {
        return answers.list();
    }

    List<FrameConnection> frameConnections() {
        return frameConnections;
    }

    /** What should not have happened to any client. */
    List<String> problems() {
        final List<String> all = new ArrayList<>(problems);
        frameConnections.forEach(connection -> all.addAll(connection.problems()));
        return all;
    }

    /** Closes all connections in good order. */
    @Override
    public void close() throws IOException {
        running = false;
        for (final FrameConnection connection : frameConnections) {
            connection.close();
        }
    }
}
