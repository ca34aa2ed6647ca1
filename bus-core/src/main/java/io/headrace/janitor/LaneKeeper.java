// SPDX-License-Identifier: Apache-2.0
package io.headrace.janitor;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.FreedRecords;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.DeadClaims;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.Stretches;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.agrona.collections.Long2LongHashMap;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Looks after one lane: follows its records as they end, counts their fates, and ends those that
 * nobody else will: free ones that have expired or whose writer is dead, and claimed ones whose
 * consumer is dead or has hung.
 */
final class LaneKeeper implements AutoCloseable {

    private static final long NEVER = -1;
    private static final long UNKNOWN_NS = 100_000_000L;

    /** Large records are work, too: the files are full the sooner. */
    private static final int MUCH_BYTES = 32 << 10;

    private static final int RECORDS_PER_LOOK = 20_000;

    private final Bus bus;
    private final Lane lane;
    private final int consumerId;
    private final long hungNs;
    private final DeadClaims deadClaims;
    private final LaneMark mark = new LaneMark();
    private final LanePoller tail;
    private final LanePoller scout;
    private final Stretches open;
    private final Message reader = new Message();
    private long oldestReferred;
    private final Long2LongHashMap untimedSinceNs = new Long2LongHashMap(NEVER);
    private final Map<Integer, Long> unknownSinceNs = new HashMap<>();
    private boolean drained;
    private long nextDueNs = Long.MAX_VALUE;
    // Of those that it has freed and has not told of yet.
    private long firstFreed = Long.MAX_VALUE;
    private long lastFreed = NEVER;

    /**
     * @param consumerId what is written into the claim words of records that the janitor ends.
     * @param hungNs how old a claim may grow.
     */
    LaneKeeper(Bus bus, Lane lane, int consumerId, long hungNs, DeadClaims deadClaims) {
        this.bus = bus;
        this.lane = lane;
        this.consumerId = consumerId;
        this.hungNs = hungNs;
        this.deadClaims = deadClaims;
        lane.readMark(mark);
        this.tail = lane.poller().skipEnded(mark);
        try {
            this.scout = lane.poller();
        } catch (final HeadraceException e) {
            tail.close();
            throw e;
        }
        this.open = new Stretches(scout);
        // An earlier keeper may have been killed between freeing a message and telling of it.
        bus.publishFreed(lane, FreedRecords.ALL, Long.MAX_VALUE);
    }

    Lane lane() {
        return lane;
    }

    /** Whether every record of the lane had ended at the last {@link #follow}. */
    boolean isDrained() {
        return drained;
    }

    /**
     * Deletes files of which no record is needed any more: all have ended, and none is referred to.
     *
     * @param referredIndex of the earliest record that is referred to, asked for only when there is
     *     something to delete; {@link Long#MAX_VALUE} for none.
     * @param beforeMs only those that were given up before this bus time.
     * @return number of files deleted.
     */
    int deleteFiles(LongSupplier referredIndex, long beforeMs) {
        scout.letGo();
        // To list a lane's files takes longer than all else that a round does.
        return lane.hasFilesBefore(tail.cycle())
                ? lane.deleteFiles(tail, referredIndex.getAsLong(), beforeMs)
                : 0;
    }

