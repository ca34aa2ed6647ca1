// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker.reply;

import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.ConnectionId;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.delivery.LiveMembers;
import io.headrace.member.Member;
import io.headrace.member.Members;
import io.headrace.presence.Connected;
import io.headrace.presence.ConnectionTable;
import io.headrace.presence.Presence;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.agrona.CloseHelper;
import org.agrona.collections.Int2ObjectHashMap;
import org.agrona.collections.IntHashSet;
import org.agrona.concurrent.EpochNanoClock;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.errors.DistinctErrorLog;
import org.agrona.concurrent.status.AtomicCounter;

/**
 * One writer's way back: its lanes in the reply channels of all live front-end loops, opened as
 * soon as a front end appears and not with the first reply. Room is claimed, encoded in place, and
 * committed:
 *
 * <pre>{@code
 * int code = replies.claim(connection, length);
 * if (code == LaneAppender.OK) {
 *     try {
 *         encoder.encode(replies.buffer(), replies.offset(), ...);
 *         code = replies.commit(connection, order);
 *     } finally {
 *         replies.release();
 *     }
 * }
 * }</pre>
 *
 * <p>A consumer's own is used by its thread alone. A shared one, for answers that come later and
 * from anywhere, is locked from the claim to the release.
 */
public final class Replies implements AutoCloseable {

    private static final long ABSENT_NS = 100_000_000L;
    private static final long RETRY_NS = 1_000_000_000L;
    private static final int CONTENT_TYPES_MAX = 256;

    // No front end has such a number.
    private static final long NOBODY = -1;

    private final Bus bus;
    private final EpochNanoClock clock;
    private final String writer;
    private final LiveMembers liveMembers;
    private final boolean isShared;
    private final ReentrantLock lock = new ReentrantLock();
    private final WriterSequence sequence = new WriterSequence();
    private final Int2ObjectHashMap<LaneAppender> lanes = new Int2ObjectHashMap<>();
    private final Int2ObjectHashMap<ConnectionTable> tables = new Int2ObjectHashMap<>();
    // Loops that were asked for and do not live: until the lane version rises, or for a while, as
    // one whose file could not be read may live.
    private final IntHashSet absent = new IntHashSet();
    private long absentVersion;
    private long absentUntilNs;
    private final Map<String, byte[]> contentTypes = new HashMap<>();
    private final DistinctErrorLog errors;
    private final AtomicCounter sent;
    private final AtomicCounter refused;
    private LaneAppender[] loops = {};
    private LiveMembers.Snapshot seen;
    private long laneVersion = -1;
    private boolean isComplete;
    private long nextLookNs;
    private LaneAppender claimed;
    private long nowNs;
    private boolean closed;

    /**
     * @param writer id of the writer, unique for all time.
     * @param isShared whether several threads use it.
     */
    public Replies(
            Bus bus, String writer, LiveMembers liveMembers, Member member, boolean isShared) {
        this.bus = bus;
        this.clock = bus.clock();
        this.writer = writer;
        this.liveMembers = liveMembers;
        this.isShared = isShared;
        this.seen = liveMembers.snapshot();
        this.errors = member.errorLog();
        this.sent = member.counter(writer + " replies appended");
        this.refused = member.counter(writer + " replies refused");
    }

    private void lock() {
        if (isShared) {
            lock.lock();
            try {
                // Nobody else looks after it.
                doWork();
            } catch (final RuntimeException e) {
                lock.unlock();
                throw e;
            }
        }
    }

    private void unlock() {
        if (isShared) {
            lock.unlock();
        }
    }

    /** Opens and closes lanes when front ends have come or gone; a shared one does so itself. */
    public int doWork() {
        if (closed) {
            // The bus may be gone, and nothing of it is mapped any more.
            return 0;
        }
        final LiveMembers.Snapshot live = liveMembers.snapshot();
        final long version = bus.laneVersion();
        final boolean hasChanged = live != seen || version != laneVersion;
        if (hasChanged || !isComplete && clock.nanoTime() >= nextLookNs) {
            seen = live;
            laneVersion = version;
            return look(hasChanged);
        }
        if (bus.isMemoryTight()) {
            sequence.rollLargeFiles(clock.nanoTime());
        }
        return 0;
    }

    /** A look at which all went well is the last one until something changes. */
    private int look(boolean isFirst) {
        isComplete = false;
        nextLookNs = clock.nanoTime() + RETRY_NS;
        try {
            lookForLoops();
            isComplete = true;
            return 1;
        } catch (final RuntimeException e) {
            if (isFirst) {
                throw e;
            }
            // It only lasts: not every second a call is to fail, perhaps one for another loop.
            errors.record(e);
            return 0;
        } finally {
            loops = lanes.values().toArray(new LaneAppender[0]);
        }
    }

    private void lookForLoops() {
        // One that is only stopped, or not known yet, will want its replies. Who has not looked for
        // long may find that the janitor has deleted the lane, and forgotten its front end.
        for (final int key : lanes.keySet().toArray(new Integer[0])) {
            final Lane lane = lanes.get(key).lane();
            if (seen.isDead(ReplyAddress.frontEnd(lane.channel()))
                    || !Lane.isReadable(lane.path())) {
                lanes.remove(key).close();
                detach(tables.remove(key));
            }
        }
        RuntimeException problem = null;
        for (final String channel : bus.channels(this::isLive)) {
            try {
                open(channel);
            } catch (final RuntimeException e) {
                problem = e;
            }
        }
        if (problem != null) {
            throw problem;
        }
    }

    private boolean isLive(String channel) {
        return ReplyAddress.isChannel(channel)
                && seen.frontEnds().contains(ReplyAddress.frontEnd(channel));
    }

