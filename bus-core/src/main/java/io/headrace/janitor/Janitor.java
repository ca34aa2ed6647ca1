// SPDX-License-Identifier: Apache-2.0
package io.headrace.janitor;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.delivery.DeadClaims;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.ShardTable;
import io.headrace.member.Member;
import io.headrace.member.Members;
import io.headrace.presence.ConnectionTable;
import io.headrace.presence.GroupTable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.status.AtomicCounter;

/**
 * Looks after lanes; every member of a bus runs one beside its heartbeat. Each follows the lanes
 * that its own process writes, so that a process that is stopped keeps nobody else's messages from
 * ending. One of them is elected by an OS file lock and looks after what the dead left behind as
 * well:
 *
 * <ul>
 *   <li>A lane's keeper counts how messages ended and says up to where all of them have; it ends
 *       what nobody else will: the claims of dead and hung consumers (lost), expired messages, and
 *       what dead front ends left unclaimed (cancelled); it deletes roll-cycle files that are over,
 *       without retention while memory is tight.
 *   <li>The elected one keeps the lanes of dead writers, deletes them once every message has ended
 *       and the retention is over, then their member files; it closes the WebSockets of dead front
 *       ends towards the workers, and gives back shards that the dead owned.
 * </ul>
 */
public final class Janitor implements Agent {

    /** What a round has done that is to be followed by another one sooner; see {@link #doWork}. */
    public static final int MUCH_WORK = 64;

    private static final long FOLLOW_INTERVAL_NS = 10_000_000L;
    private static final long LOOK_AHEAD_INTERVAL_NS = 250_000_000L;
    private static final long TIGHT_CLEAN_INTERVAL_NS = 50_000_000L;
    // For readers that are busy with a message when the lane version rises.
    private static final long HIDDEN_NS = 2_000_000_000L;
    // A member has lanes before it is announced: only after this is one a stranger's.
    private static final long STRANGER_NS = 2_000_000_000L;

    private final Bus bus;
    private final Member member;
    private final LiveMembers liveMembers;
    private final Retention retention;
    private final Election election;
    private final DeadClaims deadClaims;
    private final OpenConnections openConnections;
    private final AtomicCounter elected;
    private final AtomicCounter memoryHigh;
    private final AtomicCounter bellsUnheard;
    private final int consumerId;
    private final Map<Lane, LaneKeeper> keepers = new LinkedHashMap<>();
    private final Map<String, ShardTable> shardTables = new LinkedHashMap<>();
    // The owners that nobody knew at the last look, by shard.
    private final Map<ShardTable, int[]> unknownOwners = new HashMap<>();
    private final Map<Lane, Long> drainedSinceNs = new LinkedHashMap<>();
    private final Map<Lane, Long> hiddenSinceNs = new LinkedHashMap<>();
    // Lanes that others did not finish making or deleting, and those of writers nobody knows.
    private final Map<Path, Long> unreadableSinceNs = new LinkedHashMap<>();
    private final Map<Path, Long> strangeSinceNs = new LinkedHashMap<>();
    private final Set<String> reaped = new HashSet<>();
    private LiveMembers.Snapshot seen;
    private long laneVersion = -1;
    private boolean isComplete;
    private long nextFollowNs;
    private long nextLookAheadNs;
    private long lastCleanNs;

    /**
     * @param consumerId what is written into the claim words of messages that the janitor ends.
     */
    public Janitor(
            Bus bus, Member member, LiveMembers liveMembers, Retention retention, int consumerId) {
        this.bus = bus;
        this.member = member;
        this.liveMembers = liveMembers;
        this.retention = retention;
        this.consumerId = consumerId;
        this.election = new Election(bus.file("janitor.lock"), member.errorLog()::record);
        this.deadClaims = new DeadClaims(bus);
        this.openConnections =
                new OpenConnections(bus, member.id() + "-j", member.errorLog()::record);
        this.elected = member.counter("janitor elected");
        this.memoryHigh = member.counter("janitor memory high");
        this.bellsUnheard = member.counter("bells unheard");
    }

