// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.sample;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ConnectionId;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.LiveMembers;
import io.headrace.frontend.exchange.Egress;
import io.headrace.frontend.exchange.Ingress;
import io.headrace.frontend.exchange.LoopClock;
import io.headrace.frontend.exchange.LoopCounters;
import io.headrace.frontend.exchange.ReplyTarget;
import io.headrace.janitor.Retention;
import io.headrace.member.Member;
import java.nio.file.Path;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.CompositeAgent;

/**
 * One event loop of a front end without its sockets: stops 3 and 7 of a request's way, the
 * product's own. A member of the bus like any other; {@link #housekeeping()} keeps it alive.
 */
public final class SocketlessFrontEnd implements AutoCloseable {

    private final Bus bus;
    private final Member member;
    private final LiveMembers liveMembers;
    private final Ingress ingress;
    private final Egress egress;
    private final long connection;
    private final String replyAddress;
    private final String writer;

    public SocketlessFrontEnd(Path directory, ReplyTarget target) {
        bus = Bus.openOrCreate(directory);
        final int number = bus.nextMemberNumber();
        final int consumerId = bus.nextConsumerIds(1);
        member =
                Member.register(
                        bus.membersDirectory(),
                        Member.Kind.FRONT_END,
                        Member.Kind.FRONT_END.memberId(number, bus.settings().id()),
                        "",
                        consumerId,
                        1,
                        bus.clock());
        final Retention retention = Retention.fromProperties();
        liveMembers = new LiveMembers(bus, retention.hungNs(), member.errorLog()::record);
        writer = member.id() + "-0";
        final String replyChannel = ReplyAddress.channel(member.id(), 0);
        bus.createChannel(replyChannel);
        final FateCounters fates = new FateCounters(member, writer);
        ingress =
                new Ingress(
                        bus,
                        "",
                        writer,
                        new WriterSequence(),
                        new LoopClock(bus.clock()),
                        consumerId,
                        liveMembers,
                        retention,
                        fates);
        egress =
                new Egress(
                        bus,
                        replyChannel,
                        consumerId,
                        liveMembers,
                        target,
                        member,
                        fates,
                        new LoopCounters(member, writer));
        connection = ConnectionId.of(number, 0, 1);
        replyAddress = replyChannel + "!1.0";
        member.announce();
        bus.raiseLaneVersion();
    }

    public Bus bus() {
        return bus;
    }

    /** Id of the loop as a writer. */
    public String writer() {
        return writer;
    }

    public Ingress ingress() {
        return ingress;
    }

    /** The one connection it has. */
    public long connection() {
        return connection;
    }

    /** The reply address of that connection's first request. */
    public String replyAddress() {
        return replyAddress;
    }

    /** Heartbeat, and who else is there; for one thread, every few milliseconds. */
    public Agent housekeeping() {
        return new CompositeAgent(member, liveMembers);
    }

    /** Begins a duty cycle; true when a worker is there. */
    public boolean beginCycle() {
        ingress.beginCycle();
        return ingress.isHttpServed();
    }

    /** Delivers replies; returns their number. */
    public int poll() {
        ingress.beginCycle();
        return egress.poll(ingress.nowNs());
    }

    /** The index that an append returned, unless it was refused. */
    public static long checked(long index) {
        if (index < 0) {
            throw new HeadraceException("a message was refused with " + index);
        }
        return index;
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(egress, ingress, liveMembers::onClose, member, bus);
    }
}
