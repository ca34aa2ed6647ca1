// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.headrace.channel.Bus;
import io.headrace.delivery.ChannelLedger;
import io.headrace.delivery.ClaimWord;
import io.headrace.member.MemberReader;
import io.headrace.member.Members;
import java.io.IOException;
import java.io.StringWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code headrace stat}: members and channels, live and after everybody died. */
@Command(name = "stat", description = "Shows members, counters, and what became of messages.")
public final class StatCommand implements Callable<Integer> {

    private static final long WATCH_INTERVAL_MS = 1_000;
    private static final String HEADING =
            "channel                           appended      done"
                    + "  failed expired cancelled   lost claimed pending\n";

    @Mixin private CommonOptions common;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Option(names = "--watch", description = "Again every second.")
    private boolean watch;

    @Override
    public Integer call() throws IOException, InterruptedException {
        final StopSignal stop = new StopSignal();
        try (Bus bus = Bus.open(common.directory());
                Members members =
                        new Members(
                                bus.membersDirectory(),
                                unreadable ->
                                        System.err.println(
                                                "headrace stat: " + unreadable.getMessage()))) {
            do {
                members.refresh();
                final Map<String, ChannelLedger> channels = ledgers(bus);
                System.out.print(
                        json ? toJson(bus, members, channels) : toText(bus, members, channels));
                System.out.flush();
            } while (watch && !stop.await(WATCH_INTERVAL_MS));
        }
        return 0;
    }

    static Map<String, ChannelLedger> ledgers(Bus bus) {
        return ChannelLedger.of(
                bus.lanes(
                        name -> true,
                        badLane -> System.err.println("headrace stat: " + badLane.getMessage())));
    }

    private static String toJson(Bus bus, Members members, Map<String, ChannelLedger> channels)
            throws IOException {
        final long nowNs = bus.clock().nanoTime();
        final StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            json.writeStringField("bus", bus.directory().toString());
            json.writeArrayFieldStart("members");
            for (final MemberReader member : members.all()) {
                final boolean alive = member.isAlive();
                json.writeStartObject();
                json.writeStringField("id", member.id());
                json.writeStringField("kind", member.kind().label());
                json.writeNumberField("pid", member.pid());
                json.writeBooleanField("alive", alive);
                json.writeNumberField(
                        "uptimeMs",
                        ((alive ? nowNs : member.heartbeatNs()) - member.startNs()) / 1_000_000L);
                json.writeNumberField("heartbeatAgeMs", heartbeatAgeMs(member, nowNs));
                json.writeObjectFieldStart("counters");
                for (final Map.Entry<String, Long> counter : member.counters().entrySet()) {
                    json.writeNumberField(counter.getKey(), counter.getValue());
                }
                json.writeEndObject();
                json.writeNumberField("distinctErrors", member.errors().size());
                json.writeEndObject();
            }
            json.writeEndArray();
            json.writeObjectFieldStart("channels");
            for (final Map.Entry<String, ChannelLedger> channel : channels.entrySet()) {
                writeLedger(json, channel.getKey(), channel.getValue(), nowNs);
            }
            json.writeEndObject();
            json.writeEndObject();
        }
        return text + "\n";
    }

    private static void writeLedger(
            JsonGenerator json, String channel, ChannelLedger ledger, long nowNs)
            throws IOException {
        json.writeObjectFieldStart(channel);
        json.writeNumberField("appended", ledger.appended());
        for (int state = ClaimWord.DONE; state <= ClaimWord.LOST; state++) {
            json.writeNumberField(ClaimWord.label(state), ledger.count(state));
        }
        json.writeNumberField("claimed", ledger.count(ClaimWord.CLAIMED));
        json.writeNumberField("pending", ledger.count(ClaimWord.FREE));
        json.writeNumberField("bytes", ledger.bytes());
        json.writeNumberField("refused", ledger.refused());
        json.writeNumberField("oldestPendingMs", ledger.oldestPendingMs(nowNs));
        json.writeEndObject();
    }

    private static long heartbeatAgeMs(MemberReader member, long nowNs) {
        // It may have been given since the clock was read here.
        return Math.max(0, nowNs - member.heartbeatNs()) / 1_000_000L;
    }

    private static String toText(Bus bus, Members members, Map<String, ChannelLedger> channels) {
        final long nowNs = bus.clock().nanoTime();
        final StringBuilder text = new StringBuilder("bus " + bus.directory() + "\n");
        for (final MemberReader member : members.all()) {
            text.append(
                    "%-10s %-20s pid %-8d %s, heartbeat %d ms ago, %d distinct errors%n"
                            .formatted(
                                    member.kind().label(),
                                    member.id(),
                                    member.pid(),
                                    member.isAlive() ? "alive" : "dead ",
                                    heartbeatAgeMs(member, nowNs),
                                    member.errors().size()));
        }
        text.append(HEADING);
        channels.forEach(
                (channel, ledger) ->
                        text.append(
                                "%-32s %9d %9d %7d %7d %9d %6d %7d %7d%n"
                                        .formatted(
                                                channel,
                                                ledger.appended(),
                                                ledger.count(ClaimWord.DONE),
                                                ledger.count(ClaimWord.FAILED),
                                                ledger.count(ClaimWord.EXPIRED),
                                                ledger.count(ClaimWord.CANCELLED),
                                                ledger.count(ClaimWord.LOST),
                                                ledger.count(ClaimWord.CLAIMED),
                                                ledger.count(ClaimWord.FREE))));
        return text.toString();
    }
}
