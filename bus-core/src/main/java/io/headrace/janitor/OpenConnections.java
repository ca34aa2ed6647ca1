// SPDX-License-Identifier: Apache-2.0
package io.headrace.janitor;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.LanePoller;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ChannelName;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.poll.RecordReader;
import io.headrace.message.Close;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.RequestKeys;
import io.headrace.presence.ConnectionTable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.agrona.CloseHelper;
import org.agrona.collections.Long2LongHashMap;
import org.agrona.collections.Long2ObjectHashMap;
import org.agrona.collections.LongHashSet;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Appends the WebSocket Client Close that a dead front end could not: for each connection that is
 * open in its tables, with the connection's keys inside and code 1006 (RFC 6455, section 7.1.5),
 * and then takes the connection out of the table. Who does it twice finds nothing left to do the
 * second time; a close that a janitor appended before it died in between is found in its lane.
 */
final class OpenConnections implements AutoCloseable {

    private static final int ABNORMAL = 1006;
    private static final byte[] NO_REASON = {};
    // More are not asked after one by one.
    private static final int AWAITED_MAX = 1_000;

    private final Bus bus;
    private final String writer;
    private final Consumer<HeadraceException> onProblem;
    private final WriterSequence sequence = new WriterSequence();
    private final List<LaneAppender> appenders = new ArrayList<>();
    private final EventEncoder encoder = new EventEncoder();
    private final RecordReader records;
    // By front end: what has to end before anything more can be closed.
    private final Map<String, List<Unended>> awaited = new HashMap<>();

    /**
     * @param writer id of the janitor as a writer.
     */
    OpenConnections(Bus bus, String writer, Consumer<HeadraceException> onProblem) {
        this.bus = bus;
        this.writer = writer;
        this.onProblem = onProblem;
        this.records = new RecordReader(bus);
    }

    /** Where a message is that has not ended. */
    private record Unended(String channel, String writer, long index) {}

    /** What the lanes say of the connections of one loop. */
    private static final class Recorded {
        private final Long2ObjectHashMap<UnsafeBuffer> connects = new Long2ObjectHashMap<>();
        private final Long2ObjectHashMap<String> channels = new Long2ObjectHashMap<>();
        private final Long2LongHashMap orders = new Long2LongHashMap(-1);
        private final LongHashSet busy = new LongHashSet();
        private final List<Unended> unended = new ArrayList<>();
        private final LongHashSet closed = new LongHashSet();
    }

    /**
     * Closes what is open of this front end, but for connections of which an earlier message has
     * not ended: a close is the last that a worker hears of a connection.
     *
     * @return true when nothing is open any more.
     */
    boolean close(String frontEnd, long nowNs) {
        final List<Unended> before = awaited.remove(frontEnd);
        if (before != null && before.stream().noneMatch(this::hasEnded)) {
            awaited.put(frontEnd, before);
            return false;
        }
        boolean closed = true;
        final List<Unended> unended = new ArrayList<>();
        for (final ConnectionTable table : ConnectionTable.of(bus, frontEnd)) {
            try (table) {
                final LongHashSet open = new LongHashSet();
                table.forEach((slot, connection) -> open.add(connection));
                if (!open.isEmpty()) {
                    final Recorded recorded = read(frontEnd, open);
                    unended.addAll(recorded.unended);
                    closed &= close(table, recorded, nowNs);
                }
            }
        }
        if (closed && !unended.isEmpty() && unended.size() <= AWAITED_MAX) {
            awaited.put(frontEnd, unended);
        }
        records.close();
        return closed && unended.isEmpty();
    }

    private boolean hasEnded(Unended message) {
        return records.find(message.channel, message.writer, message.index)
                .map(record -> ClaimWord.hasEnded(ClaimWord.read(record)))
                .orElse(true);
    }

    /** False when there was no room for a close. */
    private boolean close(ConnectionTable table, Recorded recorded, long nowNs) {
        final boolean[] closed = {true};
        table.forEach(
                (slot, connection) -> {
                    if (recorded.busy.contains(connection)) {
                        return;
                    }
                    if (recorded.closed.contains(connection)
                            || !recorded.channels.containsKey(connection)
                                    && table.index(slot) == ConnectionTable.NO_INDEX) {
                        // Closed already, or killed before its connect was appended.
                        table.close(slot);
                    } else if (append(table, slot, connection, recorded, nowNs)) {
                        table.close(slot);
                    } else {
                        closed[0] = false;
                    }
                });
        return closed[0];
    }

