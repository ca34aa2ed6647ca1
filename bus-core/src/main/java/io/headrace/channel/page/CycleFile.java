// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.page;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import net.openhft.chronicle.bytes.MappedBytes;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueStore;
import net.openhft.chronicle.wire.Wires;
import org.agrona.BitUtil;

/**
 * One file of a lane, of one roll cycle, as it is mapped in this process: all threads of a process
 * that read it or write to it share the mapping. A file is never longer than the block that is
 * mapped at once.
 *
 * <p>Thread-safe but for {@link #close()}.
 */
public final class CycleFile implements AutoCloseable {

    // About 0.1 ms of the kernel's time; a huge page is 0.4.
    private static final int STEP_LENGTH = 256 << 10;

    private final SingleChronicleQueue queue;
    private final SingleChronicleQueueStore store;
    private final MappedBytes bytes;
    private final long address;
    private final AtomicLong populatedTo = new AtomicLong();
    private volatile boolean mayBeHuge;

    private CycleFile(
            SingleChronicleQueue queue, SingleChronicleQueueStore store, boolean mayBeHuge) {
        this.queue = queue;
        this.store = store;
        this.mayBeHuge = mayBeHuge;
        this.bytes = store.bytes();
        this.address = bytes.addressForRead(0);
    }

    /**
     * Makes a whole file, with header and indexes: no reader ever meets half of one, because the
     * file before it ends only then.
     *
     * @param path of the file, which no other process knows yet.
     * @param length of what can be written to it without further pages.
     * @return empty when there is no memory for it.
     */
    public static Optional<CycleFile> create(
            SingleChronicleQueue queue, Path path, int cycle, int length) {
        try {
            try (FileChannel file =
                    FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
                Pages.fill(file, length);
            } catch (final IOException noMemory) {
                Files.deleteIfExists(path);
                return Optional.empty();
            }
            final Optional<CycleFile> made = map(queue, cycle, true);
            made.ifPresent(file -> file.populatedTo.set(length));
            return made;
        } catch (final IOException e) {
            throw new HeadraceException("lane file " + path + " cannot be made: " + e, e);
        }
    }

    /** Maps a file that a writer has made; empty when it is not there any more. */
    public static Optional<CycleFile> open(SingleChronicleQueue queue, int cycle) {
        return map(queue, cycle, false);
    }

    private static Optional<CycleFile> map(SingleChronicleQueue queue, int cycle, boolean isOwn) {
        return Pages.mapForHuge(
                queue.blockSize() + queue.overlapSize(),
                () ->
                        Optional.ofNullable(queue.storeForCycle(cycle, queue.epoch(), isOwn, null))
                                .map(store -> new CycleFile(queue, store, isOwn)));
    }

    public int cycle() {
        return store.cycle();
    }

    /** Where its last record begins. */
    public long lastPosition() {
        return store.writePosition();
    }

    /** Up to where pages are there, and mapped in this process. */
    public long populatedTo() {
        return populatedTo.get();
    }

    /**
     * Gets pages up to a position, or some of them; false when there is no memory for more. They
     * are huge where it asks for that many at once, and has made the file.
     */
    public boolean populateSome(long to) {
        assert to <= queue.blockSize() : to;
        final long from = populatedTo.get();
        return from >= to || populateHuge(from, to) || populateSmall(from, to);
    }

    private boolean populateHuge(long from, long to) {
        if (!mayBeHuge || to - from < Pages.HUGE_LENGTH || !Pages.isHuge(from)) {
            return false;
        }
        mayBeHuge = Pages.populateHuge(address + from);
        return mayBeHuge && populated(from + Pages.HUGE_LENGTH);
    }

    private boolean populateSmall(long from, long to) {
        final long end =
                Math.min(
                        Math.min(BitUtil.align(to, Pages.PAGE_LENGTH), from + STEP_LENGTH),
                        BitUtil.align(from + 1, Pages.HUGE_LENGTH));
        return Pages.populate(address + from, end - from) && populated(end);
    }

    private boolean populated(long to) {
        populatedTo.accumulateAndGet(to, Math::max);
        return true;
    }

    /** Gets pages up to a position; false when there is no memory for all of them. */
    public boolean populate(long to) {
        while (populatedTo.get() < to) {
            if (!populateSome(to)) {
                return false;
            }
        }
        return true;
    }

    /** How much of it is kept when it has ended: its records, and what Chronicle writes behind. */
    public long usedLength(int reserve) {
        final long last = store.writePosition();
        final int header = last == 0 ? 0 : bytes.readVolatileInt(last);
        return BitUtil.align(
                last + Integer.BYTES + Wires.lengthOf(header) + reserve, Pages.PAGE_LENGTH);
    }

    /**
     * Gives back what is populated behind the end of a file that is ended, and dates it: a mapped
     * file's own time does not tell when it was written last.
     *
     * @param nowNs bus time.
     */
    public void end(int reserve, long nowNs) {
        final long used = usedLength(reserve);
        Pages.giveBack(address + used, populatedTo.get() - used);
        try {
            Files.setLastModifiedTime(
                    store.file().toPath(), FileTime.from(nowNs, TimeUnit.NANOSECONDS));
        } catch (final IOException deletedAlready) {
            // Then nobody asks after its time.
        }
    }

    @Override
    public void close() {
        bytes.releaseLast();
        queue.closeStore(store);
    }
}
