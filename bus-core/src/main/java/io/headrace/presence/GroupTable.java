// SPDX-License-Identifier: Apache-2.0
package io.headrace.presence;

import io.headrace.channel.Bus;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import org.agrona.collections.Object2IntHashMap;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Which connections of one event loop are in which groups, in its files {@code
 * members/WRITER.groups} and {@code WRITER.memberships}. The loop alone writes them.
 *
 * <pre>
 *  a group, 256 bytes:       0  int32  length of its name; 0 is free; written last, cleared first
 *                            4  int32  number of members     8  name, ASCII
 *  a membership, 16 bytes:   0  int64  connection id; 0 is free; written last, cleared first
 *                            8  int32  slot of the group
 * </pre>
 */
public final class GroupTable implements AutoCloseable {

    /** No slot is free, or there is no memory for one. */
    public static final int NO_SLOT = SharedTable.NO_SLOT;

    /** Greatest number of groups that have members on one loop. */
    public static final int GROUP_COUNT_MAX = 65_536;

    /** Greatest number of memberships on one loop. */
    public static final int MEMBERSHIP_COUNT_MAX = 1 << 20;

    private static final String GROUPS = ".groups";
    private static final String MEMBERSHIPS = ".memberships";
    private static final int GROUP_LENGTH = 256;
    private static final int MEMBERSHIP_LENGTH = 16;
    private static final int NAME_LENGTH_OFFSET = 0;
    private static final int COUNT_OFFSET = 4;
    private static final int NAME_OFFSET = 8;
    private static final int CONNECTION_OFFSET = 0;
    private static final int GROUP_OFFSET = 8;

    /** What is done with each group. */
    @FunctionalInterface
    public interface GroupVisitor {
        void onGroup(int slot, String name, int memberCount);
    }

    /** What is done with each membership. */
    @FunctionalInterface
    public interface MemberVisitor {
        void onMember(int group, long connection);
    }

    private final SharedTable groups;
    private final SharedTable memberships;
    private final UnsafeBuffer groupBuffer;
    private final UnsafeBuffer memberBuffer;
    private final Object2IntHashMap<String> slots = new Object2IntHashMap<>(NO_SLOT);

    private GroupTable(SharedTable groups, SharedTable memberships) {
        this.groups = groups;
        this.memberships = memberships;
        groupBuffer = groups.buffer();
        memberBuffer = memberships.buffer();
    }

    /**
     * Makes a loop's tables.
     *
     * @param writer id of the loop as a writer, unique for all time.
     */
    public static GroupTable create(Bus bus, String writer) {
        return new GroupTable(
                SharedTable.create(bus, writer, GROUPS, GROUP_LENGTH, GROUP_COUNT_MAX),
                SharedTable.create(
                        bus, writer, MEMBERSHIPS, MEMBERSHIP_LENGTH, MEMBERSHIP_COUNT_MAX));
    }

    /** The tables of a member's loops. */
    public static List<GroupTable> of(Bus bus, String memberId) {
        final List<SharedTable> groups =
                SharedTable.of(bus, memberId, GROUPS, GROUP_LENGTH, GROUP_COUNT_MAX);
        final List<SharedTable> memberships =
                SharedTable.of(bus, memberId, MEMBERSHIPS, MEMBERSHIP_LENGTH, MEMBERSHIP_COUNT_MAX);
        // One that has groups only is being made.
        return IntStream.range(0, Math.min(groups.size(), memberships.size()))
                .mapToObj(i -> new GroupTable(groups.get(i), memberships.get(i)))
                .toList();
    }

    /** Deletes the tables of a member that is dead. */
    public static void delete(Bus bus, String memberId) {
        SharedTable.delete(bus, memberId, GROUPS);
        SharedTable.delete(bus, memberId, MEMBERSHIPS);
    }