    private Recorded read(String frontEnd, LongHashSet open) {
        final Recorded recorded = new Recorded();
        for (final Lane lane : bus.lanes(OpenConnections::isWebSocket, onProblem)) {
            final boolean isClose = lane.channel().endsWith(ChannelName.WEBSOCKET_DISCONNECT);
            // Closes may be in a janitor's lane.
            if (isClose || LiveMembers.memberOf(lane.writer()).equals(frontEnd)) {
                try (LanePoller poller = lane.poller()) {
                    for (; poller.peek(); poller.advance()) {
                        final UnsafeBuffer record = poller.record();
                        if (Message.isWhole(record)
                                && open.contains(DeliveryHeader.connection(record, 0))) {
                            note(recorded, poller, isClose);
                        }
                    }
                }
            }
        }
        return recorded;
    }

    private static boolean isWebSocket(String channel) {
        return channel.endsWith(ChannelName.WEBSOCKET_CONNECT)
                || channel.endsWith(ChannelName.WEBSOCKET_RECEIVE)
                || channel.endsWith(ChannelName.WEBSOCKET_DISCONNECT);
    }

    private static void note(Recorded recorded, LanePoller poller, boolean isClose) {
        final Lane lane = poller.lane();
        final UnsafeBuffer record = poller.record();
        final long connection = DeliveryHeader.connection(record, 0);
        if (isClose) {
            recorded.closed.add(connection);
            return;
        }
        if (lane.channel().endsWith(ChannelName.WEBSOCKET_CONNECT)) {
            final UnsafeBuffer copy = new UnsafeBuffer(new byte[record.capacity()]);
            copy.putBytes(0, record, 0, record.capacity());
            recorded.connects.put(connection, copy);
        }
        recorded.channels.putIfAbsent(connection, lane.channel());
        final long order = DeliveryHeader.order(record, 0);
        recorded.orders.put(connection, Math.max(recorded.orders.get(connection), order));
        if (!ClaimWord.hasEnded(ClaimWord.read(record))) {
            recorded.busy.add(connection);
            if (recorded.unended.size() <= AWAITED_MAX) {
                recorded.unended.add(new Unended(lane.channel(), lane.writer(), poller.index()));
            }
        }
    }

    private boolean append(
            ConnectionTable table, int slot, long connection, Recorded recorded, long nowNs) {
        final UnsafeBuffer connect = recorded.connects.get(connection);
        final UnsafeBuffer request = connect == null ? withoutKeys(connection) : connect;
        final int requestLength = DeliveryHeader.messageLength(request, 0);
        final String channel = recorded.channels.get(connection);
        final LaneAppender appender =
                appender(
                        channel == null
                                ? ChannelName.WEBSOCKET_DISCONNECT
                                : ChannelName.sibling(channel, ChannelName.WEBSOCKET_DISCONNECT));
        final int length = EventEncoder.clientCloseLength(NO_REASON.length) + requestLength;
        if (appender.claim(length, nowNs) != LaneAppender.OK) {
            return false;
        }
        try {
            encoder.encodeClientClose(
                    appender.buffer(),
                    appender.offset(),
                    request,
                    DeliveryHeader.LENGTH,
                    requestLength,
                    ABNORMAL,
                    Close.By.FRONT_END,
                    NO_REASON);
            final long order = Math.max(table.order(slot), recorded.orders.get(connection)) + 1;
            appender.commit(connection, (int) order, 0, nowNs, nowNs);
            return true;
        } finally {
            appender.abortIfClaimed();
        }
    }

    /** A connect's record with nothing in it, for keys that are not where the table says. */
    private UnsafeBuffer withoutKeys(long connection) {
        onProblem.accept(
                new HeadraceException(
                        "the keys of connection " + connection + " are gone; its close has none"));
        final RequestKeys keys = new RequestKeys();
        keys.clear();
        final int length = EventEncoder.connectionLength(keys);
        final UnsafeBuffer record = new UnsafeBuffer(new byte[DeliveryHeader.LENGTH + length]);
        DeliveryHeader.write(record, 0, length, 0, connection, 0, 0, 0, 0);
        encoder.encodeConnection(record, DeliveryHeader.LENGTH, keys);
        return record;
    }

    private LaneAppender appender(String channel) {
        for (final LaneAppender appender : appenders) {
            if (appender.lane().channel().equals(channel)) {
                return appender;
            }
        }
        final LaneAppender appender = bus.newLane(channel, writer, sequence);
        appenders.add(appender);
        return appender;
    }

    @Override
    public void close() {
        records.close();
        CloseHelper.quietCloseAll(appenders);
        appenders.clear();
    }
}
