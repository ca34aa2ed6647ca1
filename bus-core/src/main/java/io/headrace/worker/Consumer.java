// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.LanePoller;
import io.headrace.channel.bell.Bell;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.Glob;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.Claimer;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.RequestResolver;
import io.headrace.delivery.ShardTable;
import io.headrace.delivery.Shards;
import io.headrace.delivery.UndecodableReport;
import io.headrace.delivery.poll.RecordReader;
import io.headrace.delivery.poll.Subscription;
import io.headrace.member.Member;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.worker.reply.Replies;
import io.headrace.worker.reply.Uploads;
import io.headrace.worker.reply.Writability;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.function.Function;
import java.util.function.Predicate;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.EpochNanoClock;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One consumer: polls the lanes of its channels, claims, runs the handler, appends the reply, all
 * on one thread. Tests call {@link #doWork()} themselves.
 */
final class Consumer implements Agent, Claimer.Handler {

    private final WorkerContext context;
    private final String id;
    private final int number;
    private final int consumerId;
    private final OptionalInt cpu;
    private final Member member;
    private final EpochNanoClock clock;
    private final Replies replies;
    private final RequestResolver resolver;
    private final DeadLetters deadLetters;
    private final Bus bus;
    private final Shards shards;
    private final Subscription subscription;
    private final Claimer claimer;
    private final Uploads uploads;
    private final Dispatcher dispatcher;
    // Finds the request that an event points at; the same object every time.
    private final Function<Message, UnsafeBuffer> requests;
    private final Optional<BlockingHandlers> blocking;
    private final RecordReader blockedRecords;
    private final Writability writability;
    private final BatchPace pace = new BatchPace();
    private Optional<Bell> bell = Optional.empty();
    private long deletionVersion;
    private final CountDownLatch firstRound = new CountDownLatch(1);
    private volatile boolean announced;
    private long roundNs;
    private boolean rewindDue;

    /**
     * @param id of the consumer as a writer: the worker's and the consumer's number.
     * @param number its place among the worker's consumers, from 0.
     * @param consumerId what it writes into claim words.
     * @param hungNs how old a claim may grow.
     * @param shared the worker's way back for answers that come later.
     * @param writability whom to call back; by the worker's first consumer.
     */
    Consumer(
            WorkerContext context,
            Bus bus,
            Member member,
            LiveMembers liveMembers,
            String id,
            int number,
            int consumerId,
            long hungNs,
            OptionalInt cpu,
            Replies shared,
            Writability writability) {
        this.context = context;
        this.id = id;
        this.number = number;
        this.consumerId = consumerId;
        this.cpu = cpu;
        this.writability = writability;
        this.member = member;
        this.bus = bus;
        this.clock = bus.clock();
        this.replies = new Replies(bus, id, liveMembers, member, false);
        this.resolver = new RequestResolver(bus);
        this.requests = resolver::recordOf;
        this.deadLetters = new DeadLetters(bus, id, replies.sequence());
        final Predicate<String> channels = Glob.of(context.channels());
        this.shards = new Shards(bus, liveMembers, consumerId, hungNs);
        this.subscription =
                new Subscription(
                        bus,
                        name -> isInbound(name) && channels.test(name),
                        false,
                        lane -> shards.join(lane.channel()),
                        member.errorLog()::record);
        this.claimer =
                new Claimer(
                        bus.clock(),
                        consumerId,
                        new Message(resolver),
                        shards,
                        this,
                        new FateCounters(member, id),
                        new UndecodableReport(member.errorLog()));
        final boolean blocks = context.blocking() > 0;
        this.uploads = new Uploads(blocks ? shared : replies);
        this.dispatcher = newDispatcher(replies, shared);
        this.blockedRecords = new RecordReader(bus);
        this.blocking =
                blocks
                        ? Optional.of(
                                new BlockingHandlers(
                                        context.blocking(),
                                        () -> newDispatcher(shared, shared),
                                        this::onEnd,
                                        () -> bus.bells().ring(consumerId),
                                        hungNs,
                                        BlockingHandlers.newExecutor(context.blocking())))
                        : Optional.empty();
    }

    private Dispatcher newDispatcher(Replies now, Replies later) {
        return new Dispatcher(
                context, clock, deadLetters, uploads, now, later, writability, this::report);
    }

    private static boolean isInbound(String channel) {
        return !channel.startsWith(ChannelName.REPLY_PREFIX)
                && !channel.startsWith(DeadLetters.PREFIX);
    }

    /**
     * Opens the lanes there are, which takes a while the first time, before anybody waits for an
     * answer.
     */
    void warmUp() {
        replies.doWork();
        subscription.warmUp();
    }

    /** Nobody rings it any more; any thread, when its own has ended or in it. */
    void takeDownBell() {
        bell.ifPresent(CloseHelper::quietClose);
    }

    /** Waits until its thread has gone round once, or has ended. */
    void awaitFirstRound() {
        try {
            firstRound.await();
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A bell for its thread; writers ring it from now on. */
    Optional<Bell> newBell() {
        bell = bus.newBell(consumerId, context.channels());
        return bell;
    }

    /** Whether it waits for nothing but what rings. */
    boolean mayRest() {
        return isReady() && !shards.isHolding() && !(number == 0 && writability.isWaiting());
    }

    @Override
    public void onStart() {
        if (cpu.isPresent() && !CpuAffinity.pin(cpu.getAsInt())) {
            member.errorLog()
                    .record(
                            new HeadraceException(
                                    "%s: CPU %d is not there; consumer %s runs where the system puts it"
                                            .formatted(
                                                    WorkerContext.CPUS_PROPERTY,
                                                    cpu.getAsInt(),
                                                    id)));
        }
        member.onDuty(number, clock.nanoTime());
    }

    @Override
    public int doWork() {
        try {
            return goRound();
        } finally {
            firstRound.countDown();
        }
    }

    private int goRound() {
        final long nowNs = clock.nanoTime();
        roundNs = nowNs;
        member.onDuty(number, nowNs);
        final long deletions = bus.deletionVersion();
        if (deletions != deletionVersion) {
            deletionVersion = deletions;
            resolver.letGo();
            blockedRecords.letGo();
            shards.letGo();
        }
        rewindDue |= shards.doWork(nowNs);
        final int callbacks = number == 0 ? writability.doWork() : 0;
        if (callbacks > 0) {
            forgetInterruption();
        }
        final int changes = replies.doWork();
        if (changes > 0) {
            endUploads();
        }
        final int ended = blocking.isPresent() ? blocking.get().poll() : 0;
        if (rewindDue) {
            subscription.rewind(ShardTable::isSharded);
            // Not when it has thrown: later messages would come first.
            rewindDue = false;
        }
        subscription.revisitFreed();
        final int work = callbacks + changes + ended;
        // Callbacks are the user's, and may have taken any time.
        return work + subscription.poll(claimer, work == 0 ? nowNs : clock.nanoTime());
    }

    /**
     * The user's code may leave its thread interrupted, and such a thread ends as soon as it idles.
     * One that is closed ends all the same: it is told so before it is interrupted.
     */
    private static void forgetInterruption() {
        Thread.interrupted();
    }

    private void endUploads() {
        uploads.onMembersChanged(
                (connection, end) -> {
                    final Runnable task = () -> run(end);
                    try {
                        blocking.ifPresentOrElse(it -> it.execute(connection, task), task);
                    } catch (final Throwable notStarted) {
                        report(notStarted);
                        task.run();
                    }
                });
        forgetInterruption();
    }

    private void run(Callable<Void> task) {
        try {
            task.call();
        } catch (final Throwable thrown) {
            report(thrown);
        }
    }

    /** It may claim from now on: should it die, everybody knows whose claims they were. */
    void onAnnounced() {
        announced = true;
    }

    @Override
    public boolean isReady() {
        return announced && (blocking.isEmpty() || blocking.get().hasRoom());
    }

    /** How long it need not look for messages, in ns; see {@link BatchPace}. */
    long lullNs() {
        return pace.lullNs();
    }

    @Override
    public int onMessage(LanePoller lane, Message message, long nowNs) {
        pace.onMessage(DeliveryHeader.appendedNs(lane.record(), 0));
        if (bell.isPresent()) {
            bell.get().onWork();
        }
        resolver.lane(lane.lane());
        if (blocking.isPresent()) {
            blocking.get().submit(lane, message, requests);
            return ClaimWord.CLAIMED;
        }
        final int fate = dispatcher.handle(lane.lane().channel(), message, requests);
        forgetInterruption();
        if (fate == ClaimWord.DEFERRED) {
            DeliveryHeader.defer(lane.record(), 0, dispatcher.deferredUntilNs());
        }
        return fate;
    }

    /** A message has ended that was handled on another thread; false when it cannot be read now. */
    private boolean onEnd(BlockingHandlers.Handling handling) {
        boolean isRead = false;
        try {
            final UnsafeBuffer record =
                    blockedRecords.read(handling.channel(), handling.writer(), handling.index());
            isRead = true;
            if (handling.fate() == ClaimWord.DEFERRED) {
                DeliveryHeader.defer(record, 0, handling.deferredUntilNs());
            }
            claimer.end(record, handling.channel(), handling.fate());
            if (handling.fate() != ClaimWord.DEFERRED) {
                final boolean wasDue = rewindDue;
                // Also when it throws: what has waited is in the lanes only.
                rewindDue = true;
                rewindDue =
                        shards.unhold(
                                        handling.channel(),
                                        handling.writer(),
                                        handling.index(),
                                        handling.connection(),
                                        claimer,
                                        roundNs)
                                || wasDue;
            }
            return true;
        } catch (final Throwable thrown) {
            report(thrown);
            // Nothing has caused it when the record is not there: it is deleted.
            return isRead || thrown instanceof HeadraceException && thrown.getCause() == null;
        }
    }

    private void report(Throwable thrown) {
        report(member, thrown);
    }

    /** Keeps an error, in short if there is no room for its stack trace or it cannot be printed. */
    static void report(Member member, Throwable thrown) {
        boolean recorded = false;
        try {
            recorded = member.errorLog().record(thrown);
        } catch (final Throwable unprintable) {
            // The class alone will have to do.
        }
        if (!recorded) {
            member.errorLog()
                    .record(
                            new HeadraceException(
                                    "a handler or callback threw " + thrown.getClass().getName()));
        }
    }

    @Override
    public String roleName() {
        return id;
    }

    @Override
    public void onClose() {
        firstRound.countDown();
        // Nothing more is claimed.
        announced = false;
        takeDownBell();
        // Whoever has rung this bell rang nobody else.
        bus.bells().ringAll();
        blocking.ifPresent(BlockingHandlers::close);
        CloseHelper.quietCloseAll(
                shards, subscription, blockedRecords, resolver, deadLetters, replies);
    }
}
