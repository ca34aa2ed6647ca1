// SPDX-License-Identifier: Apache-2.0
package io.headrace.presence;

import io.headrace.channel.Bus;
import io.headrace.channel.name.ConnectionId;
import io.headrace.channel.name.ReplyAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads the tables of front ends: who is in which group. Cold. */
public final class Presence {

    private Presence() {}

    /** The {@code send_channel}s of a group's members on these front ends. */
    public static List<String> members(Bus bus, List<String> frontEnds, String group) {
        final List<String> members = new ArrayList<>();
        for (final String frontEnd : frontEnds) {
            for (final GroupTable table : GroupTable.of(bus, frontEnd)) {
                try (table) {
                    final int slot = table.find(group);
                    table.forEachMember(
                            (of, connection) -> {
                                if (of == slot) {
                                    members.add(sendChannel(frontEnd, connection));
                                }
                            });
                }
            }
        }
        return members;
    }

    /** Number of a group's members on these front ends. */
    public static int memberCount(Bus bus, List<String> frontEnds, String group) {
        int count = 0;
        for (final String frontEnd : frontEnds) {
            for (final GroupTable table : GroupTable.of(bus, frontEnd)) {
                try (table) {
                    final int slot = table.find(group);
                    count += slot == GroupTable.NO_SLOT ? 0 : table.memberCount(slot);
                }
            }
        }
        return count;
    }

    /** The names of the groups that each connection of a front end is in. */
    public static Map<Long, List<String>> groupsByConnection(Bus bus, String frontEnd) {
        final Map<Long, List<String>> groups = new HashMap<>();
        for (final GroupTable table : GroupTable.of(bus, frontEnd)) {
            try (table) {
                final Map<Integer, String> names = new HashMap<>();
                table.forEachGroup((slot, name, count) -> names.put(slot, name));
                table.forEachMember(
                        (group, connection) -> {
                            final String name = names.get(group);
                            if (name != null) {
                                groups.computeIfAbsent(connection, id -> new ArrayList<>())
                                        .add(name);
                            }
                        });
            }
        }
        return groups;
    }

    private static String sendChannel(String frontEnd, long connection) {
        final String channel = ReplyAddress.channel(frontEnd, ConnectionId.loop(connection));
        return new ReplyAddress(channel, connection, 0).toString();
    }
}
