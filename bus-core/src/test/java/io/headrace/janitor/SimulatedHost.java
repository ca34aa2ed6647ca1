// SPDX-License-Identifier: Apache-2.0
package io.headrace.janitor;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.LiveMembers;
import io.headrace.member.Member;
import io.headrace.member.MemberReader;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.testing.TestMembers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.agrona.concurrent.UnsafeBuffer;

/** A bus, its time, and one janitor after another, all in the test's hands. */
final class SimulatedHost implements AutoCloseable {

    static final long MS = 1_000_000L;
    static final long SECOND = 1_000 * MS;

    /** A member with a janitor in it. */
    final class Housekeeper {
        final Member member;
        final LiveMembers liveMembers;
        final Janitor janitor;

        private Housekeeper(Member member) {
            this.member = member;
            liveMembers = new LiveMembers(bus, retention.hungNs(), member.errorLog()::record);
            janitor = new Janitor(bus, member, liveMembers, retention, bus.nextConsumerIds(1));
        }

        void doWork() {
            member.doWork();
            liveMembers.doWork();
            janitor.doWork();
        }

        /** As kill -9 does: the operating system lets its locks go. */
        void die() {
            janitor.onClose();
            liveMembers.onClose();
            member.close();
        }
    }

    final Bus bus;
    final Retention retention;
    // Not far from the wall clock's, by which what writes raw records goes.
    long nowNs = System.currentTimeMillis() * MS;
    private final List<Housekeeper> housekeepers = new ArrayList<>();
    private int consumerId;
    private final Map<Member, Housekeeper> byMember = new HashMap<>();

    SimulatedHost(Path directory, String rollCycle, Retention retention) {
        System.setProperty("headrace.block.size", "1m");
        System.setProperty("headrace.roll.cycle", rollCycle);
        this.retention = retention;
        this.bus = Bus.openOrCreate(directory.resolve("bus"), () -> nowNs);
    }

    Housekeeper housekeeper() {
        return housekeeper(TestMembers.worker(bus, "", 2));
    }

    /** The janitor of a member that is there already. */
    private Housekeeper housekeeper(Member member) {
        final Housekeeper housekeeper = new Housekeeper(member);
        housekeepers.add(housekeeper);
        byMember.put(member, housekeeper);
        return housekeeper;
    }

    /** A consumer that lives, and never finishes anything by itself. */
    int consumer() {
        if (consumerId == 0) {
            final Member worker = TestMembers.worker(bus, "", 1);
            try (MemberReader reader = MemberReader.open(TestMembers.file(bus, worker.id()))) {
                consumerId = reader.firstConsumerId();
            }
        }
        return consumerId;
    }

    /** As kill -9 does with a member and its janitor. */
    void kill(Member member) {
        final Housekeeper housekeeper = byMember.remove(member);
        if (housekeeper == null) {
            member.close();
        } else {
            housekeeper.die();
        }
    }

    /** Lets time pass, 10 ms after 10 ms, with this one and these members going round. */
    void run(Housekeeper housekeeper, long durationNs, Member... alive) {
        for (long endNs = nowNs + durationNs; nowNs < endNs; nowNs += 10 * MS) {
            housekeeper.doWork();
            for (final Member member : alive) {
                if (!byMember.containsKey(member)) {
                    housekeeper(member);
                }
                byMember.get(member).doWork();
            }
        }
    }

    /** Shows one record of a lane, the first being 0. */
    void record(String channel, String writer, int number, Consumer<UnsafeBuffer> action) {
        try (LanePoller poller = lane(channel, writer).poller()) {
            for (int i = 0; i < number; i++) {
                assertTrue(poller.peek());
                poller.advance();
            }
            assertTrue(poller.peek());
            action.accept(poller.record());
        }
    }

    int state(String channel, String writer, int number) {
        final int[] state = new int[1];
        record(channel, writer, number, r -> state[0] = ClaimWord.state(ClaimWord.read(r)));
        return state[0];
    }

    /** Claims a record and writes down when. */
    void claim(String channel, String writer, int number, int consumerId) {
        record(
                channel,
                writer,
                number,
                r -> {
                    assertTrue(ClaimWord.tryClaim(r, consumerId));
                    DeliveryHeader.claimedNs(r, 0, nowNs);
                });
    }

    void finish(String channel, String writer, int number, int consumerId, int fate) {
        record(channel, writer, number, r -> assertTrue(ClaimWord.finish(r, consumerId, fate)));
    }

    /** Claims and finishes everything that is free in a lane. */
    int finishAll(String channel, String writer, int consumerId) {
        int count = 0;
        try (LanePoller poller = lane(channel, writer).poller()) {
            while (poller.peek()) {
                if (Message.isWhole(poller.record())
                        && ClaimWord.tryClaim(poller.record(), consumerId)) {
                    ClaimWord.finish(poller.record(), consumerId, ClaimWord.DONE);
                    count++;
                }
                poller.advance();
            }
        }
        return count;
    }

    Lane lane(String channel, String writer) {
        return bus.lane(channel, writer).orElseThrow();
    }

    LaneMark mark(String channel, String writer) {
        final LaneMark mark = new LaneMark();
        lane(channel, writer).readMark(mark);
        return mark;
    }

    @Override
    public void close() {
        housekeepers.forEach(Housekeeper::die);
        bus.close();
        System.clearProperty("headrace.block.size");
        System.clearProperty("headrace.roll.cycle");
    }
}
