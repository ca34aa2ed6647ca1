// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.throughput;

import java.util.List;

/**
 * The numbers that one consumer has had. Written by its thread, whose count others read while it
 * goes on.
 */
final class Tally {

    private final long[] had;
    private int twice;
    private volatile long count;

    Tally(int total) {
        had = new long[(total + Long.SIZE - 1) / Long.SIZE];
    }

    @SuppressWarnings("NonAtomicOperationOnVolatileField")
    void add(int number) {
        final long bit = 1L << number;
        if ((had[number / Long.SIZE] & bit) != 0) {
            twice++;
        }
        had[number / Long.SIZE] |= bit;
        count++;
    }

    long count() {
        return count;
    }

    private static int firstMissing(long[] all) {
        int word = 0;
        while (word < all.length && all[word] == -1L) {
            word++;
        }
        return word * Long.SIZE + (word < all.length ? Long.numberOfTrailingZeros(~all[word]) : 0);
    }

    /** Throws unless every number up to the total was had by one consumer, and once. */
    static void check(List<Tally> tallies, int total) {
        long had = 0;
        long twice = 0;
        final long[] all = new long[(total + Long.SIZE - 1) / Long.SIZE];
        for (final Tally tally : tallies) {
            twice += tally.twice;
            for (int i = 0; i < all.length; i++) {
                twice += Long.bitCount(all[i] & tally.had[i]);
                all[i] |= tally.had[i];
            }
        }
        for (final long word : all) {
            had += Long.bitCount(word);
        }
        if (had != total || twice != 0) {
            throw new IllegalStateException(
                    "of %d messages %d came, and %d of them again; the first missing is %d"
                            .formatted(total, had, twice, firstMissing(all)));
        }
    }
}
