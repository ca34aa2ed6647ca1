// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.channel.Bus;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ConnectionId;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.delivery.LiveMembers;
import io.headrace.member.Member;
import io.headrace.member.Members;
import io.headrace.message.encode.ReplyEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.agrona.CloseHelper;
import org.agrona.collections.Int2ObjectHashMap;
import org.agrona.concurrent.EpochNanoClock;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.status.AtomicCounter;

/**
 * One consumer's way back: its lanes in the reply channels of all live front-end loops, opened as
 * soon as a front end appears and not with the first reply. One thread.
 */
final class Replies implements AutoCloseable {

    private final Bus bus;
    private final EpochNanoClock clock;
    private final String writer;
    private final LiveMembers liveMembers;
    private final WriterSequence sequence = new WriterSequence();
    private final Int2ObjectHashMap<LaneAppender> lanes = new Int2ObjectHashMap<>();
    private final Map<String, byte[]> contentTypes = new HashMap<>();
    private final ReplyEncoder encoder = new ReplyEncoder();
    private final AtomicCounter sent;
    private final AtomicCounter refused;
    private LiveMembers.Snapshot seen;
    private long laneVersion = -1;
    private long nowNs;

    Replies(Bus bus, String writer, LiveMembers liveMembers, Member member) {
        this.bus = bus;
        this.clock = bus.clock();
        this.writer = writer;
        this.liveMembers = liveMembers;
        this.seen = liveMembers.snapshot();
        this.sent = member.counter(writer + " replies appended");
        this.refused = member.counter(writer + " replies refused");
    }

    /** Opens and closes lanes when front ends have come or gone. */
    int doWork() {
        final LiveMembers.Snapshot live = liveMembers.snapshot();
        if (bus.isMemoryTight()) {
            sequence.rollLargeFiles(clock.nanoTime());
        }
        final long version = bus.laneVersion();
        if (live == seen && version == laneVersion) {
            return 0;
        }
        seen = live;
        laneVersion = version;
        lanes.values()
                .removeIf(
                        lane -> {
                            // One that is only stopped, or not known yet, will want its replies.
                            final boolean gone =
                                    seen.isDead(ReplyAddress.frontEnd(lane.lane().channel()));
                            if (gone) {
                                lane.close();
                            }
                            return gone;
                        });
        for (final String channel : bus.channels(this::isLive)) {
            final int key = ReplyAddress.loopKey(channel);
            if (!lanes.containsKey(key)) {
                lanes.put(key, bus.newLane(channel, writer, sequence));
            }
        }
        return 1;
    }

    private boolean isLive(String channel) {
        return ReplyAddress.isChannel(channel)
                && seen.frontEnds().contains(ReplyAddress.frontEnd(channel));
    }

    ReplyEncoder encoder() {
        return encoder;
    }

    /** Bytes of a content type; kept, since an application has only a few. */
    byte[] contentType(String contentType) {
        byte[] bytes = contentTypes.get(contentType);
        if (bytes == null) {
            bytes = contentType.getBytes(StandardCharsets.ISO_8859_1);
            if (contentTypes.size() < 256) {
                contentTypes.put(contentType, bytes);
            }
        }
        return bytes;
    }

    int sendResponse(
            long connection,
            int order,
            int statusCode,
            byte[] contentType,
            UnsafeBuffer content,
            int offset,
            int length) {
        if (contentType.length > 254) {
            return refused(LaneAppender.TOO_LONG);
        }
        final LaneAppender lane = lane(connection);
        final int code = claim(lane, encoder.responseLength(contentType.length, length));
        if (code != LaneAppender.OK) {
            return code;
        }
        try {
            encoder.encodeResponse(
                    lane.buffer(), lane.offset(), statusCode, contentType, content, offset, length);
            return commit(lane, connection, order);
        } finally {
            lane.abortIfClaimed();
        }
    }

    int send(
            long connection,
            int order,
            boolean binary,
            UnsafeBuffer content,
            int offset,
            int length) {
        final LaneAppender lane = lane(connection);
        final int code = claim(lane, ReplyEncoder.sendLength(length));
        if (code != LaneAppender.OK) {
            return code;
        }
        try {
            encoder.encodeSend(lane.buffer(), lane.offset(), binary, content, offset, length);
            return commit(lane, connection, order);
        } finally {
            lane.abortIfClaimed();
        }
    }

    int sendClose(long connection, int order, int code, byte[] reason) {
        final LaneAppender lane = lane(connection);
        final int claimed = claim(lane, ReplyEncoder.serverCloseLength(reason.length));
        if (claimed != LaneAppender.OK) {
            return claimed;
        }
        try {
            encoder.encodeServerClose(lane.buffer(), lane.offset(), code, reason);
            return commit(lane, connection, order);
        } finally {
            lane.abortIfClaimed();
        }
    }

    int sendAccept(long connection, byte[] subprotocol) {
        if (subprotocol.length > 254) {
            return refused(LaneAppender.TOO_LONG);
        }
        final LaneAppender lane = lane(connection);
        final int code = claim(lane, encoder.acceptLength(subprotocol.length));
        if (code != LaneAppender.OK) {
            return code;
        }
        try {
            encoder.encodeAccept(lane.buffer(), lane.offset(), subprotocol);
            return commit(lane, connection, 0);
        } finally {
            lane.abortIfClaimed();
        }
    }

    private int claim(LaneAppender lane, int length) {
        // Read per reply and not per duty cycle: a handler may have taken any time.
        nowNs = clock.nanoTime();
        final int code = lane == null ? LaneAppender.CLOSED : lane.claim(length, nowNs);
        return code == LaneAppender.OK ? code : refused(code);
    }

    private int commit(LaneAppender lane, long connection, int order) {
        lane.commit(connection, order, 0, nowNs, nowNs);
        sent.incrementRelease();
        return LaneAppender.OK;
    }

    private int refused(int code) {
        refused.incrementRelease();
        return code;
    }

    /** The lane to a connection's loop, or null when its front end does not live. */
    private LaneAppender lane(long connection) {
        final int key = ConnectionId.loopKey(connection);
        LaneAppender lane = lanes.get(key);
        if (lane == null) {
            // The front end is younger than the last look at the members, or it is dead.
            lane = openFor(key);
        }
        return lane;
    }

    private LaneAppender openFor(int key) {
        for (final String channel : bus.channels(ReplyAddress::isChannel)) {
            if (ReplyAddress.loopKey(channel) == key
                    && Members.isAlive(bus.membersDirectory(), ReplyAddress.frontEnd(channel))) {
                final LaneAppender lane = bus.newLane(channel, writer, sequence);
                lanes.put(key, lane);
                return lane;
            }
        }
        return null;
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(lanes.values());
        lanes.clear();
    }
}
