// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.delivery.ClaimWord;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What became of a channel's messages: those up to each lane's mark as the janitor counted them,
 * those behind it as their records say now.
 */
final class ChannelLedger {

    final long[] byState = new long[ClaimWord.LOST + 1];
    long appended;
    long bytes;
    long refused;
    long oldestPendingNs;

    void add(Lane lane) {
        final LaneMark mark = new LaneMark();
        lane.readMark(mark);
        appended += mark.endedCount();
        refused += lane.refusedCount();
        for (int state = ClaimWord.DONE; state <= ClaimWord.LOST; state++) {
            byState[state] += mark.ended(state - ClaimWord.DONE);
        }
        try (LanePoller poller = lane.poller().skipEnded(mark)) {
            while (poller.peek()) {
                addRecord(poller.record());
                poller.advance();
            }
        }
    }

    private void addRecord(UnsafeBuffer record) {
        appended++;
        if (!Message.isWhole(record)) {
            byState[ClaimWord.FAILED]++;
            return;
        }
        final int word = ClaimWord.read(record);
        final int state = ClaimWord.isFree(word) ? ClaimWord.FREE : ClaimWord.state(word);
        if (state > ClaimWord.LOST) {
            return;
        }
        byState[state]++;
        if (state == ClaimWord.FREE || state == ClaimWord.CLAIMED) {
            bytes += DeliveryHeader.LENGTH + DeliveryHeader.messageLength(record, 0);
        }
        if (state == ClaimWord.FREE) {
            final long appendedNs = DeliveryHeader.appendedNs(record, 0);
            oldestPendingNs =
                    oldestPendingNs == 0 ? appendedNs : Math.min(oldestPendingNs, appendedNs);
        }
    }

    /** Age of the oldest message that nobody has claimed; 0 when there is none. */
    long oldestPendingMs(long nowNs) {
        return oldestPendingNs == 0 ? 0 : Math.max(0, nowNs - oldestPendingNs) / 1_000_000L;
    }
}
