// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import java.util.concurrent.locks.LockSupport;

/**
 * How long this machine keeps a thread waiting that only wants to run: no stall of a client below
 * that says anything about the product.
 */
final class Hiccups implements AutoCloseable {

    private static final long PAUSE_NS = 1_000_000L;

    private final Thread thread = new Thread(this::measure, "hiccups");
    private volatile boolean running = true;
    private volatile long longestNs;

    Hiccups() {
        thread.setDaemon(true);
        thread.start();
    }

    private void measure() {
        long lastNs = System.nanoTime();
        while (running) {
            LockSupport.parkNanos(PAUSE_NS);
            final long nowNs = System.nanoTime();
            longestNs = Math.max(longestNs, nowNs - lastNs - PAUSE_NS);
            lastNs = nowNs;
        }
    }

    /** Forgets what was before. */
    void reset() {
        longestNs = 0;
    }

    long longestMs() {
        return longestNs / 1_000_000L;
    }

    @Override
    public void close() {
        running = false;
    }
}
