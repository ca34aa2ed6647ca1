// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import io.headrace.channel.ChannelSettings;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;

/**
 * Whether a lane has room for one more message: counts what waits for a consumer, and looks at
 * records only when it might be too much. A claimed message does not wait, so a slow handler takes
 * no room from others. One thread, the writer's.
 */
public final class Capacity implements AutoCloseable {

    // While a lane is full, every refused message would otherwise look at all that waits.
    private static final long LOOK_INTERVAL_NS = 2_000_000L;

    private final Lane lane;
    private final ChannelSettings settings;
    private final LanePoller poller;
    private final LaneMark mark = new LaneMark();
    private long appendedAtLook;
    private long bytesAtLook;
    private long waitingAtLook;
    private long waitingBytesAtLook;
    private long nextLookNs;

    public Capacity(Lane lane, ChannelSettings settings) {
        this.lane = lane;
        this.settings = settings;
        this.poller = lane.poller();
    }

    /** Whether a record of this length may be appended. */
    public boolean admits(int recordLength, long nowNs) {
        if (hasRoom(recordLength)) {
            return true;
        }
        if (nowNs >= nextLookNs) {
            nextLookNs = nowNs + LOOK_INTERVAL_NS;
            look();
        }
        return hasRoom(recordLength);
    }

    private boolean hasRoom(int recordLength) {
        final long waiting = waitingAtLook + lane.appendedCount() - appendedAtLook;
        final long waitingBytes = waitingBytesAtLook + lane.appendedBytes() - bytesAtLook;
        return waiting < settings.messagesMax()
                && waitingBytes + recordLength <= settings.bytesMax();
    }

    private void look() {
        appendedAtLook = lane.appendedCount();
        bytesAtLook = lane.appendedBytes();
        waitingAtLook = 0;
        waitingBytesAtLook = 0;
        lane.readMark(mark);
        poller.rewind(mark);
        while (poller.peek()) {
            if (Message.isWhole(poller.record())
                    && ClaimWord.isFree(ClaimWord.read(poller.record()))) {
                waitingAtLook++;
                waitingBytesAtLook +=
                        DeliveryHeader.LENGTH + DeliveryHeader.messageLength(poller.record(), 0);
            }
            poller.advance();
        }
    }

    @Override
    public void close() {
        poller.close();
    }
}
