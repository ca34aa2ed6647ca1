// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks;

import io.headrace.benchmarks.SharedMemory.Pages;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One process's side of a contender: sends numbered messages one way and reads those that come the
 * other way. The echo answers each with one of the same number. Everything that is read is
 * verified. One thread.
 */
abstract class Side implements AutoCloseable {

    private static final int NOT_AS_WRITTEN = -1;

    private final boolean isEcho;
    private final Pages pages;
    private int lastNumber;
    private int unpreparedReadCount;

    Side(boolean isEcho, Pages pages) {
        this.isEcho = isEcho;
        this.pages = pages;
    }

    /** Sends the message with this number. */
    abstract void send(int number);

    /** Reads what has come; returns the number of messages. */
    abstract int poll();

    /** Where the next message will be written. */
    abstract UnsafeBuffer next();

    /** Length of a message that this side sends, with what the queue puts around it. */
    abstract int sentLength();

    @Override
    public abstract void close();

    /**
     * Called for each message that is being read.
     *
     * @param record where the message is in this process's mapping.
     */
    final void onRead(int number, boolean isAsWritten, UnsafeBuffer record) {
        if (unpreparedReadCount > 0) {
            pages.prepare(record, (long) unpreparedReadCount * (record.capacity() + 8));
            unpreparedReadCount = 0;
        }
        lastNumber = isAsWritten ? number : NOT_AS_WRITTEN;
        if (isEcho) {
            send(lastNumber);
        }
    }

    /**
     * Prepares the pages of as many messages to come, those that are read with the first of them.
     */
    final void prepare(int messageCount) {
        pages.prepare(next(), (long) messageCount * sentLength());
        unpreparedReadCount = messageCount;
    }

    /**
     * There and back: sends a message, spins until its answer has been read, and says how long it
     * took.
     */
    final long tripNs(int number, Process echo) {
        final long startNs = System.nanoTime();
        send(number);
        for (int spins = 1; poll() == 0; spins++) {
            Thread.onSpinWait();
            if (spins % (1 << 20) == 0 && !echo.isAlive()) {
                throw new IllegalStateException("the echo ended with " + echo.exitValue());
            }
        }
        final long endNs = System.nanoTime();
        if (lastNumber != number) {
            throw new IllegalStateException("sent %d, got %d".formatted(number, lastNumber));
        }
        return endNs - startNs;
    }
}
