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
import io.headrace.message.Close;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.encode.EventEncoder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.agrona.CloseHelper;
import org.agrona.collections.Long2LongHashMap;
import org.agrona.collections.Long2ObjectHashMap;
import org.agrona.collections.LongHashSet;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Appends the WebSocket Client Close that a dead front end could not: for each of its connections
 * that has a connect and no close, with the connection's keys inside and code 1006 (RFC 6455,
 * section 7.1.5). Who does it twice finds nothing left to do the second time.
 */
final class OpenConnections implements AutoCloseable {

    private static final int ABNORMAL = 1006;
    private static final byte[] NO_REASON = {};

    private final Bus bus;
    private final String writer;
    private final Consumer<HeadraceException> onBadLane;
    private final WriterSequence sequence = new WriterSequence();
    private final List<LaneAppender> appenders = new ArrayList<>();
    private final EventEncoder encoder = new EventEncoder();

    /**
     * @param writer id of the janitor as a writer.
     */
    OpenConnections(Bus bus, String writer, Consumer<HeadraceException> onBadLane) {
        this.bus = bus;
        this.writer = writer;
        this.onBadLane = onBadLane;
    }

    /**
     * Closes what is open of this front end, but for connections of which an earlier message has
     * not ended: a close is the last that a worker hears of a connection.
     *
     * @return true when nothing is open any more.
     */
    boolean close(String frontEnd, long nowNs) {
        boolean closed = true;
        for (final String connects :
                bus.channels(name -> name.endsWith(ChannelName.WEBSOCKET_CONNECT))) {
            closed &= close(frontEnd, connects, nowNs);
        }
        return closed;
    }

    private boolean close(String frontEnd, String connects, long nowNs) {
        final String prefix =
                connects.substring(0, connects.length() - ChannelName.WEBSOCKET_CONNECT.length());
        final String disconnects = prefix + ChannelName.WEBSOCKET_DISCONNECT;
        final Long2ObjectHashMap<UnsafeBuffer> open = new Long2ObjectHashMap<>();
        final Long2LongHashMap orders = new Long2LongHashMap(0);
        final LongHashSet busy = new LongHashSet();
        forEach(
                connects,
                frontEnd,
                record -> {
                    final UnsafeBuffer copy = new UnsafeBuffer(new byte[record.capacity()]);
                    copy.putBytes(0, record, 0, record.capacity());
                    open.put(DeliveryHeader.connection(record, 0), copy);
                    if (!ClaimWord.hasEnded(ClaimWord.read(record))) {
                        busy.add(DeliveryHeader.connection(record, 0));
                    }
                });
        // Closes may be in another janitor's lane.
        forEach(disconnects, "", record -> open.remove(DeliveryHeader.connection(record, 0)));
        forEach(
                prefix + ChannelName.WEBSOCKET_RECEIVE,
                frontEnd,
                record -> {
                    final long connection = DeliveryHeader.connection(record, 0);
                    orders.put(
                            connection,
                            Math.max(orders.get(connection), DeliveryHeader.order(record, 0)));
                    if (!ClaimWord.hasEnded(ClaimWord.read(record))) {
                        busy.add(connection);
                    }
                });
        busy.retainAll(open.keySet());
        open.keySet().removeAll(busy);
        open.forEach(
                (connection, record) ->
                        append(
                                disconnects,
                                record,
                                (int) orders.get(connection.longValue()) + 1,
                                nowNs));
        return busy.isEmpty();
    }

    private void forEach(String channel, String frontEnd, Consumer<UnsafeBuffer> onRecord) {
        for (final Lane lane : bus.lanes(channel::equals, onBadLane)) {
            if (frontEnd.isEmpty() || lane.writer().startsWith(frontEnd + "-")) {
                try (LanePoller poller = lane.poller()) {
                    while (poller.peek()) {
                        if (Message.isWhole(poller.record())) {
                            onRecord.accept(poller.record());
                        }
                        poller.advance();
                    }
                }
            }
        }
    }

    private void append(String channel, UnsafeBuffer connect, int order, long nowNs) {
        final int requestLength = DeliveryHeader.messageLength(connect, 0);
        final LaneAppender appender = appender(channel);
        final int length = EventEncoder.clientCloseLength(NO_REASON.length) + requestLength;
        if (appender.claim(length, nowNs) != LaneAppender.OK) {
            return;
        }
        try {
            encoder.encodeClientClose(
                    appender.buffer(),
                    appender.offset(),
                    connect,
                    DeliveryHeader.LENGTH,
                    requestLength,
                    ABNORMAL,
                    Close.By.FRONT_END,
                    NO_REASON);
            appender.commit(DeliveryHeader.connection(connect, 0), order, 0, nowNs, nowNs);
        } finally {
            appender.abortIfClaimed();
        }
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
        CloseHelper.quietCloseAll(appenders);
        appenders.clear();
    }
}
