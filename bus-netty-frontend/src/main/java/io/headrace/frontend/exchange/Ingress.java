// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import io.headrace.channel.Bus;
import io.headrace.channel.ChannelSettings;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ChannelName;
import io.headrace.delivery.Capacity;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.DeadClaims;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.poll.RecordReader;
import io.headrace.message.Close;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.RequestKeys;
import org.agrona.CloseHelper;
import org.agrona.concurrent.EpochNanoClock;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Stop 3: one event loop's lanes in the five channels that clients' events go to. Also asks after
 * what it appended: a request whose client has left is cancelled while nobody has it, and one whose
 * worker died is known to be lost.
 *
 * <p>Append methods return an index, or a negative code and then nothing was written. One thread.
 */
public final class Ingress implements AutoCloseable {

    /** No live worker consumes the channel. */
    public static final int NO_WORKER = -10;

    /** The bus has no memory left to give to clients. */
    public static final int MEMORY_HIGH = -11;

    private static final int NEVER = 0;

    /** What became of a request that has no answer yet. */
    public enum Standing {
        /** Nobody has it. */
        PENDING,
        /** A consumer has it. */
        CLAIMED,
        /** It has ended; its answer is on the way, or there is none. */
        ENDED,
        /** Nobody has taken it in time. */
        EXPIRED,
        /** Its consumer died. */
        WORKER_DIED,
        /** Its consumer has had it for too long. */
        WORKER_HUNG
    }

    private final Bus bus;
    private final EpochNanoClock clock;
    private final LiveMembers liveMembers;
    private final String writer;
    private final int consumerId;
    private final FateCounters fates;
    private final EventEncoder encoder = new EventEncoder();
    private final RecordReader records;
    private final DeadClaims deadClaims;
    private final LaneAppender httpRequest;
    private final LaneAppender httpDisconnect;
    private final LaneAppender webSocketConnect;
    private final LaneAppender webSocketReceive;
    private final LaneAppender webSocketDisconnect;

    private final Capacity httpRequestRoom;
    private final Capacity webSocketConnectRoom;
    private final Capacity webSocketReceiveRoom;
    private final int httpExpiryMs;
    private final int webSocketConnectExpiryMs;
    private final int webSocketReceiveExpiryMs;
    private final long hungNs;

    private LiveMembers.Snapshot snapshot;
    private boolean httpServed;
    private boolean webSocketServed;
    private long nowNs;
    private boolean timeIsStale = true;

    /**
     * @param writer id of the loop as a writer, unique for all time.
     * @param consumerId what the loop writes into claim words it ends.
     * @param hungNs how old a claim may grow.
     */
    public Ingress(
            Bus bus,
            String writer,
            int consumerId,
            LiveMembers liveMembers,
            long hungNs,
            FateCounters fates) {
        this.hungNs = hungNs;
        this.bus = bus;
        this.clock = bus.clock();
        this.liveMembers = liveMembers;
        this.writer = writer;
        this.consumerId = consumerId;
        this.fates = fates;
        this.records = new RecordReader(bus);
        this.deadClaims = new DeadClaims(bus);
        final WriterSequence sequence = new WriterSequence();
        httpRequest = bus.newLane(ChannelName.HTTP_REQUEST, writer, sequence);
        httpDisconnect = bus.newLane(ChannelName.HTTP_DISCONNECT, writer, sequence);
        webSocketConnect = bus.newLane(ChannelName.WEBSOCKET_CONNECT, writer, sequence);
        webSocketReceive = bus.newLane(ChannelName.WEBSOCKET_RECEIVE, writer, sequence);
        webSocketDisconnect = bus.newLane(ChannelName.WEBSOCKET_DISCONNECT, writer, sequence);
        final ChannelSettings http = bus.settings().channel(ChannelName.HTTP_REQUEST);
        final ChannelSettings connect = bus.settings().channel(ChannelName.WEBSOCKET_CONNECT);
        final ChannelSettings receive = bus.settings().channel(ChannelName.WEBSOCKET_RECEIVE);
        // Disconnects and closes have none: they are never refused, and never expire.
        httpRequestRoom = new Capacity(httpRequest.lane(), http);
        webSocketConnectRoom = new Capacity(webSocketConnect.lane(), connect);
        webSocketReceiveRoom = new Capacity(webSocketReceive.lane(), receive);
        httpExpiryMs = http.expiryMs();
        webSocketConnectExpiryMs = connect.expiryMs();
        webSocketReceiveExpiryMs = receive.expiryMs();
    }

    /**
     * Begins a duty cycle.
     *
     * @return true when members came or went since the last one.
     */
    public boolean beginCycle() {
        timeIsStale = true;
        final LiveMembers.Snapshot latest = liveMembers.snapshot();
        if (latest == snapshot) {
            return false;
        }
        snapshot = latest;
        httpServed = latest.isServed(ChannelName.HTTP_REQUEST);
        webSocketServed =
                latest.isServed(ChannelName.WEBSOCKET_CONNECT)
                        && latest.isServed(ChannelName.WEBSOCKET_RECEIVE);
        return true;
    }

    /** Bus time, read at most once per duty cycle, and only by one that has work. */
    public long nowNs() {
        if (timeIsStale) {
            nowNs = clock.nanoTime();
            timeIsStale = false;
        }
        return nowNs;
    }

    /** Forgets the time, because the loop has slept in between. */
    public void onWake() {
        timeIsStale = true;
    }

    public boolean isHttpServed() {
        return httpServed;
    }