    /**
     * @return number of records that have ended, more if they are large, and {@link #MUCH_WORK} for
     *     each lane with one that has not, and while there is little memory.
     */
    @Override
    public int doWork() {
        final long nowNs = bus.clock().nanoTime();
        final LiveMembers.Snapshot members = liveMembers.snapshot();
        final boolean membersChanged = members != seen;
        if (nowNs < nextFollowNs && !membersChanged) {
            return 0;
        }
        nextFollowNs = nowNs + FOLLOW_INTERVAL_NS;
        memoryHigh.setRelease(bus.checkMemory() ? 1 : 0);
        bellsUnheard.setRelease(bus.bells().unheardCount());
        final boolean isElected =
                (elected.get() == 1 || nowNs >= nextLookAheadNs) && election.isWon();
        final boolean newlyElected = isElected && elected.get() == 0;
        elected.setRelease(isElected ? 1 : 0);
        seen = members;
        final long version = bus.laneVersion();
        final boolean lookAhead = membersChanged || nowNs >= nextLookAheadNs;
        if (version != laneVersion
                || membersChanged
                || newlyElected
                || lookAhead && !strangeSinceNs.isEmpty()) {
            laneVersion = version;
            isComplete = false;
            isComplete = lookForLanes(isElected, members, nowNs);
        }
        int work = bus.isMemoryTight() ? MUCH_WORK : 0;
        for (final LaneKeeper keeper : keepers.values()) {
            try {
                work += keeper.follow(members, nowNs) + (keeper.isDrained() ? 0 : MUCH_WORK);
                if (lookAhead || keeper.hasDue(nowNs)) {
                    keeper.lookAhead(members, nowNs);
                }
            } catch (final RuntimeException badLane) {
                // It keeps no other lane from its turn.
                member.errorLog().record(badLane);
            }
        }
        if (lookAhead) {
            nextLookAheadNs = nowNs + LOOK_AHEAD_INTERVAL_NS;
            if (isElected) {
                // After the claims: a shard's next owner waits for none that nobody will end.
                shardTables.values().forEach(table -> releaseShards(table, members));
                bus.bells().takeDown(members::isDead);
                reap(members, nowNs);
            }
        }
        if (nowNs - lastCleanNs
                >= (bus.isMemoryTight() ? TIGHT_CLEAN_INTERVAL_NS : retention.cleanIntervalNs())) {
            lastCleanNs = nowNs;
            // Lanes that could not be read, perhaps because too many files were open, once more.
            laneVersion = isComplete ? laneVersion : -1;
            clean(members, nowNs);
            if (isElected) {
                cleanUnreadable(members, nowNs);
                deleteMembers(members);
            }
        }
        return work;
    }

    /** Whether all that it is to keep could be read; otherwise it is to look once more. */
    private boolean lookForLanes(boolean isElected, LiveMembers.Snapshot members, long nowNs) {
        boolean all = true;
        final List<Path> lanes = bus.lanePaths();
        strangeSinceNs.keySet().retainAll(lanes);
        keepNoMore(isElected, members, nowNs);
        for (final Path path : lanes) {
            if (isKept(path, isElected, members, nowNs)) {
                try {
                    bus.lane(path).ifPresent(this::keep);
                } catch (final HeadraceException badLane) {
                    if (Lane.isReadable(path)) {
                        all = false;
                        member.errorLog().record(badLane);
                    }
                }
            }
        }
        for (final String channel : bus.channels(ShardTable::isSharded)) {
            shardTables.computeIfAbsent(
                    ShardTable.group(channel), group -> ShardTable.of(bus, group));
        }
        return all;
    }

    /** A writer that has been made for longer than strangers are waited for may yet have joined. */
    private void keepNoMore(boolean isElected, LiveMembers.Snapshot members, long nowNs) {
        for (final Lane lane : List.copyOf(keepers.keySet())) {
            if (!hiddenSinceNs.containsKey(lane)
                    && !isKept(lane.path(), isElected, members, nowNs)) {
                CloseHelper.quietClose(keepers.remove(lane));
                drainedSinceNs.remove(lane);
            }
        }
    }

