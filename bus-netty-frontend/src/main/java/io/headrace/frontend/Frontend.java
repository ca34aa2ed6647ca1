// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import io.headrace.channel.Bus;
import io.headrace.channel.bell.Bell;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.LiveMembers;
import io.headrace.frontend.accesslog.AccessLog;
import io.headrace.frontend.admin.AdminServer;
import io.headrace.frontend.admin.Metrics;
import io.headrace.frontend.exchange.Egress;
import io.headrace.frontend.exchange.Ingresses;
import io.headrace.frontend.exchange.LoopCounters;
import io.headrace.frontend.exchange.Refused;
import io.headrace.frontend.socket.Connections;
import io.headrace.frontend.socket.Pipeline;
import io.headrace.frontend.socket.Rehearsal;
import io.headrace.frontend.socket.ReplyDispatcher;
import io.headrace.frontend.socket.limit.Admission;
import io.headrace.frontend.socket.limit.Gate;
import io.headrace.frontend.socket.listen.ListenAddress;
import io.headrace.frontend.socket.listen.Listener;
import io.headrace.frontend.socket.listen.Reservation;
import io.headrace.frontend.socket.listen.Transport;
import io.headrace.frontend.socket.tls.Certificates;
import io.headrace.janitor.Janitor;
import io.headrace.janitor.Retention;
import io.headrace.member.AgentThreads;
import io.headrace.member.Member;
import io.headrace.presence.ConnectionTable;
import io.headrace.worker.IdleStrategies;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.CompositeAgent;
import org.agrona.concurrent.EpochNanoClock;
import org.agrona.concurrent.SystemNanoClock;

/**
 * A front end: this process as one that owns sockets. It terminates HTTP and WebSocket clients,
 * appends their events and writes the workers' replies; it knows no application and holds no state
 * that a worker would miss.
 */
public final class Frontend implements AutoCloseable {

    // Longer than the loops give their clients; it only counts for a loop that has died.
    private static final long DRAIN_TIMEOUT_NS = 2 * FrontendLoop.DRAIN_TIMEOUT_NS;
    private static final long DRAIN_POLL_NS = 5_000_000L;
    // A loop that has not gone round for so long does not serve its clients any more.
    private static final long STUCK_NS = 10_000_000_000L;

    private static final AgentThreads.Sleep LOG_SLEEP =
            new AgentThreads.Parked(AgentThreads.SLEEP_MIN_NS, AgentThreads.SLEEP_MIN_NS);

    private final Bus bus;
    private final Member member;
    private final String idle;
    private final List<String> channelPrefixes;
    private final LiveMembers liveMembers;
    private final Retention retention;
    private final Admission admission;
    private final Transport transport;
    private final int number;
    private final Agent housekeeping;
    private final Optional<Certificates> certificates;
    private final Reservation reservation;
    private final int port;
    private final List<FrontendLoop> loops = new ArrayList<>();
    private final List<Listener> listeners = new ArrayList<>();
    private final AgentThreads threads;
    private final Metrics metrics;
    private final List<Bell> bells = new ArrayList<>();
    private final int firstConsumerId;
    private Optional<AccessLog> accessLog = Optional.empty();
    private Optional<AdminServer> admin = Optional.empty();
    private volatile boolean draining;

    private Frontend(FrontendContext context, Function<Path, Bus> opener, Reservation reserved) {
        retention = Retention.fromProperties();
        admission = Admission.fromProperties(context.trustedProxies());
        transport = new Transport(context.nativeTransport());
        reservation = reserved;
        port = ((InetSocketAddress) reserved.addresses().get(0)).getPort();
        certificates =
                context.tls().isOn()
                        ? Optional.of(
                                new Certificates(
                                        context.tls(), SystemNanoClock.INSTANCE, this::onError))
                        : Optional.empty();
        idle = context.idle();
        channelPrefixes = context.routes().channelPrefixes();
        bus = opener.apply(context.directory());
        number = bus.nextMemberNumber();
        // One more than there are loops: the janitor's.
        firstConsumerId = bus.nextConsumerIds(context.loops() + 1);
        member =
                Member.register(
                        bus.membersDirectory(),
                        Member.Kind.FRONT_END,
                        Member.Kind.FRONT_END.memberId(number, bus.settings().id()),
                        "",
                        firstConsumerId,
                        context.loops(),
                        bus.clock());
        threads = new AgentThreads(member);
        liveMembers = new LiveMembers(bus, retention.hungNs(), member.errorLog()::record);
        final Janitor janitor =
                new Janitor(bus, member, liveMembers, retention, firstConsumerId + context.loops());
        final List<Agent> agents = new ArrayList<>(List.of(member, liveMembers, janitor));
        certificates.ifPresent(agents::add);
        housekeeping = new CompositeAgent(agents);
        metrics = new Metrics(bus, member.errorLog()::record);
    }

