// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LanePoller;
import io.headrace.delivery.poll.Delivery;
import io.headrace.delivery.poll.RecordReader;
import io.headrace.message.DeliveryHeader;
import java.util.HashMap;
import java.util.Map;
import org.agrona.CloseHelper;
import org.agrona.collections.Long2ObjectHashMap;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One consumer's part in the sharing of connections: it takes free shards that should be its own,
 * and gives back, between messages, those that should be another's. Everybody computes the same
 * from the same set of live consumers, and no disagreement does harm: a lease has one owner. One
 * thread.
 */
public final class Shards implements AutoCloseable {

    private static final long INTERVAL_NS = 1_000_000L;
    private static final int LOOKS_PER_INTERVAL = 32;

    private final Bus bus;
    private final LiveMembers liveMembers;
    private final int consumerId;
    private final long hungNs;
    private final RecordReader records;
    private final DeadClaims deadClaims;
    private final Map<String, Group> byChannel = new HashMap<>();
    private final Map<String, Group> groups = new HashMap<>();
    private long nextLookNs;
    private long laneVersion;
    private LiveMembers.Snapshot seen;
    // When it has thrown, shards may have been taken that it has not told of.
    private boolean isUnfinished;
    // Messages of one channel come in rows.
    private String lastChannel;
    private Group lastGroup;

    /** The leases of one group of channels. */
    private static final class Group {

        private final ShardTable table;
        private final String channel;
        private final int[] targets = new int[ShardTable.SHARD_COUNT];
        // By connection.
        private final Long2ObjectHashMap<Held> held = new Long2ObjectHashMap<>();
        private LiveMembers.Snapshot computedFor;

        private Group(ShardTable table, String channel) {
            this.table = table;
            this.channel = channel;
        }
    }

    /**
     * @param hungNs how old a claim may grow.
     */
    public Shards(Bus bus, LiveMembers liveMembers, int consumerId, long hungNs) {
        this.bus = bus;
        this.liveMembers = liveMembers;
        this.consumerId = consumerId;
        this.hungNs = hungNs;
        this.records = new RecordReader(bus);
        this.deadClaims = new DeadClaims(bus);
    }

    /** Takes part in the sharing of this channel's connections, if it is shared by connection. */
    public void join(String channel) {
        if (ShardTable.isSharded(channel) && !byChannel.containsKey(channel)) {
            final Group group =
                    groups.computeIfAbsent(
                            ShardTable.group(channel),
                            name -> new Group(ShardTable.of(bus, name), channel));
            byChannel.put(channel, group);
            lastChannel = null;
        }
    }

    /** The group that a channel belongs to, or null. */
    private Group group(String channel) {
        // A lane has one name for its channel, always the same object.
        if (channel != lastChannel) {
            lastGroup = byChannel.get(channel);
            lastChannel = channel;
        }
        return lastGroup;
    }

    /** Whether messages of a channel go to whoever owns their connection's shard. */
    boolean isSharded(String channel) {
        return group(channel) != null;
    }

    /** Whether this consumer owns the shard of a connection right now. */
    boolean owns(String channel, long connection) {
        return group(channel).table.owner(ShardTable.shardOf(connection)) == consumerId;
    }

    /**
     * Lets a connection wait until its message at this lane's head has ended, which another
     * consumer still has. Other connections go on.
     */
    void hold(LanePoller lane, long connection) {
        group(lane.lane().channel()).held.put(connection, new Held(lane.lane(), lane.index()));
    }

    /**
     * A connection need not wait any more for the message that this consumer has ended. What was
     * passed meanwhile is delivered now, until one of them is held again.
     *
     * @return whether the lanes must be read again for it.
     */
    public boolean unhold(
            String channel,
            String writer,
            long index,
            long connection,
            Delivery delivery,
            long nowNs) {
        final Group group = group(channel);
        final Held held = group == null ? null : group.held.get(connection);
        if (held == null || !held.is(channel, writer, index)) {
            return false;
        }
        group.held.remove(connection);
        return held.isMixed() || !deliverPassed(held, connection, delivery, nowNs);
    }

    private boolean deliverPassed(Held held, long connection, Delivery delivery, long nowNs) {
        for (long next = held.pollPassed(); next >= 0; next = held.pollPassed()) {
            final Lane lane = held.passedIn();
            final LanePoller head = records.head(lane.channel(), lane.writer(), next);
            // One that is deleted has ended.
            if (head != null) {
                if (!delivery.onRecord(head, nowNs)) {
                    return false;
                }
                final Held successor = group(lane.channel()).held.get(connection);
                if (successor != null) {
                    successor.follow(held);
                    return true;
                }
            }
        }
        return true;
    }

