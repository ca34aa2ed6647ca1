// SPDX-License-Identifier: Apache-2.0
package io.headrace.presence;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.agrona.BufferUtil;
import org.agrona.collections.IntArrayList;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The open connections of one event loop, in its file {@code members/WRITER.connections}. The loop
 * alone writes it; after its death the janitor closes towards the workers what is open in it.
 *
 * <pre>
 *  header, 4,096 bytes:   0  int32  layout version     4  int32  slots that were ever used
 *  a slot, 128 bytes:     0  int64  connection id; 0 is free; written last, cleared first
 *                         8  int64  open since, bus time ns
 *                        16  int64  number of the lane that holds the record with its keys
 *                        24  int64  index of that record; -1 until it has been appended
 *                        32  int32  order of its last message
 * </pre>
 *
 * <p>Slots are used from the lowest on, and memory is taken from the file system a block of slots
 * at a time, by a write that can fail, so that a full one is an answer and never a SIGBUS.
 */
public final class ConnectionTable implements AutoCloseable {

    /** No slot is free, or there is no memory for one. */
    public static final int NO_SLOT = -1;

    /** Greatest number of open connections. */
    public static final int SLOT_COUNT_MAX = 65_536;

    /** The record with the keys has not been appended. */
    public static final long NO_INDEX = -1;

    static final int VERSION = 1;
    static final int HEADER_LENGTH = 4_096;
    static final int SLOT_LENGTH = 128;
    static final int BLOCK_SLOT_COUNT = 512;

    private static final String SUFFIX = ".connections";
    private static final int LENGTH = HEADER_LENGTH + SLOT_COUNT_MAX * SLOT_LENGTH;
    private static final int VERSION_OFFSET = 0;
    private static final int USED_OFFSET = 4;
    private static final int CONNECTION_OFFSET = 0;
    private static final int SINCE_NS_OFFSET = 8;
    private static final int LANE_NUMBER_OFFSET = 16;
    private static final int INDEX_OFFSET = 24;
    private static final int ORDER_OFFSET = 32;

    /** What is done with each open connection. */
    @FunctionalInterface
    public interface Visitor {
        void onConnection(int slot, long connection);
    }

    private final FileChannel channel;
    private final MappedByteBuffer mapped;
    private final UnsafeBuffer table;
    // The lowest last, so that the table stays short.
    private final IntArrayList free = new IntArrayList();

