// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import io.headrace.HeadraceException;
import io.headrace.channel.page.Pages;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import org.agrona.BufferUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What is known of all lanes of a bus, in its file {@code lanes.dat}: an entry of 512 bytes each.
 *
 * <pre>
 *    0  int64  number of the lane that has the entry; 0 is free
 *    8  int64  which of the two marks holds: 0 or 1
 *   16  mark 0, written by the janitor alone
 *   72  mark 1
 *  128  int64  appended, messages      136  int64  appended, bytes      by the lane's writer alone
 *  144  int64  refused, messages
 *  152  int64  cycle of the file it writes to, in the upper half, and how many pages of it are there
 *  160  int64  the same of its next file; 0 when there is none yet
 *  168  int64  bytes of all files it ever had
 *  192  int64  first cycle whose file is kept          200  int64  bytes of deleted files   by the janitor alone
 *  208  int64  how often records were freed
 *  256  16 slots, of which freeing n has slot n % 16: int64 index of the first and of the last record
 *
 *  a mark:  0  int64  index of the last record of those that have all ended
 *           8  int64  how many of those ended as done, failed, expired, cancelled, lost (5 words)
 *          48  int64  how many bytes they were
 * </pre>
 *
 * <p>The janitor writes the mark that does not hold and then says that it does, so that a mark is
 * never half new, even when the janitor is killed.
 */
final class LaneTable implements AutoCloseable {

    static final int ENTRY_COUNT = 4_096;
    static final int ENTRY_LENGTH = 512;
    static final int FATE_COUNT = 5;
    static final int FREED_SLOT_COUNT = 16;

    private static final int NUMBER_OFFSET = 0;
    private static final int MARK_OFFSET = 8;
    private static final int MARKS_OFFSET = 16;
    private static final int MARK_LENGTH = 56;
    private static final int MARK_FATES_OFFSET = 8;
    private static final int MARK_BYTES_OFFSET = 48;
    private static final int APPENDED_OFFSET = 128;
    private static final int APPENDED_BYTES_OFFSET = 136;
    private static final int REFUSED_OFFSET = 144;
    private static final int POPULATED_OFFSET = 152;
    private static final int NEXT_POPULATED_OFFSET = 160;
    private static final int ALLOCATED_OFFSET = 168;
    private static final int FIRST_CYCLE_OFFSET = 192;
    private static final int DELETED_OFFSET = 200;
    private static final int FREED_COUNT_OFFSET = 208;
    private static final int FREED_SLOTS_OFFSET = 256;
    private static final int FREED_SLOT_LENGTH = 2 * Long.BYTES;

    private final UnsafeBuffer table;

    /** Maps the file, which is created when absent. */
    LaneTable(Path file) {
        table = Pages.map(file, (long) ENTRY_COUNT * ENTRY_LENGTH);
    }

    /** Takes a free entry for a new lane and returns its index. */
    int allocate(long laneNumber) {
        for (int entry = 0; entry < ENTRY_COUNT; entry++) {
            final int at = entry * ENTRY_LENGTH;
            if (table.getLongVolatile(at + NUMBER_OFFSET) == 0
                    && table.compareAndSetLong(at + NUMBER_OFFSET, 0, laneNumber)) {
                table.setMemory(at + MARK_OFFSET, ENTRY_LENGTH - MARK_OFFSET, (byte) 0);
                return entry;
            }
        }
        throw new HeadraceException(
                "the bus has %d lanes, which is all it can have; stop some workers or front ends"
                        .formatted(ENTRY_COUNT));
    }

    /** Gives back the entry of a lane, if it has one: nobody reads the lane any more. */
    void free(long laneNumber) {
        for (int entry = 0; laneNumber != 0 && entry < ENTRY_COUNT; entry++) {
            table.compareAndSetLong(entry * ENTRY_LENGTH + NUMBER_OFFSET, laneNumber, 0);
        }
    }

    /** Bytes that the files of all lanes have. */
    long allocatedBytes() {
        long bytes = 0;
        for (int at = 0; at < ENTRY_COUNT * ENTRY_LENGTH; at += ENTRY_LENGTH) {
            if (table.getLongVolatile(at + NUMBER_OFFSET) != 0) {
                bytes += table.getLong(at + ALLOCATED_OFFSET) - table.getLong(at + DELETED_OFFSET);
            }
        }
        return bytes;
    }

    /** How many messages the writer of an entry's lane has appended, read plainly. */
    long appendedCount(int entry) {
        return table.getLong(entry * ENTRY_LENGTH + APPENDED_OFFSET);
    }

    /** How many bytes these have, read plainly. */
    long appendedBytes(int entry) {
        return table.getLong(entry * ENTRY_LENGTH + APPENDED_BYTES_OFFSET);
    }

