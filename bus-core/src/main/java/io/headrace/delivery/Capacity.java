// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.ChannelSettings;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneCounts;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import java.util.ArrayList;
import java.util.List;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Whether a channel has room for one more message: counts what waits for a consumer in all its
 * lanes, and looks at marks only when it might be too much, and at records, which are with other
 * cores, only when marks do not tell. A claimed message does not wait, so a slow handler takes no
 * room from others. Several writers may find the last room at the same moment, and each take it.
 * One thread, the writer's.
 */
public final class Capacity implements AutoCloseable {

    // While a channel is full, every refused message would otherwise look at all that waits.
    private static final long LOOK_INTERVAL_NS = 2_000_000L;
    // Lanes that could not be listed or read, perhaps because too many files were open, are tried
    // again.
    private static final long RETRY_INTERVAL_NS = 1_000_000_000L;
    // At most half of the writer's time is for looks: one at a record takes up to 0.1 us.
    private static final long RECORD_NS = 250L;

    private final Bus bus;
    private final String channel;
    private final ChannelSettings settings;
    private final LaneMark mark = new LaneMark();
    private final List<Backlog> backlogs = new ArrayList<>();
    private List<Lane> lanes;
    private LaneCounts counts;
    private long laneVersion = -1;
    private long appendedAtLook;
    private long bytesAtLook;
    private long waitingAtLook;
    private long waitingBytesAtLook;
    private long waitingFound;
    private long waitingBytesFound;
    private long passedAtLook;
    private long nextLookNs;
    private long nextTryNs;
    private boolean isComplete;

    /**
     * @param own the writer's lane in the channel.
     */
    public Capacity(Bus bus, Lane own, ChannelSettings settings) {
        this.bus = bus;
        this.channel = own.channel();
        this.settings = settings;
        this.lanes = List.of(own);
        this.counts = bus.counts(lanes);
        backlogs.add(new Backlog(own));
    }

    /** Whether a record of this length may be appended. */
    public boolean admits(int recordLength, long nowNs) {
        if (bus.laneVersion() != laneVersion && nowNs >= nextTryNs) {
            final long version = bus.laneVersion();
            // If it fails, the messages until then go by the lanes that are known.
            nextTryNs = nowNs + RETRY_INTERVAL_NS;
            lookForLanes(recordLength, nowNs);
            if (isComplete) {
                nextTryNs = 0;
                laneVersion = version;
            }
        }
        if (hasRoom(recordLength)) {
            return true;
        }
        if (nowNs < nextLookNs) {
            return false;
        }
        look(recordLength, nowNs);
        return hasRoom(recordLength);
    }

    private boolean hasRoom(int recordLength) {
        counts.sum();
        final long waiting = waitingAtLook + counts.messages() - appendedAtLook;
        final long waitingBytes = waitingBytesAtLook + counts.bytes() - bytesAtLook;
        return waiting < settings.messagesMax()
                && waitingBytes + recordLength <= settings.bytesMax();
    }

    private void lookForLanes(int recordLength, long nowNs) {
        isComplete = true;
        // A lane that cannot be read is for its consumers to report.
        final List<Lane> found = bus.lanes(channel::equals, bad -> isComplete = false);
        backlogs.removeIf(
                backlog -> {
                    final boolean gone = !found.contains(backlog.poller.lane());
                    if (gone) {
                        backlog.poller.close();
                        bus.forget(backlog.poller.lane());
                    }
                    return gone;
                });
        for (final Lane lane : found) {
            if (backlogs.stream().noneMatch(backlog -> backlog.poller.lane() == lane)) {
                try {
                    backlogs.add(new Backlog(lane));
                } catch (final HeadraceException unreadable) {
                    // Deleted this moment; or its consumers tell, and it is not counted meanwhile.
                    isComplete = false;
                }
            }
        }
        final List<Lane> known = backlogs.stream().map(backlog -> backlog.poller.lane()).toList();
        if (!known.equals(lanes)) {
            lanes = known;
            counts = bus.counts(lanes);
            look(recordLength, nowNs);
        }
    }

    /** Leaves files that the janitor has deleted; see {@link Bus#deletionVersion()}. */
    public void letGo() {
        backlogs.forEach(backlog -> backlog.poller.letGo());
    }

    private void look(int recordLength, long nowNs) {
        passedAtLook = 0;
        lookAtMarks();
        try {
            if (waitingAtLook >= settings.messagesMax() / 2
                    || waitingBytesAtLook >= settings.bytesMax() / 2
                    || !hasRoom(recordLength)) {
                lookAtRecords();
            }
        } finally {
            nextLookNs = nowNs + Math.max(LOOK_INTERVAL_NS, passedAtLook * RECORD_NS);
        }
    }

    /** What the janitor has not seen to have ended is as much as may wait, or more. */
    private void lookAtMarks() {
        long endedCount = 0;
        long endedBytes = 0;
        for (final Lane lane : lanes) {
            lane.readMark(mark);
            endedCount += mark.endedCount();
            endedBytes += mark.endedBytes();
        }
        appendedAtLook = counts.sum().messages();
        bytesAtLook = counts.bytes();
        waitingAtLook = appendedAtLook - endedCount;
        waitingBytesAtLook = bytesAtLook - endedBytes;
    }

    private void lookAtRecords() {
        final long appended = counts.sum().messages();
        final long bytes = counts.bytes();
        waitingFound = 0;
        waitingBytesFound = 0;
        backlogs.forEach(Backlog::look);
        // Not before all could be read: else no more is admitted than the marks let in.
        appendedAtLook = appended;
        bytesAtLook = bytes;
        waitingAtLook = waitingFound;
        waitingBytesAtLook = waitingBytesFound;
    }

    /** What waits in one lane. */
    private final class Backlog {

        private final LanePoller poller;
        private final Stretches stretches;

        private Backlog(Lane lane) {
            poller = lane.poller();
            stretches = new Stretches(poller);
        }

        private void look() {
            poller.lane().readMark(mark);
            if (poller.freed().look()) {
                stretches.revisit(poller.freed().first());
            }
            passedAtLook += stretches.pass(mark, this::count);
        }

        private boolean count(LanePoller head) {
            final UnsafeBuffer record = head.record();
            final boolean waits =
                    Message.isWhole(record) && ClaimWord.isFree(ClaimWord.read(record));
            if (waits) {
                waitingFound++;
                waitingBytesFound +=
                        DeliveryHeader.LENGTH + DeliveryHeader.messageLength(record, 0);
            }
            return waits;
        }
    }

    @Override
    public void close() {
        backlogs.forEach(backlog -> CloseHelper.quietClose(backlog.poller));
    }
}
