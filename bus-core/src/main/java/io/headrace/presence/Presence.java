// SPDX-License-Identifier: Apache-2.0
package io.headrace.presence;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LanePoller;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.ConnectionId;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.message.Message;
import io.headrace.message.Request;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.agrona.CloseHelper;

/** Reads the tables of front ends: who is connected, and in which group. Cold. */
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

    /** The open WebSockets of these front ends. */
    public static List<Connected> connected(
            Bus bus, List<String> frontEnds, Consumer<HeadraceException> onBadLane) {
        final List<Connected> all = new ArrayList<>();
        final Map<Long, LanePoller> keys = new HashMap<>();
        try {
            for (final Lane lane :
                    bus.lanes(name -> name.endsWith(ChannelName.WEBSOCKET_CONNECT), onBadLane)) {
                open(lane, keys, onBadLane);
            }
            for (final String frontEnd : frontEnds) {
                addConnected(bus, frontEnd, keys, all);
            }
            return all;
        } finally {
            CloseHelper.closeAll(keys.values());
        }
    }

    private static void open(
            Lane lane, Map<Long, LanePoller> keys, Consumer<HeadraceException> onBadLane) {
        try {
            keys.put(lane.number(), lane.poller());
        } catch (final HeadraceException badLane) {
            // Not when another thread of this process has found it deleted this moment.
            if (Lane.isReadable(lane.path())) {
                onBadLane.accept(badLane);
            }
        }
    }

    private static void addConnected(
            Bus bus, String frontEnd, Map<Long, LanePoller> keys, List<Connected> all) {
        final Message message = new Message();
        final Map<Long, List<String>> groups = groupsByConnection(bus, frontEnd);
        for (final ConnectionTable table : ConnectionTable.of(bus, frontEnd)) {
            try (table) {
                table.forEach(
                        (slot, connection) -> {
                            // It may have closed at this moment.
                            if (hasKeys(keys.get(table.laneNumber(slot)), table, slot, message)
                                    && message.connection() == connection) {
                                all.add(
                                        connected(
                                                frontEnd,
                                                table.sinceNs(slot),
                                                message,
                                                groups.getOrDefault(connection, List.of())));
                            }
                        });
            }
        }
    }

    private static boolean hasKeys(
            LanePoller poller, ConnectionTable table, int slot, Message message) {
        return poller != null
                && table.index(slot) != ConnectionTable.NO_INDEX
                && poller.moveTo(table.index(slot))
                && Message.isWhole(poller.record())
                && message.wrap(poller.record()).decode();
    }

    private static Connected connected(
            String frontEnd, long sinceNs, Message message, List<String> groups) {
        final Request request = message.request();
        return new Connected(
                frontEnd,
                message.connection(),
                request.replyChannel(),
                sinceNs,
                request.remoteAddr(),
                request.remotePort(),
                request.path(),
                groups);
    }

    private static Map<Long, List<String>> groupsByConnection(Bus bus, String frontEnd) {
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
