// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import io.headrace.channel.Lane;
import io.headrace.channel.LanePoller;
import org.agrona.collections.LongArrayQueue;

/**
 * A message of an own connection that a consumer, this or another one, still has; and those that
 * wait behind it. One thread.
 */
final class Held {

    private static final long NONE = -1;

    private final Lane lane;
    private final long index;
    // Where the messages are that were passed; those of another lane are not told apart.
    private Lane passedIn;
    private LongArrayQueue passed;
    private long lastPassed = NONE;
    private boolean isMixed;

    Held(Lane lane, long index) {
        this.lane = lane;
        this.index = index;
    }

    Lane lane() {
        return lane;
    }

    long index() {
        return index;
    }

    boolean is(String channel, String writer, long recordIndex) {
        return index == recordIndex
                && lane.channel().equals(channel)
                && lane.writer().equals(writer);
    }

    /** Notes a later message, at the head of a lane, that is to be delivered afterwards. */
    void pass(LanePoller head) {
        if (passed == null) {
            passed = new LongArrayQueue(NONE);
            passedIn = head.lane();
        }
        if (head.lane() == passedIn && head.index() > lastPassed) {
            lastPassed = head.index();
            passed.addLong(lastPassed);
        } else {
            isMixed = true;
        }
    }

    /** Whether only the lanes tell which message comes next. */
    boolean isMixed() {
        return isMixed;
    }

    Lane passedIn() {
        return passedIn;
    }

    /** Index of the next one that was passed, or -1. */
    long pollPassed() {
        return passed == null ? NONE : passed.pollLong();
    }

    /** Takes over what is left of those that were passed for the message before. */
    void follow(Held before) {
        passedIn = before.passedIn;
        passed = before.passed;
        lastPassed = before.lastPassed;
    }
}
