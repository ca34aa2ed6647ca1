// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import io.headrace.channel.LanePoller;
import io.headrace.delivery.poll.Delivery;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import org.agrona.BitUtil;
import org.agrona.concurrent.EpochNanoClock;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Turns the records of a {@link Subscription} into messages for one consumer: passes those that
 * others have, ends those that have expired, claims the rest, decodes them, and writes down how
 * they ended.
 *
 * <p>A record too short for a message belongs to nobody: it is counted, reported once and passed.
 * One that is whole but cannot be decoded is claimed and ends as failed.
 */
public final class Claimer implements Delivery {

    /** What a consumer does with a message it has claimed. */
    public interface Handler {

        /**
         * @param lane whose head the message is.
         * @param nowNs bus time of the claim.
         * @return how the message ends: {@link ClaimWord#DONE}, {@code FAILED} or {@code
         *     CANCELLED}; or {@code DEFERRED}, after it has written until when into the record; or
         *     {@code CLAIMED}, and then {@link #end} follows. It must not throw.
         */
        int onMessage(LanePoller lane, Message message, long nowNs);

        /** Whether it can take a message now; otherwise none is claimed. */
        default boolean isReady() {
            return true;
        }
    }

    // What comes behind is read in order, or left alone, and the processor fetches that by itself.
    private static final int FETCH_LENGTH_MAX = 4_096;

    private final EpochNanoClock clock;
    private final int consumerId;
    private final int addressedToMe;
    private final Message message;
    private final Shards shards;
    private final Handler handler;
    private final FateCounters counters;
    private final UndecodableReport report;
    private long endedNs;
    // Kept, or the compiler would see that nobody wants it, and fetch nothing.
    private int fetchedSum;

    /**
     * @param clock bus time, read when a message ends.
     * @param message the reader to decode with.
     * @param shards this consumer's; it has joined those channels that are delivered by connection.
     * @param report told of records that cannot be decoded.
     */
    public Claimer(
            EpochNanoClock clock,
            int consumerId,
            Message message,
            Shards shards,
            Handler handler,
            FateCounters counters,
            UndecodableReport report) {
        this.clock = clock;
        this.consumerId = consumerId;
        this.addressedToMe = ClaimWord.of(consumerId, ClaimWord.ADDRESSED);
        this.message = message;
        this.shards = shards;
        this.handler = handler;
        this.counters = counters;
        this.report = report;
    }

    @Override
    public boolean onRecord(LanePoller lane, long nowNs) {
        final UnsafeBuffer record = lane.record();
        if (!Message.isWhole(record)) {
            counters.undecodable().incrementRelease();
            report.onUndecodable(
                    lane.lane(), "truncated record of " + record.capacity() + " bytes");
            return true;
        }
        final String channel = lane.lane().channel();
        final boolean isSharded = shards.isSharded(channel);
        final long connection = DeliveryHeader.connection(record, 0);
        final int word = ClaimWord.read(record);
        final boolean isTaken = !ClaimWord.isFree(word) && word != addressedToMe;
        if (isSharded
                && (!shards.owns(channel, connection)
                        || shards.passHeld(lane, connection, !isTaken))) {
            return true;
        }
        if (isTaken) {
            if (isSharded && !ClaimWord.hasEnded(word)) {
                // Whoever had the shard before is still busy with it, or it is to wait: what comes
                // later waits, too.
                shards.hold(lane, connection);
            }
            return true;
        }
        if (ClaimWord.hasExpired(record, nowNs)) {
            if (ClaimWord.tryEnd(record, consumerId, ClaimWord.EXPIRED)) {
                DeliveryHeader.doneNs(record, 0, nowNs);
                counters.of(ClaimWord.EXPIRED, lane.lane().channel()).incrementRelease();
            }
            return true;
        }
        if (!handler.isReady()) {
            return false;
        }
        if (ClaimWord.tryClaim(record, consumerId)) {
            if (!ClaimWord.hasEnded(handle(lane, record, nowNs)) && isSharded) {
                shards.hold(lane, connection);
            }
            return true;
        }
        return !isSharded;
    }

    private int handle(LanePoller lane, UnsafeBuffer record, long nowNs) {
        // Records are the trace, and a handler may take any time: the duty cycle's own time will do
        // only for the first, and not if the record is younger.
        final long claimedNs =
                Math.max(Math.max(nowNs, endedNs), DeliveryHeader.appendedNs(record, 0));
        DeliveryHeader.claimedNs(record, 0, claimedNs);
        fetchedSum = fetch(record);
        final int fate;
        if (message.wrap(record).decode()) {
            fate = handler.onMessage(lane, message, claimedNs);
        } else {
            counters.undecodable().incrementRelease();
            report.onUndecodable(lane.lane(), message.problem());
            fate = ClaimWord.FAILED;
        }
        if (fate != ClaimWord.CLAIMED) {
            end(record, lane.lane().channel(), fate);
        }
        return fate;
    }

    /**
     * Has a record's cache lines come from the core that wrote it, side by side: decoding finds a
     * field by the length of the one before, and would wait for each line.
     */
    private static int fetch(UnsafeBuffer record) {
        final int end = Math.min(record.capacity(), FETCH_LENGTH_MAX);
        int sum = 0;
        for (int at = BitUtil.CACHE_LINE_LENGTH; at < end; at += BitUtil.CACHE_LINE_LENGTH) {
            sum += record.getByte(at);
        }
        return sum;
    }

    /** Writes down how a message ended that this consumer has claimed. */
    public void end(UnsafeBuffer record, String channel, int fate) {
        if (fate != ClaimWord.DEFERRED) {
            endedNs = clock.nanoTime();
            DeliveryHeader.doneNs(record, 0, endedNs);
        }
        if (ClaimWord.finish(record, consumerId, fate)) {
            counters.of(fate, channel).incrementRelease();
        }
    }
}