    /**
     * Whether a connection waits; its messages are passed until it does not.
     *
     * @param isFree whether this one is to be delivered then.
     */
    boolean passHeld(LanePoller lane, long connection, boolean isFree) {
        final Long2ObjectHashMap<Held> all = group(lane.lane().channel()).held;
        final Held held = all.isEmpty() ? null : all.get(connection);
        if (held == null) {
            return false;
        }
        if (isFree) {
            held.pass(lane);
        }
        return true;
    }

    /**
     * Takes and gives back shards; called between messages.
     *
     * @return true when shards were taken, or a connection need not wait any more: their earlier
     *     messages may have been passed, so the lanes must be read again from where all have ended.
     */
    public boolean doWork(long nowNs) {
        final LiveMembers.Snapshot members = liveMembers.snapshot();
        final long version = bus.laneVersion();
        if (nowNs < nextLookNs && members == seen && version == laneVersion && !isUnfinished
                || groups.isEmpty()) {
            return false;
        }
        seen = members;
        laneVersion = version;
        boolean taken = isUnfinished;
        isUnfinished = true;
        int heldCount = 0;
        for (final Group group : groups.values()) {
            taken |= share(group, members);
            heldCount += group.held.size();
            if (!group.held.isEmpty()) {
                taken |= group.held.values().removeIf(held -> hasEnded(held, members, nowNs));
            }
        }
        // A look at a record takes 1 us and more.
        nextLookNs = nowNs + INTERVAL_NS * (1 + heldCount / LOOKS_PER_INTERVAL);
        isUnfinished = false;
        return taken;
    }

    private boolean share(Group group, LiveMembers.Snapshot members) {
        if (members != group.computedFor) {
            group.computedFor = members;
            final int[] consumers = members.consumersOf(group.channel);
            for (int shard = 0; shard < ShardTable.SHARD_COUNT; shard++) {
                group.targets[shard] = ShardTable.target(shard, consumers);
            }
        }
        boolean taken = false;
        boolean given = false;
        for (int shard = 0; shard < ShardTable.SHARD_COUNT; shard++) {
            final int owner = group.table.owner(shard);
            final boolean isMine = group.targets[shard] == consumerId;
            if (owner == consumerId && !isMine) {
                given |= group.table.release(shard, consumerId);
                final int released = shard;
                group.held
                        .keySet()
                        .removeIf(connection -> ShardTable.shardOf(connection) == released);
            } else if (isMine && owner != consumerId && isFree(group.table, shard, members)) {
                taken |= group.table.acquire(shard, consumerId);
            }
        }
        if (given) {
            // Whoever is to take them may sleep.
            bus.raiseLaneVersion();
        }
        return taken;
    }

    /** Whether a connection waits for what nobody rings about. */
    public boolean isHolding() {
        for (final Group group : groups.values()) {
            if (!group.held.isEmpty()) {
                return true;
            }
        }
        return false;
    }

    /** Whether nobody owns a shard, or only one who cannot give it back. */
    private static boolean isFree(ShardTable table, int shard, LiveMembers.Snapshot members) {
        final int owner = table.owner(shard);
        // Not left to the janitor, who may be stopped himself.
        return owner == ShardTable.NOBODY || members.isOut(owner) && table.release(shard, owner);
    }

    private boolean hasEnded(Held held, LiveMembers.Snapshot members, long nowNs) {
        final UnsafeBuffer record;
        try {
            record = records.read(held.lane().channel(), held.lane().writer(), held.index());
        } catch (final HeadraceException missing) {
            // Unless its file is there and cannot be opened now.
            return missing.getCause() == null;
        }
        final int word = ClaimWord.read(record);
        if (ClaimWord.state(word) != ClaimWord.CLAIMED) {
            return ClaimWord.state(word) != ClaimWord.DEFERRED;
        }
        final int holder = ClaimWord.consumer(word);
        final long claimedNs = DeliveryHeader.claimedNs(record, 0);
        if (members.isDead(holder)) {
            deadClaims.lose(held.lane().channel(), record, holder);
        } else if (claimedNs != 0 && nowNs - claimedNs > hungNs) {
            ClaimWord.finish(record, holder, ClaimWord.LOST);
        }
        final int now = ClaimWord.read(record);
        return ClaimWord.hasEnded(now) || ClaimWord.isFree(now);
    }

    /** Leaves files that the janitor has deleted; see {@link Bus#deletionVersion()}. */
    public void letGo() {
        records.letGo();
    }

    /** Gives all shards back. */
    @Override
    public void close() {
        for (final Group group : groups.values()) {
            for (int shard = 0; shard < ShardTable.SHARD_COUNT; shard++) {
                group.table.release(shard, consumerId);
            }
            CloseHelper.quietClose(group.table);
        }
        bus.raiseLaneVersion();
        groups.clear();
        byChannel.clear();
        lastChannel = null;
        records.close();
    }
}