    private Frontend open(FrontendContext context, Runnable start) {
        try {
            // The first look is taken now: the first request must not be told that there is no
            // worker.
            liveMembers.doWork();
            accessLog = context.openAccessLog(bus.clock(), member.errorLog()::record);
            for (int i = 0; i < context.loops(); i++) {
                addLoop(context, i, firstConsumerId + i);
            }
            Rehearsal.run(context.limits());
            member.announce();
            bus.raiseLaneVersion();
            start.run();
            return this;
        } catch (final RuntimeException e) {
            close();
            throw e;
        }
    }

    private void addLoop(FrontendContext context, int loop, int consumerId) {
        final String writer = member.id() + "-" + loop;
        final String replyChannel = ReplyAddress.channel(member.id(), loop);
        bus.createChannel(replyChannel);
        final FateCounters fates = new FateCounters(member, writer);
        final LoopCounters counters = new LoopCounters(member, writer);
        final Ingresses ingresses =
                new Ingresses(
                        context.routes(), bus, writer, consumerId, liveMembers, retention, fates);
        final Gate gate =
                Gate.of(admission, context.patience(), context.loops(), counters, ingresses::nowNs);
        final Connections connections =
                new Connections(
                        bus,
                        writer,
                        number,
                        loop,
                        replyChannel,
                        member,
                        ingresses,
                        ConnectionTable.create(bus, writer),
                        counters,
                        context.loopOptions(),
                        gate,
                        accessLog);
        final Egress egress =
                new Egress(
                        bus,
                        replyChannel,
                        consumerId,
                        liveMembers,
                        new ReplyDispatcher(connections),
                        member,
                        fates,
                        counters);
        final Listener listener =
                new Listener(
                        transport,
                        // A file can be listened at only once.
                        reservation.addresses().stream()
                                .filter(
                                        address ->
                                                loop == 0 || address instanceof InetSocketAddress)
                                .toList(),
                        new Pipeline(connections, certificates));
        listeners.add(listener);
        loops.add(new FrontendLoop(writer, listener, ingresses, connections, egress));
    }

    private static Frontend create(FrontendContext context, Function<Path, Bus> opener) {
        final List<SocketAddress> wanted = new ArrayList<>();
        wanted.add(ListenAddress.resolve(context.host(), context.port()));
        wanted.addAll(ListenAddress.list(context.listen()));
        final Reservation reservation = new Reservation(wanted, context.portShared());
        try {
            return new Frontend(context, opener, reservation);
        } catch (final RuntimeException e) {
            reservation.close();
            throw e;
        }
    }

    private void onError(Throwable error) {
        member.errorLog().record(error);
    }

    /**
     * Starts a front end; it serves until it is closed.
     *
     * @throws io.headrace.HeadraceException when an option, the port or the bus does not allow it.
     */
    public static Frontend launch(FrontendContext context) {
        final Frontend frontend = create(context.conclude(), Bus::openOrCreate);
        return frontend.open(context, () -> frontend.start(context.admin()));
    }

    private void start(String adminAddress) {
        // The first to start is the last to end.
        accessLog.ifPresent(
                log ->
                        threads.startInBackground(log, 0, LOG_SLEEP)
                                .setPriority(Thread.MIN_PRIORITY));
        liveMembers.watchDeaths(firstConsumerId);
        threads.startInBackground(housekeeping, Janitor.MUCH_WORK, liveMembers);
        threads.startPages(bus.pageAgent());
        startLoops();
        listeners.forEach(Listener::awaitListening);
        reservation.close();
        openAdmin(adminAddress);
    }

