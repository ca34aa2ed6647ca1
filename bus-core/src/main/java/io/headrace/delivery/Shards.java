// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import io.headrace.channel.Bus;
import java.util.HashMap;
import java.util.Map;
import org.agrona.CloseHelper;

/**
 * One consumer's part in the sharing of connections: it takes free shards that should be its own,
 * and gives back, between messages, those that should be another's. Everybody computes the same
 * from the same set of live consumers, and no disagreement does harm: a lease has one owner. One
 * thread.
 */
public final class Shards implements AutoCloseable {

    private static final long INTERVAL_NS = 1_000_000L;

    private final Bus bus;
    private final LiveMembers liveMembers;
    private final int consumerId;
    private final Map<String, Group> byChannel = new HashMap<>();
    private final Map<String, Group> groups = new HashMap<>();
    private long nextLookNs;

    /** The leases of one group of channels. */
    private static final class Group {

        private final ShardTable table;
        private final String channel;
        private final int[] targets = new int[ShardTable.SHARD_COUNT];
        private LiveMembers.Snapshot computedFor;

        private Group(ShardTable table, String channel) {
            this.table = table;
            this.channel = channel;
        }
    }

    public Shards(Bus bus, LiveMembers liveMembers, int consumerId) {
        this.bus = bus;
        this.liveMembers = liveMembers;
        this.consumerId = consumerId;
    }

    /** Takes part in the sharing of this channel's connections, if it is shared by connection. */
    public void join(String channel) {
        if (ShardTable.isSharded(channel) && !byChannel.containsKey(channel)) {
            final Group group =
                    groups.computeIfAbsent(
                            ShardTable.group(channel),
                            name -> new Group(ShardTable.of(bus, name), channel));
            byChannel.put(channel, group);
        }
    }

    /** Whether messages of a channel go to whoever owns their connection's shard. */
    boolean isSharded(String channel) {
        return byChannel.containsKey(channel);
    }

    /** Whether this consumer owns the shard of a connection right now. */
    boolean owns(String channel, long connection) {
        return byChannel.get(channel).table.owner(ShardTable.shardOf(connection)) == consumerId;
    }

    /**
     * Takes and gives back shards; called between messages.
     *
     * @return true when shards were taken: their earlier messages may have been passed, so the
     *     lanes must be read again from where all have ended.
     */
    public boolean doWork(long nowNs) {
        final LiveMembers.Snapshot members = liveMembers.snapshot();
        if (nowNs < nextLookNs || groups.isEmpty()) {
            return false;
        }
        nextLookNs = nowNs + INTERVAL_NS;
        boolean taken = false;
        for (final Group group : groups.values()) {
            taken |= share(group, members);
        }
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
        for (int shard = 0; shard < ShardTable.SHARD_COUNT; shard++) {
            final int owner = group.table.owner(shard);
            final boolean isMine = group.targets[shard] == consumerId;
            if (owner == consumerId && !isMine) {
                group.table.release(shard, consumerId);
            } else if (owner == ShardTable.NOBODY && isMine) {
                taken |= group.table.acquire(shard, consumerId);
            }
        }
        return taken;
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
        groups.clear();
        byChannel.clear();
    }
}
