// SPDX-License-Identifier: Apache-2.0
package io.headrace.simulation;

import io.headrace.channel.Bus;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.LanePoller;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.ConnectionId;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.delivery.Capacity;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.Claimer;
import io.headrace.delivery.DeadClaims;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.Shards;
import io.headrace.delivery.UndecodableReport;
import io.headrace.delivery.poll.RecordReader;
import io.headrace.delivery.poll.Subscription;
import io.headrace.message.Close;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.RequestKeys;
import io.headrace.presence.ConnectionTable;
import io.headrace.testing.Samples;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One event loop of a front end without sockets: appends what clients might send, asks after
 * requests as {@code Ingress} does, and takes the replies.
 */
final class SimulatedFrontEnd implements SimulatedProcess.Part, Claimer.Handler {

    private static final int REQUESTS_MAX = 6;
    private static final int SOCKETS_MAX = 6;
    private static final long REFUSED = -1;

    private final Simulation simulation;
    private final SimulatedProcess process;
    private final Bus bus;
    private final String writer;
    private final int member;
    private final WriterSequence sequence = new WriterSequence();
    private final Map<String, LaneAppender> lanes = new HashMap<>();
    private final Map<String, Capacity> capacities = new HashMap<>();
    private final EventEncoder encoder = new EventEncoder();
    private final RequestKeys keys = new RequestKeys();
    private final RecordReader records;
    private final DeadClaims deadClaims;
    private final Subscription subscription;
    private final Claimer claimer;
    // By connection: index of the record that opened it.
    private final Map<Long, Long> requests = new HashMap<>();
    private final Map<Long, Long> sockets = new HashMap<>();
    private final Map<Long, Integer> orders = new HashMap<>();
    private final Map<Long, Integer> slots = new HashMap<>();
    private final ConnectionTable table;
    private int connectionCount;
    private long deletionVersion;

    SimulatedFrontEnd(Simulation simulation, SimulatedProcess process) {
        this.simulation = simulation;
        this.process = process;
        this.bus = simulation.bus;
        this.writer = process.member.id() + "-0";
        final String replies = ReplyAddress.channel(process.member.id(), 0);
        this.member = ReplyAddress.loopKey(replies) >>> 8;
        for (final String channel :
                List.of(
                        ChannelName.HTTP_REQUEST,
                        ChannelName.HTTP_DISCONNECT,
                        ChannelName.WEBSOCKET_CONNECT,
                        ChannelName.WEBSOCKET_RECEIVE,
                        ChannelName.WEBSOCKET_DISCONNECT)) {
            lanes.put(channel, bus.newLane(channel, writer, sequence));
        }
        for (final String channel :
                List.of(ChannelName.HTTP_REQUEST, ChannelName.WEBSOCKET_RECEIVE)) {
            capacities.put(
                    channel,
                    new Capacity(bus, lanes.get(channel).lane(), bus.settings().channel(channel)));
        }
        bus.createChannel(replies);
        table = ConnectionTable.create(bus, writer);
        records = new RecordReader(bus);
        deadClaims = new DeadClaims(bus);
        subscription = new Subscription(bus, replies::equals, false, lane -> {}, Simulation::fail);
        claimer =
                new Claimer(
                        bus.clock(),
                        process.firstConsumerId,
                        new Message(),
                        new Shards(
                                bus,
                                process.liveMembers,
                                process.firstConsumerId,
                                Simulation.HUNG_NS),
                        this,
                        new FateCounters(process.member, writer),
                        new UndecodableReport(process.member.errorLog()));
    }

    @Override
    public int doWork() {
        final Random random = simulation.random;
        final long nowNs = bus.clock().nanoTime();
        process.member.onDuty(0, nowNs);
        if (bus.deletionVersion() != deletionVersion) {
            deletionVersion = bus.deletionVersion();
            capacities.values().forEach(Capacity::letGo);
        }
        int work = subscription.poll(claimer, nowNs);
        if (!simulation.isQuiet()) {
            for (int i = random.nextInt(3); i > 0; i--) {
                act(random, nowNs);
                work++;
            }
        }
        for (final Map.Entry<Long, Long> request : List.copyOf(requests.entrySet())) {
            if (hasEnded(request.getValue(), nowNs)) {
                requests.remove(request.getKey());
            }
        }
        return work;
    }

    private void act(Random random, long nowNs) {
        final int dice = random.nextInt(16);
        if (dice < 6) {
            if (requests.size() < REQUESTS_MAX) {
                final long connection = newConnection();
                final long index = open(ChannelName.HTTP_REQUEST, connection, nowNs);
                if (index != REFUSED) {
                    requests.put(connection, index);
                }
            }
        } else if (dice < 7) {
            any(random, requests).ifPresent(connection -> leave(connection, nowNs));
        } else if (dice < 9) {
            if (sockets.size() < SOCKETS_MAX) {
                openSocket(newConnection(), nowNs);
            }
        } else if (dice < 15) {
            any(random, sockets).ifPresent(connection -> receive(connection, nowNs));
        } else {
            any(random, sockets).ifPresent(connection -> close(connection, nowNs));
        }
    }

    private static Optional<Long> any(Random random, Map<Long, Long> connections) {
        final List<Long> all = new ArrayList<>(connections.keySet());
        all.sort(null);
        return all.isEmpty() ? Optional.empty() : Optional.of(all.get(random.nextInt(all.size())));
    }

    private long newConnection() {
        final long connection = ConnectionId.of(member, 0, ++connectionCount);
        orders.put(connection, 0);
        keys.clear();
        keys.method(Samples.text(keys, connectionCount % 2 == 0 ? "GET" : "POST"))
                .path(Samples.text(keys, "/" + connection));
        return connection;
    }

