// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.channel.Bus;
import io.headrace.channel.bell.Bell;
import io.headrace.delivery.LiveMembers;
import io.headrace.janitor.Janitor;
import io.headrace.janitor.Retention;
import io.headrace.member.AgentThreads;
import io.headrace.member.Member;
import io.headrace.worker.reply.Replies;
import io.headrace.worker.reply.Writability;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicBoolean;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.CompositeAgent;
import org.agrona.concurrent.IdleStrategy;

/**
 * A worker: this process as one that runs handlers. The whole of a program that serves:
 *
 * <pre>{@code
 * Worker.launch(new WorkerContext()
 *     .onHttpRequest((channel, request, reply) -> reply.send(200, "text/plain", "Hello, World!"))
 *     .onWebSocketReceive((channel, message, socket) -> socket.send(message.text())));
 * }</pre>
 */
public final class Worker implements AutoCloseable {

    // How late a message may be that nobody has rung for, because its writer was killed.
    private static final long SLEEP_MAX_NS = 100_000_000L;

    private final Bus bus;
    private final Member member;
    private final String idle;
    private final int firstConsumerId;
    private final LiveMembers liveMembers;
    private final Agent housekeeping;
    private final List<Consumer> consumers = new ArrayList<>();
    private final AgentThreads threads;
    private final Retention retention;
    private final Replies shared;
    private final AtomicBoolean closing = new AtomicBoolean();

    private Worker(WorkerContext context) {
        retention = Retention.fromProperties();
        bus = Bus.openOrCreate(context.directory());
        idle = context.idle();
        // One more than there are consumers: the janitor's.
        firstConsumerId = bus.nextConsumerIds(context.consumers() + 1);
        member =
                Member.register(
                        bus.membersDirectory(),
                        Member.Kind.WORKER,
                        Member.Kind.WORKER.memberId(bus.nextMemberNumber(), bus.settings().id()),
                        context.channels(),
                        firstConsumerId,
                        context.consumers(),
                        bus.clock());
        threads = new AgentThreads(member);
        liveMembers = new LiveMembers(bus, retention.hungNs(), member.errorLog()::record);
        final Janitor janitor =
                new Janitor(
                        bus, member, liveMembers, retention, firstConsumerId + context.consumers());
        housekeeping = new CompositeAgent(member, liveMembers, janitor);
        shared = new Replies(bus, member.id() + "-later", liveMembers, member, true);
    }

    private Worker open(WorkerContext context, Runnable start) {
        try {
            addConsumers(context);
            liveMembers.doWork();
            consumers.forEach(Consumer::warmUp);
            start.run();
            return this;
        } catch (final RuntimeException e) {
            close();
            throw e;
        }
    }

    private void addConsumers(WorkerContext context) {
        final Writability writability =
                new Writability(
                        thrown -> Consumer.report(member, thrown),
                        () -> bus.bells().ring(firstConsumerId));
        final List<Integer> cpus = context.cpuList();
        for (int i = 0; i < context.consumers(); i++) {
            final OptionalInt cpu =
                    cpus.isEmpty()
                            ? OptionalInt.empty()
                            : OptionalInt.of(cpus.get(i % cpus.size()));
            consumers.add(
                    new Consumer(
                            context,
                            bus,
                            member,
                            liveMembers,
                            member.id() + "-" + i,
                            i,
                            firstConsumerId + i,
                            retention.hungNs(),
                            cpu,
                            shared,
                            writability));
        }
    }

    /**
     * All that is slow comes before the announcement: a worker that others count on answers at
     * once.
     */
    private void announce() {
        member.announce();
        bus.raiseLaneVersion();
        // Not before: claims of somebody whom nobody knows are taken away.
        consumers.forEach(Consumer::onAnnounced);
    }

    /**
     * Starts a worker; it runs until it is closed.
     *
     * @throws io.headrace.HeadraceException when an option or the bus does not allow it.
     */
    public static Worker launch(WorkerContext context) {
        final Worker worker = new Worker(context.conclude());
        return worker.open(context, worker::start);
    }

    private void start() {
        liveMembers.watchDeaths(firstConsumerId);
        // The first to start is the last to end: the heartbeat goes on.
        threads.startInBackground(housekeeping, Janitor.MUCH_WORK, liveMembers);
        threads.startPages(bus.pageAgent());
        for (final Consumer consumer : consumers) {
            threads.start(consumer, idleStrategy(consumer));
        }
        consumers.forEach(Consumer::awaitFirstRound);
        announce();
    }

    /**
     * A worker without threads: its caller runs the {@link #agents()}, as tests and simulations do.
     */
    public static Worker prepare(WorkerContext context) {
        final Worker worker = new Worker(context.conclude());
        return worker.open(context, worker::announce);
    }

    /**
     * What there is to run: the member's housekeeping, then the consumers. These forget that their
     * thread was interrupted while a handler ran.
     */
    public List<Agent> agents() {
        final List<Agent> agents = new ArrayList<>(List.of(housekeeping));
        agents.addAll(consumers);
        return agents;
    }

    private IdleStrategy idleStrategy(Consumer consumer) {
        final Optional<Bell> bell =
                idle.equals(IdleStrategies.DOORBELL) ? consumer.newBell() : Optional.empty();
        if (bell.isEmpty()) {
            return IdleStrategies.byName(idle);
        }
        return new DoorbellIdleStrategy(
                bell,
                bell.get()::await,
                consumer::lullNs,
                () -> false,
                () -> !closing.get() && consumer.mayRest(),
                Math.min(SLEEP_MAX_NS, retention.hungNs() / 4),
                System::nanoTime);
    }

    /** Id of this member of the bus. */
    public String id() {
        return member.id();
    }

    public int consumerCount() {
        return consumers.size();
    }

    public Bus bus() {
        return bus;
    }

    /** Finishes the messages being handled and leaves the bus. */
    @Override
    public void close() {
        if (!closing.compareAndSet(false, true)) {
            return;
        }
        // The shards of all consumers go to others at once, though one may take long to finish.
        member.leave();
        bus.raiseLaneVersion();
        // Interrupted no earlier than its message would end as lost.
        threads.close((int) Math.min(Integer.MAX_VALUE, retention.hungNs() / 1_000_000L));
        if (threads.isEmpty()) {
            consumers.forEach(Agent::onClose);
            housekeeping.onClose();
        }
        consumers.forEach(Consumer::takeDownBell);
        CloseHelper.quietCloseAll(shared, member, bus);
    }
}
