// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.name.ChannelName;
import io.headrace.delivery.poll.RecordReader;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.MessageType;
import io.headrace.message.Request;
import org.agrona.CloseHelper;
import org.agrona.collections.Long2ObjectCache;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Finds the request that a WebSocket Receive, a Client Close or an HTTP Disconnect points at: a
 * record of the same writer, in the channel that requests of its kind are written to. The last few
 * hundred are kept as copies, so that a connection's frames cost one look-up in the lane and then
 * none.
 *
 * <p>One thread. {@link #lane} says where the event came from, before its message is handled.
 */
public final class RequestResolver implements Message.RequestSource, AutoCloseable {

    private static final int SET_COUNT = 64;
    private static final int SET_SIZE = 8;

    private final RecordReader records;
    private final Message reader = new Message();
    private final Long2ObjectCache<UnsafeBuffer> webSockets =
            new Long2ObjectCache<>(SET_COUNT, SET_SIZE, evicted -> {});
    private Lane lane;

    public RequestResolver(Bus bus) {
        this.records = new RecordReader(bus);
    }

    /** The lane of the message whose {@link Message#request()} may be asked for next. */
    public RequestResolver lane(Lane eventLane) {
        lane = eventLane;
        return this;
    }

    @Override
    public Request requestOf(Message event) {
        return decode(recordOf(event));
    }

    /** The record of the request that an event points at, valid until the next call. */
    public UnsafeBuffer recordOf(Message event) {
        if (event.type() == MessageType.HTTP_DISCONNECT) {
            return read(ChannelName.HTTP_REQUEST, event.requestIndex());
        }
        UnsafeBuffer record = webSockets.get(event.connection());
        if (record == null) {
            final UnsafeBuffer found = read(ChannelName.WEBSOCKET_CONNECT, event.requestIndex());
            record = new UnsafeBuffer(new byte[found.capacity()]);
            record.putBytes(0, found, 0, found.capacity());
            webSockets.put(event.connection(), record);
        }
        return record;
    }

    /** Leaves files that the janitor has deleted; see {@link Bus#deletionVersion()}. */
    public void letGo() {
        records.letGo();
    }

    private UnsafeBuffer read(String base, long index) {
        return records.read(ChannelName.sibling(lane.channel(), base), lane.writer(), index);
    }

    private Request decode(UnsafeBuffer record) {
        if (!Message.isWhole(record) || !reader.wrap(record).decode()) {
            throw new HeadraceException(
                    "the request of connection "
                            + DeliveryHeader.connection(record, 0)
                            + " cannot be decoded");
        }
        return reader.request();
    }

    @Override
    public void close() {
        CloseHelper.quietClose(records);
    }
}
