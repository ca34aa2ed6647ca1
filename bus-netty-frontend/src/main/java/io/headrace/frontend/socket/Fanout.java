// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.frontend.exchange.Groups;
import io.headrace.frontend.exchange.LoopCounters;
import io.headrace.frontend.socket.websocket.Deflate;
import io.headrace.frontend.socket.websocket.SharedFrame;
import io.headrace.message.GroupOrder;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;

/**
 * What one loop sends to groups: a datagram is put on the wire's form once, whatever the number of
 * members, and once more compressed if some have agreed to that. The members of a large group are
 * written to a slice at a time, and flushed a slice at a time, so that it does not keep the loop
 * from its requests; what comes for a member before its flush leaves with the same write.
 */
final class Fanout implements AutoCloseable {

    // About half a millisecond each, of system calls and of memory that is in no cache.
    private static final int FLUSHES_PER_CYCLE = 64;
    private static final int WRITES_PER_CYCLE = 512;
    // So many lists of members are held.
    private static final int SENDINGS_MAX = 16;

    /** A datagram on its way to a large group. */
    private record Sending(
            SharedFrame frame, boolean closesSlow, Iterator<WebSocketHandler> members) {}

    private final Groups<WebSocketHandler> groups;
    private final LoopCounters counters;
    private final Deflate deflate;
    private final SharedFrame frame;
    private final int waitingMax;
    private final ArrayDeque<Sending> sendings = new ArrayDeque<>();
    private final ArrayDeque<Connection> unflushed = new ArrayDeque<>();

    /**
     * @param waitingMax a member for which more bytes wait does not keep up.
     */
    Fanout(
            Groups<WebSocketHandler> groups,
            LoopCounters counters,
            Deflate deflate,
            int waitingMax) {
        this.groups = groups;
        this.counters = counters;
        this.deflate = deflate;
        this.frame = new SharedFrame(deflate);
        this.waitingMax = waitingMax;
    }

    /** Makes a WebSocket a member; false when there is no room. */
    boolean add(String group, WebSocketHandler member, long nowNs) {
        return groups.add(group, member.connectionId(), member, nowNs);
    }

    void discard(String group, long connection) {
        groups.discard(group, connection);
    }

    void discardAll(long connection) {
        groups.discardAll(connection);
    }

    void expire(long beforeNs) {
        groups.expire(beforeNs);
    }

    /** Sends to all members of a group; returns how many there are. */
    int send(GroupOrder order, ByteBufAllocator allocator) {
        final String group = order.group();
        final int count = groups.count(group);
        if (count > WRITES_PER_CYCLE || count > 0 && !sendings.isEmpty()) {
            begin(order, groups.members(group), allocator);
        } else if (count > 0) {
            frame.wrap(order.binary(), order.content(), allocator);
            try {
                groups.forEach(group, member -> send(frame, member, order.closesSlow()));
            } finally {
                frame.release();
            }
        }
        return count;
    }

    private void begin(
            GroupOrder order, List<WebSocketHandler> members, ByteBufAllocator allocator) {
        if (sendings.size() == SENDINGS_MAX) {
            write(sendings.peek(), Integer.MAX_VALUE);
        }
        final SharedFrame kept = new SharedFrame(deflate);
        kept.wrap(order.binary(), order.content(), allocator);
        kept.keep();
        sendings.add(new Sending(kept, order.closesSlow(), members.iterator()));
    }

    /** Writes to some of the members that are left; returns to how many. */
    private int write(Sending sending, int countMax) {
        int count = 0;
        while (count < countMax && sending.members.hasNext()) {
            send(sending.frame, sending.members.next(), sending.closesSlow);
            count++;
        }
        if (!sending.members.hasNext()) {
            sendings.remove();
            sending.frame.release();
        }
        return count;
    }

    /** Writes to all whom it has not yet written to: what comes next is for one of them alone. */
    void finishWriting() {
        while (!sendings.isEmpty()) {
            write(sendings.peek(), Integer.MAX_VALUE);
        }
    }

    private void send(SharedFrame frame, WebSocketHandler member, boolean closesSlow) {
        if (!member.isOpen()) {
            return;
        }
        if (member.pendingLength() <= waitingMax) {
            member.sendShared(frame);
        } else if (closesSlow) {
            counters.membersClosed().incrementRelease();
            member.closeSlow();
        } else {
            counters.membersSkipped().incrementRelease();
        }
    }

    /** A member has been written to and is to be flushed when it is its turn. */
    void markUnflushed(Connection connection) {
        unflushed.add(connection);
    }

    /** Writes to a slice of the members, and flushes a slice of those that were written to. */
    int flush() {
        int count = 0;
        while (count < WRITES_PER_CYCLE && !sendings.isEmpty()) {
            count += write(sendings.peek(), WRITES_PER_CYCLE - count);
        }
        for (int i = 0; i < FLUSHES_PER_CYCLE && !unflushed.isEmpty(); i++) {
            unflushed.poll().flush();
            count++;
        }
        return count;
    }

    @Override
    public void close() {
        sendings.forEach(sending -> sending.frame.release());
        sendings.clear();
        groups.close();
    }
}
