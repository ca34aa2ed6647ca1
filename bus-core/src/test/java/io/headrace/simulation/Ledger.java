// SPDX-License-Identifier: Apache-2.0
package io.headrace.simulation;

import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.channel.name.ChannelName;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.ShardTable;
import io.headrace.message.DeliveryHeader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.LongPredicate;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Knows every message of the bus from its record, and what may become of it next. It looks after
 * every step, and reads lanes only, never counters, which it compares at the end.
 */
final class Ledger implements AutoCloseable {

    /** A message that has not ended yet. */
    static final class Entry {
        private final Lane lane;
        private final long index;
        private final long connection;
        private final int order;
        private final long sequence;
        private int word;
        private int handledCount;

        /** When it is free again, while it is deferred. */
        long dueNs;

        private Entry(Lane lane, long index, UnsafeBuffer record) {
            this.lane = lane;
            this.index = index;
            this.connection = DeliveryHeader.connection(record, 0);
            this.order = DeliveryHeader.order(record, 0);
            this.sequence = DeliveryHeader.sequence(record, 0);
        }

        private boolean hasEnded() {
            final int state = ClaimWord.state(word);
            return state >= ClaimWord.DONE && state <= ClaimWord.LOST;
        }

        @Override
        public String toString() {
            return "%s 0x%x sequence %d connection %x order %d %s"
                    .formatted(
                            lane, index, sequence, connection, order, Transitions.describe(word));
        }
    }

    private record Handling(int consumerId, Entry entry) {}

    private final class View {
        private final Lane lane;
        private final LanePoller poller;
        private final Map<Long, Entry> open = new LinkedHashMap<>();
        private final Map<Long, Entry> lost = new HashMap<>();
        private final long[] fates = new long[ClaimWord.LOST + 1];
        private long count;
        private long bytes;
        private long lastSequence;
        private long deletedCount;

        private View(Lane lane) {
            this.lane = lane;
            this.poller = lane.poller();
        }

        private void look() {
            if (!open.isEmpty() && !poller.moveTo(open.keySet().iterator().next())) {
                lane.readMark(mark);
                for (final Entry gone : List.copyOf(open.values())) {
                    if (gone.index <= mark.lastEnded()) {
                        onDeleted(gone);
                    }
                }
                if (!open.isEmpty()) {
                    final Entry first = open.values().iterator().next();
                    Simulation.check(poller.moveTo(first.index), () -> first + " is gone");
                }
            }
            while (poller.peek()) {
                final long index = poller.index();
                final UnsafeBuffer record = poller.record();
                Entry entry = open.get(index);
                if (entry == null && poller.sequence() > lastSequence) {
                    entry = append(index, record);
                }
                if (entry != null) {
                    update(entry, record);
                }
                poller.advance();
            }
        }

        private Entry append(long index, UnsafeBuffer record) {
            final Entry entry = new Entry(lane, index, record);
            if (lane.channel().equals(ChannelName.WEBSOCKET_CONNECT)) {
                connected.add(entry.connection);
            } else if (lane.channel().equals(ChannelName.WEBSOCKET_DISCONNECT)) {
                Simulation.check(closed.add(entry.connection), () -> "closed twice: " + entry);
            }
            lastSequence = entry.sequence;
            count++;
            bytes += DeliveryHeader.LENGTH + DeliveryHeader.messageLength(record, 0);
            open.put(index, entry);
            if (ShardTable.isSharded(lane.channel())) {
                byConnection
                        .computeIfAbsent(entry.connection, c -> new LinkedHashSet<>())
                        .add(entry);
            }
            return entry;
        }

        private void update(Entry entry, UnsafeBuffer record) {
            final int word = ClaimWord.read(record);
            if (word != entry.word) {
                final int before = entry.word;
                transitions.check(entry, before, word, record);
                entry.word = word;
                if (ClaimWord.state(word) == ClaimWord.DEFERRED) {
                    entry.dueNs = DeliveryHeader.claimedNs(record, 0);
                }
            }
            if (entry.hasEnded()) {
                fates[ClaimWord.state(word)]++;
                open.remove(entry.index);
                if (ClaimWord.state(word) == ClaimWord.LOST) {
                    lost.put(entry.index, entry);
                }
                final Set<Entry> connection = byConnection.get(entry.connection);
                if (connection != null) {
                    connection.remove(entry);
                }
            }
        }

