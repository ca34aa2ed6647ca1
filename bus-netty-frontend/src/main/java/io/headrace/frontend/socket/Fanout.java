// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.channel.Bus;
import io.headrace.frontend.exchange.Groups;
import io.headrace.frontend.exchange.LoopCounters;
import io.headrace.frontend.socket.websocket.Deflate;
import io.headrace.frontend.socket.websocket.SharedFrame;
import io.headrace.message.GroupOrder;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * What one loop sends to groups: a datagram is put on the wire's form once, whatever the number of
 * members, and once more compressed if some have agreed to that. Members are written to and flushed
 * a slice at a time, so that a large group does not keep the loop from its requests; what is sent
 * to the group before it is its turn leaves with the same write. A member that is sent something
 * alone is first written what it has not got yet. So is one that joins or leaves: who is a member
 * now was one when what it has not got was sent.
 */
final class Fanout implements AutoCloseable {

    // About a quarter of a millisecond, of system calls and of memory that is in no cache.
    private static final int FLUSHES_PER_CYCLE = 64;
    // So many datagrams are held.
    private static final int FRAMES_MAX = 16;

    /** A datagram, and what becomes of members that do not keep up. */
    private record Shared(SharedFrame frame, boolean closesSlow, long number) {}

    /** Datagrams on their way to the members of a group. */
    private static final class Sending {
        private final String group;
        private final List<WebSocketHandler> members;
        private final List<Shared> datagrams = new ArrayList<>();
        private int next;

        private Sending(String group, List<WebSocketHandler> members) {
            this.group = group;
            this.members = members;
        }
    }

    private final Groups<WebSocketHandler> groups;
    private final LoopCounters counters;
    private final Deflate deflate;
    private final int waitingMax;
    private final ArrayDeque<Sending> sendings = new ArrayDeque<>();
    private final ArrayDeque<Connection> unflushed = new ArrayDeque<>();
    private int frameCount;
    private long lastNumber;

    /**
     * @param waitingMax a member for which more bytes wait, beside one message, does not keep up.
     */
    Fanout(Bus bus, String writer, LoopCounters counters, Deflate deflate, int waitingMax) {
        this.groups = new Groups<>(bus, writer, this::catchUp);
        this.counters = counters;
        this.deflate = deflate;
        this.waitingMax = waitingMax;
    }

    /** Makes a WebSocket a member; false when there is no room. */
    boolean add(String group, WebSocketHandler member, long nowNs) {
        return catchUp(member) && groups.add(group, member.connection().id(), member, nowNs);
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
        final List<WebSocketHandler> members = groups.members(group);
        if (!members.isEmpty()) {
            begin(group, order, members, allocator);
        }
        return members.size();
    }

    private void begin(
            String group,
            GroupOrder order,
            List<WebSocketHandler> members,
            ByteBufAllocator allocator) {
        if (frameCount == FRAMES_MAX) {
            finishWriting(sendings.peek());
        }
        Sending sending = sendings.peekLast();
        if (sending == null || sending.members != members || sending.next > 0) {
            sending = new Sending(group, members);
            sendings.add(sending);
        }
        final SharedFrame kept = new SharedFrame(deflate);
        kept.wrap(order.binary(), order.content(), allocator);
        kept.keep();
        sending.datagrams.add(new Shared(kept, order.closesSlow(), ++lastNumber));
        frameCount++;
    }

    /** Sends to some of the members that are left, each with one write; returns to how many. */
    private int write(Sending sending, int countMax) {
        final int from = sending.next;
        final int to = from + Math.min(sending.members.size() - from, countMax);
        for (; sending.next < to; sending.next++) {
            final WebSocketHandler member = sending.members.get(sending.next);
            final Connection connection = member.connection();
            if (sending.datagrams.size() == 1) {
                final Shared only = sending.datagrams.get(0);
                if (takes(member, only)) {
                    connection.sendShared(member.shared(only.frame));
                }
            } else {
                write(sending, member);
                connection.flush();
            }
        }
        removeIfWritten(sending);
        return to - from;
    }

    private void write(Sending sending, WebSocketHandler member) {
        for (int i = 0; i < sending.datagrams.size(); i++) {
            final Shared shared = sending.datagrams.get(i);
            if (takes(member, shared)) {
                member.connection().writeShared(member.shared(shared.frame));
            }
        }
    }

    /** Writes to the members that are left, who are flushed when it is their turn. */
    private void finishWriting(Sending sending) {
        for (; sending.next < sending.members.size(); sending.next++) {
            final WebSocketHandler member = sending.members.get(sending.next);
            write(sending, member);
            member.connection().markUnflushed();
        }
        removeIfWritten(sending);
    }

    private void removeIfWritten(Sending sending) {
        if (sending.next == sending.members.size()) {
            sendings.remove();
            release(sending);
        }
    }

    private void release(Sending sending) {
        sending.datagrams.forEach(shared -> shared.frame.release());
        frameCount -= sending.datagrams.size();
    }

    /** Writes to all whom it has not yet written to. */
    void finishWriting() {
        while (!sendings.isEmpty()) {
            finishWriting(sendings.peek());
        }
    }

    /**
     * Writes to one member, before its turn, what its groups were sent and it has not got yet;
     * false when it is not open, or not any more.
     */
    boolean catchUp(WebSocketHandler member) {
        final Connection connection = member.connection();
        if (!sendings.isEmpty() && connection.lastShared() != lastNumber && member.isOpen()) {
            for (final Sending sending : sendings) {
                if (groups.isMember(sending.group, member.connection().id())) {
                    write(sending, member);
                }
            }
            connection.lastShared(lastNumber);
            connection.markDirty();
        }
        return member.isOpen();
    }

    /** Whether a member is sent a datagram: if it has not got it yet, and keeps up. */
    private boolean takes(WebSocketHandler member, Shared shared) {
        if (shared.number <= member.connection().lastShared() || !member.isOpen()) {
            return false;
        }
        member.connection().lastShared(shared.number);
        if (member.connection().watch().excessLength() <= waitingMax) {
            return true;
        }
        if (shared.closesSlow) {
            counters.membersClosed().incrementRelease();
            member.closeSlow();
        } else {
            counters.membersSkipped().incrementRelease();
        }
        return false;
    }

    /** A member has been written to and is to be flushed when it is its turn. */
    void markUnflushed(Connection connection) {
        unflushed.add(connection);
    }

    /** Flushes a slice of the members that were written to, or writes to some that were not. */
    int flush() {
        int count = 0;
        for (; count < FLUSHES_PER_CYCLE && !unflushed.isEmpty(); count++) {
            unflushed.poll().flush();
        }
        while (count < FLUSHES_PER_CYCLE && !sendings.isEmpty()) {
            count += write(sendings.peek(), FLUSHES_PER_CYCLE - count);
        }
        return count;
    }

    @Override
    public void close() {
        sendings.forEach(this::release);
        sendings.clear();
        groups.close();
    }
}
