// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.delivery.ClaimWord;
import io.headrace.message.Message;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What the records of one lane say, held against what its writer and the janitor have counted. Both
 * go on with their work meanwhile.
 */
final class LaneAudit {

    private static final int READINGS_MAX = 5;

    private final Lane lane;
    private final LaneMark mark = new LaneMark();
    private final long[] byState = new long[ClaimWord.LOST + 1];
    private final long[] upToMark = new long[ClaimWord.LOST + 1];
    private final List<String> unexplained = new ArrayList<>();
    private long appended;

    /** Reads the counts. */
    LaneAudit(Lane lane) {
        this.lane = lane;
        begin();
    }

    private void begin() {
        lane.readMark(mark);
        // Read before the records, of which more may come. Those that go, the mark has counted; but
        // it may be a later one.
        appended = lane.appendedCount();
        Arrays.fill(byState, 0);
        Arrays.fill(upToMark, 0);
        unexplained.clear();
    }

    /** Reads the records and checks the sums. */
    LaneAudit read() {
        readRecords();
        for (int readings = 1; readings < READINGS_MAX && isOvertaken(); readings++) {
            begin();
            readRecords();
        }
        checkSums();
        return this;
    }

    /** Whether records may be missing only because the janitor has marked and deleted them. */
    private boolean isOvertaken() {
        final LaneMark now = new LaneMark();
        lane.readMark(now);
        return counted() < appended && now.lastEnded() != mark.lastEnded();
    }

    private long counted() {
        return mark.endedCount() + LongStream.of(byState).sum() - LongStream.of(upToMark).sum();
    }

    private void readRecords() {
        long lastSequence = 0;
        try (LanePoller poller = lane.poller()) {
            while (poller.peek()) {
                final UnsafeBuffer record = poller.record();
                final int state = state(poller.index(), record);
                byState[state]++;
                if (mark.lastEnded() != 0 && poller.index() <= mark.lastEnded()) {
                    upToMark[state]++;
                }
                if (poller.sequence() <= lastSequence && Message.isWhole(record)) {
                    explainNot(poller.index(), "sequence " + poller.sequence() + " does not rise");
                }
                lastSequence = Math.max(lastSequence, poller.sequence());
                poller.advance();
            }
        }
    }

    private int state(long index, UnsafeBuffer record) {
        if (!Message.isWhole(record)) {
            return ClaimWord.FAILED;
        }
        final int word = ClaimWord.read(record);
        final int state = ClaimWord.ledgerState(word);
        if (state > ClaimWord.LOST) {
            explainNot(index, "state " + state + " is none");
            return ClaimWord.FAILED;
        }
        return state;
    }

    private void checkSums() {
        if (counted() < appended) {
            unexplained.add(
                    "lane %s: %d messages appended, %d accounted for"
                            .formatted(lane, appended, counted()));
        }
        if (upToMark[ClaimWord.FREE] + upToMark[ClaimWord.CLAIMED] > 0) {
            unexplained.add(
                    "lane %s: %d messages have no fate, though all up to the mark should"
                            .formatted(
                                    lane, upToMark[ClaimWord.FREE] + upToMark[ClaimWord.CLAIMED]));
        }
        // Files that are over may have been deleted: of what they held, only the janitor's count is
        // left.
        final boolean isComplete = LongStream.of(upToMark).sum() == mark.endedCount();
        for (int state = ClaimWord.DONE; state <= ClaimWord.LOST; state++) {
            final long kept = mark.ended(state - ClaimWord.DONE);
            if (isComplete ? upToMark[state] != kept : upToMark[state] > kept) {
                unexplained.add(
                        "lane %s: %d messages are %s, %d were counted"
                                .formatted(lane, upToMark[state], ClaimWord.label(state), kept));
            }
        }
    }

    private void explainNot(long index, String what) {
        unexplained.add("lane %s, record 0x%x: %s".formatted(lane, index, what));
    }

    /** How many records are in a state that {@link ClaimWord#ledgerState} knows. */
    long messages(int state) {
        return byState[state];
    }

    /** A line about each thing that should not be. */
    List<String> unexplained() {
        return unexplained;
    }
}