        /** It has ended and its file was deleted since the last look. */
        private void onDeleted(Entry entry) {
            deletedCount++;
            open.remove(entry.index);
            if (ClaimWord.state(entry.word) == ClaimWord.CLAIMED) {
                // Whoever has it may have been taken for hung.
                entry.word = ClaimWord.of(ClaimWord.consumer(entry.word), ClaimWord.LOST);
                lost.put(entry.index, entry);
            }
            final Set<Entry> connection = byConnection.get(entry.connection);
            if (connection != null) {
                connection.remove(entry);
            }
        }

        private void checkMark() {
            lane.readMark(mark);
            equal(count, lane.appendedCount(), "appended");
            equal(bytes, lane.appendedBytes(), "appended bytes");
            equal(count, mark.endedCount(), "ended");
            equal(bytes, mark.endedBytes(), "ended bytes");
            for (int state = ClaimWord.DONE;
                    deletedCount == 0 && state <= ClaimWord.LOST;
                    state++) {
                equal(fates[state], mark.ended(state - ClaimWord.DONE), ClaimWord.label(state));
            }
        }

        private void equal(long recounted, long said, String what) {
            Simulation.check(
                    recounted == said,
                    () -> "%s: %s is %d, not %d".formatted(lane, what, said, recounted));
        }
    }

    /** One consumer, as the ledger sees it. */
    final class Reader {
        private final String id;
        private final int consumerId;
        private final Map<String, Long> lastSequences = new HashMap<>();

        private Reader(String id, int consumerId) {
            this.id = id;
            this.consumerId = consumerId;
        }

        /** It goes back to where all messages have ended, and may now find earlier ones. */
        void onRewind() {
            lastSequences.clear();
        }

        /** A handler is called. */
        Entry onHandle(Lane lane, long index) {
            final View view = views.get(lane);
            view.look();
            // Stopped between its claim and this, it may have been taken for hung.
            final Entry entry = view.open.getOrDefault(index, view.lost.get(index));
            Simulation.check(entry != null, () -> id + " handles what has ended in " + lane);
            final boolean isLate = entry.word == ClaimWord.of(consumerId, ClaimWord.LOST);
            Simulation.check(
                    isLate || entry.word == ClaimWord.of(consumerId, ClaimWord.CLAIMED),
                    () -> id + " handles without a claim " + entry);
            Simulation.check(
                    entry.handledCount <= redeliveries(view, index),
                    () -> id + " handles a second time " + entry);
            entry.handledCount++;
            final long last = lastSequences.getOrDefault(lane.writer(), 0L);
            Simulation.check(
                    entry.sequence > last,
                    () -> "%s had sequence %d before %s".formatted(id, last, entry));
            lastSequences.put(lane.writer(), entry.sequence);
            if (!isLate && ShardTable.isSharded(lane.channel())) {
                checkTurn(entry);
            }
            handling.add(new Handling(consumerId, entry));
            return entry;
        }

        private void checkTurn(Entry entry) {
            look();
            for (final Entry other : byConnection.get(entry.connection)) {
                Simulation.check(
                        other == entry
                                || other.order > entry.order
                                        && ClaimWord.state(other.word) != ClaimWord.CLAIMED,
                        () -> "%s handles %s before %s".formatted(id, entry, other));
            }
            for (final Handling running : handling) {
                final Entry other = running.entry;
                Simulation.check(
                        other.connection != entry.connection
                                || mayBeFreed.mayBeTaken(running.consumerId, 0)
                                || ClaimWord.state(other.word) == ClaimWord.LOST,
                        () -> "%s handles %s together with %s".formatted(id, entry, other));
            }
        }

        /** The handler has returned, or its process was killed. */
        void onHandled(Entry entry) {
            handling.remove(new Handling(consumerId, entry));
        }
    }

