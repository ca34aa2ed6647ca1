// SPDX-License-Identifier: Apache-2.0
package io.headrace.testing;

import io.headrace.channel.Bus;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.message.MessageType;
import java.util.LinkedHashMap;
import java.util.Map;
import org.agrona.CloseHelper;

/** A writer that opens its lanes when it needs them, as a front end's loop or a consumer does. */
public final class TestWriter implements AutoCloseable {

    private static final byte[] DATAGRAM =
            Samples.message(Samples.record(MessageType.WEB_SOCKET_SEND));

    private final Bus bus;
    private final String id;
    private final WriterSequence sequence = new WriterSequence();
    private final Map<String, LaneAppender> lanes = new LinkedHashMap<>();

    public TestWriter(Bus bus, String id) {
        this.bus = bus;
        this.id = id;
    }

    public String id() {
        return id;
    }

    /** The sequence of the last message. */
    public long last() {
        return sequence.last();
    }

    /** Its lane in a channel, which is made by the first call. */
    public LaneAppender lane(String channel) {
        return lanes.computeIfAbsent(channel, name -> bus.newLane(name, id, sequence));
    }

    /** Does what a writer does in each duty cycle while memory is tight. */
    public void rollLargeFiles(long nowNs) {
        sequence.rollLargeFiles(nowNs);
    }

    /** Appends a small message and returns its index; its connection is its sequence. */
    public long append(String channel, long nowNs) {
        return append(channel, DATAGRAM, sequence.last() + 1, 0, nowNs);
    }

    /** Appends any bytes as a message. */
    public long append(
            String channel, byte[] message, long connection, int expiryMs, long receivedNs) {
        final LaneAppender lane = lane(channel);
        final int code = lane.claim(message.length, receivedNs);
        if (code != LaneAppender.OK) {
            throw new AssertionError("claim in " + lane.lane() + ": " + code);
        }
        lane.buffer().putBytes(lane.offset(), message);
        return lane.commit(connection, 0, expiryMs, receivedNs, receivedNs);
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(lanes.values());
    }
}
