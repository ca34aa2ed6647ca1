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
import java.util.Optional;
import org.agrona.BufferUtil;
import org.agrona.collections.IntArrayList;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A file of slots of one length that one thread writes and everybody may read, also after its
 * death: {@code members/WRITER.KIND}.
 *
 * <pre>
 *  header, 4,096 bytes:   0  int32  layout version     4  int32  slots that were ever used
 *  then the slots; what a slot begins with says whether it is used, and is written last, cleared first
 * </pre>
 *
 * <p>Slots are used from the lowest on, and memory is taken from the file system a block of slots
 * at a time, by a write that can fail, so that a full one is an answer and never a SIGBUS.
 */
final class SharedTable implements AutoCloseable {

    static final int NO_SLOT = -1;
    static final int VERSION = 1;
    static final int HEADER_LENGTH = 4_096;

    private static final int BLOCK_LENGTH = 64 << 10;
    private static final int VERSION_OFFSET = 0;
    private static final int USED_OFFSET = 4;

    private final int slotLength;
    private final int slotCountMax;
    private final FileChannel channel;
    private final MappedByteBuffer mapped;
    private final UnsafeBuffer buffer;
    // The lowest last, so that the table stays short.
    private final IntArrayList free = new IntArrayList();

    private SharedTable(Path file, int slotLength, int slotCountMax) {
        this.slotLength = slotLength;
        this.slotCountMax = slotCountMax;
        final int length = HEADER_LENGTH + slotCountMax * slotLength;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
            mapped = map(channel, length);
            buffer = new UnsafeBuffer(mapped);
        } catch (final IOException e) {
            throw new HeadraceException("table " + file + " cannot be mapped: " + e, e);
        }
    }

    private static MappedByteBuffer map(FileChannel file, int length) throws IOException {
        try {
            if (file.size() != 0 && file.size() != length) {
                throw new IOException("it has " + file.size() + " bytes, not " + length);
            }
            return file.map(FileChannel.MapMode.READ_WRITE, 0, length);
        } catch (final IOException e) {
            // It is tried again, and each time would cost a descriptor.
            file.close();
            throw e;
        }
    }

    /**
     * Makes a writer's table.
     *
     * @param kind the file's suffix.
     * @param slotLength a power of two up to the length of a block.
     */
    static SharedTable create(
            Bus bus, String writer, String kind, int slotLength, int slotCountMax) {
        final Path file = bus.file("members/" + writer + kind);
        final SharedTable table = new SharedTable(file, slotLength, slotCountMax);
        if (!table.grow(0, HEADER_LENGTH)) {
            table.close();
            throw new HeadraceException("no memory for table " + file);
        }
        table.buffer.putIntRelease(VERSION_OFFSET, VERSION);
        return table;
    }

    /** The tables of a member's writers; those that are being made are passed over. */
    static List<SharedTable> of(
            Bus bus, String memberId, String kind, int slotLength, int slotCountMax) {
        final List<SharedTable> tables = new ArrayList<>();
        for (final Path file : files(bus, memberId, kind)) {
            open(file, slotLength, slotCountMax).ifPresent(tables::add);
        }
        return tables;
    }

    /** One writer's table; empty when it is not there, or being made. */
    static Optional<SharedTable> ofWriter(
            Bus bus, String writer, String kind, int slotLength, int slotCountMax) {
        final Path file = bus.membersDirectory().resolve(writer + kind);
        return Files.exists(file) ? open(file, slotLength, slotCountMax) : Optional.empty();
    }

    private static Optional<SharedTable> open(Path file, int slotLength, int slotCountMax) {
        final SharedTable table = new SharedTable(file, slotLength, slotCountMax);
        if (table.buffer.getIntVolatile(VERSION_OFFSET) == VERSION) {
            return Optional.of(table);
        }
        table.close();
        return Optional.empty();
    }

    /** Deletes the tables of a member that is dead. */
    static void delete(Bus bus, String memberId, String kind) {
        try {
            for (final Path file : files(bus, memberId, kind)) {
                Files.deleteIfExists(file);
            }
        } catch (final IOException e) {
            throw new HeadraceException("tables of " + memberId + " cannot be deleted: " + e, e);
        }
    }

    private static List<Path> files(Bus bus, String memberId, String kind) {
        final List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> found =
                Files.newDirectoryStream(bus.membersDirectory(), memberId + "-*" + kind)) {
            found.forEach(files::add);
        } catch (final IOException e) {
            throw new HeadraceException("tables of " + memberId + " cannot be listed: " + e, e);
        }
        files.sort(null);
        return files;
    }

    /**
     * Takes a slot, whatever is in it; {@link #NO_SLOT} when none is free or there is no memory.
     */
    int take() {
        return free.isEmpty() && !addBlock() ? NO_SLOT : free.popInt();
    }

    private boolean addBlock() {
        final int used = usedCount();
        final int count = Math.min(BLOCK_LENGTH / slotLength, slotCountMax - used);
        if (count == 0 || !grow(at(used), count * slotLength)) {
            return false;
        }
        for (int slot = used + count - 1; slot >= used; slot--) {
            free.addInt(slot);
        }
        buffer.putIntRelease(USED_OFFSET, used + count);
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

    /** Gives a slot back whose first word has been cleared. */
    void give(int slot) {
        free.addInt(slot);
    }

    /** Number of slots that were ever used: all others behind them are empty. */
    int usedCount() {
        return Math.max(0, Math.min(buffer.getIntVolatile(USED_OFFSET), slotCountMax));
    }

    UnsafeBuffer buffer() {
        return buffer;
    }

    /** Where a slot begins. */
    int at(int slot) {
        return HEADER_LENGTH + slot * slotLength;
    }

    /** Lets go of the file, and leaves the mapping to the collector: others may be reading it. */
    void detach() {
        try {
            channel.close();
        } catch (final IOException e) {
            throw new HeadraceException("a table cannot be closed: " + e, e);
        }
    }

    @Override
    public void close() {
        try {
            detach();
        } finally {
            BufferUtil.free(mapped);
        }
    }
}
