// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import java.util.ArrayList;
import java.util.List;

/**
 * One writer: its lanes, and the number of messages it has appended to all of them together. Shared
 * by the lanes of one writer, used by its thread alone.
 */
public final class WriterSequence {

    private final List<LaneAppender> lanes = new ArrayList<>();
    private long last;

    /** The sequence of the message being committed, from 1. */
    long next() {
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

    /** The sequence of the last message; 0 before the first. */
    public long last() {
        return last;
    }
}
