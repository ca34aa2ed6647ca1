// SPDX-License-Identifier: Apache-2.0
package io.headrace.simulation;

import io.headrace.channel.Bus;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.LanePoller;
import io.headrace.channel.name.ChannelName;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.Claimer;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.RequestResolver;
import io.headrace.delivery.ShardTable;
import io.headrace.delivery.Shards;
import io.headrace.delivery.UndecodableReport;
import io.headrace.delivery.poll.Subscription;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.MessageType;
import io.headrace.message.encode.ReplyEncoder;
import org.agrona.CloseHelper;
import org.agrona.concurrent.EpochNanoClock;
import org.agrona.concurrent.UnsafeBuffer;

/** A consumer of the real pieces, whose process may be killed or stopped wherever time is read. */
final class SimulatedConsumer implements SimulatedProcess.Part, Claimer.Handler {

    private static final byte[] TEXT = {'t'};

    private final Simulation simulation;
    private final SimulatedProcess process;
    private final Bus bus;
    private final int number;
    private final int slot;
    private final Ledger.Reader order;
    private final RequestResolver resolver;
    private final Shards shards;
    private final Subscription subscription;
    private final Claimer claimer;
    private final ReplyEncoder encoder = new ReplyEncoder();
    private final UnsafeBuffer content = new UnsafeBuffer(new byte[8]);

    /**
     * @param number its place among the process's consumers.
     * @param slot whose reply lanes it appends to: making new ones would take most of the time.
     */
    SimulatedConsumer(Simulation simulation, SimulatedProcess process, int number, int slot) {
        this.simulation = simulation;
        this.process = process;
        this.bus = simulation.bus;
        this.number = number;
        this.slot = slot;
        final int consumerId = process.firstConsumerId + number;
        final String id = process.member.id() + "-" + number;
        this.order = simulation.ledger.newReader(id, consumerId);
        this.resolver = new RequestResolver(bus);
        this.shards = new Shards(bus, process.liveMembers, consumerId, Simulation.HUNG_NS);
        this.subscription =
                new Subscription(
                        bus,
                        name -> !name.startsWith(ChannelName.REPLY_PREFIX),
                        false,
                        lane -> shards.join(lane.channel()),
                        Simulation::fail);
        final EpochNanoClock clock =
                () -> {
                    simulation.interrupt(process);
                    return bus.clock().nanoTime();
                };
        this.claimer =
                new Claimer(
                        clock,
                        consumerId,
                        new Message(resolver),
                        shards,
                        this,
                        new FateCounters(process.member, id),
                        new UndecodableReport(process.member.errorLog()));
    }

    @Override
    public int doWork() {
        final long nowNs = bus.clock().nanoTime();
        process.member.onDuty(number, nowNs);
        if (subscription.revisitFreed()) {
            order.onRewind();
        }
        if (shards.doWork(nowNs)) {
            order.onRewind();
            subscription.rewind(ShardTable::isSharded);
        }
        return subscription.poll(claimer, nowNs);
    }

    @Override
    public int onMessage(LanePoller lane, Message message, long nowNs) {
        final Ledger.Entry entry =
                simulation.atOnce(() -> order.onHandle(lane.lane(), lane.index()));
        try {
            resolver.lane(lane.lane());
            final String path = message.request().path();
            final String wanted = "/" + message.connection();
            Simulation.check(path.equals(wanted), () -> entry + " has path " + path);
            simulation.interrupt(process);
            if (message.type() == MessageType.HTTP_REQUEST) {
                // Its lane is the next worker's, too, so this one is not killed half-way in it.
                simulation.atOnce(() -> reply(message.connection(), message.order()));
                simulation.interrupt(process);
            }
            if (message.type() != MessageType.HTTP_REQUEST
                    && !simulation.isQuiet()
                    && simulation.random.nextInt(8) == 0
                    && DeliveryHeader.redeliveries(lane.record(), 0) < 9) {
                final long delayNs = simulation.random.nextInt(3_000) * SimulatedClock.MS;
                DeliveryHeader.defer(lane.record(), 0, bus.clock().nanoTime() + delayNs);
                return ClaimWord.DEFERRED;
            }
            return simulation.random.nextInt(16) == 0 ? ClaimWord.FAILED : ClaimWord.DONE;
        } finally {
            order.onHandled(entry);
        }
    }

    private boolean reply(long connection, int requestOrder) {
        final LaneAppender lane = simulation.replyLane(connection, slot);
        if (lane == null) {
            return false;
        }
        final long nowNs = bus.clock().nanoTime();
        encoder.clearHeaders();
        Simulation.check(
                lane.claim(encoder.responseLength(1, 8), nowNs) == LaneAppender.OK, () -> "reply");
        try {
            encoder.encodeResponse(lane.buffer(), lane.offset(), 200, TEXT, content, 0, 8);
            // Killed here, it leaves half a message, which nobody ever sees.
            simulation.killPerhaps(process, 400);
            lane.commit(connection, requestOrder, 0, nowNs, nowNs);
            return true;
        } finally {
            lane.abortIfClaimed();
        }
    }

    @Override
    public void onKilled() {
        // Its leases stay, and so do its claims.
        CloseHelper.closeAll(subscription, resolver);
    }

    @Override
    public void onClose() {
        CloseHelper.closeAll(shards, subscription, resolver);
    }

    @Override
    public String roleName() {
        return process.member.id() + "-" + number;
    }
}
