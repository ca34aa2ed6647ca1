// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.hop;

/**
 * One process's side of a contender: sends numbered messages one way and reads those that come the
 * other way. The echo answers each with one of the same number. Everything that is read is
 * verified. One thread.
 */
abstract class Side implements AutoCloseable {

    private static final int TRIPS = 1_000;
    private static final int NOT_AS_WRITTEN = -1;
    private static final long TIMEOUT_NS = 10_000_000_000L;

    private final boolean isEcho;
    private int lastNumber;

    Side(boolean isEcho) {
        this.isEcho = isEcho;
    }

    /** How many trips take a few milliseconds: as long as the cores keep their distance. */
    int tripsPerSlice() {
        return TRIPS;
    }

    /** Called before a slice; its messages come with nothing else in between. */
    void prepare(int messageCount) {}

    /** Called after a slice: others will be measured. */
    void rest() {}

    /** Does what the other process's side may need while it is being opened. */
    void assist() {}

    /** Sends the message with this number. */
    abstract void send(int number);

    /** Reads what has come; returns the number of messages. */
    abstract int poll();

    @Override
    public abstract void close();

    /** Called for each message that has been read. */
    final void onRead(int number, boolean isAsWritten) {
        lastNumber = isAsWritten ? number : NOT_AS_WRITTEN;
        if (isEcho) {
            send(lastNumber);
        }
    }

    /**
     * There and back: sends a message, spins until its answer has been read, and says how long it
     * took.
     */
    final long tripNs(int number, ControlWords control) {
        final long startNs = System.nanoTime();
        send(number);
        for (int spins = 1; poll() == 0; spins++) {
            Thread.onSpinWait();
            if (spins % (1 << 20) == 0) {
                control.checkEcho();
                if (System.nanoTime() - startNs > TIMEOUT_NS) {
                    throw new IllegalStateException(
                            getClass().getSimpleName() + ": no answer to " + number);
                }
            }
        }
        final long endNs = System.nanoTime();
        if (lastNumber != number) {
            throw new IllegalStateException(
                    "%s: sent %d, got %d"
                            .formatted(getClass().getSimpleName(), number, lastNumber));
        }
        return endNs - startNs;
    }
}
