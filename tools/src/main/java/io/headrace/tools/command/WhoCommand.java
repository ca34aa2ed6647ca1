// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LanePoller;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.ConnectionId;
import io.headrace.member.Member;
import io.headrace.member.MemberReader;
import io.headrace.member.Members;
import io.headrace.message.Message;
import io.headrace.message.Request;
import io.headrace.presence.ConnectionTable;
import io.headrace.presence.Presence;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.agrona.CloseHelper;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code headrace who}: the open WebSockets of all live front ends, and the groups they are in. */
@Command(name = "who", description = "Lists the open WebSockets and their groups.")
public final class WhoCommand implements Callable<Integer> {

    @Mixin private CommonOptions common;

    @Option(names = "--group", paramLabel = "G", description = "Only the members of this group.")
    private String group;

    @Option(names = "--json", description = "One JSON object per line.")
    private boolean json;

    private final JsonFactory factory = new JsonFactory();
    private final Map<Long, LanePoller> keys = new HashMap<>();
    private final Message message = new Message();
    private final PrintWriter out = new PrintWriter(System.out, false, StandardCharsets.UTF_8);

    @Override
    public Integer call() throws IOException {
        if (group != null) {
            ChannelName.check(group);
        }
        try (Bus bus = Bus.open(common.directory());
                Members members = new Members(bus.membersDirectory(), WhoCommand::onBad)) {
            members.refresh();
            for (final Lane lane :
                    bus.lanes(
                            name -> name.endsWith(ChannelName.WEBSOCKET_CONNECT),
                            WhoCommand::onBad)) {
                keys.put(lane.number(), lane.poller());
            }
            for (final MemberReader member : members.all()) {
                if (member.kind() == Member.Kind.FRONT_END && member.isAlive()) {
                    list(bus, member.id());
                }
            }
            CloseHelper.closeAll(keys.values());
        }
        out.flush();
        return 0;
    }

    private void list(Bus bus, String frontEnd) throws IOException {
        final Map<Long, List<String>> groups = Presence.groupsByConnection(bus, frontEnd);
        for (final ConnectionTable table : ConnectionTable.of(bus, frontEnd)) {
            try (table) {
                table.forEach(
                        (slot, connection) -> {
                            final List<String> its = groups.getOrDefault(connection, List.of());
                            final boolean isWanted = group == null || its.contains(group);
                            if (isWanted && table.index(slot) != ConnectionTable.NO_INDEX) {
                                print(frontEnd, table, slot, connection, its);
                            }
                        });
            }
        }
    }

    private void print(
            String frontEnd,
            ConnectionTable table,
            int slot,
            long connection,
            List<String> groups) {
        final LanePoller poller = keys.get(table.laneNumber(slot));
        // It may have closed at this moment.
        if (poller == null
                || !poller.moveTo(table.index(slot))
                || !poller.peek()
                || !Message.isWhole(poller.record())
                || !message.wrap(poller.record()).decode()) {
            return;
        }
        final Request request = message.request();
        final String since = Instant.EPOCH.plus(table.sinceNs(slot), ChronoUnit.NANOS).toString();
        if (json) {
            printJson(frontEnd, connection, since, request, groups);
        } else {
            out.printf(
                    "%s %s %s:%d %s since %s%s%n",
                    frontEnd,
                    ConnectionId.toString(connection),
                    request.remoteAddr(),
                    request.remotePort(),
                    request.path(),
                    since,
                    groups.isEmpty() ? "" : " in " + String.join(" ", groups));
        }
    }

    private void printJson(
            String frontEnd, long connection, String since, Request request, List<String> groups) {
        final StringWriter line = new StringWriter();
        try (JsonGenerator generator = factory.createGenerator(line)) {
            generator.writeStartObject();
            generator.writeStringField("frontend", frontEnd);
            generator.writeStringField("connection", ConnectionId.toString(connection));
            generator.writeStringField("send_channel", request.replyChannel());
            generator.writeStringField("since", since);
            generator.writeStringField("remote_addr", request.remoteAddr());
            generator.writeNumberField("remote_port", request.remotePort());
            generator.writeStringField("path", request.path());
            generator.writeArrayFieldStart("groups");
            for (final String name : groups) {
                generator.writeString(name);
            }
            generator.writeEndArray();
            generator.writeEndObject();
        } catch (final IOException e) {
            throw new HeadraceException("a line cannot be written: " + e, e);
        }
        out.println(line);
    }

    private static void onBad(HeadraceException problem) {
        System.err.println("headrace who: " + problem.getMessage());
    }
}
