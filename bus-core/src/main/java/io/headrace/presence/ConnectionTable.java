// SPDX-License-Identifier: Apache-2.0
package io.headrace.presence;

import io.headrace.channel.Bus;
import java.util.List;
import java.util.Optional;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The open connections of one event loop, in its file {@code members/WRITER.connections}. The loop
 * alone writes it; after its death the janitor closes towards the workers what is open in it.
 *
 * <pre>
 *  a slot, 128 bytes:     0  int64  connection id; 0 is free; written last, cleared first
 *                         8  int64  open since, bus time ns
 *                        16  int64  number of the lane that holds the record with its keys
 *                        24  int64  index of that record; -1 until it has been appended
 *                        32  int32  order of its last message
 *                        40  int64  bytes of a response in parts that the client has taken
 *                        48  int64  bytes that wait for the client
 *                        64  int64  bytes of a body in parts that the worker has consumed; by the worker
 * </pre>
 *
 * <p>A WebSocket has a slot for as long as it is open, an HTTP request until it is answered.
 */
public final class ConnectionTable implements AutoCloseable {

    /** No slot is free, or there is no memory for one. */
    public static final int NO_SLOT = SharedTable.NO_SLOT;

    /** Greatest number of open connections. */
    public static final int SLOT_COUNT_MAX = 65_536;

    /** The record with the keys has not been appended. */
    public static final long NO_INDEX = -1;

    private static final String KIND = ".connections";
    private static final int SLOT_LENGTH = 128;
    private static final int CONNECTION_OFFSET = 0;
    private static final int SINCE_NS_OFFSET = 8;
    private static final int LANE_NUMBER_OFFSET = 16;
    private static final int INDEX_OFFSET = 24;
    private static final int ORDER_OFFSET = 32;
    private static final int TAKEN_OFFSET = 40;
    private static final int WAITING_OFFSET = 48;
    private static final int CONSUMED_OFFSET = 64;

    /** What is done with each open connection. */
    @FunctionalInterface
    public interface Visitor {
        void onConnection(int slot, long connection);
    }

    private final SharedTable table;
    private final UnsafeBuffer buffer;

    private ConnectionTable(SharedTable table) {
        this.table = table;
        this.buffer = table.buffer();
    }

    /**
     * Makes a loop's table.
     *
     * @param writer id of the loop as a writer, unique for all time.
     */
    public static ConnectionTable create(Bus bus, String writer) {
        return new ConnectionTable(
                SharedTable.create(bus, writer, KIND, SLOT_LENGTH, SLOT_COUNT_MAX));
    }

    /** The tables of a member's loops. */
    public static List<ConnectionTable> of(Bus bus, String memberId) {
        return SharedTable.of(bus, memberId, KIND, SLOT_LENGTH, SLOT_COUNT_MAX).stream()
                .map(ConnectionTable::new)
                .toList();
    }

    /** One loop's table, to read it; empty when it is not there. */
    public static Optional<ConnectionTable> ofWriter(Bus bus, String writer) {
        return SharedTable.ofWriter(bus, writer, KIND, SLOT_LENGTH, SLOT_COUNT_MAX)
                .map(ConnectionTable::new);
    }

    /** Deletes the tables of a member that is dead and whose connections are closed. */
    public static void delete(Bus bus, String memberId) {
        SharedTable.delete(bus, memberId, KIND);
    }

    /** Takes a slot for a connection whose keys are not appended yet; {@link #NO_SLOT} if full. */
    public int open(long connection, long nowNs) {
        final int slot = table.take();
        if (slot != NO_SLOT) {
            final int at = table.at(slot);
            buffer.putLong(at + SINCE_NS_OFFSET, nowNs);
            buffer.putLong(at + LANE_NUMBER_OFFSET, 0);
            buffer.putLong(at + INDEX_OFFSET, NO_INDEX);
            buffer.putInt(at + ORDER_OFFSET, 0);
            buffer.putLong(at + TAKEN_OFFSET, 0);
            buffer.putLong(at + WAITING_OFFSET, 0);
            buffer.putLong(at + CONSUMED_OFFSET, 0);
            buffer.putLongRelease(at + CONNECTION_OFFSET, connection);
        }
        return slot;
    }