    /**
     * Passes the records at the end of the mark that have ended.
     *
     * @return how many, and as many more as there are {@link #MUCH_BYTES} in them.
     */
    int follow(LiveMembers.Snapshot members, long nowNs) {
        final long bytesBefore = mark.endedBytes();
        int passed = 0;
        drained = false;
        while (passed < RECORDS_PER_LOOK) {
            if (!tail.peekIfAppended()) {
                drained = true;
                break;
            }
            final UnsafeBuffer record = tail.record();
            final boolean whole = Message.isWhole(record);
            if (whole) {
                resolve(tail, members, nowNs);
            }
            // What is too short to be a message counts as failed: no consumer can do anything with
            // it.
            final int state = whole ? ClaimWord.state(ClaimWord.read(record)) : ClaimWord.FAILED;
            if (state < ClaimWord.DONE || state > ClaimWord.LOST) {
                break;
            }
            final int fate = state - ClaimWord.DONE;
            mark.ended(fate, mark.ended(fate) + 1);
            mark.endedBytes(
                    mark.endedBytes()
                            + (whole
                                    ? DeliveryHeader.LENGTH
                                            + DeliveryHeader.messageLength(record, 0)
                                    : record.capacity()));
            mark.lastEnded(tail.index());
            tail.advance();
            passed++;
        }
        if (passed > 0) {
            lane.writeMark(mark);
        }
        tellOfFreed();
        if (drained
                && lane.appendedCount() != mark.endedCount()
                && members.isWriterDead(lane.writer())) {
            // Its writer was killed between a commit and the count of it.
            lane.correctAppended(mark);
        }
        return passed + (int) ((mark.endedBytes() - bytesBefore) / MUCH_BYTES);
    }

    /**
     * Whether what waits in its lane is to find its requests in another one. Not when there are
     * workers for these, but none for what waits: nobody may ever come, and requests do not stop.
     */
    boolean needs(Lane requests, LiveMembers.Snapshot members) {
        return refersTo(requests)
                && (members.isServed(lane.channel()) || !members.isServed(requests.channel()));
    }

    /** Whether its messages point at records of the same writer's other lane, which hold keys. */
    private boolean refersTo(Lane requests) {
        final String channel = lane.channel();
        final boolean isHttp = channel.endsWith(ChannelName.HTTP_DISCONNECT);
        return lane.writer().equals(requests.writer())
                && (isHttp
                        || channel.endsWith(ChannelName.WEBSOCKET_RECEIVE)
                        || channel.endsWith(ChannelName.WEBSOCKET_DISCONNECT))
                && requests.channel()
                        .equals(
                                ChannelName.sibling(
                                        channel,
                                        isHttp
                                                ? ChannelName.HTTP_REQUEST
                                                : ChannelName.WEBSOCKET_CONNECT));
    }

    /**
     * Index of the earliest record that one of its messages points at which has not ended; {@link
     * Long#MAX_VALUE} for none.
     */
    long referredIndex() {
        oldestReferred = Long.MAX_VALUE;
        open.pass(mark, this::refer);
        return oldestReferred;
    }

    private boolean refer(LanePoller at) {
        final boolean isOpen = isOpen(at);
        if (isOpen
                && reader.wrap(at.record()).decode()
                // Not one that carries its keys, nor a damaged one.
                && reader.requestIndex() >= 0) {
            oldestReferred = Math.min(oldestReferred, reader.requestIndex());
        }
        return isOpen;
    }

    private static boolean isOpen(LanePoller at) {
        return Message.isWhole(at.record()) && !ClaimWord.hasEnded(ClaimWord.read(at.record()));
    }

    /** Whether a message that was deferred is to be freed now. */
    boolean hasDue(long nowNs) {
        return nowNs >= nextDueNs;
    }

    /**
     * Looks at every record that had not ended: for deferred ones that are due, and for claims of
     * the dead and the hung behind a live one.
     */
    void lookAhead(LiveMembers.Snapshot members, long nowNs) {
        // The count of a dead writer's last record may be missing.
        tail.lookAgain();
        tail.checkListing();
        unknownSinceNs.keySet().removeIf(holder -> !members.isNobody(holder));
        if (drained) {
            return;
        }
        nextDueNs = Long.MAX_VALUE;
        open.pass(
                mark,
                at -> {
                    if (isOpen(at)) {
                        resolve(at, members, nowNs);
                    }
                    return isOpen(at);
                });
        tellOfFreed();
    }

    /**
     * Once they all are free: a consumer that went back for the first of them would pass the others
     * again.
     */
    private void tellOfFreed() {
        if (lastFreed != NEVER) {
            bus.publishFreed(lane, firstFreed, lastFreed);
            firstFreed = Long.MAX_VALUE;
            lastFreed = NEVER;
        }
    }

