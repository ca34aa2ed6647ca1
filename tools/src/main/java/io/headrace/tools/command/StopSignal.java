// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import sun.misc.Signal;

/**
 * SIGTERM and Ctrl-C as a clean stop: the first one lets the command end by itself with exit code
 * 0, which a shutdown hook could not (the JVM would exit with 143); the second one ends the process
 * at once.
 */
final class StopSignal {

    private static final int EXIT_AT_ONCE = 143;

    private final CountDownLatch stopped = new CountDownLatch(1);
    private final AtomicBoolean signalled = new AtomicBoolean();

    StopSignal() {
        Signal.handle(new Signal("TERM"), signal -> onSignal());
        Signal.handle(new Signal("INT"), signal -> onSignal());
    }

    private void onSignal() {
        // Not isStopped(): a parent that sends the signal closes our standard input as well.
        if (signalled.getAndSet(true)) {
            Runtime.getRuntime().halt(EXIT_AT_ONCE);
        }
        stop();
    }

    /** Stops as a signal would. */
    void stop() {
        stopped.countDown();
    }

    boolean isStopped() {
        return stopped.getCount() == 0;
    }

    /**
     * Stops when standard input ends: for a child whose parent holds the other end and may be
     * killed.
     */
    StopSignal stopWithInput() {
        final Thread watcher =
                new Thread(
                        () -> {
                            try {
                                while (System.in.read() >= 0) {
                                    // What the parent writes means nothing; only the end does.
                                }
                            } catch (final IOException brokenPipe) {
                                // As good as the end of it.
                            }
                            stop();
                        },
                        "parent-watcher");
        watcher.setDaemon(true);
        watcher.start();
        return this;
    }

    /** Waits until it is time to stop. */
    void await() throws InterruptedException {
        stopped.await();
    }

    /** Waits for so long at most; true when it is time to stop. */
    boolean await(long timeoutMs) throws InterruptedException {
        return stopped.await(timeoutMs, TimeUnit.MILLISECONDS);
    }
}
