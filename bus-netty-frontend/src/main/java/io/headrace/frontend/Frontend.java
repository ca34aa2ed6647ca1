// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import io.headrace.channel.Bus;
import io.headrace.channel.ReplyAddress;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.LiveMembers;
import io.headrace.frontend.exchange.Egress;
import io.headrace.frontend.exchange.Ingress;
import io.headrace.frontend.exchange.LoopCounters;
import io.headrace.frontend.socket.Connections;
import io.headrace.frontend.socket.Listener;
import io.headrace.frontend.socket.Transport;
import io.headrace.member.Member;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.CompositeAgent;
import org.agrona.concurrent.IdleStrategy;
import org.agrona.concurrent.SleepingMillisIdleStrategy;

/**
 * A front end: this process as one that owns sockets. It terminates HTTP and WebSocket clients, appends their events and
 * writes the workers' replies; it knows no application and holds no state that a worker would miss.
 */
public final class Frontend implements AutoCloseable {

    private static final long HOUSEKEEPING_SLEEP_MS = 5;
    private static final long DRAIN_POLL_NS = 5_000_000L;

    private final Bus bus;
    private final Member member;
    private final LiveMembers liveMembers;
    private final int port;
    private final List<FrontendLoop> loops = new ArrayList<>();
    private final List<AgentRunner> runners = new ArrayList<>();

    private Frontend(FrontendContext context) {
        final int wanted = Transport.reserve(context.host(), context.port());
        bus = Bus.openOrCreate(context.directory());
        final int number = bus.nextMemberNumber();
        final int firstConsumerId = bus.nextConsumerIds(context.loops());
        member =
                Member.register(
                        bus.membersDirectory(),
                        Member.Kind.FRONT_END,
                        Member.Kind.FRONT_END.memberId(number, bus.settings().id()),
                        "",
                        firstConsumerId,
                        context.loops(),
                        bus.clock());
        liveMembers = new LiveMembers(bus, member.errorLog()::record);
        // The first look is taken now: the first request must not be told that there is no worker.
        liveMembers.doWork();
        final Transport transport = new Transport(context.nativeTransport());
        final List<Listener> listeners = new ArrayList<>();
        for (int i = 0; i < context.loops(); i++) {
            listeners.add(addLoop(context, transport, wanted, number, i, firstConsumerId + i));
        }
        bus.raiseLaneVersion();
        start(
                new CompositeAgent(member, liveMembers),
                new SleepingMillisIdleStrategy(HOUSEKEEPING_SLEEP_MS));
        for (final FrontendLoop loop : loops) {
            start(loop, loop.idleStrategy(context.idle()));
        }
        try {
            listeners.forEach(Listener::awaitPort);
        } catch (final RuntimeException e) {
            close();
            throw e;
        }
        port = wanted;
    }

    private Listener addLoop(
            FrontendContext context,
            Transport transport,
            int wantedPort,
            int memberNumber,
            int loop,
            int consumerId) {
        final String writer = member.id() + "-" + loop;
        final String replyChannel = ReplyAddress.channel(member.id(), loop);
        bus.createChannel(replyChannel);
        final FateCounters fates = new FateCounters(member, writer);
        final LoopCounters counters = new LoopCounters(member, writer);
        final Ingress ingress = new Ingress(bus, writer, consumerId, liveMembers, fates);
        final Connections connections =
                new Connections(
                        memberNumber,
                        loop,
                        replyChannel,
                        member,
                        ingress,
                        counters,
                        context.limits(),
                        context.mountPrefix());
        final Egress egress =
                new Egress(bus, replyChannel, consumerId, connections, member, fates, counters);
        final Listener listener =
                new Listener(transport, context.host(), wantedPort, connections);
        loops.add(new FrontendLoop(writer, listener, ingress, connections, egress));
        return listener;
    }

    private void start(Agent agent, IdleStrategy idle) {
        final AgentRunner runner =
                new AgentRunner(
                        idle,
                        member.errorLog()::record,
                        member.counter(agent.roleName() + " errors"),
                        agent);
        runners.add(runner);
        AgentRunner.startOnThread(runner);
    }

    /**
     * Starts a front end; it serves until it is closed.
     *
     * @throws io.headrace.HeadraceException when an option, the port or the bus does not allow it.
     */
    public static Frontend launch(FrontendContext context) {
        return new Frontend(context.conclude());
    }

    /** Id of this member of the bus. */
    public String id() {
        return member.id();
    }

    /** The port it listens on. */
    public int port() {
        return port;
    }

    public Bus bus() {
        return bus;
    }

    /** Stops listening, answers what is in flight, closes WebSockets with 1001, and leaves the bus. */
    @Override
    public void close() {
        loops.forEach(FrontendLoop::requestDrain);
        while (runners.size() > 1 && !loops.stream().allMatch(FrontendLoop::isDrained)) {
            LockSupport.parkNanos(DRAIN_POLL_NS);
        }
        for (int i = runners.size() - 1; i >= 0; i--) {
            CloseHelper.quietClose(runners.get(i));
        }
        CloseHelper.quietCloseAll(member, bus);
    }
}
