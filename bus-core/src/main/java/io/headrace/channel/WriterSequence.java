// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import io.headrace.channel.bell.Bells;
import java.util.ArrayList;
import java.util.List;

/**
 * One writer: its lanes, and the number of messages it has appended to all of them together. Shared
 * by the lanes of one writer, used by its thread alone.
 */
public final class WriterSequence {

    private final List<LaneAppender> lanes = new ArrayList<>();
    private Bells.Ringer lastRinger;
    private long last;

    /** The sequence of the message being committed, from 1. */
    long next(Bells.Ringer ringer) {
        lastRinger = ringer;
        return ++last;
    }

    void add(LaneAppender lane) {
        lanes.removeIf(LaneAppender::isClosed);
        lanes.add(lane);
    }

    /**
     * Ends large files of all lanes, so that the janitor can delete them: to be called while memory
     * is tight.
     */
    public void rollLargeFiles(long nowNs) {
        for (int i = 0; i < lanes.size(); i++) {
            lanes.get(i).rollIfLarge(nowNs);
        }
    }

    /**
     * Rings who is likely to get the next message, which the caller is about to make: that of the
     * last one.
     */
    public void ringAhead() {
        if (lastRinger != null) {
            lastRinger.ringAhead();
        }
    }

    /** The sequence of the last message; 0 before the first. */
    public long last() {
        return last;
    }
}
