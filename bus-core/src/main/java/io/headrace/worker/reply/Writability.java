// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker.reply;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import org.agrona.ErrorHandler;

/**
 * Who waits until a client takes more. Anybody may add; one consumer of the worker looks after them
 * in its duty cycle and calls back.
 */
public final class Writability {

    private record Waiting(BooleanSupplier isWritable, Runnable action) {}

    private final Queue<Waiting> added = new ConcurrentLinkedQueue<>();
    private final List<Waiting> waiting = new ArrayList<>();
    private final ErrorHandler onError;
    private final Runnable onAdded;

    /**
     * @param onError told of what callbacks throw.
     * @param onAdded wakes the consumer that looks after them.
     */
    public Writability(ErrorHandler onError, Runnable onAdded) {
        this.onError = onError;
        this.onAdded = onAdded;
    }

    void add(BooleanSupplier isWritable, Runnable action) {
        added.add(new Waiting(isWritable, action));
        onAdded.run();
    }

    /** Whether somebody waits; by the consumer's thread. */
    public boolean isWaiting() {
        return !waiting.isEmpty();
    }

    /** Calls back those whose client takes more; returns how many. */
    public int doWork() {
        for (Waiting next = added.poll(); next != null; next = added.poll()) {
            waiting.add(next);
        }
        int work = 0;
        for (int i = waiting.size() - 1; i >= 0; i--) {
            final Waiting next = waiting.get(i);
            try {
                if (next.isWritable.getAsBoolean()) {
                    waiting.remove(i);
                    work++;
                    next.action.run();
                }
            } catch (final Throwable thrown) {
                // An Error, too: it would end the consumer's thread.
                onError.onError(thrown);
            }
        }
        return work;
    }
}
