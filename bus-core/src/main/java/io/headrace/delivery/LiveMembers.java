// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import io.headrace.HeadraceException;
import io.headrace.Setting;
import io.headrace.channel.Bus;
import io.headrace.channel.bell.DeathWatch;
import io.headrace.channel.name.Glob;
import io.headrace.member.AgentThreads;
import io.headrace.member.Member;
import io.headrace.member.MemberReader;
import io.headrace.member.Members;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.agrona.concurrent.Agent;

/**
 * Which members live, and which are dead. Its agent looks now and then, and at once when one comes,
 * goes or dies while it sleeps here; it publishes a {@link Snapshot}, which any thread may read.
 */
public final class LiveMembers implements Agent, AgentThreads.Sleep {

    /** How often the locks of the members are tried. */
    public static final long INTERVAL_NS = 50_000_000L;

    /**
     * A member whose heartbeat is older is taken for stopped, even though its process exists;
     * {@code headrace.heartbeat.timeout} if that is given.
     */
    public static final long HEARTBEAT_TIMEOUT_NS = 2_000_000_000L;

    private static final String HEARTBEAT_TIMEOUT = "headrace.heartbeat.timeout";
    private static final long SECOND_NS = 1_000_000_000L;

    // The pipe of one that dies is closed some time before or after its lock.
    private static final int HURRIED_LOOKS = 20;
    private static final long HURRY_NS = 1_000_000L;
    // What sleeps may grow to while every death ends them.
    private static final long WATCHING_NS = 250_000_000L;

    /** A member, and those of its consumers that go round. */
    private record Known(
            Member.Kind kind,
            String id,
            Predicate<String> channels,
            int firstConsumerId,
            int consumerCount,
            List<Integer> active) {

        private boolean has(int consumerId) {
            return consumerId >= firstConsumerId && consumerId < firstConsumerId + consumerCount;
        }

        private boolean isSame(Known other) {
            return id.equals(other.id) && active.equals(other.active);
        }
    }

    /** The members as they were at one moment. Immutable. */
    public static final class Snapshot {

        private final List<Known> live;
        private final List<Known> stopped;
        private final List<Known> dead;
        private final boolean isComplete;

        private Snapshot(
                List<Known> live, List<Known> stopped, List<Known> dead, boolean isComplete) {
            this.live = live;
            this.stopped = stopped;
            this.dead = dead;
            this.isComplete = isComplete;
        }

        /** Whether a live worker consumes this channel. */
        public boolean isServed(String channel) {
            return live.stream()
                    .anyMatch(m -> m.kind == Member.Kind.WORKER && m.channels.test(channel));
        }

        /** Ids of the consumers of a channel that live and go round, in a fixed order. */
        public int[] consumersOf(String channel) {
            return live.stream()
                    .filter(m -> m.kind == Member.Kind.WORKER && m.channels.test(channel))
                    .flatMap(m -> m.active.stream())
                    .mapToInt(Integer::intValue)
                    .sorted()
                    .toArray();
        }

        /**
         * Whether a consumer cannot give anything back itself: it is dead, or its process stopped,
         * or it has hung in a handler. One that is merely not known yet can.
         */
        public boolean isOut(int consumerId) {
            if (isDead(consumerId)) {
                return true;
            }
            for (final Known member : stopped) {
                if (member.has(consumerId)) {
                    return true;
                }
            }
            for (final Known member : live) {
                if (member.has(consumerId)) {
                    return !member.active.contains(consumerId);
                }
            }
            return false;
        }

        /**
         * Whether this consumer's process has ended, for certain. One that is merely not known yet,
         * or stopped, has not.
         */
        public boolean isDead(int consumerId) {
            for (int i = 0; i < dead.size(); i++) {
                if (dead.get(i).has(consumerId)) {
                    return true;
                }
            }
            return false;
        }

        /** Whether some member, dead or alive, has this consumer. */
        public boolean isKnown(int consumerId) {
            return Stream.of(live, stopped, dead)
                    .flatMap(List::stream)
                    .anyMatch(member -> member.has(consumerId));
        }

        /** Whether some member, dead or alive, has this id; one that is still starting has not. */
        public boolean isKnown(String memberId) {
            return Stream.of(live, stopped, dead)
                    .flatMap(List::stream)
                    .anyMatch(member -> member.id.equals(memberId));
        }

        /**
         * Whether no member has this consumer. One that is not known may be somebody's all the same
         * while some member's file cannot be read.
         */
        public boolean isNobody(int consumerId) {
            return isComplete && !isKnown(consumerId);
        }

        /** The same of a member's id. */
        public boolean isNobody(String memberId) {
            return isComplete && !isKnown(memberId);
        }

        /** Whether the member with this id has ended, for certain. */
        public boolean isDead(String memberId) {
            for (int i = 0; i < dead.size(); i++) {
                if (dead.get(i).id.equals(memberId)) {
                    return true;
                }
            }
            return false;
        }

        /** Whether the member that this writer belongs to has ended, for certain. */
        public boolean isWriterDead(String writer) {
            return isDead(memberOf(writer));
        }

        /** Ids of all members that are dead. */
        public List<String> deadMembers() {
            return ids(dead);
        }

        /** Ids of the front ends that are dead. */
        public List<String> deadFrontEnds() {
            return dead.stream()
                    .filter(member -> member.kind == Member.Kind.FRONT_END)
                    .map(Known::id)
                    .toList();
        }

