// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.machine;

/**
 * How often a second, and for how long, a thread that only spins does not run: timers of its
 * system, and whatever the host does. It is the floor of the hop's high percentiles: of trips of 5
 * us one in a hundred is 2,000 a second, and two threads are in each.
 *
 * @param of5Us how often for 5 us or more.
 * @param of10Us how often for 10 us or more.
 * @param of20Us how often for 20 us or more.
 */
public record Interruptions(long of5Us, long of10Us, long of20Us) {

    private static final long WARM_UP_NS = 100_000_000L;
    private static final long LOOK_NS = 500_000_000L;

    /** Looks at the core it is called on, for half a second. */
    public static Interruptions look() {
        look(WARM_UP_NS);
        return look(LOOK_NS);
    }

    private static Interruptions look(long lookNs) {
        long of5Us = 0;
        long of10Us = 0;
        long of20Us = 0;
        final long startNs = System.nanoTime();
        long lastNs = startNs;
        while (lastNs - startNs < lookNs) {
            final long nowNs = System.nanoTime();
            final long gapNs = nowNs - lastNs;
            lastNs = nowNs;
            if (gapNs >= 5_000) {
                of5Us++;
                of10Us += gapNs >= 10_000 ? 1 : 0;
                of20Us += gapNs >= 20_000 ? 1 : 0;
            }
        }
        final double seconds = (lastNs - startNs) / 1e9;
        return new Interruptions(
                Math.round(of5Us / seconds),
                Math.round(of10Us / seconds),
                Math.round(of20Us / seconds));
    }

    @Override
    public String toString() {
        return "a thread that spins is interrupted %,d times a second for 5 us or more, %,d for 10, %,d for 20"
                .formatted(of5Us, of10Us, of20Us);
    }
}
