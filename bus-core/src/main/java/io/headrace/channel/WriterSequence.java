// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

/**
 * The number of messages one writer has appended to all its lanes together. Shared by the lanes of
 * one writer, used by its thread alone.
 */
public final class WriterSequence {

    private long last;

    /** The sequence of the message being committed, from 1. */
    long next() {
        return ++last;
    }

    /** The sequence of the last message; 0 before the first. */
    public long last() {
        return last;
    }
}
