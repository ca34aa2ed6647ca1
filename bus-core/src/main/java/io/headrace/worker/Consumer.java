// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.LanePoller;
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
import io.headrace.delivery.poll.Subscription;
import io.headrace.member.Member;
import io.headrace.message.Message;
import io.headrace.message.MessageType;
import java.util.OptionalInt;
import java.util.function.Predicate;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.EpochNanoClock;

/**
 * One consumer: polls the lanes of its channels, claims, runs the handler, appends the reply, all
 * on one thread. Tests call {@link #doWork()} themselves.
 */
final class Consumer implements Agent, Claimer.Handler {

    /** Content type and reason of what a client gets whose handler threw. */
    private static final String TEXT_PLAIN = "text/plain";

    private final WorkerContext context;
    private final String id;
    private final int number;
    private final OptionalInt cpu;
    private final Member member;
    private final EpochNanoClock clock;
    private final Replies replies;
    private final RequestResolver resolver;
    private final Bus bus;
    private final Shards shards;
    private final Subscription subscription;
    private final Claimer claimer;
    private long rewindVersion;
    private long deletionVersion;
    private final HttpReply httpReply;
    private final WebSocket webSocket;

    /**
     * @param id of the consumer as a writer: the worker's and the consumer's number.
     * @param number its place among the worker's consumers, from 0.
     * @param consumerId what it writes into claim words.
     * @param hungNs how old a claim may grow.
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
            OptionalInt cpu) {
        this.context = context;
        this.id = id;
        this.number = number;
        this.cpu = cpu;
        this.member = member;
        this.bus = bus;
        this.rewindVersion = bus.rewindVersion();
        this.clock = bus.clock();
        this.replies = new Replies(bus, id, liveMembers, member);
        this.resolver = new RequestResolver(bus);
        final Predicate<String> channels = Glob.of(context.channels());
        this.shards = new Shards(bus, liveMembers, consumerId, hungNs);
        this.subscription =
                new Subscription(
                        bus,
                        name -> !name.startsWith(ChannelName.REPLY_PREFIX) && channels.test(name),
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
        this.httpReply = new HttpReply(replies);
        this.webSocket = new WebSocket(replies);
    }

    /**
     * Opens the lanes there are, which takes a while the first time, before anybody waits for an
     * answer.
     */
    void warmUp() {
        replies.doWork();
        subscription.warmUp();
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
    }

    @Override
    public int doWork() {
        final long nowNs = clock.nanoTime();
        member.onDuty(number, nowNs);
        final long version = bus.rewindVersion();
        if (version != rewindVersion) {
            rewindVersion = version;
            subscription.rewind(channel -> true);
        }
        final long deletions = bus.deletionVersion();
        if (deletions != deletionVersion) {
            deletionVersion = deletions;
            resolver.letGo();
        }
        if (shards.doWork(nowNs)) {
            subscription.rewind(ShardTable::isSharded);
        }
        return replies.doWork() + subscription.poll(claimer, nowNs);
    }

    @Override
    public int onMessage(LanePoller lane, Message message, long nowNs) {
        try {
            resolver.lane(lane.lane());
            dispatch(lane.lane().channel(), message);
            return message.type() == MessageType.HTTP_REQUEST
                            && httpReply.refusal() == LaneAppender.MEMORY_HIGH
                    ? answerMemoryHigh(message)
                    : ClaimWord.DONE;
        } catch (final Throwable thrown) {
            report(thrown);
            try {
                answerFailure(message);
            } catch (final RuntimeException e) {
                report(e);
            }
            return ClaimWord.FAILED;
        }
    }

    /** Keeps an error, in short if there is no room for its stack trace or it cannot be printed. */
    private void report(Throwable thrown) {
        boolean recorded = false;
        try {
            recorded = member.errorLog().record(thrown);
        } catch (final RuntimeException unprintable) {
            // The class alone will have to do.
        }
        if (!recorded) {
            member.errorLog()
                    .record(
                            new HeadraceException(
                                    "a handler threw " + thrown.getClass().getName()));
        }
    }

    private void dispatch(String channel, Message message) throws Exception {
        switch (message.type()) {
            case HTTP_REQUEST ->
                    context.onHttpRequest()
                            .onHttpRequest(
                                    channel,
                                    message.request(),
                                    httpReply.to(message.connection(), message.order()));
            case HTTP_DISCONNECT ->
                    context.onHttpDisconnect().onHttpDisconnect(channel, message.request());
            case WEB_SOCKET_CONNECTION ->
                    context.onWebSocketConnect()
                            .onWebSocketConnect(
                                    channel,
                                    message.request(),
                                    webSocket
                                            .to(message.connection(), message.order())
                                            .awaited(message.request().awaitsAccept()));
            case WEB_SOCKET_RECEIVE ->
                    context.onWebSocketReceive()
                            .onWebSocketReceive(
                                    channel,
                                    message.datagram(),
                                    webSocket.to(message.connection(), message.order()));
            case WEB_SOCKET_CLIENT_CLOSE ->
                    context.onWebSocketDisconnect().onWebSocketDisconnect(channel, message.close());
            default ->
                    throw new HeadraceException(
                            "channel %s has a %s, which is not for workers"
                                    .formatted(channel, message.type().label()));
        }
    }

    /**
     * Tells a client whose answer found no memory; for less than a line there is nearly always
     * some.
     *
     * @return how the message ends.
     */
    private int answerMemoryHigh(Message message) {
        final int code =
                httpReply
                        .to(message.connection(), message.order())
                        .header("Headrace-Reason", "memory-high")
                        .header("Retry-After", "1")
                        .send(
                                503,
                                TEXT_PLAIN,
                                "503 Service Unavailable: no memory for the answer\n");
        return code == LaneAppender.OK ? ClaimWord.FAILED : ClaimWord.LOST;
    }

    private void answerFailure(Message message) {
        if (message.type() == MessageType.HTTP_REQUEST && !httpReply.isSent()
                || message.type() == MessageType.WEB_SOCKET_CONNECTION && webSocket.isAwaited()) {
            httpReply
                    .to(message.connection(), message.order())
                    .header("Headrace-Reason", "handler-failed")
                    .send(500, TEXT_PLAIN, "500 Internal Server Error: the handler failed\n");
        }
    }

    @Override
    public String roleName() {
        return id;
    }

    @Override
    public void onClose() {
        CloseHelper.quietCloseAll(shards, subscription, resolver, replies);
    }
}
