// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import io.headrace.channel.Bus;
import io.headrace.channel.LanePoller;
import io.headrace.delivery.poll.Subscription;
import io.headrace.member.Member;
import io.headrace.message.Message;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.EpochNanoClock;

/** A claimer and its subscription, which note what was handled. */
final class TestConsumer implements AutoCloseable, Claimer.Handler {

    /** What a handler does with a message, if it is to do anything. */
    interface Action {
        int onMessage(LanePoller lane, Message message);
    }

    final int id;
    final List<String> handled = new ArrayList<>();
    final FateCounters counters;
    final Shards shards;
    private final LiveMembers liveMembers;
    final Subscription subscription;
    private final Claimer claimer;
    private Action action = (lane, message) -> ClaimWord.DONE;

    TestConsumer(Bus bus, Member member, EpochNanoClock clock, int id) {
        this.id = id;
        this.counters = new FateCounters(member, "c" + id);
        this.liveMembers = new LiveMembers(bus, Long.MAX_VALUE, TestConsumer::bad);
        this.shards = new Shards(bus, liveMembers, id, Long.MAX_VALUE);
        this.claimer =
                new Claimer(
                        clock,
                        id,
                        new Message(),
                        shards,
                        this,
                        counters,
                        new UndecodableReport(member.errorLog()));
        this.subscription =
                new Subscription(
                        bus,
                        name -> true,
                        true,
                        lane -> shards.join(lane.channel()),
                        TestConsumer::bad);
    }

    TestConsumer does(Action handlersAction) {
        action = handlersAction;
        return this;
    }

    int poll(long nowNs) {
        return subscription.poll(claimer, nowNs);
    }

    void drain(long nowNs) {
        while (poll(nowNs) > 0) {
            // Until there is no more.
        }
    }

    @Override
    public int onMessage(LanePoller lane, Message message, long nowNs) {
        handled.add(lane.lane().writer() + message.sequence());
        return action.onMessage(lane, message);
    }

    private static void bad(RuntimeException e) {
        throw e;
    }

    @Override
    public void close() {
        subscription.close();
        shards.close();
        liveMembers.onClose();
    }
}