    private LaneAppender open(String channel) {
        final int key = ReplyAddress.loopKey(channel);
        final LaneAppender lane =
                lanes.computeIfAbsent(key, absent -> bus.newLane(channel, writer, sequence));
        if (!tables.containsKey(key)) {
            // A reply channel is named after its loop.
            ConnectionTable.ofWriter(bus, channel.substring(ChannelName.REPLY_PREFIX.length()))
                    .ifPresent(table -> tables.put(key, table));
        }
        return lane;
    }

    /** Counts all that the writer appends, whatever the lane. */
    public WriterSequence sequence() {
        return sequence;
    }

    /** Bytes of a content type; kept, since an application has only a few. */
    byte[] contentType(String contentType) {
        lock();
        try {
            byte[] bytes = contentTypes.get(contentType);
            if (bytes == null) {
                bytes = contentType.getBytes(StandardCharsets.ISO_8859_1);
                if (contentTypes.size() < CONTENT_TYPES_MAX) {
                    contentTypes.put(contentType, bytes);
                }
            }
            return bytes;
        } finally {
            unlock();
        }
    }

    /** An address's connection; that of another bus, whose number is a stranger's here, is gone. */
    long connection(ReplyAddress address) {
        return ReplyAddress.frontEnd(address.channel()).endsWith("-" + bus.settings().id())
                ? address.connection()
                : NOBODY;
    }

    /**
     * Claims room for a message to a connection's loop.
     *
     * @return {@link LaneAppender#OK}, and then {@link #release()} must follow; or a negative code.
     */
    int claim(long connection, int length) {
        lock();
        return claim(null, connection, length);
    }

    /** As {@link #claim(long, int)}, for one of the {@link #loops()}. */
    int claimLoop(LaneAppender loop, int length) {
        lock();
        return claim(loop, NOBODY, length);
    }

    private int claim(LaneAppender loop, long connection, int length) {
        int code = LaneAppender.CLOSED;
        try {
            final LaneAppender lane = loop != null || closed ? loop : lane(connection);
            if (lane != null) {
                // Read per reply and not per duty cycle: a handler may have taken any time.
                nowNs = clock.nanoTime();
                code = lane.claim(length, nowNs);
                claimed = lane;
            }
        } finally {
            if (code != LaneAppender.OK) {
                countRefusal();
                unlock();
            }
        }
        return code;
    }

    private void countRefusal() {
        if (!closed) {
            refused.incrementRelease();
        }
    }

    /** A message that was not even tried. */
    int refuse(int code) {
        lock();
        try {
            countRefusal();
            return code;
        } finally {
            unlock();
        }
    }

    UnsafeBuffer buffer() {
        return claimed.buffer();
    }

    int offset() {
        return claimed.offset();
    }

    /**
     * Publishes the claimed message.
     *
     * @param order of the message that it answers.
     */
    int commit(long connection, int order) {
        claimed.commit(connection, order, 0, nowNs, nowNs);
        sent.incrementRelease();
        return LaneAppender.OK;
    }

    /** Gives back what was claimed and not committed. */
    void release() {
        claimed.abortIfClaimed();
        unlock();
    }

    List<String> members(String group) {
        return Presence.members(bus, liveMembers.snapshot().frontEnds(), group);
    }

    int memberCount(String group) {
        return Presence.memberCount(bus, liveMembers.snapshot().frontEnds(), group);
    }

    List<Connected> connected() {
        return Presence.connected(bus, liveMembers.snapshot().frontEnds(), badLane -> {});
    }

    private static void detach(ConnectionTable table) {
        if (table != null) {
            table.detach();
        }
    }

    /** The lanes to all front-end loops that live; stays as it is when these change. */
    LaneAppender[] loops() {
        // With none known nothing is claimed, and so nobody else would look for them.
        lock();
        try {
            return loops;
        } finally {
            unlock();
        }
    }

    /** The lane to a connection's loop, or null when its front end does not live. */
    private LaneAppender lane(long connection) {
        final LaneAppender lane = lanes.get(ConnectionId.loopKey(connection));
        // The front end is younger than the last look at the members, or it is dead.
        return lane == null ? openFor(ConnectionId.loopKey(connection)) : lane;
    }

    private LaneAppender openFor(int key) {
        // Who comes raises it afterwards; until then not every send lists all channels again.
        final long version = bus.laneVersion();
        if (version != absentVersion || clock.nanoTime() >= absentUntilNs) {
            absentVersion = version;
            absentUntilNs = clock.nanoTime() + ABSENT_NS;
            absent.clear();
        }
        if (absent.contains(key)) {
            return null;
        }
        for (final String channel : bus.channels(ReplyAddress::isChannel)) {
            if (ReplyAddress.loopKey(channel) == key
                    && Members.isAlive(bus.membersDirectory(), ReplyAddress.frontEnd(channel))) {
                return open(channel);
            }
        }
        absent.add(key);
        return null;
    }

    /**
     * The table of a connection's loop, or null when it is not there. What it says of a slot holds
     * for the connection only while the slot is that connection's.
     */
    ConnectionTable table(long connection) {
        lock();
        try {
            // Its front end may be younger than the last look at the members.
            return closed || lane(connection) == null
                    ? null
                    : tables.get(ConnectionId.loopKey(connection));
        } finally {
            unlock();
        }
    }

    @Override
    public void close() {
        if (isShared) {
            lock.lock();
        }
        try {
            closed = true;
            CloseHelper.quietCloseAll(lanes.values());
            tables.values().forEach(Replies::detach);
            lanes.clear();
            tables.clear();
            loops = new LaneAppender[0];
        } finally {
            unlock();
        }
    }
}
