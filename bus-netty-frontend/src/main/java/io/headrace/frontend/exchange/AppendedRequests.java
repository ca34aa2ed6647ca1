// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import io.headrace.channel.Bus;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.DeadClaims;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.poll.RecordReader;
import io.headrace.message.DeliveryHeader;
import java.util.Optional;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What became of the requests that one event loop appended: one whose client has left is cancelled
 * while nobody has it, and one whose worker died is known to be lost. One thread.
 */
public final class AppendedRequests implements AutoCloseable {

    /** What became of a request that has no answer yet. */
    public enum Standing {
        /** Nobody has it. */
        PENDING,
        /** A consumer has it. */
        CLAIMED,
        /** It has ended; its answer is on the way, or there is none. */
        ENDED,
        /** Nobody has taken it in time. */
        EXPIRED,
        /** Its consumer died. */
        WORKER_DIED,
        /** Its consumer has had it for too long. */
        WORKER_HUNG
    }

    private final String channel;
    private final String writer;
    private final int consumerId;
    private final long hungNs;
    private final FateCounters fates;
    private final RecordReader records;
    private final DeadClaims deadClaims;
    private LiveMembers.Snapshot members;

    /**
     * @param channel they are in.
     * @param writer id of the loop as a writer.
     * @param consumerId what the loop writes into claim words it ends.
     * @param hungNs how old a claim may grow.
     */
    AppendedRequests(
            Bus bus,
            String channel,
            String writer,
            int consumerId,
            long hungNs,
            FateCounters fates) {
        this.channel = channel;
        this.writer = writer;
        this.consumerId = consumerId;
        this.hungNs = hungNs;
        this.fates = fates;
        this.records = new RecordReader(bus);
        this.deadClaims = new DeadClaims(bus);
    }

    void members(LiveMembers.Snapshot latest) {
        members = latest;
    }

    /** Leaves files that the janitor has deleted; see {@link Bus#deletionVersion()}. */
    void letGo() {
        records.letGo();
    }

    /** A request's record, valid until the next call; empty when retention has deleted it. */
    Optional<UnsafeBuffer> record(long index) {
        return records.find(channel, writer, index);
    }

    /** A request's claim word; that of one that has been deleted is 0, nobody's. */
    public int word(long index) {
        return record(index).map(ClaimWord::read).orElse(0);
    }

    /**
     * Ends a request as cancelled unless a consumer has it already; true when it is cancelled now.
     */
    public boolean cancel(long index) {
        final Optional<UnsafeBuffer> record = record(index);
        return record.isPresent() && end(record.get(), ClaimWord.CANCELLED);
    }

    /** Asks after a request, and ends it when it has expired or its worker died or hung. */
    public Standing standing(long index, long nowNs) {
        // Only what has ended is ever deleted.
        return record(index).map(record -> standing(record, nowNs)).orElse(Standing.ENDED);
    }

    private Standing standing(UnsafeBuffer record, long nowNs) {
        final int word = ClaimWord.read(record);
        final int holder = ClaimWord.consumer(word);
        switch (ClaimWord.state(word)) {
            case ClaimWord.DEFERRED -> {
                return Standing.CLAIMED;
            }
            case ClaimWord.FREE, ClaimWord.REDELIVERED -> {
                if (!ClaimWord.hasExpired(record, nowNs)) {
                    return Standing.PENDING;
                }
                return end(record, ClaimWord.EXPIRED) ? Standing.EXPIRED : Standing.CLAIMED;
            }
            case ClaimWord.CLAIMED -> {
                final long claimedNs = DeliveryHeader.claimedNs(record, 0);
                final boolean died = members.isDead(holder);
                if (!died && (claimedNs == 0 || nowNs - claimedNs <= hungNs)) {
                    return Standing.CLAIMED;
                }
                final int fate =
                        died
                                ? deadClaims.lose(channel, record, holder)
                                : ClaimWord.finish(record, holder, ClaimWord.LOST)
                                        ? ClaimWord.LOST
                                        : -1;
                if (fate != ClaimWord.LOST) {
                    return fate == ClaimWord.REDELIVERED ? Standing.PENDING : Standing.ENDED;
                }
                fates.of(ClaimWord.LOST, channel).incrementRelease();
                return died ? Standing.WORKER_DIED : Standing.WORKER_HUNG;
            }
            case ClaimWord.LOST -> {
                return members.isKnown(holder) && !members.isDead(holder)
                        ? Standing.WORKER_HUNG
                        : Standing.WORKER_DIED;
            }
            case ClaimWord.EXPIRED -> {
                return Standing.EXPIRED;
            }
            default -> {
                return Standing.ENDED;
            }
        }
    }

    private boolean end(UnsafeBuffer record, int fate) {
        final boolean ended = ClaimWord.tryEnd(record, consumerId, fate);
        if (ended) {
            fates.of(fate, channel).incrementRelease();
        }
        return ended;
    }

    @Override
    public void close() {
        records.close();
    }
}
