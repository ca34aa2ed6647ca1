// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.ChannelSettings;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.bell.Bells;
import io.headrace.channel.name.ChannelName;
import io.headrace.delivery.Capacity;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.ShardTable;
import io.headrace.delivery.poll.RecordReader;
import io.headrace.janitor.Retention;
import io.headrace.message.Close;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.RequestKeys;
import java.util.List;
import java.util.Optional;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Stop 3: one event loop's lanes in the five channels that clients' events go to, or the five with
 * a prefix.
 *
 * <p>Append methods return an index, or a negative code and then nothing was written. One thread.
 */
public final class Ingress implements AutoCloseable {

    /** No live worker consumes the channel. */
    public static final int NO_WORKER = -10;

    /** The record is not there any more. */
    public static final int GONE = -12;

    private static final int NEVER = 0;
    private static final long RENEWAL_NS_MIN = 1_000_000_000L;
    private final Bus bus;
    private final LoopClock clock;
    private final String prefix;
    private final LiveMembers liveMembers;
    private final String writer;
    private final int consumerId;
    private final EventEncoder encoder = new EventEncoder();
    private final WriterSequence sequence;
    private final RecordReader records;
    private final AppendedRequests requests;
    private final ShardTable leases;
    private final LaneAppender httpRequest;
    private final Parts parts;
    private final LaneAppender httpDisconnect;
    private final LaneAppender webSocketConnect;
    private final LaneAppender webSocketReceive;
    private final LaneAppender webSocketDisconnect;
    private final Capacity httpRequestRoom;
    private final Capacity webSocketConnectRoom;
    private final Capacity webSocketReceiveRoom;
    private final int httpExpiryMs;
    private final int connectExpiryMs;
    private final int receiveExpiryMs;
    private final long renewalNs;
    private LiveMembers.Snapshot snapshot;
    private long deletionVersion;
    private boolean httpServed;
    private boolean webSocketServed;

    /**
     * @param prefix of the channels' names: {@code api.}, or empty.
     * @param writer id of the loop as a writer, unique for all time.
     * @param sequence of the loop as a writer, for all its lanes.
     * @param consumerId what the loop writes into claim words it ends.
     */
    public Ingress(
            Bus bus,
            String prefix,
            String writer,
            WriterSequence sequence,
            LoopClock clock,
            int consumerId,
            LiveMembers liveMembers,
            Retention retention,
            FateCounters fates) {
        // Early enough that a record is there for those who lag, however long that takes them.
        this.renewalNs = Math.max(RENEWAL_NS_MIN, retention.retentionMs() * 1_000_000L / 2);
        this.bus = bus;
        this.clock = clock;
        this.prefix = prefix;
        this.sequence = sequence;
        this.liveMembers = liveMembers;
        this.writer = writer;
        this.consumerId = consumerId;
        this.records = new RecordReader(bus);
        this.requests =
                new AppendedRequests(
                        bus,
                        prefix + ChannelName.HTTP_REQUEST,
                        writer,
                        consumerId,
                        retention.hungNs(),
                        fates);
        leases = ShardTable.of(bus, ShardTable.group(prefix + ChannelName.WEBSOCKET_CONNECT));
        httpRequest = bus.newLane(prefix + ChannelName.HTTP_REQUEST, writer, sequence);
        parts = new Parts(bus, prefix, writer, sequence, clock);
        httpDisconnect = bus.newLane(prefix + ChannelName.HTTP_DISCONNECT, writer, sequence);
        webSocketConnect = bus.newLane(prefix + ChannelName.WEBSOCKET_CONNECT, writer, sequence);
        webSocketReceive = bus.newLane(prefix + ChannelName.WEBSOCKET_RECEIVE, writer, sequence);
        webSocketDisconnect =
                bus.newLane(prefix + ChannelName.WEBSOCKET_DISCONNECT, writer, sequence);
        httpRequest.readers(connection -> Bells.ANYBODY);
        httpDisconnect.readers(connection -> Bells.ANYBODY);
        List.of(webSocketConnect, webSocketReceive, webSocketDisconnect)
                .forEach(lane -> lane.readers(leases::reader));
        final ChannelSettings http = bus.settings().channel(prefix + ChannelName.HTTP_REQUEST);
        final ChannelSettings connect =
                bus.settings().channel(prefix + ChannelName.WEBSOCKET_CONNECT);
        final ChannelSettings receive =
                bus.settings().channel(prefix + ChannelName.WEBSOCKET_RECEIVE);
        // Disconnects and closes have none: they are never refused, and never expire.
        httpRequestRoom = new Capacity(bus, httpRequest.lane(), http);
        webSocketConnectRoom = new Capacity(bus, webSocketConnect.lane(), connect);
        webSocketReceiveRoom = new Capacity(bus, webSocketReceive.lane(), receive);
        httpExpiryMs = http.expiryMs();
        connectExpiryMs = connect.expiryMs();
        receiveExpiryMs = receive.expiryMs();
    }