    private long open(String channel, long connection, long nowNs) {
        final boolean http = channel.equals(ChannelName.HTTP_REQUEST);
        final int length =
                http ? EventEncoder.requestLength(keys) : EventEncoder.connectionLength(keys);
        return append(
                channel,
                connection,
                length,
                nowNs,
                (buffer, at) ->
                        http
                                ? encoder.encodeRequest(buffer, at, keys)
                                : encoder.encodeConnection(buffer, at, keys));
    }

    /** As {@code HttpHandler} does, and killed in between as it may be. */
    private void openSocket(long connection, long nowNs) {
        slots.put(connection, table.open(connection, nowNs));
        simulation.killPerhaps(process, 400);
        final long index = open(ChannelName.WEBSOCKET_CONNECT, connection, nowNs);
        simulation.killPerhaps(process, 400);
        final long lane = lanes.get(ChannelName.WEBSOCKET_CONNECT).lane().number();
        table.keys(slots.get(connection), lane, index);
        sockets.put(connection, index);
    }

    private void receive(long connection, long nowNs) {
        final long index =
                append(
                        ChannelName.WEBSOCKET_RECEIVE,
                        connection,
                        EventEncoder.receiveLength(4),
                        nowNs,
                        (buffer, at) ->
                                encoder.encodeReceive(
                                        buffer,
                                        at,
                                        sockets.get(connection),
                                        -1,
                                        true,
                                        new UnsafeBuffer(new byte[4]),
                                        0,
                                        4));
        if (index == REFUSED) {
            return;
        }
        simulation.killPerhaps(process, 2_000);
        table.order(slots.get(connection), orders.get(connection) - 1);
    }

    private void close(long connection, long nowNs) {
        append(
                ChannelName.WEBSOCKET_DISCONNECT,
                connection,
                EventEncoder.clientCloseLength(0),
                nowNs,
                (buffer, at) ->
                        encoder.encodeClientClose(
                                buffer,
                                at,
                                sockets.get(connection),
                                1000,
                                Close.By.CLIENT,
                                new byte[0]));
        simulation.killPerhaps(process, 200);
        table.close(slots.remove(connection));
        sockets.remove(connection);
    }

    /** The client leaves before its answer. */
    private void leave(long connection, long nowNs) {
        final long index = requests.remove(connection);
        final Optional<UnsafeBuffer> record = records.find(ChannelName.HTTP_REQUEST, writer, index);
        if (record.isPresent()
                && !ClaimWord.tryEnd(record.get(), process.firstConsumerId, ClaimWord.CANCELLED)) {
            append(
                    ChannelName.HTTP_DISCONNECT,
                    connection,
                    EventEncoder.disconnectLength(),
                    nowNs,
                    (buffer, at) -> encoder.encodeDisconnect(buffer, at, index));
        }
    }

    private long append(
            String channel, long connection, int length, long nowNs, Samples.Encoding encoding) {
        final Capacity capacity = capacities.get(channel);
        if (capacity != null && !capacity.admits(length, nowNs)) {
            return REFUSED;
        }
        final LaneAppender lane = lanes.get(channel);
        Simulation.check(lane.claim(length, nowNs) == LaneAppender.OK, () -> "claim in " + channel);
        final boolean expires = !channel.endsWith("disconnect");
        try {
            encoding.encode(lane.buffer(), lane.offset());
            simulation.killPerhaps(process, 4_000);
            return lane.commit(
                    connection,
                    orders.merge(connection, 1, Integer::sum) - 1,
                    expires ? bus.settings().channel(channel).expiryMs() : 0,
                    nowNs,
                    nowNs);
        } finally {
            lane.abortIfClaimed();
        }
    }

    /** Ends a request that has expired, or whose consumer died, as {@code Ingress} does. */
    private boolean hasEnded(long index, long nowNs) {
        final Optional<UnsafeBuffer> found = records.find(ChannelName.HTTP_REQUEST, writer, index);
        if (found.isEmpty()) {
            return true;
        }
        final UnsafeBuffer record = found.get();
        final int word = ClaimWord.read(record);
        if (ClaimWord.isFree(word)) {
            return ClaimWord.hasExpired(record, nowNs)
                    && ClaimWord.tryEnd(record, process.firstConsumerId, ClaimWord.EXPIRED);
        }
        if (ClaimWord.state(word) == ClaimWord.CLAIMED) {
            final int holder = ClaimWord.consumer(word);
            return process.liveMembers.snapshot().isDead(holder)
                    && deadClaims.lose(ChannelName.HTTP_REQUEST, record, holder) == ClaimWord.LOST;
        }
        return true;
    }

    @Override
    public int onMessage(LanePoller lane, Message message, long nowNs) {
        Simulation.check(message.response().statusCode() == 200, () -> "reply of " + lane.lane());
        requests.remove(DeliveryHeader.connection(lane.record(), 0));
        return ClaimWord.DONE;
    }

    @Override
    public void checkRoom(long nowNs) {
        capacities.forEach(
                (channel, capacity) ->
                        Simulation.check(
                                capacity.admits(1, nowNs), () -> writer + " is full: " + channel));
    }

    @Override
    public void onKilled() {
        CloseHelper.closeAll(capacities.values());
        CloseHelper.closeAll(lanes.values());
        CloseHelper.closeAll(table, subscription, records);
    }

    @Override
    public void onClose() {
        onKilled();
    }

    @Override
    public String roleName() {
        return writer;
    }
}
