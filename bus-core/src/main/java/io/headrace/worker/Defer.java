// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.HeadraceException;
import java.time.Duration;

/**
 * What a handler throws that cannot do its work now: the message is given out again, to whichever
 * consumer it may concern, after a while, also when all workers are restarted meanwhile. Messages
 * of the same connection wait behind it. After {@link #ATTEMPTS_MAX} attempts it goes to the
 * dead-letter channel {@code dead.<channel>}.
 *
 * <pre>{@code
 * if (!database.isUp()) {
 *     throw new Defer(Duration.ofSeconds(2), "database is down");
 * }
 * }</pre>
 *
 * <p>The client waits meanwhile, and its request is still answered 504 when that takes too long. A
 * handler that has replied already cannot defer.
 */
public final class Defer extends RuntimeException {

    /** How often a message is given to a handler before it is a dead letter. */
    public static final int ATTEMPTS_MAX = 10;

    /** Longest delay: until then, the file that holds the message stays. */
    public static final Duration DELAY_MAX = Duration.ofHours(1);

    private static final long serialVersionUID = 1L;

    private final long delayNs;

    /**
     * @param delay from 0 to an hour.
     * @param reason for the error log, and for the dead letter.
     */
    public Defer(Duration delay, String reason) {
        super(reason, null, false, false);
        if (delay.isNegative() || delay.compareTo(DELAY_MAX) > 0) {
            throw new HeadraceException(
                    "a delay of %s is not from 0 to %s".formatted(delay, DELAY_MAX));
        }
        delayNs = delay.toNanos();
    }

    long delayNs() {
        return delayNs;
    }
}