    /**
     * Begins a duty cycle.
     *
     * @return true when members came or went since the last one.
     */
    public boolean beginCycle() {
        clock.forget();
        if (bus.isMemoryTight()) {
            sequence.rollLargeFiles(nowNs());
        }
        final long deletions = bus.deletionVersion();
        if (deletions != deletionVersion) {
            deletionVersion = deletions;
            records.letGo();
            requests.letGo();
            httpRequestRoom.letGo();
            webSocketConnectRoom.letGo();
            webSocketReceiveRoom.letGo();
        }
        final LiveMembers.Snapshot latest = liveMembers.snapshot();
        if (latest == snapshot) {
            return false;
        }
        snapshot = latest;
        requests.members(latest);
        httpServed = latest.isServed(prefix + ChannelName.HTTP_REQUEST);
        webSocketServed =
                latest.isServed(prefix + ChannelName.WEBSOCKET_CONNECT)
                        && latest.isServed(prefix + ChannelName.WEBSOCKET_RECEIVE);
        return true;
    }

    /** Bus time, read at most once per duty cycle, and only by one that has work. */
    public long nowNs() {
        return clock.nowNs();
    }

    /** Where bodies that come in parts go to. */
    public Parts parts() {
        return parts;
    }

    /** Who is there, as of the begin of the cycle. */
    public LiveMembers.Snapshot members() {
        return snapshot;
    }

    public boolean isHttpServed() {
        return httpServed;
    }

    public boolean isWebSocketServed() {
        return webSocketServed;
    }

    /** Asks after requests that were appended and have no answer yet. */
    public AppendedRequests requests() {
        return requests;
    }

    private int claim(LaneAppender lane, Capacity room, int length) {
        if (bus.isMemoryHigh()) {
            return LaneAppender.MEMORY_HIGH;
        }
        return room.admits(DeliveryHeader.LENGTH + length, nowNs())
                ? lane.tryClaim(length, nowNs())
                : LaneAppender.BACK_PRESSURED;
    }

    /** Appends an HTTP Request. */
    public long appendRequest(RequestKeys keys, long connection, int order) {
        if (!httpServed) {
            return NO_WORKER;
        }
        final int code = claim(httpRequest, httpRequestRoom, EventEncoder.requestLength(keys));
        if (code != LaneAppender.OK) {
            return httpRequest.refuse(code);
        }
        try {
            encoder.encodeRequest(httpRequest.buffer(), httpRequest.offset(), keys);
            return httpRequest.commit(connection, order, httpExpiryMs, nowNs(), nowNs());
        } finally {
            httpRequest.abortIfClaimed();
        }
    }

    /**
     * Appends an HTTP Disconnect about the request at this index: it points at the request's
     * record, or holds the request itself when that record may be gone before it is read.
     */
    public long appendDisconnect(long connection, int order, long requestIndex) {
        final Optional<UnsafeBuffer> leaving = leaving(requestIndex);
        final int requestLength =
                leaving.map(record -> DeliveryHeader.messageLength(record, 0)).orElse(0);
        final int code =
                httpDisconnect.tryClaim(EventEncoder.disconnectLength() + requestLength, nowNs());
        if (code != LaneAppender.OK) {
            return code;
        }
        try {
            if (leaving.isEmpty()) {
                encoder.encodeDisconnect(
                        httpDisconnect.buffer(), httpDisconnect.offset(), requestIndex);
            } else {
                encoder.encodeDisconnect(
                        httpDisconnect.buffer(),
                        httpDisconnect.offset(),
                        leaving.get(),
                        DeliveryHeader.LENGTH,
                        requestLength);
            }
            return httpDisconnect.commit(connection, order, NEVER, nowNs(), nowNs());
        } finally {
            httpDisconnect.abortIfClaimed();
        }
    }

