// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.ConnectionId;
import io.headrace.member.Member;
import io.headrace.member.MemberReader;
import io.headrace.member.Members;
import io.headrace.presence.Connected;
import io.headrace.presence.Presence;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.Callable;
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
    private final PrintWriter out = new PrintWriter(System.out, false, StandardCharsets.UTF_8);

    @Override
    public Integer call() throws IOException {
        if (group != null) {
            ChannelName.check(group);
        }
        try (Bus bus = Bus.open(common.directory());
                Members members = new Members(bus.membersDirectory(), WhoCommand::onBad)) {
            members.refresh();
            final List<String> frontEnds =
                    members.all().stream()
                            .filter(m -> m.kind() == Member.Kind.FRONT_END && m.isAlive())
                            .map(MemberReader::id)
                            .toList();
            for (final Connected one : Presence.connected(bus, frontEnds, WhoCommand::onBad)) {
                if (group == null || one.groups().contains(group)) {
                    print(one);
                }
            }
        }
        out.flush();
        return 0;
    }

    private void print(Connected one) throws IOException {
        final String since = Instant.EPOCH.plus(one.sinceNs(), ChronoUnit.NANOS).toString();
        if (json) {
            printJson(one, since);
        } else {
            out.printf(
                    "%s %s %s:%d %s since %s%s%n",
                    one.frontEnd(),
                    ConnectionId.toString(one.connection()),
                    one.remoteAddr(),
                    one.remotePort(),
                    one.path(),
                    since,
                    one.groups().isEmpty() ? "" : " in " + String.join(" ", one.groups()));
        }
    }

    private void printJson(Connected one, String since) throws IOException {
        final StringWriter line = new StringWriter();
        try (JsonGenerator generator = factory.createGenerator(line)) {
            generator.writeStartObject();
            generator.writeStringField("frontend", one.frontEnd());
            generator.writeStringField("connection", ConnectionId.toString(one.connection()));
            generator.writeStringField("send_channel", one.sendChannel());
            generator.writeStringField("since", since);
            generator.writeStringField("remote_addr", one.remoteAddr());
            generator.writeNumberField("remote_port", one.remotePort());
            generator.writeStringField("path", one.path());
            generator.writeArrayFieldStart("groups");
            for (final String name : one.groups()) {
                generator.writeString(name);
            }
            generator.writeEndArray();
            generator.writeEndObject();
        }
        out.println(line);
    }

    private static void onBad(HeadraceException problem) {
        System.err.println("headrace who: " + problem.getMessage());
    }
}