    private void startLoops() {
        for (int i = 0; i < loops.size(); i++) {
            final Optional<Bell> bell =
                    idle.equals(IdleStrategies.DOORBELL) && transport.canWaitForBells()
                            ? bus.newBell(firstConsumerId + i, ReplyAddress.channel(member.id(), i))
                            : Optional.empty();
            bell.ifPresent(bells::add);
            threads.start(loops.get(i), loops.get(i).idleStrategy(idle, bell));
        }
    }

    private void openAdmin(String address) {
        if (!address.isEmpty()) {
            admin =
                    Optional.of(
                            new AdminServer(
                                    address, this::whyNotLive, this::whyNotReady, metrics::text));
        }
    }

    private String whyNotLive() {
        final long nowNs = bus.clock().nanoTime();
        for (final FrontendLoop loop : loops) {
            if (nowNs - loop.cycleNs() > STUCK_NS) {
                return "stuck " + loop.roleName();
            }
        }
        return threads.areAlive() ? "" : "a thread has ended";
    }

    private String whyNotReady() {
        if (draining) {
            return "draining";
        }
        if (bus.isMemoryHigh()) {
            return Refused.MEMORY_HIGH.reason();
        }
        final LiveMembers.Snapshot members = liveMembers.snapshot();
        final boolean isServed =
                channelPrefixes.stream()
                        .anyMatch(
                                prefix ->
                                        members.isServed(prefix + ChannelName.HTTP_REQUEST)
                                                || members.isServed(
                                                        prefix + ChannelName.WEBSOCKET_CONNECT));
        return isServed ? "" : Refused.NO_WORKER.reason();
    }

    /**
     * A front end without threads: its caller runs the {@link #agents()}, as tests and simulations
     * do.
     */
    public static Frontend prepare(FrontendContext context) {
        return create(context.conclude(), Bus::openOrCreate).open(context, () -> {});
    }

    /** As {@link #prepare(FrontendContext)}, with a clock to be wound. */
    static Frontend prepare(FrontendContext context, EpochNanoClock clock) {
        return create(context.conclude(), path -> Bus.openOrCreate(path, clock))
                .open(context, () -> {});
    }

    /** What there is to run: the member's housekeeping, the event loops, and the access log. */
    public List<Agent> agents() {
        final List<Agent> agents = new ArrayList<>(List.of(housekeeping));
        agents.addAll(loops);
        accessLog.ifPresent(agents::add);
        return agents;
    }

    /** Id of this member of the bus. */
    public String id() {
        return member.id();
    }

    /** The port it listens on. */
    public int port() {
        return port;
    }

    /** The port that operators ask at, when it is open. */
    public OptionalInt adminPort() {
        return admin.stream().mapToInt(AdminServer::port).findFirst();
    }

    /** Opens the access log's file again, for whoever has moved it. */
    public void reopenAccessLog() {
        accessLog.ifPresent(AccessLog::reopen);
    }

    public Bus bus() {
        return bus;
    }

    /**
     * Stops listening, answers what is in flight, closes WebSockets with 1001, and leaves the bus.
     */
    @Override
    public void close() {
        if (threads.isEmpty()) {
            loops.forEach(FrontendLoop::onClose);
            housekeeping.onClose();
            accessLog.ifPresent(AccessLog::onClose);
        } else {
            drain();
        }
        admin.ifPresent(AdminServer::close);
        CloseHelper.quietCloseAll(bells);
        CloseHelper.quietCloseAll(metrics, member, bus, reservation);
    }

    private void drain() {
        draining = true;
        loops.forEach(FrontendLoop::requestDrain);
        bus.bells().ringAll();
        final long deadlineNs = System.nanoTime() + DRAIN_TIMEOUT_NS;
        while (!loops.stream().allMatch(FrontendLoop::isDrained)
                && System.nanoTime() - deadlineNs < 0) {
            LockSupport.parkNanos(DRAIN_POLL_NS);
        }
        threads.close(AgentRunner.RETRY_CLOSE_TIMEOUT_MS);
    }
}
