// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.Setting;
import java.util.List;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.BusySpinIdleStrategy;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.YieldingIdleStrategy;

/** What a thread does in a duty cycle without work, by name. */
public final class IdleStrategies {

    /** System property of every {@code --idle} option. */
    public static final String PROPERTY = "headrace.idle";

    /** Never gives the core away: for isolated cores. */
    public static final String SPIN = "spin";

    /** Lets other threads run, and takes the whole core when there are none. */
    public static final String YIELD = "yield";

    /** Spins, then yields, then sleeps until a writer rings ({@link DoorbellIdleStrategy}). */
    public static final String DOORBELL = "doorbell";

    /** Spins, then yields, then sleeps for up to {@link #PARK_MAX_NS}. */
    public static final String BACKOFF = "backoff";

    /** Where cores are few, a thread that looks for work takes it from those who have some. */
    public static final String DEFAULT =
            Runtime.getRuntime().availableProcessors() <= 4 ? DOORBELL : BACKOFF;

    /**
     * Longest sleep of {@code backoff}: also the most that a message waits for a thread that
     * sleeps.
     */
    public static final long PARK_MAX_NS = 1_000_000L;

    private static final List<String> NAMES = List.of(SPIN, YIELD, BACKOFF, DOORBELL);
    private static final long SPINS_MAX = 100;
    private static final long YIELDS_MAX = 50;
    private static final long PARK_MIN_NS = 1_000L;

    private IdleStrategies() {}

    /** A new strategy for one thread without a bell. */
    public static IdleStrategy byName(String name) {
        return switch (check(name)) {
            case SPIN -> new BusySpinIdleStrategy();
            case YIELD -> new YieldingIdleStrategy();
            default -> new BackoffIdleStrategy(SPINS_MAX, YIELDS_MAX, PARK_MIN_NS, PARK_MAX_NS);
        };
    }

    /** Returns the name if it is one. */
    public static String check(String name) {
        return Setting.check(PROPERTY, name, NAMES);
    }
}