    public boolean isWebSocketServed() {
        return webSocketServed;
    }

    private int claim(LaneAppender lane, Capacity room, int length) {
        if (bus.isMemoryHigh()) {
            return lane.refuse(MEMORY_HIGH);
        }
        return room.admits(DeliveryHeader.LENGTH + length, nowNs())
                ? lane.claim(length, nowNs())
                : lane.refuse(LaneAppender.BACK_PRESSURED);
    }

    /** Appends an HTTP Request. */
    public long appendRequest(RequestKeys keys, long connection, int order) {
        if (!httpServed) {
            return NO_WORKER;
        }
        final int code = claim(httpRequest, httpRequestRoom, EventEncoder.requestLength(keys));
        if (code != LaneAppender.OK) {
            return code;
        }
        try {
            encoder.encodeRequest(httpRequest.buffer(), httpRequest.offset(), keys);
            return httpRequest.commit(connection, order, httpExpiryMs, nowNs(), nowNs());
        } finally {
            httpRequest.abortIfClaimed();
        }
    }

    /** Appends an HTTP Disconnect about the request at this index. */
    public long appendDisconnect(long connection, int order, long requestIndex) {
        final int code = httpDisconnect.claim(EventEncoder.disconnectLength(), nowNs());
        if (code != LaneAppender.OK) {
            return code;
        }
        try {
            encoder.encodeDisconnect(
                    httpDisconnect.buffer(), httpDisconnect.offset(), requestIndex);
            return httpDisconnect.commit(connection, order, NEVER, nowNs(), nowNs());
        } finally {
            httpDisconnect.abortIfClaimed();
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
            return code;
        }
        try {
            encoder.encodeConnection(webSocketConnect.buffer(), webSocketConnect.offset(), keys);
            return webSocketConnect.commit(
                    connection, 0, webSocketConnectExpiryMs, nowNs(), nowNs());
        } finally {
            webSocketConnect.abortIfClaimed();
        }
    }

    /** Appends a WebSocket Receive. */
    public long appendReceive(
            long connection,
            int order,
            long connectIndex,
            boolean binary,
            UnsafeBuffer content,
            int offset,
            int length) {
        final int code =
                claim(webSocketReceive, webSocketReceiveRoom, EventEncoder.receiveLength(length));
        if (code != LaneAppender.OK) {
            return code;
        }
        try {
            encoder.encodeReceive(
                    webSocketReceive.buffer(),
                    webSocketReceive.offset(),
                    connectIndex,
                    binary,
                    content,
                    offset,
                    length);
            return webSocketReceive.commit(
                    connection, order, webSocketReceiveExpiryMs, nowNs(), nowNs());
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
                webSocketDisconnect.claim(EventEncoder.clientCloseLength(reason.length), nowNs());
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

    /**
     * Ends a request as cancelled unless a consumer has it already; true when it is cancelled now.
     */
    public boolean cancelRequest(long index) {
        final UnsafeBuffer record = records.read(ChannelName.HTTP_REQUEST, writer, index);
        return end(record, ClaimWord.CANCELLED);
    }

    /** Asks after a request, and ends it when it has expired or its worker died or hung. */
    public Standing standing(long index) {
        final UnsafeBuffer record = records.read(ChannelName.HTTP_REQUEST, writer, index);
        final int word = ClaimWord.read(record);
        final int holder = ClaimWord.consumer(word);
        switch (ClaimWord.state(word)) {
            case ClaimWord.FREE, ClaimWord.REDELIVERED -> {
                if (!ClaimWord.hasExpired(record, nowNs())) {
                    return Standing.PENDING;
                }
                return end(record, ClaimWord.EXPIRED) ? Standing.EXPIRED : Standing.CLAIMED;
            }
            case ClaimWord.CLAIMED -> {
                final long claimedNs = DeliveryHeader.claimedNs(record, 0);
                final boolean died = snapshot.isDead(holder);
                if (!died && (claimedNs == 0 || nowNs() - claimedNs <= hungNs)) {
                    return Standing.CLAIMED;
                }
                final int fate =
                        died
                                ? deadClaims.lose(ChannelName.HTTP_REQUEST, record, holder)
                                : ClaimWord.finish(record, holder, ClaimWord.LOST)
                                        ? ClaimWord.LOST
                                        : -1;
                if (fate != ClaimWord.LOST) {
                    return fate == ClaimWord.REDELIVERED ? Standing.PENDING : Standing.ENDED;
                }
                fates.of(ClaimWord.LOST, ChannelName.HTTP_REQUEST).incrementRelease();
                return died ? Standing.WORKER_DIED : Standing.WORKER_HUNG;
            }
            case ClaimWord.LOST -> {
                return snapshot.isDead(holder) ? Standing.WORKER_DIED : Standing.WORKER_HUNG;
            }
            case ClaimWord.EXPIRED -> {
                return Standing.EXPIRED;
            }
            default -> {
                return Standing.ENDED;
            }
        }
    }

    private boolean end(UnsafeBuffer record, int fate) {
        final boolean ended = ClaimWord.tryEnd(record, consumerId, fate);
        if (ended) {
            fates.of(fate, ChannelName.HTTP_REQUEST).incrementRelease();
        }
        return ended;
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(
                records,
                httpRequestRoom,
                webSocketConnectRoom,
                webSocketReceiveRoom,
                httpRequest,
                httpDisconnect,
                webSocketConnect,
                webSocketReceive,
                webSocketDisconnect);
    }
}
