// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.channel.Bus;
import io.headrace.channel.name.ConnectionId;
import io.headrace.frontend.accesslog.AccessLines;
import io.headrace.frontend.accesslog.AccessLog;
import io.headrace.frontend.codec.ReplyMapper;
import io.headrace.frontend.codec.RequestMapper;
import io.headrace.frontend.exchange.Ingress;
import io.headrace.frontend.exchange.Ingresses;
import io.headrace.frontend.exchange.LoopCounters;
import io.headrace.frontend.socket.http2.StreamsClient;
import io.headrace.frontend.socket.limit.Gate;
import io.headrace.frontend.socket.limit.Limits;
import io.headrace.frontend.socket.websocket.Deflate;
import io.headrace.member.Member;
import io.headrace.message.encode.RequestKeys;
import io.headrace.presence.ConnectionTable;
import io.netty.channel.Channel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.function.LongSupplier;
import org.agrona.collections.Long2ObjectHashMap;
import org.agrona.collections.LongArrayQueue;

/**
 * All connections of one event loop, and what they share. Everything here runs on the loop's
 * thread.
 *
 * <p>Writes are collected: a connection that has something to write is flushed once per duty cycle,
 * by {@link #flush()}.
 */
public final class Connections {

    private static final int RENEWALS_PER_POLL = 16;
    // Where there is no memory, each asks the kernel for some.
    private static final int PAYMENTS_PER_POLL = 32;
    private static final long NO_CONNECTION = 0;
    private static final long MEMBERSHIP_CHECK_NS = 60_000_000_000L;

    private final int memberNumber;
    private final int loop;
    private final String replyChannel;
    private final Member member;
    private final Ingresses ingresses;
    private final ConnectionTable table;
    private final LoopCounters counters;
    private final LoopOptions options;
    private final Gate gate;
    private final AccessLines accessLines;
    private final Deflate deflate = new Deflate();
    private final RequestMapper requestMapper;
    private final ReplyMapper replyMapper = new ReplyMapper();
    private final RequestKeys keys = new RequestKeys();
    private final Long2ObjectHashMap<Connection> byId = new Long2ObjectHashMap<>();
    private final AnswerWatch answers;
    private final Fanout fanout;
    private final Uploads uploads;
    private final List<Connection> dirty = new ArrayList<>();
    private final Set<StreamsClient> streamsClients = new HashSet<>();
    // Those of one channel in the order in which they came.
    private final Map<Ingress, Queue<WebSocketHandler>> blocked = new HashMap<>();
    // What was tried longest ago first.
    private final Queue<LongSupplier> owed = new ArrayDeque<>();
    // Ids of WebSockets, the one whose keys are to be renewed next first: all wait equally long.
    private final LongArrayQueue renewals = new LongArrayQueue(NO_CONNECTION);
    private int lastNumber;
    private boolean draining;
    private long nextExpiryNs;

    /**
     * @param replyChannel physical channel that replies to this loop's connections come in on.
     */
    public Connections(
            Bus bus,
            String writer,
            int memberNumber,
            int loop,
            String replyChannel,
            Member member,
            Ingresses ingresses,
            ConnectionTable table,
            LoopCounters counters,
            LoopOptions options,
            Gate gate,
            Optional<AccessLog> accessLog) {
        this.memberNumber = memberNumber;
        this.loop = loop;
        this.replyChannel = replyChannel;
        this.member = member;
        this.ingresses = ingresses;
        this.table = table;
        this.counters = counters;
        this.options = options;
        this.gate = gate;
        this.accessLines = new AccessLines(accessLog, counters, ingresses::nowNs);
        this.requestMapper =
                new RequestMapper(
                        options.mountPrefix(),
                        options.limits().fieldCountMax(),
                        Limits.FILE_COUNT_MAX);
        this.uploads = new Uploads(this, table, options.uploads());
        this.fanout =
                new Fanout(
                        bus, writer, counters, deflate, options.limits().outboundLengthMax() / 2);
        this.answers =
                new AnswerWatch(
                        ingresses,
                        table,
                        counters.streamsBroken(),
                        options.limits().responseTimeoutNs(),
                        options.webSocket().handshakeTimeoutNs());
    }

    Connection open(Channel channel) {
        final long id = ConnectionId.of(memberNumber, loop, ++lastNumber);
        final Connection connection =
                new Connection(
                        this,
                        channel,
                        id,
                        replyChannel + "!" + Integer.toUnsignedString(lastNumber) + ".");
        byId.put(id, connection);
        counters.connections().setRelease(byId.size());
        return connection;
    }

    /**
     * The connection under a new id: as a WebSocket, it shares no reply address with a request that
     * came before.
     */
    Connection renew(Connection connection, Channel channel) {
        remove(connection);
        return open(channel);
    }

    /** The sockets that speak HTTP/2, and have connections for their streams. */
    Set<StreamsClient> streamsClients() {
        return streamsClients;
    }

    /** The connection of this id, or null when it is not open any more. */
    Connection byId(long id) {
        return byId.get(id);
    }

    void remove(Connection connection) {
        byId.remove(connection.id());
        counters.connections().setRelease(byId.size());
    }

    Ingresses ingresses() {
        return ingresses;
    }

    /** The open WebSockets, as others see them. */
    ConnectionTable table() {
        return table;
    }

    LoopCounters counters() {
        return counters;
    }

    Limits limits() {
        return options.limits();
    }

    LoopOptions options() {
        return options;
    }

    /** Where this loop's connections come in. */
    Gate gate() {
        return gate;
    }

    Deflate deflate() {
        return deflate;
    }

