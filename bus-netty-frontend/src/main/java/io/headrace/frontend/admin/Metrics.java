// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.admin;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.delivery.ChannelLedger;
import io.headrace.delivery.ClaimWord;
import io.headrace.member.MemberReader;
import io.headrace.member.Members;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * The bus in numbers, as text that Prometheus reads (exposition format 0.0.4): the counters of all
 * live members, which are in shared memory, and for each channel what is in its lanes. Read when
 * asked, from outside of whoever counts.
 *
 * <p>A counter's label {@code f1-ab-0 refused 413 body-too-large} becomes {@code
 * headrace_refused_total{member="f1-ab",thread="f1-ab-0",status="413",reason="body-too-large"}},
 * {@code w2-ab-0 done http.request} becomes {@code
 * headrace_done_total{...,channel="http.request"}}.
 */
public final class Metrics implements AutoCloseable {

    private static final Set<String> GAUGES = Set.of("connections", "websockets");
    // Rates are over at least so long, however often somebody asks.
    private static final long RATE_INTERVAL_NS = 1_000_000_000L;

    private final Bus bus;
    private final Members members;
    private final Consumer<HeadraceException> onBadLane;
    private final Map<Lane, Traffic> byLane = new HashMap<>();
    private final Map<String, Traffic> byChannel = new TreeMap<>();
    private final Traffic overall = new Traffic();
    private long ratesAtNs;

    /**
     * What went through a channel, or was refused because it was full, since this began to look.
     */
    private static final class Traffic {

        private long count;
        private long fullCount;
        private long countBefore;
        private long fullCountBefore;
        private double perSecond;
        private double fullPerSecond;

        private void add(long messages, long full) {
            count += messages;
            fullCount += full;
        }

        private void rate(double seconds) {
            perSecond = (count - countBefore) / seconds;
            fullPerSecond = (fullCount - fullCountBefore) / seconds;
            countBefore = count;
            fullCountBefore = fullCount;
        }
    }

    /**
     * @param onBadLane told of lanes and members that cannot be read.
     */
    public Metrics(Bus bus, Consumer<HeadraceException> onBadLane) {
        this.bus = bus;
        this.onBadLane = onBadLane;
        this.members = new Members(bus.membersDirectory(), onBadLane);
        this.ratesAtNs = bus.clock().nanoTime();
    }

    /** Looks at everything now. */
    public synchronized String text() {
        final long nowNs = bus.clock().nanoTime();
        final Exposition text = new Exposition();
        members.refresh();
        for (final MemberReader member : members.all()) {
            if (member.isAlive()) {
                describe(member, nowNs, text);
            }
        }
        final List<Lane> lanes = bus.lanes(channel -> true, onBadLane);
        count(lanes, nowNs);
        final Map<String, ChannelLedger> ledgers = ChannelLedger.of(lanes);
        byChannel.forEach(
                (channel, traffic) ->
                        describe(
                                "headrace_channel_",
                                traffic,
                                ledgers.containsKey(channel)
                                        ? List.of(ledgers.get(channel))
                                        : List.of(),
                                nowNs,
                                text,
                                "channel",
                                channel));
        describe("headrace_bus_", overall, List.copyOf(ledgers.values()), nowNs, text);
        text.gauge("headrace_bus_memory_high", bus.isMemoryHigh() ? 1 : 0);
        return text.toString();
    }

    private static void describe(MemberReader member, long nowNs, Exposition text) {
        final String id = member.id();
        text.gauge(
                "headrace_member_uptime_seconds",
                (nowNs - member.startNs()) / 1e9,
                "member",
                id,
                "kind",
                member.kind().label(),
                "pid",
                Long.toString(member.pid()));
        text.gauge(
                "headrace_member_heartbeat_age_seconds",
                (nowNs - member.heartbeatNs()) / 1e9,
                "member",
                id);
        text.gauge("headrace_member_distinct_errors", member.errors().size(), "member", id);
        member.counters().forEach((label, value) -> describe(id, label, value, text));
    }

    private static void describe(String member, String label, long value, Exposition text) {
        final String[] words = label.split(" ", 2);
        String name = words.length == 2 ? words[1] : "";
        final String[] parts = name.split(" ");
        final List<String> labels = new ArrayList<>(List.of("member", member, "thread", words[0]));
        if (parts.length == 3 && parts[0].equals("refused")) {
            name = parts[0];
            labels.addAll(List.of("status", parts[1], "reason", parts[2]));
        } else if (parts.length == 2 && parts[1].indexOf('.') > 0) {
            name = parts[0];
            labels.addAll(List.of("channel", parts[1]));
        }
        if (GAUGES.contains(name)) {
            text.gauge("headrace_" + name, value, labels.toArray(String[]::new));
        } else {
            text.counter("headrace_" + name, value, labels.toArray(String[]::new));
        }
    }

    /** Adds what lanes have got since the last look; what a deleted lane had stays counted. */
    private void count(List<Lane> lanes, long nowNs) {
        for (final Lane lane : lanes) {
            final Traffic seen = byLane.computeIfAbsent(lane, absent -> new Traffic());
            final long messages = lane.appendedCount() - seen.count;
            final long full = lane.refusedCount() - seen.fullCount;
            seen.add(messages, full);
            overall.add(messages, full);
            byChannel.computeIfAbsent(lane.channel(), absent -> new Traffic()).add(messages, full);
        }
        final Set<Lane> gone = new HashSet<>(byLane.keySet());
        lanes.forEach(gone::remove);
        gone.forEach(bus::forget);
        byLane.keySet().removeAll(gone);
        final Set<String> channels = new TreeSet<>(bus.channels(name -> true));
        byChannel.keySet().retainAll(channels);
        if (nowNs - ratesAtNs >= RATE_INTERVAL_NS) {
            final double seconds = (nowNs - ratesAtNs) / 1e9;
            ratesAtNs = nowNs;
            overall.rate(seconds);
            byChannel.values().forEach(traffic -> traffic.rate(seconds));
        }
    }

    private static void describe(
            String prefix,
            Traffic traffic,
            List<ChannelLedger> ledgers,
            long nowNs,
            Exposition text,
            String... labels) {
        text.counter(prefix + "messages", traffic.count, labels);
        text.gauge(prefix + "messages_per_second", traffic.perSecond, labels);
        text.counter(prefix + "full", traffic.fullCount, labels);
        text.gauge(prefix + "full_per_second", traffic.fullPerSecond, labels);
        text.gauge(prefix + "messages_pending", sum(ledgers, ClaimWord.FREE), labels);
        text.gauge(prefix + "messages_claimed", sum(ledgers, ClaimWord.CLAIMED), labels);
        text.gauge(
                prefix + "unended_bytes",
                ledgers.stream().mapToLong(ChannelLedger::bytes).sum(),
                labels);
        text.gauge(
                prefix + "messages_max_age_seconds",
                ledgers.stream().mapToLong(l -> l.oldestPendingMs(nowNs)).max().orElse(0) / 1e3,
                labels);
    }

    private static long sum(List<ChannelLedger> ledgers, int state) {
        return ledgers.stream().mapToLong(ledger -> ledger.count(state)).sum();
    }

    @Override
    public void close() {
        members.close();
    }
}