    private ConnectionTable(Path file, StandardOpenOption... options) {
        try {
            channel = FileChannel.open(file, options);
            if (channel.size() != 0 && channel.size() != LENGTH) {
                throw new IOException("it has " + channel.size() + " bytes, not " + LENGTH);
            }
            mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, LENGTH);
            table = new UnsafeBuffer(mapped);
        } catch (final IOException e) {
            throw new HeadraceException("connection table " + file + " cannot be mapped: " + e, e);
        }
    }

    /**
     * Makes a loop's table.
     *
     * @param writer id of the loop as a writer, unique for all time.
     */
    public static ConnectionTable create(Bus bus, String writer) {
        final Path file = bus.file("members/" + writer + SUFFIX);
        final ConnectionTable created =
                new ConnectionTable(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        if (!created.grow(0, HEADER_LENGTH)) {
            created.close();
            throw new HeadraceException("no memory for connection table " + file);
        }
        created.table.putIntRelease(VERSION_OFFSET, VERSION);
        return created;
    }

    /** The tables of a member's loops; those that cannot be read are passed over. */
    public static List<ConnectionTable> of(Bus bus, String memberId) {
        final List<ConnectionTable> tables = new ArrayList<>();
        for (final Path file : files(bus, memberId)) {
            final ConnectionTable opened =
                    new ConnectionTable(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
            if (opened.table.getIntVolatile(VERSION_OFFSET) == VERSION) {
                tables.add(opened);
            } else {
                opened.close();
            }
        }
        return tables;
    }

    /** Deletes the tables of a member that is dead and whose connections are closed. */
    public static void delete(Bus bus, String memberId) {
        try {
            for (final Path file : files(bus, memberId)) {
                Files.deleteIfExists(file);
            }
        } catch (final IOException e) {
            throw new HeadraceException("tables of " + memberId + " cannot be deleted: " + e, e);
        }
    }

    private static List<Path> files(Bus bus, String memberId) {
        final List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> found =
                Files.newDirectoryStream(bus.membersDirectory(), memberId + "-*" + SUFFIX)) {
            found.forEach(files::add);
        } catch (final IOException e) {
            throw new HeadraceException("tables of " + memberId + " cannot be listed: " + e, e);
        }
        return files;
    }

    /** Takes a slot for a connection whose keys are not appended yet; {@link #NO_SLOT} if full. */
    public int open(long connection, long nowNs) {
        if (free.isEmpty() && !addBlock()) {
            return NO_SLOT;
        }
        final int slot = free.popInt();
        final int at = at(slot);
        table.putLong(at + SINCE_NS_OFFSET, nowNs);
        table.putLong(at + LANE_NUMBER_OFFSET, 0);
        table.putLong(at + INDEX_OFFSET, NO_INDEX);
        table.putInt(at + ORDER_OFFSET, 0);
        table.putLongRelease(at + CONNECTION_OFFSET, connection);
        return slot;
    }

    private boolean addBlock() {
        final int used = usedCount();
        final int block = BLOCK_SLOT_COUNT * SLOT_LENGTH;
        if (used == SLOT_COUNT_MAX || !grow(at(used), block)) {
            return false;
        }
        for (int slot = used + BLOCK_SLOT_COUNT - 1; slot >= used; slot--) {
            free.addInt(slot);
        }
        table.putIntRelease(USED_OFFSET, used + BLOCK_SLOT_COUNT);
        return true;
    }

    /** Takes memory from the file system; false when there is none. */
    private boolean grow(int offset, int length) {
        try {
            final ByteBuffer zeros = ByteBuffer.allocate(length);
            while (zeros.hasRemaining()) {
                channel.write(zeros, offset + zeros.position());
            }
            return true;
        } catch (final IOException full) {
            return false;
        }
    }

    /** Says which record holds the connection's keys; again when they have been renewed. */
    public void keys(int slot, long laneNumber, long index) {
        table.putLong(at(slot) + LANE_NUMBER_OFFSET, laneNumber);
        table.putLongRelease(at(slot) + INDEX_OFFSET, index);
    }

    /** Says the order of the connection's last message. */
    public void order(int slot, int order) {
        table.putIntRelease(at(slot) + ORDER_OFFSET, order);
    }

    /** Gives a slot back. By the loop, or by the janitor after the loop's death. */
    public void close(int slot) {
        table.putLongRelease(at(slot) + CONNECTION_OFFSET, 0);
        free.addInt(slot);
    }

    /** Visits every open connection, each as it is at its moment. */
    public void forEach(Visitor visitor) {
        for (int slot = 0, used = usedCount(); slot < used; slot++) {
            final long connection = table.getLongVolatile(at(slot) + CONNECTION_OFFSET);
            if (connection != 0) {
                visitor.onConnection(slot, connection);
            }
        }
    }

    private int usedCount() {
        return Math.max(0, Math.min(table.getIntVolatile(USED_OFFSET), SLOT_COUNT_MAX));
    }

    /** Since when a connection is open, bus time in ns. */
    public long sinceNs(int slot) {
        return table.getLong(at(slot) + SINCE_NS_OFFSET);
    }

    public long laneNumber(int slot) {
        return table.getLong(at(slot) + LANE_NUMBER_OFFSET);
    }

    /** Index of the record that holds its keys, or {@link #NO_INDEX}. */
    public long index(int slot) {
        return table.getLongVolatile(at(slot) + INDEX_OFFSET);
    }

    public int order(int slot) {
        return table.getIntVolatile(at(slot) + ORDER_OFFSET);
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

    private static int at(int slot) {
        return HEADER_LENGTH + slot * SLOT_LENGTH;
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (final IOException e) {
            throw new HeadraceException("a connection table cannot be closed: " + e, e);
        } finally {
            BufferUtil.free(mapped);
        }
    }
}