    private final Bus bus;
    private final Transitions.Claims mayBeFreed;
    private final Transitions transitions;
    private final Map<Lane, View> views = new LinkedHashMap<>();
    private final Map<Long, Set<Entry>> byConnection = new HashMap<>();
    private final List<Handling> handling = new ArrayList<>();
    private final Set<Long> connected = new HashSet<>();
    private final Set<Long> closed = new HashSet<>();
    private final LaneMark mark = new LaneMark();
    private long laneVersion = -1;

    Ledger(Bus bus, Transitions.Claims mayBeLost, Transitions.Claims mayBeFreed) {
        this.bus = bus;
        this.mayBeFreed = mayBeFreed;
        this.transitions = new Transitions(bus.clock(), mayBeLost, mayBeFreed);
    }

    Reader newReader(String id, int consumerId) {
        return new Reader(id, consumerId);
    }

    /** Looks at every message that has not ended, and for new ones. */
    void look() {
        if (bus.laneVersion() != laneVersion) {
            laneVersion = bus.laneVersion();
            lookForLanes();
        }
        views.values().forEach(View::look);
    }

    private void lookForLanes() {
        final List<Lane> lanes = bus.lanes(channel -> true, Simulation::fail);
        for (final Lane lane : lanes) {
            views.computeIfAbsent(lane, View::new);
        }
        for (final View view : List.copyOf(views.values())) {
            if (!lanes.contains(view.lane)) {
                view.look();
                Simulation.check(view.open.isEmpty(), () -> "deleted: " + view.open.values());
                view.checkMark();
                view.poller.close();
                views.remove(view.lane);
            }
        }
    }

    private static int redeliveries(View view, long index) {
        final boolean isThere = view.poller.moveTo(index) && view.poller.peek();
        final int count =
                isThere ? DeliveryHeader.redeliveries(view.poller.record(), 0) : Integer.MAX_VALUE;
        Simulation.check(isThere || view.lost.containsKey(index), () -> "gone");
        view.look();
        return count;
    }

    /** Whether every message has ended, and the janitor says the same. */
    boolean isSettled() {
        for (final View view : views.values()) {
            view.lane.readMark(mark);
            if (!view.open.isEmpty()
                    || mark.endedCount() != view.count
                    || view.lane.appendedCount() != view.count) {
                return false;
            }
        }
        return true;
    }

    String unsettled() {
        final List<String> all = new ArrayList<>();
        for (final View view : views.values()) {
            view.lane.readMark(mark);
            view.open.values().forEach(entry -> all.add(entry.toString()));
            if (mark.endedCount() != view.count || view.lane.appendedCount() != view.count) {
                all.add(
                        "%s: %d of %d, appended %d"
                                .formatted(
                                        view.lane,
                                        mark.endedCount(),
                                        view.count,
                                        view.lane.appendedCount()));
            }
        }
        return String.join("\n", all);
    }

    /**
     * Nobody who is dead has a message; but for replies, whose lanes here are no member's, so that
     * janitors wait with them.
     */
    void checkNoneHeld(IntPredicate isDead) {
        for (final View view : views.values()) {
            if (view.lane.channel().startsWith(ChannelName.REPLY_PREFIX)) {
                continue;
            }
            for (final Entry entry : view.open.values()) {
                Simulation.check(
                        ClaimWord.state(entry.word) != ClaimWord.CLAIMED
                                || !isDead.test(ClaimWord.consumer(entry.word)),
                        () -> "its consumer has been dead for a second: " + entry);
            }
        }
    }

    /** Whether workers have heard of the end of every connection that is not open any more. */
    boolean isEveryCloseHeard(LongPredicate isOpen) {
        return connected.stream()
                .allMatch(connection -> closed.contains(connection) || isOpen.test(connection));
    }

    /** What the writers and the janitor counted is what a recount of the records gives. */
    void checkMarks() {
        views.values().forEach(View::checkMark);
    }

    @Override
    public void close() {
        views.values().forEach(view -> view.poller.close());
    }
}