    private void keep(Lane lane) {
        keepers.computeIfAbsent(
                lane, l -> new LaneKeeper(bus, l, consumerId, retention.hungNs(), deadClaims));
    }

    /** Whether a lane is this member's to keep: its own, or one whose writer is dead or nobody. */
    private boolean isKept(Path lane, boolean isElected, LiveMembers.Snapshot members, long nowNs) {
        final String owner = LiveMembers.memberOf(lane.getFileName().toString());
        if (owner.equals(member.id())) {
            return true;
        }
        if (!isElected || !members.isNobody(owner)) {
            strangeSinceNs.remove(lane);
            return isElected && members.isDead(owner);
        }
        return nowNs - strangeSinceNs.computeIfAbsent(lane, found -> nowNs) >= STRANGER_NS;
    }

    private void releaseShards(ShardTable table, LiveMembers.Snapshot members) {
        final int[] unknown =
                unknownOwners.computeIfAbsent(table, t -> new int[ShardTable.SHARD_COUNT]);
        boolean given = false;
        for (int shard = 0; shard < ShardTable.SHARD_COUNT; shard++) {
            final int owner = table.owner(shard);
            if (members.isOut(owner)) {
                given |= table.release(shard, owner);
            } else if (owner == 0 || !members.isNobody(owner)) {
                unknown[shard] = 0;
            } else if (unknown[shard] != owner) {
                // It may have joined after the members were looked at.
                unknown[shard] = owner;
            } else if (table.release(shard, owner)) {
                given = true;
                member.errorLog()
                        .record(
                                new HeadraceException(
                                        "a shard table is damaged: shards belonged to consumers that never were; they are free again"));
            }
        }
        if (given) {
            bus.raiseLaneVersion();
        }
    }

    private void reap(LiveMembers.Snapshot members, long nowNs) {
        for (final String frontEnd : members.deadFrontEnds()) {
            if (!reaped.contains(frontEnd) && openConnections.close(frontEnd, nowNs)) {
                reaped.add(frontEnd);
            }
        }
    }

    private void clean(LiveMembers.Snapshot members, long nowNs) {
        int deletions = 0;
        for (final LaneKeeper keeper : List.copyOf(keepers.values())) {
            try {
                deletions += clean(keeper, members, nowNs);
            } catch (final RuntimeException badLane) {
                member.errorLog().record(badLane);
            }
        }
        if (deletions > 0) {
            bus.raiseDeletionVersion();
        }
    }

    private int clean(LaneKeeper keeper, LiveMembers.Snapshot members, long nowNs) {
        final Lane lane = keeper.lane();
        if (hiddenSinceNs.containsKey(lane)) {
            if (nowNs - hiddenSinceNs.get(lane) >= HIDDEN_NS) {
                CloseHelper.quietClose(keepers.remove(lane));
                hiddenSinceNs.remove(lane);
                drainedSinceNs.remove(lane);
                bus.delete(lane);
            }
            return 0;
        }
        if (!isOver(lane.channel(), lane.writer(), members) || !isDrained(keeper, members)) {
            drainedSinceNs.remove(lane);
            // Without memory, the past goes first.
            final long keptMs = bus.isMemoryTight() ? 0 : retention.retentionMs();
            return keeper.deleteFiles(
                    () -> referredIndex(lane, members), nowNs / 1_000_000L - keptMs);
        }
        // Without a past there is nothing to retain, only a place in the lane table.
        if (lane.appendedCount() > 0
                && nowNs - drainedSinceNs.computeIfAbsent(lane, drained -> nowNs)
                        < retention.retentionMs() * 1_000_000L) {
            return 0;
        }
        lane.hide();
        hiddenSinceNs.put(lane, nowNs);
        bus.raiseLaneVersion();
        return 1;
    }

