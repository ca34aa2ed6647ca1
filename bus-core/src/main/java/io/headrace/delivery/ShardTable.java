// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import io.headrace.channel.Bus;
import io.headrace.channel.bell.Bells;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.page.Pages;
import java.nio.file.Path;
import org.agrona.BufferUtil;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Who owns which shard of a group of WebSocket channels: 64 leases in a file of shared memory, one
 * for {@code websocket.*} and one for each prefix before it.
 *
 * <pre>
 *  shard s, at 64 * s:   0  int32  consumer id of the owner; 0 is nobody
 * </pre>
 *
 * <p>A lease changes by compare-and-set alone: from nobody to a consumer by that consumer, back by
 * it or, when it is dead, stopped or hung, by the janitor. A message of a shard is claimed by its
 * owner only, and whoever finds a message of its own shard claimed by another waits until that has
 * ended. So a connection's messages are handled one at a time and in order, even when an owner lost
 * its lease between looking at it and claiming.
 */
public final class ShardTable implements AutoCloseable {

    /** Number of shards of a group. */
    public static final int SHARD_COUNT = 64;

    static final int NOBODY = 0;

    private static final int SHARD_LENGTH = 64;
    private static final String KIND = "websocket.";

    private final UnsafeBuffer leases;

    private ShardTable(Path file) {
        leases = Pages.map(file, (long) SHARD_COUNT * SHARD_LENGTH);
    }

    /** Maps the table of the group that a channel belongs to; it is made when absent. */
    public static ShardTable of(Bus bus, String group) {
        return new ShardTable(bus.file("shards-" + group + ".dat"));
    }

    /** Whether messages of this channel are delivered by connection. */
    public static boolean isSharded(String channel) {
        return !channel.startsWith(ChannelName.REPLY_PREFIX)
                && (channel.startsWith(KIND) || channel.contains("." + KIND));
    }

    /**
     * The group of a sharded channel: {@code api.websocket.receive} belongs to {@code
     * api.websocket}.
     */
    public static String group(String channel) {
        return channel.substring(0, channel.lastIndexOf(KIND) + KIND.length() - 1);
    }

    /** The shard of a connection. */
    public static int shardOf(long connection) {
        // Numbers of one loop's connections follow each other; all its shards are to be used
        // evenly.
        return (int) (mix(connection) >>> 58);
    }

    /**
     * The consumer that a shard should go to: rendezvous hashing, so that few move when one comes
     * or goes.
     */
    public static int target(int shard, int[] consumerIds) {
        int best = NOBODY;
        long bestWeight = Long.MIN_VALUE;
        for (final int id : consumerIds) {
            final long weight = mix(((long) id << 8) + shard);
            if (weight > bestWeight) {
                bestWeight = weight;
                best = id;
            }
        }
        return best;
    }

    // The finalizer of SplitMix64.
    private static long mix(long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    /** The owner of a shard as it is now, or 0. */
    public int owner(int shard) {
        return leases.getIntVolatile(shard * SHARD_LENGTH);
    }

    /**
     * Whom to ring for a message of a connection: whoever may be about to take a free shard, too.
     */
    public int reader(long connection) {
        final int owner = owner(shardOf(connection));
        return owner == NOBODY ? Bells.EVERYBODY : owner;
    }

    /** Takes a shard that nobody owns. */
    public boolean acquire(int shard, int consumerId) {
        return leases.compareAndSetInt(shard * SHARD_LENGTH, NOBODY, consumerId);
    }

    /** Gives a shard back, or takes it from one that cannot do so itself. */
    public boolean release(int shard, int ownerId) {
        return leases.compareAndSetInt(shard * SHARD_LENGTH, ownerId, NOBODY);
    }

    @Override
    public void close() {
        BufferUtil.free(leases);
    }
}