        /** Ids of the live front ends. */
        public List<String> frontEnds() {
            return live.stream()
                    .filter(member -> member.kind == Member.Kind.FRONT_END)
                    .map(Known::id)
                    .toList();
        }

        private boolean isSame(Snapshot other) {
            return isComplete == other.isComplete
                    && isSame(live, other.live)
                    && isSame(stopped, other.stopped)
                    && isSame(dead, other.dead);
        }

        private static boolean isSame(List<Known> some, List<Known> others) {
            boolean same = some.size() == others.size();
            for (int i = 0; same && i < some.size(); i++) {
                same = some.get(i).isSame(others.get(i));
            }
            return same;
        }

        private static List<String> ids(List<Known> members) {
            return members.stream().map(Known::id).toList();
        }
    }

    private final Bus bus;
    private final long hungNs;
    private final long heartbeatTimeoutNs;
    private final Members members;
    // To compile patterns takes longer than all the rest of a look.
    private final Map<MemberReader, Predicate<String>> channels = new HashMap<>();
    private volatile Snapshot snapshot = new Snapshot(List.of(), List.of(), List.of(), false);
    private Optional<DeathWatch> watch = Optional.empty();
    private long laneVersion = -1;
    private long nextLookNs;
    private int hurriedLooks;
    private boolean watchesAll;

    /**
     * @param hungNs how long a consumer may not go round before it is taken for hung.
     */
    public LiveMembers(Bus bus, long hungNs, Consumer<HeadraceException> onUnreadable) {
        this.bus = bus;
        this.hungNs = hungNs;
        this.heartbeatTimeoutNs = Setting.durationNs(HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_NS);
        Setting.check(HEARTBEAT_TIMEOUT + " (ns)", heartbeatTimeoutNs, SECOND_NS, Long.MAX_VALUE);
        this.members = new Members(bus.membersDirectory(), onUnreadable);
    }

    /**
     * From now on it sleeps with an eye on the others, where that can be; before its thread starts.
     *
     * @param firstConsumerId of the own member.
     */
    public void watchDeaths(int firstConsumerId) {
        watch = bus.bells().watch(firstConsumerId);
    }

    @Override
    public void sleep(long maxNs) {
        if (watch.isEmpty()) {
            LockSupport.parkNanos(maxNs);
            return;
        }
        if (watch.get().await(hurriedLooks > 0 ? HURRY_NS : maxNs)) {
            hurriedLooks = HURRIED_LOOKS;
        }
        if (hurriedLooks > 0) {
            hurriedLooks--;
            nextLookNs = 0;
        }
    }

    @Override
    public void wake(Thread sleeper) {
        watch.ifPresentOrElse(DeathWatch::wake, () -> LockSupport.unpark(sleeper));
    }

    @Override
    public long maxNs() {
        return watchesAll ? WATCHING_NS : INTERVAL_NS;
    }

    /** Id of the member that a writer belongs to. */
    public static String memberOf(String writer) {
        return writer.substring(0, Math.max(0, writer.lastIndexOf('-')));
    }

    /** The last look's result: another object exactly when that has changed. */
    public Snapshot snapshot() {
        return snapshot;
    }

    @Override
    public int doWork() {
        final long nowNs = bus.clock().nanoTime();
        final long version = bus.laneVersion();
        if (version == laneVersion && nowNs < nextLookNs) {
            return 0;
        }
        nextLookNs = nowNs + INTERVAL_NS;
        if (version != laneVersion || !members.isComplete()) {
            laneVersion = version;
            // Again until it has read all: who is not known is taken for gone before long.
            members.refresh();
            channels.clear();
        }
        look(nowNs);
        return 1;
    }

    private void look(long nowNs) {
        final List<Known> live = new ArrayList<>();
        final List<Known> stopped = new ArrayList<>();
        final List<Known> dead = new ArrayList<>();
        for (final MemberReader member : members.all()) {
            if (!member.isAlive()) {
                dead.add(known(member, List.of()));
            } else if (nowNs - member.heartbeatNs() > heartbeatTimeoutNs) {
                stopped.add(known(member, List.of()));
            } else {
                live.add(known(member, active(member, nowNs)));
            }
        }
        for (final MemberReader member : members.unannounced()) {
            if (!member.isAlive()) {
                dead.add(known(member, List.of()));
            }
        }
        watchesAll = watch.isPresent();
        for (final Known member : live) {
            watchesAll = watch.isPresent() && watch.get().add(member.firstConsumerId) && watchesAll;
        }
        final Snapshot next = new Snapshot(live, stopped, dead, members.isComplete());
        if (!next.isSame(snapshot)) {
            snapshot = next;
            bus.bells().ringAll();
        }
    }

    private Known known(MemberReader member, List<Integer> active) {
        return new Known(
                member.kind(),
                member.id(),
                channels.computeIfAbsent(member, known -> Glob.of(known.channels())),
                member.firstConsumerId(),
                member.consumerCount(),
                active);
    }

    private List<Integer> active(MemberReader member, long nowNs) {
        final List<Integer> active = new ArrayList<>();
        for (int i = 0; i < member.consumerCount(); i++) {
            if (!member.isLeaving() && nowNs - member.dutyNs(i) < hungNs) {
                active.add(member.firstConsumerId() + i);
            }
        }
        return active;
    }

    @Override
    public String roleName() {
        return "live-members";
    }

    @Override
    public void onClose() {
        members.close();
        watch.ifPresent(DeathWatch::close);
    }
}
