// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker.reply;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Callbacks that fail: the consumer that looks after them goes on, and so do the others. */
class WritabilityTest {

    private final List<Throwable> errors = new ArrayList<>();
    private final List<String> called = new ArrayList<>();
    private final Writability writability = new Writability(errors::add, () -> {});

    @Test
    void shouldReportAnErrorOfACallbackAndCallTheOthers() {
        final Error error = new StackOverflowError();
        writability.add(() -> true, () -> called.add("one"));
        writability.add(
                () -> true,
                () -> {
                    throw error;
                });
        writability.add(() -> true, () -> called.add("two"));
        assertEquals(3, writability.doWork());
        assertEquals(List.of("two", "one"), called);
        assertEquals(List.of(error), errors);
        assertFalse(writability.isWaiting());
    }

    @Test
    void shouldAskAgainWhereItCouldNotBeSeenWhetherAClientTakesMore() {
        final RuntimeException unreadable = new IllegalStateException("unreadable");
        writability.add(() -> true, () -> called.add("other"));
        writability.add(
                () -> {
                    if (errors.isEmpty()) {
                        throw unreadable;
                    }
                    return true;
                },
                () -> called.add("late"));
        assertEquals(1, writability.doWork());
        assertEquals(List.of("other"), called);
        assertEquals(List.of(unreadable), errors);
        assertTrue(writability.isWaiting());
        assertEquals(1, writability.doWork());
        assertEquals(List.of("other", "late"), called);
    }
}
