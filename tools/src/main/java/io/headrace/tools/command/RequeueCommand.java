// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.LanePoller;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.Glob;
import io.headrace.delivery.ClaimWord;
import io.headrace.member.Member;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code headrace requeue}: puts dead letters back into the channels they were deferred from. There
 * they wait for a consumer as long as it takes.
 */
@Command(name = "requeue", description = "Puts dead letters back into their channels.")
public final class RequeueCommand implements Callable<Integer> {

    private static final String DEAD = "dead.";
    private static final int NEVER = 0;

    @Mixin private CommonOptions common;

    @Parameters(
            paramLabel = "CHANNEL",
            arity = "0..*",
            description = "Channels they come from, also patterns such as 'http.*'. Default: all")
    private List<String> channels = new ArrayList<>();

    @Option(names = "--limit", paramLabel = "N", description = "Stop after so many messages.")
    private long limit = Long.MAX_VALUE;

    private final Map<String, LaneAppender> lanes = new HashMap<>();
    private final WriterSequence sequence = new WriterSequence();
    private final Message message = new Message();
    private long requeued;

    @Override
    public Integer call() {
        final StopSignal stop = new StopSignal();
        try (Bus bus = Bus.open(common.directory())) {
            final int consumerId = bus.nextConsumerIds(1);
            final String id =
                    Member.Kind.JANITOR.memberId(bus.nextMemberNumber(), bus.settings().id());
            // A member for as long as it takes, so that its lanes are looked after when it is gone.
            try (Member member =
                    Member.register(
                            bus.membersDirectory(),
                            Member.Kind.JANITOR,
                            id,
                            "",
                            consumerId,
                            1,
                            bus.clock())) {
                member.announce();
                bus.raiseLaneVersion();
                for (final Lane lane : bus.lanes(this::isWanted, RequeueCommand::onBadLane)) {
                    requeue(bus, lane, id + "-0", consumerId, stop);
                }
            } finally {
                CloseHelper.quietCloseAll(lanes.values());
            }
        }
        System.out.println("requeue: " + requeued + " messages");
        return 0;
    }

    private boolean isWanted(String channel) {
        return channel.startsWith(DEAD)
                && (channels.isEmpty()
                        || Glob.of(String.join(",", channels))
                                .test(channel.substring(DEAD.length())));
    }

    private void requeue(Bus bus, Lane lane, String writer, int consumerId, StopSignal stop) {
        final String channel = lane.channel().substring(DEAD.length());
        try (LanePoller poller = lane.poller()) {
            for (; requeued < limit && !stop.isStopped() && poller.peek(); poller.advance()) {
                final UnsafeBuffer record = poller.record();
                if (!Message.isWhole(record) || !ClaimWord.isFree(ClaimWord.read(record))) {
                    continue;
                }
                // Before the claim: what cannot be made must not cost the letter.
                final LaneAppender target =
                        lanes.computeIfAbsent(
                                ChannelName.check(channel),
                                name -> bus.newLane(name, writer, sequence));
                if (ClaimWord.tryClaim(record, consumerId)
                        && requeue(bus, target, record, consumerId) == ClaimWord.DEFERRED) {
                    throw new HeadraceException(
                            "channel %s has no room; %d messages are put back"
                                    .formatted(channel, requeued));
                }
            }
        }
    }

    /** Appends what is in a letter that is claimed, and ends the letter; returns how. */
    private int requeue(Bus bus, LaneAppender target, UnsafeBuffer record, int consumerId) {
        final long nowNs = bus.clock().nanoTime();
        DeliveryHeader.claimedNs(record, 0, nowNs);
        // Also when it fails: a letter that stays claimed would be lost with this member.
        int fate = ClaimWord.DEFERRED;
        try {
            fate = append(target, record, nowNs);
        } finally {
            if (fate == ClaimWord.DEFERRED) {
                target.abortIfClaimed();
                DeliveryHeader.defer(record, 0, nowNs);
            } else {
                DeliveryHeader.doneNs(record, 0, bus.clock().nanoTime());
            }
            ClaimWord.finish(record, consumerId, fate);
        }
        return fate;
    }

    private int append(LaneAppender target, UnsafeBuffer record, long nowNs) {
        if (!message.wrap(record).decode() || !Message.isWhole(message.deadLetter().record())) {
            System.err.println(
                    "headrace requeue: a letter of "
                            + target.lane().channel()
                            + " cannot be decoded");
            return ClaimWord.FAILED;
        }
        final UnsafeBuffer letter = message.deadLetter().record();
        final int length = DeliveryHeader.messageLength(letter, 0);
        if (target.claim(length, nowNs) != LaneAppender.OK) {
            return ClaimWord.DEFERRED;
        }
        target.buffer().putBytes(target.offset(), letter, DeliveryHeader.LENGTH, length);
        target.commit(
                DeliveryHeader.connection(letter, 0),
                DeliveryHeader.order(letter, 0),
                NEVER,
                nowNs,
                nowNs);
        requeued++;
        return ClaimWord.DONE;
    }

    private static void onBadLane(HeadraceException problem) {
        System.err.println("headrace requeue: " + problem.getMessage());
    }
}
