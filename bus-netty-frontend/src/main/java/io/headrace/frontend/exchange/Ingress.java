// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import io.headrace.channel.Bus;
import io.headrace.channel.ChannelName;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.RecordReader;
import io.headrace.message.Close;
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

    /**
     * How long requests, connects and frames wait for a consumer. Closes and disconnects never
     * expire.
     */
    static final int EXPIRY_MS = 60_000;

    private static final int NEVER = 0;

    /** What became of a request that has no answer yet. */
    public enum Standing {
        PENDING,
        CLAIMED,
        ENDED,
        WORKER_DIED
    }

    private final EpochNanoClock clock;
    private final LiveMembers liveMembers;
    private final String writer;
    private final int consumerId;
    private final FateCounters fates;
    private final EventEncoder encoder = new EventEncoder();
    private final RecordReader records;
    private final LaneAppender httpRequest;
    private final LaneAppender httpDisconnect;
    private final LaneAppender webSocketConnect;
    private final LaneAppender webSocketReceive;
    private final LaneAppender webSocketDisconnect;

    private LiveMembers.Snapshot snapshot;
    private boolean httpServed;
    private boolean webSocketServed;
    private long nowNs;
    private boolean timeIsStale = true;

    /**
     * @param writer id of the loop as a writer, unique for all time.
     * @param consumerId what the loop writes into claim words it ends.
     */
    public Ingress(
            Bus bus, String writer, int consumerId, LiveMembers liveMembers, FateCounters fates) {
        this.clock = bus.clock();
        this.liveMembers = liveMembers;
        this.writer = writer;
        this.consumerId = consumerId;
        this.fates = fates;
        this.records = new RecordReader(bus);
        final WriterSequence sequence = new WriterSequence();
        httpRequest = bus.newLane(ChannelName.HTTP_REQUEST, writer, sequence);
        httpDisconnect = bus.newLane(ChannelName.HTTP_DISCONNECT, writer, sequence);
        webSocketConnect = bus.newLane(ChannelName.WEBSOCKET_CONNECT, writer, sequence);
        webSocketReceive = bus.newLane(ChannelName.WEBSOCKET_RECEIVE, writer, sequence);
        webSocketDisconnect = bus.newLane(ChannelName.WEBSOCKET_DISCONNECT, writer, sequence);
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

    /** Appends an HTTP Request. */
    public long appendRequest(RequestKeys keys, long connection, int order) {
        if (!httpServed) {
            return NO_WORKER;
        }
        final int code = httpRequest.claim(EventEncoder.requestLength(keys), nowNs());
        if (code != LaneAppender.OK) {
            return code;
        }
        try {
            encoder.encodeRequest(httpRequest.buffer(), httpRequest.offset(), keys);
            return httpRequest.commit(connection, order, EXPIRY_MS, nowNs(), nowNs());
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
        final int code = webSocketConnect.claim(EventEncoder.connectionLength(keys), nowNs());
        if (code != LaneAppender.OK) {
            return code;
        }
        try {
            encoder.encodeConnection(webSocketConnect.buffer(), webSocketConnect.offset(), keys);
            return webSocketConnect.commit(connection, 0, EXPIRY_MS, nowNs(), nowNs());
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
        final int code = webSocketReceive.claim(EventEncoder.receiveLength(length), nowNs());
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
            return webSocketReceive.commit(connection, order, EXPIRY_MS, nowNs(), nowNs());
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
        final boolean cancelled = ClaimWord.tryEnd(record, consumerId, ClaimWord.CANCELLED);
        if (cancelled) {
            fates.of(ClaimWord.CANCELLED, ChannelName.HTTP_REQUEST).incrementRelease();
        }
        return cancelled;
    }

    /** Asks after a request, and ends it as lost when the worker that has it died. */
    public Standing standing(long index) {
        final UnsafeBuffer record = records.read(ChannelName.HTTP_REQUEST, writer, index);
        final int word = ClaimWord.read(record);
        if (ClaimWord.state(word) == ClaimWord.FREE) {
            return Standing.PENDING;
        }
        if (ClaimWord.state(word) == ClaimWord.LOST) {
            return Standing.WORKER_DIED;
        }
        if (ClaimWord.state(word) != ClaimWord.CLAIMED) {
            return Standing.ENDED;
        }
        final int holder = ClaimWord.consumer(word);
        if (!snapshot.isDead(holder)) {
            return Standing.CLAIMED;
        }
        if (ClaimWord.finish(record, holder, ClaimWord.LOST)) {
            fates.of(ClaimWord.LOST, ChannelName.HTTP_REQUEST).incrementRelease();
        }
        return Standing.WORKER_DIED;
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(
                records,
                httpRequest,
                httpDisconnect,
                webSocketConnect,
                webSocketReceive,
                webSocketDisconnect);
    }
}
