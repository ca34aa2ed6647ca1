// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import io.headrace.channel.Bus;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ChannelName;
import io.headrace.delivery.ClaimWord;
import io.headrace.message.Part;
import io.headrace.message.encode.PartEncoder;
import org.agrona.concurrent.UnsafeBuffer;

/** One event loop's lane in the channel of the bodies that come in parts. One thread. */
public final class Parts implements AutoCloseable {

    private static final int NEVER = 0;

    private final Bus bus;
    private final LoopClock clock;
    private final LaneAppender lane;
    private final PartEncoder encoder = new PartEncoder();

    Parts(Bus bus, String prefix, String writer, WriterSequence sequence, LoopClock clock) {
        this.bus = bus;
        this.clock = clock;
        this.lane = bus.newLane(prefix + ChannelName.HTTP_PART, writer, sequence);
    }

    /**
     * Appends a part for the consumer that has claimed its request, and for no other.
     *
     * @param holder id of that consumer.
     * @param number of the part, from 0.
     * @return an index, or a negative code and then nothing was written.
     */
    public long append(
            long connection,
            int order,
            int holder,
            int number,
            Part.State state,
            UnsafeBuffer content,
            int length) {
        if (bus.isMemoryHigh() && length > 0) {
            return LaneAppender.MEMORY_HIGH;
        }
        final int code = lane.tryClaim(PartEncoder.partLength(length), clock.nowNs());
        if (code != LaneAppender.OK) {
            return code;
        }
        try {
            encoder.encodeRequestPart(
                    lane.buffer(), lane.offset(), number, state, content, 0, length);
            return lane.commitAs(
                    ClaimWord.of(holder, ClaimWord.ADDRESSED),
                    holder,
                    connection,
                    order,
                    NEVER,
                    clock.nowNs(),
                    clock.nowNs());
        } finally {
            lane.abortIfClaimed();
        }
    }

    @Override
    public void close() {
        lane.close();
    }
}
