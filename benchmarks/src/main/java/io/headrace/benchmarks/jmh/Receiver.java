// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.jmh;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.Claimer;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.Shards;
import io.headrace.delivery.UndecodableReport;
import io.headrace.delivery.poll.Subscription;
import io.headrace.member.Member;
import io.headrace.message.Message;
import java.util.function.BiConsumer;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Reads a channel as a consumer does: polls, claims, decodes, hands over, and writes down that it
 * is done.
 */
final class Receiver implements AutoCloseable {

    private final Bus bus;
    private final Member member;
    private final Subscription subscription;
    private final Claimer claimer;

    /**
     * @param id of the member and of its consumer, unique on the bus.
     * @param handler gets each message, and the record in this process's mapping.
     */
    Receiver(
            Bus bus,
            Member.Kind kind,
            int id,
            String channel,
            BiConsumer<Message, UnsafeBuffer> handler) {
        this.bus = bus;
        final String name = kind.memberId(id, bus.settings().id());
        member = Member.register(bus.membersDirectory(), kind, name, channel, id, 1, bus.clock());
        // Nobody looks for members: who has a shard is the caller's to say.
        final LiveMembers nobody = new LiveMembers(bus, Long.MAX_VALUE, Receiver::fail);
        final Shards shards = new Shards(bus, nobody, id, Long.MAX_VALUE);
        subscription =
                new Subscription(
                        bus,
                        channel::equals,
                        false,
                        lane -> shards.join(lane.channel()),
                        Receiver::fail);
        claimer =
                new Claimer(
                        bus.clock(),
                        id,
                        new Message(),
                        shards,
                        (lane, message, nowNs) -> {
                            handler.accept(message, lane.record());
                            return ClaimWord.DONE;
                        },
                        new FateCounters(member, name),
                        new UndecodableReport(member.errorLog()));
    }

    private static void fail(HeadraceException problem) {
        throw problem;
    }

    /** One duty cycle: reads the clock, and one message of each writer; returns their number. */
    int poll() {
        return subscription.poll(claimer, bus.clock().nanoTime());
    }

    @Override
    public void close() {
        CloseHelper.closeAll(subscription, member);
    }
}
