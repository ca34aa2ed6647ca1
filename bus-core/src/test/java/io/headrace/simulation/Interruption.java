// SPDX-License-Identifier: Apache-2.0
package io.headrace.simulation;

import java.util.function.IntConsumer;

/** Where the simulation takes the processor from whoever runs; see {@link InterruptingLoader}. */
public final class Interruption {

    private static IntConsumer action = number -> {};

    private Interruption() {}

    /** Says what happens at each point; on the one thread there is. */
    static void at(IntConsumer what) {
        action = what;
    }

    /**
     * Called before every access to what processes share, with the number of that place in code.
     */
    public static void point(int number) {
        action.accept(number);
    }
}
