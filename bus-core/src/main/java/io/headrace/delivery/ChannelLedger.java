// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import io.headrace.HeadraceException;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What became of a channel's messages: those up to each lane's mark as the janitor counted them,
 * those behind it as their records say now.
 */
public final class ChannelLedger {

    private final long[] byState = new long[ClaimWord.LOST + 1];
    private long appended;
    private long bytes;
    private long refused;
    private long oldestPendingNs;

    private ChannelLedger() {}

    /** The ledgers of the channels that these lanes belong to, by name. */
    public static Map<String, ChannelLedger> of(Collection<Lane> lanes) {
        final Map<String, ChannelLedger> ledgers = new TreeMap<>();
        for (final Lane lane : lanes) {
            ledgers.computeIfAbsent(lane.channel(), name -> new ChannelLedger()).add(lane);
        }
        return ledgers;
    }

    private void add(Lane lane) {
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
        } catch (final HeadraceException badLane) {
            // Another thread may have found it deleted: all that was in it had ended.
            if (Lane.isReadable(lane.path())) {
                throw badLane;
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
        final int state = ClaimWord.ledgerState(word);
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

    /** How many messages are in a state, which is one of {@link ClaimWord}'s; FREE is pending. */
    public long count(int state) {
        return byState[state];
    }

    public long appended() {
        return appended;
    }

    /** Bytes of the messages that have not ended. */
    public long bytes() {
        return bytes;
    }

    /** How many messages were refused because the channel was full, or memory high. */
    public long refused() {
        return refused;
    }

    /** Age of the oldest message that nobody has claimed; 0 when there is none. */
    public long oldestPendingMs(long nowNs) {
        return oldestPendingNs == 0 ? 0 : Math.max(0, nowNs - oldestPendingNs) / 1_000_000L;
    }
}