    private void onFreed(long index) {
        firstFreed = Math.min(firstFreed, index);
        lastFreed = Math.max(lastFreed, index);
    }

    private void resolve(LanePoller at, LiveMembers.Snapshot members, long nowNs) {
        final UnsafeBuffer record = at.record();
        final int word = ClaimWord.read(record);
        final int state = ClaimWord.state(word);
        if (ClaimWord.isPending(word) && isAbandoned(record, members)) {
            end(record, ClaimWord.CANCELLED, nowNs);
        } else if (state == ClaimWord.DEFERRED) {
            final long untilNs = DeliveryHeader.claimedNs(record, 0);
            if (nowNs >= untilNs) {
                DeliveryHeader.claimedNs(record, 0, 0L);
                if (ClaimWord.undefer(record, word)) {
                    onFreed(at.index());
                }
            } else {
                nextDueNs = Math.min(nextDueNs, untilNs);
            }
        } else if (ClaimWord.isPending(word) && ClaimWord.hasExpired(record, nowNs)) {
            end(record, ClaimWord.EXPIRED, nowNs);
        } else if (state == ClaimWord.ADDRESSED) {
            final int holder = ClaimWord.consumer(word);
            if ((members.isDead(holder) || isGone(holder, members, nowNs))
                    && ClaimWord.lose(record, word)) {
                DeliveryHeader.doneNs(record, 0, nowNs);
            }
        } else if (state == ClaimWord.CLAIMED) {
            final int holder = ClaimWord.consumer(word);
            final long claimedNs = DeliveryHeader.claimedNs(record, 0);
            if (members.isDead(holder) || isGone(holder, members, nowNs)) {
                if (deadClaims.resolve(lane.channel(), record, holder) == ClaimWord.REDELIVERED) {
                    onFreed(at.index());
                }
            } else if (claimedNs == 0) {
                // At a later look, when a consumer that is not stopped has written it itself.
                if (nowNs > untimedSinceNs(record, nowNs)) {
                    DeliveryHeader.claimedNs(record, 0, nowNs);
                }
            } else if (nowNs - claimedNs > hungNs) {
                ClaimWord.finish(record, holder, ClaimWord.LOST);
            }
        }
    }

    /**
     * Whether a consumer's member was dead for so long that even its file is deleted: this process
     * was stopped meanwhile. One that only has just joined is known at the next look.
     */
    private boolean isGone(int holder, LiveMembers.Snapshot members, long nowNs) {
        return members.isNobody(holder)
                && nowNs - unknownSinceNs.computeIfAbsent(holder, unknown -> nowNs) >= UNKNOWN_NS;
    }

    /**
     * Since when a claim is known that has no time. It is written a moment after the claim, by the
     * consumer alone; one that was stopped in between is not to have its message for ever.
     */
    private long untimedSinceNs(UnsafeBuffer record, long nowNs) {
        final long sequence = DeliveryHeader.sequence(record, 0);
        final long sinceNs = untimedSinceNs.get(sequence);
        if (sinceNs != NEVER) {
            return sinceNs;
        }
        untimedSinceNs.put(sequence, nowNs);
        return nowNs;
    }

    /**
     * Whether nobody waits for this record: its front end is dead, and with it all its clients have
     * left.
     */
    private boolean isAbandoned(UnsafeBuffer record, LiveMembers.Snapshot members) {
        if (lane.channel().startsWith(ChannelName.REPLY_PREFIX)) {
            return members.isDead(ReplyAddress.frontEnd(lane.channel()));
        }
        // Closes and disconnects never expire: workers are to hear of them all the same.
        return DeliveryHeader.expiryMs(record, 0) != 0 && members.isWriterDead(lane.writer());
    }

    private void end(UnsafeBuffer record, int fate, long nowNs) {
        if (ClaimWord.tryEnd(record, consumerId, fate)) {
            DeliveryHeader.doneNs(record, 0, nowNs);
        }
    }

    @Override
    public void close() {
        tail.close();
        scout.close();
    }
}