    /** What the writer and the janitor say of one lane. */
    final class Entry {

        private final int at;

        Entry(int entry) {
            if (entry < 0 || entry >= ENTRY_COUNT) {
                throw new HeadraceException("lane table has no entry " + entry);
            }
            at = entry * ENTRY_LENGTH;
        }

        long number() {
            return table.getLongVolatile(at + NUMBER_OFFSET);
        }

        void appended(int recordLength) {
            table.putLong(
                    at + APPENDED_BYTES_OFFSET,
                    table.getLong(at + APPENDED_BYTES_OFFSET) + recordLength);
            table.putLongRelease(at + APPENDED_OFFSET, table.getLong(at + APPENDED_OFFSET) + 1);
        }

        void setAppended(long count, long bytes) {
            table.putLong(at + APPENDED_BYTES_OFFSET, bytes);
            table.putLongRelease(at + APPENDED_OFFSET, count);
        }

        void refused() {
            table.putLongRelease(at + REFUSED_OFFSET, table.getLong(at + REFUSED_OFFSET) + 1);
        }

        long appendedCount() {
            return table.getLongVolatile(at + APPENDED_OFFSET);
        }

        long appendedBytes() {
            return table.getLongVolatile(at + APPENDED_BYTES_OFFSET);
        }

        long refusedCount() {
            return table.getLongVolatile(at + REFUSED_OFFSET);
        }

        void tell(long populated, long nextPopulated, long allocated) {
            table.putLongRelease(at + POPULATED_OFFSET, populated);
            table.putLongRelease(at + NEXT_POPULATED_OFFSET, nextPopulated);
            table.putLongRelease(at + ALLOCATED_OFFSET, allocated);
        }

        long populated() {
            return table.getLongVolatile(at + POPULATED_OFFSET);
        }

        long nextPopulated() {
            return table.getLongVolatile(at + NEXT_POPULATED_OFFSET);
        }

        /** Files of earlier roll cycles are deleted; 0 when none was. */
        int firstCycle() {
            return (int) table.getLongVolatile(at + FIRST_CYCLE_OFFSET);
        }

        void firstCycle(int cycle) {
            table.putLongRelease(at + FIRST_CYCLE_OFFSET, cycle);
        }

        void deleted(long bytes) {
            table.putLongRelease(at + DELETED_OFFSET, table.getLong(at + DELETED_OFFSET) + bytes);
        }

        long freedCount() {
            return table.getLongVolatile(at + FREED_COUNT_OFFSET);
        }

        long firstFreed(long freeing) {
            return table.getLong(freedSlot(freeing));
        }

        long lastFreed(long freeing) {
            return table.getLong(freedSlot(freeing) + Long.BYTES);
        }

        void freed(long first, long last) {
            final long freeing = freedCount();
            table.putLong(freedSlot(freeing), first);
            table.putLong(freedSlot(freeing) + Long.BYTES, last);
            if (!table.compareAndSetLong(at + FREED_COUNT_OFFSET, freeing, freeing + 1)) {
                // Another janitor took the writer for dead, and nobody knows whose slot it is:
                // counted as so many that no reader trusts the slots.
                table.getAndAddLong(at + FREED_COUNT_OFFSET, FREED_SLOT_COUNT);
            }
        }

        private int freedSlot(long freeing) {
            return at + FREED_SLOTS_OFFSET + (int) (freeing % FREED_SLOT_COUNT) * FREED_SLOT_LENGTH;
        }

        void readMark(LaneMark mark) {
            long selector;
            do {
                selector = table.getLongVolatile(at + MARK_OFFSET);
                final int from = at + MARKS_OFFSET + (int) (selector & 1) * MARK_LENGTH;
                mark.lastEnded(table.getLong(from));
                for (int i = 0; i < FATE_COUNT; i++) {
                    mark.ended(i, table.getLong(from + MARK_FATES_OFFSET + i * Long.BYTES));
                }
                mark.endedBytes(table.getLong(from + MARK_BYTES_OFFSET));
                VarHandle.loadLoadFence();
            } while (selector != table.getLongVolatile(at + MARK_OFFSET));
        }

        void writeMark(LaneMark mark) {
            final long selector = table.getLong(at + MARK_OFFSET) + 1;
            final int to = at + MARKS_OFFSET + (int) (selector & 1) * MARK_LENGTH;
            table.putLong(to, mark.lastEnded());
            for (int i = 0; i < FATE_COUNT; i++) {
                table.putLong(to + MARK_FATES_OFFSET + i * Long.BYTES, mark.ended(i));
            }
            table.putLong(to + MARK_BYTES_OFFSET, mark.endedBytes());
            table.putLongRelease(at + MARK_OFFSET, selector);
        }
    }

    @Override
    public void close() {
        BufferUtil.free(table);
    }
}
