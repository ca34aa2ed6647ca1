// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import io.headrace.channel.Bus;
import io.headrace.presence.GroupTable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.agrona.collections.Long2ObjectHashMap;

/**
 * The groups that connections of one event loop are in. What is sent to a group is one record in
 * the loop's reply channel, whatever the number of members. Others see the members in the loop's
 * {@link GroupTable}. One thread.
 *
 * @param <M> a connection that can be sent something.
 */
public final class Groups<M> implements AutoCloseable {

    private static final int LEFT = -1;

    /** One connection in one group. */
    private final class Membership {
        private final Group group;
        private final M member;
        private final int slot;
        private final long sinceNs;
        // In the group's list; another one takes the place of one that leaves.
        private int position;

        private Membership(Group group, M member, int slot, long sinceNs) {
            this.group = group;
            this.member = member;
            this.slot = slot;
            this.sinceNs = sinceNs;
        }
    }

    private final class Group {
        private final String name;
        private final List<Membership> members = new ArrayList<>();
        // What they are since one joined or left, or null.
        private List<M> snapshot;

        private Group(String name) {
            this.name = name;
        }
    }

    private final GroupTable table;
    private final Consumer<M> onLeave;
    private final Map<String, Group> byName = new HashMap<>();
    private final Long2ObjectHashMap<List<Membership>> byConnection = new Long2ObjectHashMap<>();

    /**
     * @param onLeave told of a connection just before it leaves a group.
     */
    public Groups(Bus bus, String writer, Consumer<M> onLeave) {
        table = GroupTable.create(bus, writer);
        this.onLeave = onLeave;
    }

    /**
     * Makes a connection a member; does nothing if it is one.
     *
     * @param name a channel name.
     * @return false when there is no room for one more.
     */
    public boolean add(String name, long connection, M member, long nowNs) {
        final List<Membership> its =
                byConnection.computeIfAbsent(connection, id -> new ArrayList<>(2));
        if (find(its, name) >= 0) {
            return true;
        }
        final int slot = table.join(name, connection);
        if (slot == GroupTable.NO_SLOT) {
            forgetIfEmpty(connection, its);
            return false;
        }
        final Group group = byName.computeIfAbsent(name, Group::new);
        final Membership membership = new Membership(group, member, slot, nowNs);
        membership.position = group.members.size();
        group.members.add(membership);
        group.snapshot = null;
        its.add(membership);
        return true;
    }

    /** Ends a membership; does nothing when there is none. */
    public void discard(String name, long connection) {
        final List<Membership> its = byConnection.get(connection);
        final int at = its == null ? -1 : find(its, name);
        if (at >= 0) {
            leave(its.get(at));
            its.remove(at);
            forgetIfEmpty(connection, its);
        }
    }

    /** Ends all memberships of a connection. */
    public void discardAll(long connection) {
        final List<Membership> its = byConnection.remove(connection);
        if (its != null) {
            its.forEach(this::leave);
        }
    }

    /** Ends memberships that began before a time. */
    public void expire(long beforeNs) {
        for (final long connection : byConnection.keySet().toArray(new Long[0])) {
            final List<Membership> its = byConnection.get(connection);
            its.removeIf(
                    membership -> {
                        final boolean old = membership.sinceNs < beforeNs;
                        if (old) {
                            leave(membership);
                        }
                        return old;
                    });
            forgetIfEmpty(connection, its);
        }
    }

    /** Whether a connection is a member now. */
    public boolean isMember(String name, long connection) {
        final List<Membership> its = byConnection.get(connection);
        return its != null && find(its, name) >= 0;
    }

    private int find(List<Membership> memberships, String name) {
        for (int i = 0; i < memberships.size(); i++) {
            if (memberships.get(i).group.name.equals(name)) {
                return i;
            }
        }
        return -1;
    }

    private void forgetIfEmpty(long connection, List<Membership> its) {
        if (its.isEmpty()) {
            byConnection.remove(connection);
        }
    }

    private void leave(Membership membership) {
        onLeave.accept(membership.member);
        if (membership.position == LEFT) {
            // It has been closed because of that.
            return;
        }
        final List<Membership> members = membership.group.members;
        final Membership last = members.remove(members.size() - 1);
        if (last != membership) {
            members.set(membership.position, last);
            last.position = membership.position;
        }
        membership.position = LEFT;
        membership.group.snapshot = null;
        table.leave(membership.slot);
        if (members.isEmpty()) {
            byName.remove(membership.group.name);
        }
    }

    /** The members as they are now; the same list until one joins or leaves. */
    public List<M> members(String name) {
        final Group group = byName.get(name);
        if (group == null) {
            return List.of();
        }
        if (group.snapshot == null) {
            group.snapshot = group.members.stream().map(membership -> membership.member).toList();
        }
        return group.snapshot;
    }

    @Override
    public void close() {
        table.close();
    }
}
