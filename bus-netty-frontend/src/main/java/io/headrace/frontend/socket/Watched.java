// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

/**
 * What {@link AnswerWatch} watches, linked into two circles: one in the order of the next checks,
 * one in that of the deadlines. A circle begins and ends with one that is nobody's and never due.
 */
class Watched {

    long checkNs = Long.MAX_VALUE;
    // Grows along the circle: what was there before tells it from what has come since.
    long checkNumber = Long.MAX_VALUE;
    long deadlineNs = Long.MAX_VALUE;
    Watched nextCheck = this;
    Watched nextDeadline = this;
    private Watched previousCheck = this;
    private Watched previousDeadline = this;

    final boolean isWatched() {
        return nextCheck != this;
    }

    /** Becomes the last of this circle of checks, wherever it was. */
    final void checkLast(Watched circle) {
        leaveChecks();
        previousCheck = circle.previousCheck;
        nextCheck = circle;
        previousCheck.nextCheck = this;
        circle.previousCheck = this;
    }

    /** Becomes the last of this circle of deadlines, wherever it was. */
    final void endLast(Watched circle) {
        leaveDeadlines();
        previousDeadline = circle.previousDeadline;
        nextDeadline = circle;
        previousDeadline.nextDeadline = this;
        circle.previousDeadline = this;
    }

    /** Is in no circle any more, if it was in any. */
    final void leave() {
        leaveChecks();
        leaveDeadlines();
    }

    private void leaveChecks() {
        previousCheck.nextCheck = nextCheck;
        nextCheck.previousCheck = previousCheck;
        previousCheck = this;
        nextCheck = this;
    }

    private void leaveDeadlines() {
        previousDeadline.nextDeadline = nextDeadline;
        nextDeadline.previousDeadline = previousDeadline;
        previousDeadline = this;
        nextDeadline = this;
    }
}
