// SPDX-License-Identifier: Apache-2.0
package io.headrace.message.encode;

import java.util.Arrays;

/**
 * A list of (key, value) slices of a {@link TextBuffer}, in order, duplicates kept. Reused, never
 * shrinks.
 */
public final class PairList {

    private long[] slices;
    private int count;

    public PairList() {
        this(16);
    }

    /**
     * @param count of entries that it has room for at first.
     */
    PairList(int count) {
        slices = new long[2 * count];
    }

    public int count() {
        return count;
    }

    public long key(int index) {
        return slices[2 * index];
    }

    public long value(int index) {
        return slices[2 * index + 1];
    }

    public void add(long key, long value) {
        if (2 * count == slices.length) {
            slices = Arrays.copyOf(slices, 2 * slices.length);
        }
        slices[2 * count] = key;
        slices[2 * count + 1] = value;
        count++;
    }

    /** Gives entry {@code index} another value: for a repeated cookie, whose last value counts. */
    public void value(int index, long value) {
        slices[2 * index + 1] = value;
    }

    public void clear() {
        count = 0;
    }
}
