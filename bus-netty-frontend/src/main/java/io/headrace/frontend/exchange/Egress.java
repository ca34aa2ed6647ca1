// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import io.headrace.channel.Bus;
import io.headrace.channel.LanePoller;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.Claimer;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.Shards;
import io.headrace.delivery.UndecodableReport;
import io.headrace.delivery.poll.Subscription;
import io.headrace.member.Member;
import io.headrace.message.Message;

/**
 * Stop 7: polls one event loop's reply channel, to which every consumer has a lane of its own. One
 * thread.
 */
public final class Egress implements Claimer.Handler, AutoCloseable {

    // Bounds how long replies keep the loop from its sockets.
    private static final int REPLIES_MAX = 256;
    // So many members of a group cost about as much as a reply to one.
    private static final int MEMBERS_PER_REPLY = 32;

    private final ReplyTarget target;
    private final LoopCounters counters;
    private final Subscription subscription;
    private final Claimer claimer;
    private int fanoutWork;

    public Egress(
            Bus bus,
            String replyChannel,
            int consumerId,
            LiveMembers liveMembers,
            ReplyTarget target,
            Member member,
            FateCounters fates,
            LoopCounters counters) {
        this.target = target;
        this.counters = counters;
        this.subscription =
                new Subscription(
                        bus, replyChannel::equals, false, lane -> {}, member.errorLog()::record);
        this.claimer =
                new Claimer(
                        bus.clock(),
                        consumerId,
                        new Message(),
                        new Shards(bus, liveMembers, consumerId, Long.MAX_VALUE),
                        this,
                        fates,
                        new UndecodableReport(member.errorLog()));
    }

    /** Delivers what is there; returns the number of replies. */
    public int poll(long nowNs) {
        int work = 0;
        // Strictly by time: a connection's replies may come from two consumers when its shard has
        // moved.
        fanoutWork = 0;
        while (work + fanoutWork < REPLIES_MAX && subscription.passOldest(claimer, nowNs)) {
            work++;
        }
        return work;
    }

    @Override
    public int onMessage(LanePoller lane, Message message, long nowNs) {
        final long connection = message.connection();
        final boolean taken =
                switch (message.type()) {
                    case HTTP_RESPONSE ->
                            target.onResponse(connection, message.order(), message.response());
                    case WEB_SOCKET_SEND ->
                            target.onSend(connection, message.order(), message.datagram());
                    case WEB_SOCKET_ACCEPT -> target.onAccept(connection, message.accept());
                    case WEB_SOCKET_SERVER_CLOSE ->
                            target.onServerClose(connection, message.order(), message.close());
                    case HTTP_RESPONSE_START ->
                            target.onStart(
                                    connection,
                                    message.order(),
                                    message.response(),
                                    LiveMembers.memberOf(lane.lane().writer()));
                    case HTTP_RESPONSE_PART ->
                            target.onPart(connection, message.order(), message.part());
                    case GROUP_ADD -> target.onGroupAdd(connection, message.groupOrder());
                    case GROUP_DISCARD -> target.onGroupDiscard(connection, message.groupOrder());
                    case GROUP_SEND -> {
                        fanoutWork += target.onGroupSend(message.groupOrder()) / MEMBERS_PER_REPLY;
                        yield true;
                    }
                    default -> false;
                };
        if (!taken) {
            counters.repliesDropped().incrementRelease();
            return ClaimWord.CANCELLED;
        }
        return ClaimWord.DONE;
    }

    @Override
    public void close() {
        subscription.close();
    }
}