    /** The record of a request that retention may soon delete. */
    private Optional<UnsafeBuffer> leaving(long requestIndex) {
        return requests.record(requestIndex)
                .filter(
                        record ->
                                bus.isMemoryTight()
                                        || nowNs() - DeliveryHeader.appendedNs(record, 0)
                                                > renewalNs);
    }

    /** How long after a connect was appended its keys are to be appended again. */
    public long renewalNs() {
        return renewalNs;
    }

    /** Number of the lane that holds the WebSocket Connections. */
    public long connectLaneNumber() {
        return webSocketConnect.lane().number();
    }

    /**
     * Appends the keys of an open WebSocket again, before retention deletes the record that its
     * messages point at: a copy of that record that has ended already and is delivered to nobody.
     *
     * @return the copy's index, or a negative code.
     */
    public long renewConnection(long connection, long connectIndex) {
        final UnsafeBuffer record;
        try {
            record = records.read(webSocketConnect.lane().channel(), writer, connectIndex);
        } catch (final HeadraceException gone) {
            return GONE;
        }
        final int length = DeliveryHeader.messageLength(record, 0);
        final int code = webSocketConnect.claim(length, nowNs());
        if (code != LaneAppender.OK) {
            return code;
        }
        try {
            webSocketConnect
                    .buffer()
                    .putBytes(webSocketConnect.offset(), record, DeliveryHeader.LENGTH, length);
            return webSocketConnect.commitAs(
                    ClaimWord.of(consumerId, ClaimWord.DONE),
                    Bells.NOBODY,
                    connection,
                    0,
                    NEVER,
                    DeliveryHeader.receivedNs(record, 0),
                    nowNs());
        } finally {
            webSocketConnect.abortIfClaimed();
        }
    }

    /** Appends a WebSocket Connection, which is always its connection's message 0. */
    public long appendConnection(RequestKeys keys, long connection) {
        if (!webSocketServed) {
            return NO_WORKER;
        }
        final int code =
                claim(webSocketConnect, webSocketConnectRoom, EventEncoder.connectionLength(keys));
        if (code != LaneAppender.OK) {
            return webSocketConnect.refuse(code);
        }
        try {
            encoder.encodeConnection(webSocketConnect.buffer(), webSocketConnect.offset(), keys);
            return webSocketConnect.commit(connection, 0, connectExpiryMs, nowNs(), nowNs());
        } finally {
            webSocketConnect.abortIfClaimed();
        }
    }

    /** Counts a WebSocket Receive that is not appended at once, however often it is tried. */
    public void refuseReceive() {
        webSocketReceive.refuse(LaneAppender.BACK_PRESSURED);
    }

    /** Appends a WebSocket Receive; counts no refusal. */
    public long appendReceive(
            long connection,
            int order,
            long connectIndex,
            int slot,
            boolean binary,
            UnsafeBuffer content) {
        final int length = EventEncoder.receiveLength(content.capacity());
        final int code = claim(webSocketReceive, webSocketReceiveRoom, length);
        if (code != LaneAppender.OK) {
            return code;
        }
        try {
            encoder.encodeReceive(
                    webSocketReceive.buffer(),
                    webSocketReceive.offset(),
                    connectIndex,
                    slot,
                    binary,
                    content,
                    0,
                    content.capacity());
            return webSocketReceive.commit(connection, order, receiveExpiryMs, nowNs(), nowNs());
        } finally {
            webSocketReceive.abortIfClaimed();
        }
    }

    /** Appends a WebSocket Client Close, its connection's last message. */
    public long appendClientClose(
            long connection,
            int order,
            long connectIndex,
            int code,
            Close.By closedBy,
            byte[] reason) {
        final int claimed =
                webSocketDisconnect.tryClaim(
                        EventEncoder.clientCloseLength(reason.length), nowNs());
        if (claimed != LaneAppender.OK) {
            return claimed;
        }
        try {
            encoder.encodeClientClose(
                    webSocketDisconnect.buffer(),
                    webSocketDisconnect.offset(),
                    connectIndex,
                    code,
                    closedBy,
                    reason);
            return webSocketDisconnect.commit(connection, order, NEVER, nowNs(), nowNs());
        } finally {
            webSocketDisconnect.abortIfClaimed();
        }
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(
                records,
                requests,
                leases,
                httpRequestRoom,
                webSocketConnectRoom,
                webSocketReceiveRoom,
                httpRequest,
                parts,
                httpDisconnect,
                webSocketConnect,
                webSocketReceive,
                webSocketDisconnect);
    }
}