    AccessLines accessLines() {
        return accessLines;
    }

    AnswerWatch answers() {
        return answers;
    }

    RequestMapper requestMapper() {
        return requestMapper;
    }

    ReplyMapper replyMapper() {
        return replyMapper;
    }

    /** The keys of the request being read; there is one at a time on a loop. */
    RequestKeys keys() {
        return keys;
    }

    boolean isDraining() {
        return draining;
    }

    void onError(Throwable error) {
        member.errorLog().record(error);
    }

    void markDirty(Connection connection) {
        dirty.add(connection);
    }

    Fanout fanout() {
        return fanout;
    }

    Uploads uploads() {
        return uploads;
    }

    /** A WebSocket that does not read its socket, because its channel was full. */
    void onBlocked(Ingress ingress, WebSocketHandler webSocket) {
        blocked.computeIfAbsent(ingress, channel -> new ArrayDeque<>()).add(webSocket);
    }

    /** Whether WebSockets wait for room in a channel. */
    boolean isBlocked(Ingress ingress) {
        return blocked.containsKey(ingress);
    }

    /** Whether something waits that nobody rings about: room in a channel, or a slow worker. */
    public boolean isWaiting() {
        return !blocked.isEmpty() || !owed.isEmpty() || uploads.isWaiting();
    }

    /** Tries again for the WebSockets whose channel was full. */
    private int retryBlocked() {
        if (blocked.isEmpty()) {
            return 0;
        }
        int work = 0;
        for (final Queue<WebSocketHandler> waiting : blocked.values()) {
            // Until one is refused; those behind it came later, so it is not too late for them.
            for (; !waiting.isEmpty() && waiting.peek().retry(); work++) {
                waiting.poll();
            }
        }
        blocked.values().removeIf(Queue::isEmpty);
        return work;
    }

    /** Tries again to append what workers are owed. */
    private int pay() {
        int work = 0;
        for (int left = Math.min(PAYMENTS_PER_POLL, owed.size()); left > 0; left--) {
            final LongSupplier append = owed.poll();
            if (append.getAsLong() < 0) {
                owed.add(append);
            } else {
                work++;
            }
        }
        return work;
    }

    /**
     * Appends a close or a disconnect, which workers must hear of: at once, or as soon as it can
     * be.
     */
    void owe(LongSupplier append) {
        if (append.getAsLong() < 0) {
            counters.disconnectsDelayed().incrementRelease();
            owed.add(append);
        }
    }

    /** A WebSocket is open whose keys are to stay on record. */
    void onWebSocketOpen(WebSocketHandler webSocket) {
        webSocket.renewAtNs(ingresses.nowNs() + ingresses.renewalNs());
        renewals.offerLong(webSocket.connection().id());
    }

    /** Appends the keys of WebSockets again before retention deletes their record. */
    private int renewKeys() {
        int work = 0;
        while (work < RENEWALS_PER_POLL && !renewals.isEmpty()) {
            final Connection connection = byId.get(renewals.peekLong());
            final WebSocketHandler webSocket = connection == null ? null : connection.webSocket();
            if (webSocket != null && webSocket.isOpen()) {
                if (ingresses.nowNs() < webSocket.renewAtNs()) {
                    break;
                }
                webSocket.renewKeys();
                onWebSocketOpen(webSocket);
            }
            renewals.pollLong();
            work++;
        }
        return work;
    }

    /**
     * Does what is due by the clock, or because there is room again: answers requests that have
     * waited too long, sends slow clients away, hands bodies on, renews keys.
     */
    public int doWork(long nowNs) {
        return answers.poll(nowNs)
                + gate.rounds().poll(nowNs)
                + expireMemberships(nowNs)
                + retryBlocked()
                + pay()
                + uploads.poll()
                + renewKeys();
    }

    /** Breaks responses off whose worker has died; called when no reply is left to be polled. */
    public int breakOffStreams() {
        return answers.breakOffStreams();
    }

    /** Flushes every connection that has been written to since the last call. */
    public int flush() {
        int count = 0;
        // One may be written to once more because of what its flush has shown.
        for (; count < dirty.size(); count++) {
            dirty.get(count).flush();
        }
        dirty.clear();
        return count + fanout.flush();
    }

    /** Members have come or gone: {@link #doWork} asks after all waiting requests, some a cycle. */
    public void onMembersChanged() {
        answers.onMembersChanged();
    }

    /** Ends memberships of groups that have lasted too long; about once a minute. */
    private int expireMemberships(long nowNs) {
        if (nowNs < nextExpiryNs) {
            return 0;
        }
        nextExpiryNs = nowNs + MEMBERSHIP_CHECK_NS;
        fanout.expire(nowNs - options.limits().membershipMaxNs());
        return 1;
    }

    /**
     * Begins to leave: idle connections close now, others after their answer, WebSockets with 1001.
     */
    public void drain() {
        draining = true;
        fanout.finishWriting();
        for (final Connection connection : new ArrayList<>(byId.values())) {
            connection.drain();
        }
        new ArrayList<>(streamsClients).forEach(StreamsClient::goAway);
    }

    /** Number of open connections, and of sockets that have connections for their streams. */
    public int count() {
        return byId.size() + streamsClients.size();
    }

    /** Closes what is left. */
    public void closeAll() {
        for (final Connection connection : new ArrayList<>(byId.values())) {
            connection.close();
        }
        new ArrayList<>(streamsClients).forEach(StreamsClient::cutOff);
        deflate.close();
    }

    /** Gives back what it shares with other processes; after all connections are closed. */
    public void release() {
        fanout.close();
        table.close();
    }
}
