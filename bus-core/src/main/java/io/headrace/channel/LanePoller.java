// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import io.headrace.HeadraceException;
import io.headrace.message.DeliveryHeader;
import java.io.IOException;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueue;
import net.openhft.chronicle.wire.DocumentContext;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Reads a lane in order: {@link #peek()} at the head as often as you like, {@link #advance()} past
 * it. The head stays mapped until then, however long its handling takes.
 *
 * <p>Belongs to the thread that uses it first. Allocates nothing; a peek at an idle lane costs
 * about 10 ns, and {@link #peekIfAppended()} 1 ns.
 */
public final class LanePoller implements AutoCloseable {

    private static final long UNKNOWN = -1;
    private static final long NEVER = Long.MAX_VALUE;
    // What Chronicle has for the first one where it has listed no file; a lane always has one.
    private static final int NO_CYCLE = Integer.MAX_VALUE;

    private final Lane lane;
    private final SingleChronicleQueue queue;
    private final LaneTable.Entry entry;
    private final UnsafeBuffer record = new UnsafeBuffer(0, 0);
    private final ExcerptTailer tailer;
    private DocumentContext context;
    private final FreedRecords freed;
    // Of the head, or of the last record that was passed; before all when there is none.
    private long index = -1;
    private long emptyAt = UNKNOWN;
    // While it reads freed records once more: the last of them, and where it was before.
    private long revisitUntil = NEVER;
    private long resumeIndex;
    private boolean resumesBehind;
    private boolean closed;

    LanePoller(Lane lane) throws IOException {
        this.lane = lane;
        this.queue = lane.queue();
        this.entry = lane.entry();
        this.freed = new FreedRecords(entry);
        // Chronicle takes a folder that it cannot list for an empty one, and tells all processes.
        if (queue.file().list() == null) {
            throw new IOException("its folder cannot be listed");
        }
        this.tailer = queue.createTailer();
        if (queue.firstCycle() == NO_CYCLE) {
            queue.refreshDirectoryListing();
        }
        if (queue.firstCycle() == NO_CYCLE) {
            tailer.close();
            throw new IOException("its files cannot be listed");
        }
        // Made by the thread that opens the lane, used by the one that polls it.
        tailer.singleThreadedCheckDisabled(true);
    }

    public Lane lane() {
        return lane;
    }

    /** Whether there is a head. */
    public boolean peek() {
        if (context != null) {
            return true;
        }
        skipDeleted();
        // Counted after it is there: what this look misses will be counted later.
        final long appended = entry.appendedCount();
        final DocumentContext next;
        try {
            next = tailer.readingDocument();
        } catch (final Exception e) {
            throw lane.unreadable(e);
        }
        if (!next.isPresent()) {
            next.close();
            emptyAt = appended;
            return false;
        }
        final Bytes<?> bytes = next.wire().bytes();
        final int length = (int) bytes.readRemaining();
        record.wrap(bytes.addressForRead(bytes.readPosition()), length);
        index = next.index();
        context = next;
        return true;
    }

    /**
     * Whether there is a head, looking at the lane only if its writer has counted a record since a
     * look that found none. A writer that was killed may have appended one that it did not count,
     * so {@link #lookAgain()} is to be called now and then.
     */
    public boolean peekIfAppended() {
        if (context != null) {
            return true;
        }
        return entry.appendedCount() != emptyAt && peek();
    }

    /** Lets the next {@link #peekIfAppended()} look, whatever is counted. */
    public void lookAgain() {
        emptyAt = UNKNOWN;
    }

    /**
     * The head: delivery header and message, and up to 3 bytes of padding. Valid until {@link
     * #advance()}.
     */
    public UnsafeBuffer record() {
        return record;
    }

    /** Index of the head. */
    public long index() {
        return index;
    }

    /** The head's sequence, or -1 for a record too short to have one. */
    public long sequence() {
        return record.capacity() < DeliveryHeader.LENGTH ? -1 : DeliveryHeader.sequence(record, 0);
    }

    /** Passes the head. */
    public void advance() {
        release();
        if (index >= revisitUntil) {
            revisitUntil = NEVER;
            // Unless it has come there by itself.
            if (index < resumeIndex && moveToOrBehind(resumeIndex) && resumesBehind) {
                release();
            }
        }
    }

    private void release() {
        final DocumentContext passed = context;
        context = null;
        if (passed != null) {
            passed.close();
        }
    }

    /** Goes to where all records up to the mark are passed; when it cannot, it is closed. */
    public LanePoller skipEnded(LaneMark mark) {
        try {
            toEnded(mark);
            return this;
        } catch (final HeadraceException e) {
            close();
            throw e;
        }
    }

    private void toEnded(LaneMark mark) {
        lookAgain();
        if (mark.lastEnded() != 0 && moveToOrBehind(mark.lastEnded())) {
            release();
        }
    }

    /** What was freed since this poller was made, or since that was asked last. */
    public FreedRecords freed() {
        return freed;
    }

    /**
     * Goes back to those of the records it has passed that were freed since it was asked last;
     * behind the last of them it goes on from where it is now.
     *
     * @param mark is read when nobody knows which were freed.
     * @return whether it has gone back.
     */
    public boolean revisitFreed(LaneMark mark) {
        if (!freed.look()) {
            return false;
        }
        if (freed.first() == FreedRecords.ALL) {
            lane.readMark(mark);
            rewind(mark);
            return true;
        }
        final boolean isPassed = hasPassed(freed.first());
        if (revisitUntil != NEVER) {
            revisitUntil = Math.max(revisitUntil, freed.last());
        } else if (isPassed) {
            revisitUntil = freed.last();
            resumeIndex = index;
            resumesBehind = context == null;
        }
        if (isPassed) {
            lookAgain();
            moveToOrBehind(freed.first());
        }
        return isPassed;
    }

    private boolean hasPassed(long recordIndex) {
        return index > recordIndex || index == recordIndex && context == null;
    }

    /** Goes back to where all records up to the mark are passed. */
    public void rewind(LaneMark mark) {
        revisitUntil = NEVER;
        if (mark.lastEnded() == 0) {
            release();
            lookAgain();
            toStart();
        } else {
            toEnded(mark);
        }
    }

    /** The roll cycle it reads from; files of earlier ones hold only earlier records. */
    public int cycle() {
        return tailer.cycle();
    }

    /**
     * Has the lane's files listed again if the one it stands at is not among them: a process that
     * could not list them has told all that there are none.
     */
    public void checkListing() {
        if (tailer.cycle() >= 0
                && queue.firstCycle() > tailer.cycle()
                && queue.file().list() != null) {
            queue.refreshDirectoryListing();
        }
    }

    /**
     * Leaves a file that the janitor has deleted, whose memory is given back when nobody stands at
     * it any more. Who does not poll in each duty cycle calls this when the {@link
     * Bus#deletionVersion()} has risen; a record that was read is gone then.
     */
    public void letGo() {
        if (tailer.cycle() < entry.firstCycle()) {
            release();
        }
        skipDeleted();
    }

    private void skipDeleted() {
        // All that the deleted files had has ended. To go from one to the next, and then look for
        // one that is there, would take Chronicle 0.2 s.
        if (tailer.cycle() < entry.firstCycle()) {
            toStart();
        }
    }

    private void toStart() {
        index = -1;
        // Not by Chronicle's listing once files were deleted: a reader that opened one in that
        // moment has made it anew, empty, and no tailer gets past a first file without a header.
        final int firstCycle = entry.firstCycle();
        try {
            if (firstCycle == 0) {
                tailer.toStart();
            } else {
                tailer.moveToCycle(firstCycle);
            }
        } catch (final Exception e) {
            throw lane.unreadable(e);
        }
    }

    /**
     * Makes a record the head; false when it is not there: then the head is none, or a later one.
     */
    public boolean moveTo(long recordIndex) {
        release();
        final boolean isFound;
        try {
            isFound = tailer.moveToIndex(recordIndex);
        } catch (final Exception e) {
            throw lane.unreadable(e);
        }
        // Chronicle may still have a file that is deleted, and the head is the first one behind it.
        return isFound && peek() && index == recordIndex;
    }

    private boolean moveToOrBehind(long recordIndex) {
        final boolean isThere = moveTo(recordIndex);
        if (!isThere && context == null) {
            // Its file is deleted; what is left is all behind it.
            toStart();
        }
        return isThere;
    }

    @Override
    public void close() {
        release();
        tailer.close();
        if (!closed) {
            closed = true;
            lane.onPollerClosed();
        }
    }
}
