// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.frontend.exchange.Groups;
import io.headrace.frontend.exchange.LoopCounters;
import io.headrace.frontend.socket.websocket.Deflate;
import io.headrace.frontend.socket.websocket.SharedFrame;
import io.headrace.message.GroupOrder;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;

/**
 * What one loop sends to groups: a datagram is put on the wire's form once, whatever the number of
 * members, and once more compressed if some have agreed to that. Members are flushed a slice at a
 * time, so that a large group does not keep the loop from its requests; what comes for a member in
 * the meantime leaves with the same write.
 */
final class Fanout implements AutoCloseable {

    // About two milliseconds of writes to sockets.
    private static final int FLUSHES_PER_CYCLE = 256;

    private final Groups<WebSocketHandler> groups;
    private final LoopCounters counters;
    private final SharedFrame frame;
    private final int waitingMax;
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
        if (count > 0) {
            frame.wrap(order.binary(), order.content(), allocator);
            try {
                groups.forEach(group, member -> send(member, order.closesSlow()));
            } finally {
                frame.release();
            }
        }
        return count;
    }

    private void send(WebSocketHandler member, boolean closesSlow) {
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

    /** Flushes a slice of the members that have been written to. */
    int flush() {
        int count = 0;
        for (; count < FLUSHES_PER_CYCLE && !unflushed.isEmpty(); count++) {
            unflushed.poll().flush();
        }
        return count;
    }

    @Override
    public void close() {
        groups.close();
    }
}