    /**
     * Makes a connection a member.
     *
     * @param name a channel name.
     * @return slot of the membership, or {@link #NO_SLOT}.
     */
    public int join(String name, long connection) {
        int group = slots.getValue(name);
        if (group == NO_SLOT) {
            group = addGroup(name);
        }
        final int membership = group == NO_SLOT ? NO_SLOT : memberships.take();
        if (membership != NO_SLOT) {
            memberBuffer.putInt(memberships.at(membership) + GROUP_OFFSET, group);
            memberBuffer.putLongRelease(memberships.at(membership) + CONNECTION_OFFSET, connection);
            addToCount(group, 1);
        } else if (group != NO_SLOT) {
            removeIfEmpty(group);
        }
        return membership;
    }

    private int addGroup(String name) {
        final int group = groups.take();
        if (group != NO_SLOT) {
            groupBuffer.putInt(groups.at(group) + COUNT_OFFSET, 0);
            groupBuffer.putStringWithoutLengthAscii(groups.at(group) + NAME_OFFSET, name);
            groupBuffer.putIntRelease(groups.at(group) + NAME_LENGTH_OFFSET, name.length());
            slots.put(name, group);
        }
        return group;
    }

    /** Ends a membership; a group without members is forgotten. */
    public void leave(int membership) {
        final int at = memberships.at(membership);
        final int group = memberBuffer.getInt(at + GROUP_OFFSET);
        memberBuffer.putLongRelease(at + CONNECTION_OFFSET, 0);
        memberships.give(membership);
        addToCount(group, -1);
        removeIfEmpty(group);
    }

    private void addToCount(int group, int change) {
        final int at = groups.at(group) + COUNT_OFFSET;
        groupBuffer.putIntRelease(at, groupBuffer.getInt(at) + change);
    }

    private void removeIfEmpty(int group) {
        final int at = groups.at(group);
        if (groupBuffer.getInt(at + COUNT_OFFSET) == 0) {
            slots.removeKey(name(group));
            groupBuffer.putIntRelease(at + NAME_LENGTH_OFFSET, 0);
            groups.give(group);
        }
    }

    private String name(int group) {
        final int at = groups.at(group);
        final int length = groupBuffer.getIntVolatile(at + NAME_LENGTH_OFFSET);
        final byte[] bytes = new byte[Math.max(0, Math.min(length, GROUP_LENGTH - NAME_OFFSET))];
        groupBuffer.getBytes(at + NAME_OFFSET, bytes);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    /** Slot of the group of this name, or {@link #NO_SLOT}. */
    public int find(String name) {
        for (int slot = 0, used = groups.usedCount(); slot < used; slot++) {
            final int length = groupBuffer.getIntVolatile(groups.at(slot) + NAME_LENGTH_OFFSET);
            if (length == name.length() && name(slot).equals(name)) {
                return slot;
            }
        }
        return NO_SLOT;
    }

    /** Number of members of the group in a slot. */
    public int memberCount(int group) {
        return groupBuffer.getIntVolatile(groups.at(group) + COUNT_OFFSET);
    }

    /** Visits every group that has members, each as it is at its moment. */
    public void forEachGroup(GroupVisitor visitor) {
        for (int slot = 0, used = groups.usedCount(); slot < used; slot++) {
            final String name = name(slot);
            if (!name.isEmpty()) {
                visitor.onGroup(slot, name, memberCount(slot));
            }
        }
    }

    /** Visits every membership, each as it is at its moment. */
    public void forEachMember(MemberVisitor visitor) {
        for (int slot = 0, used = memberships.usedCount(); slot < used; slot++) {
            final int at = memberships.at(slot);
            final long connection = memberBuffer.getLongVolatile(at + CONNECTION_OFFSET);
            if (connection != 0) {
                visitor.onMember(memberBuffer.getInt(at + GROUP_OFFSET), connection);
            }
        }
    }

    @Override
    public void close() {
        groups.close();
        memberships.close();
    }
}