    /** Says which record holds the connection's keys; again when they have been renewed. */
    public void keys(int slot, long laneNumber, long index) {
        buffer.putLong(table.at(slot) + LANE_NUMBER_OFFSET, laneNumber);
        buffer.putLongRelease(table.at(slot) + INDEX_OFFSET, index);
    }

    /** Says the order of the connection's last message. */
    public void order(int slot, int order) {
        buffer.putIntRelease(table.at(slot) + ORDER_OFFSET, order);
    }

    /** Gives a slot back. By the loop, or by the janitor after the loop's death. */
    public void close(int slot) {
        buffer.putLongRelease(table.at(slot) + CONNECTION_OFFSET, 0);
        table.give(slot);
    }

    /** Visits every open connection, each as it is at its moment. */
    public void forEach(Visitor visitor) {
        for (int slot = 0, used = table.usedCount(); slot < used; slot++) {
            final long connection = buffer.getLongVolatile(table.at(slot) + CONNECTION_OFFSET);
            if (connection != 0) {
                visitor.onConnection(slot, connection);
            }
        }
    }

    /** Since when a connection is open, bus time in ns. */
    public long sinceNs(int slot) {
        return buffer.getLong(table.at(slot) + SINCE_NS_OFFSET);
    }

    public long laneNumber(int slot) {
        return buffer.getLong(table.at(slot) + LANE_NUMBER_OFFSET);
    }

    /** Index of the record that holds its keys, or {@link #NO_INDEX}. */
    public long index(int slot) {
        return buffer.getLongVolatile(table.at(slot) + INDEX_OFFSET);
    }

    public int order(int slot) {
        return buffer.getIntVolatile(table.at(slot) + ORDER_OFFSET);
    }

    /** The connection that has a slot right now; 0 for none. */
    public long connection(int slot) {
        return buffer.getLongVolatile(table.at(slot) + CONNECTION_OFFSET);
    }

    /** Says how many bytes of a response in parts the client has taken. */
    public void taken(int slot, long bytes) {
        buffer.putLongRelease(table.at(slot) + TAKEN_OFFSET, bytes);
    }

    public long taken(int slot) {
        return buffer.getLongVolatile(table.at(slot) + TAKEN_OFFSET);
    }

    /** Says how many bytes wait for the client. */
    public void waiting(int slot, long bytes) {
        buffer.putLongRelease(table.at(slot) + WAITING_OFFSET, bytes);
    }

    public long waiting(int slot) {
        return buffer.getLongVolatile(table.at(slot) + WAITING_OFFSET);
    }

    /** Says how many bytes of a body in parts have been consumed; by the worker that has it. */
    public void consumed(int slot, long bytes) {
        buffer.putLongRelease(table.at(slot) + CONSUMED_OFFSET, bytes);
    }

    public long consumed(int slot) {
        return buffer.getLongVolatile(table.at(slot) + CONSUMED_OFFSET);
    }

    /** Smallest index of all keys that are in this lane; {@link Long#MAX_VALUE} for none. */
    public long oldestIndex(long laneNumber) {
        final long[] oldest = {Long.MAX_VALUE};
        forEach(
                (slot, connection) -> {
                    if (laneNumber(slot) == laneNumber && index(slot) != NO_INDEX) {
                        oldest[0] = Math.min(oldest[0], index(slot));
                    }
                });
        return oldest[0];
    }

    /** Lets go of the file while other threads may still be reading the table. */
    public void detach() {
        table.detach();
    }

    @Override
    public void close() {
        table.close();
    }
}
