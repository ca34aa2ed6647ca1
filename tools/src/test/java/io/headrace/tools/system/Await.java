// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/**
 * Waits for what another process does. The deadline is a bound for failures only: it is far longer
 * than anything should take, and nothing is asserted about the time that passes.
 */
final class Await {

    static final long DEADLINE_MS = 60_000;

    private static final long POLL_NS = 2_000_000L;

    private Await() {}

    /** Asks until the answer is true. */
    static void until(String what, Callable<Boolean> condition) {
        value(what, () -> condition.call() ? Optional.of(true) : Optional.empty());
    }

    /** Asks until there is an answer. */
    static <T> T value(String what, Callable<Optional<T>> source) {
        final long deadlineNs = System.nanoTime() + DEADLINE_MS * 1_000_000L;
        while (true) {
            final Optional<T> value;
            try {
                value = source.call();
            } catch (final Exception e) {
                throw new AssertionError("while waiting for " + what + ": " + e, e);
            }
            if (value.isPresent()) {
                return value.get();
            }
            if (System.nanoTime() - deadlineNs > 0) {
                return fail("not within " + DEADLINE_MS + " ms: " + what);
            }
            LockSupport.parkNanos(POLL_NS);
        }
    }
}