    /** Whether nothing waits in a lane, nor what refers to it. */
    private boolean isDrained(LaneKeeper keeper, LiveMembers.Snapshot members) {
        return keeper.isDrained()
                && keepers.values().stream()
                        .allMatch(
                                other -> other.isDrained() || !other.needs(keeper.lane(), members));
    }

    /** The earliest record of a lane whose keys an open WebSocket, or what waits, refers to. */
    private long referredIndex(Lane lane, LiveMembers.Snapshot members) {
        long oldest = Long.MAX_VALUE;
        if (lane.channel().endsWith(ChannelName.WEBSOCKET_CONNECT)) {
            for (final ConnectionTable table :
                    ConnectionTable.of(bus, LiveMembers.memberOf(lane.writer()))) {
                try (table) {
                    oldest = Math.min(oldest, table.oldestIndex(lane.number()));
                }
            }
        }
        // After the tables: a WebSocket's messages are appended while it is open.
        for (final LaneKeeper keeper : keepers.values()) {
            if (keeper.needs(lane, members)) {
                oldest = Math.min(oldest, keeper.referredIndex());
            }
        }
        return oldest;
    }

    /** Deletes lanes that their writer did not finish making, or an earlier janitor deleting. */
    private void cleanUnreadable(LiveMembers.Snapshot members, long nowNs) {
        final List<Path> unreadable = new ArrayList<>(bus.lanePaths());
        unreadable.removeIf(
                path ->
                        Lane.isReadable(path)
                                || keepers.keySet().stream().anyMatch(l -> l.path().equals(path)));
        unreadableSinceNs.keySet().retainAll(unreadable);
        for (final Path path : unreadable) {
            final String channel = path.getParent().getFileName().toString();
            if (isOver(channel, path.getFileName().toString(), members)
                    && nowNs - unreadableSinceNs.computeIfAbsent(path, found -> nowNs)
                            >= HIDDEN_NS) {
                CloseHelper.close(member.errorLog()::record, () -> bus.deleteUnreadable(path));
                unreadableSinceNs.remove(path);
            }
        }
    }

    /** Whether nobody will ever append to a lane or read it again, but for its past. */
    private boolean isOver(String channel, String writer, LiveMembers.Snapshot members) {
        return members.isWriterDead(writer) && !isToBeReaped(writer, members)
                || channel.startsWith(ChannelName.REPLY_PREFIX)
                        && members.isDead(ReplyAddress.frontEnd(channel));
    }

    /** Whether it still says which connections of a dead front end are open. */
    private boolean isToBeReaped(String writer, LiveMembers.Snapshot members) {
        final String member = LiveMembers.memberOf(writer);
        return !reaped.contains(member) && members.deadFrontEnds().contains(member);
    }

    /** A dead member's file goes when none of its lanes is left. */
    private void deleteMembers(LiveMembers.Snapshot members) {
        final List<String> deadMembers = members.deadMembers();
        final List<Path> lanes = deadMembers.isEmpty() ? List.of() : bus.lanePaths();
        for (final String dead : deadMembers) {
            if (lanes.stream().noneMatch(lane -> belongsTo(dead, lane))
                    && bus.deleteChannels(name -> name.startsWith("reply." + dead + "-"))) {
                ConnectionTable.delete(bus, dead);
                GroupTable.delete(bus, dead);
                Members.delete(bus.membersDirectory(), dead);
                reaped.remove(dead);
                bus.raiseLaneVersion();
            }
        }
        Members.deleteHalfMade(bus.membersDirectory());
    }

    private static boolean belongsTo(String member, Path lane) {
        return lane.getFileName().toString().startsWith(member + "-")
                || lane.getParent().getFileName().toString().contains(member + "-");
    }

    @Override
    public String roleName() {
        return "janitor";
    }

    @Override
    public void onClose() {
        CloseHelper.quietCloseAll(keepers.values());
        keepers.clear();
        CloseHelper.quietCloseAll(shardTables.values());
        openConnections.close();
        election.close();
    }
}
