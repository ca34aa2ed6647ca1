// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.frontend.exchange.LoopCounters.Closed;
import io.headrace.frontend.exchange.Refused;
import io.headrace.frontend.socket.limit.ClientPace;
import io.headrace.frontend.socket.limit.ClientPace.Phase;
import io.headrace.frontend.socket.limit.ClientPace.Verdict;
import io.headrace.frontend.socket.limit.Limits;
import io.headrace.frontend.socket.limit.Meter;
import io.headrace.frontend.socket.limit.Wire;
import io.netty.buffer.ByteBufHolder;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;

/**
 * Sends a connection's client away when it is too slow, or lets too much wait; and pings a silent
 * one.
 */
final class Watch implements Meter.Client {

    // A request of which too little has come to know it.
    private static final HttpRequest NONE =
            new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.valueOf("-"), "-");

    private final Connections connections;
    private final Connection connection;
    private final Channel channel;
    private final Wire wire;
    private final ClientPace pace;
    // Of the messages that wait, since there were few.
    private long largestLength;

    Watch(Connections connections, Connection connection, Channel channel, Wire wire) {
        this.connections = connections;
        this.connection = connection;
        this.channel = channel;
        this.wire = wire;
        this.pace =
                new ClientPace(
                        connections.options().patience(),
                        connections.limits().outboundLengthMax(),
                        connections.ingresses().nowNs());
        wire.client(this);
    }

    /** A whole message has come. */
    void onMessage() {
        wire.onMessage();
    }

    /** Whether what comes from now on is dropped, and so makes nobody hold it. */
    void dropsWhatComes(boolean value) {
        wire.drops(value);
    }

    /** A message is about to be written. */
    void onWrite(Object message) {
        if (message instanceof ByteBufHolder holder) {
            onWrite(holder.content().readableBytes());
        }
    }

    /** A message of so many bytes is about to be written. */
    void onWrite(int length) {
        largestLength = Math.max(largestLength, length);
    }

    /**
     * What was written has been handed to the system as far as it would take it.
     *
     * @return how many bytes wait yet.
     */
    long onFlushed() {
        final long pending = wire.pendingLength();
        final long budget = connections.limits().outboundLengthMax();
        if (pending <= budget) {
            largestLength = 0;
        } else if (excessLength() > Limits.OUTBOUND_BURST * budget) {
            sendAway(Closed.OUTBOUND_FULL);
        }
        return pending;
    }

    /** How many bytes wait beside a message as long as the longest: one alone is not too many. */
    long excessLength() {
        return wire.pendingLength() - largestLength;
    }

    /** How many bytes the client has not taken, as it is now. */
    long pendingLength() {
        return wire.pendingLength();
    }

    @Override
    public void check(long nowNs) {
        final long pending = wire.pendingLength();
        if (pace.onWrite(nowNs, wire.writtenLength(), pending) != Verdict.FINE) {
            sendAway(Closed.SLOW_READER);
        } else if (connection.webSocket() != null
                || !connection.exchanges().isClosing()
                || connection.exchanges().isReceivingUpload()) {
            final boolean isReading = channel.config().isAutoRead();
            act(
                    pace.onRead(
                            nowNs,
                            phase(pending),
                            wire.requestCount(),
                            wire.readLength(),
                            isReading));
        }
    }

    private Phase phase(long pending) {
        final WebSocketHandler webSocket = connection.webSocket();
        if (webSocket != null) {
            return webSocket.isOpen() ? Phase.WEB_SOCKET : Phase.ANSWER;
        } else if (wire.isInHeaders()) {
            return Phase.HEADERS;
        } else if (wire.isInBody()) {
            return connection.exchanges().isReceivingUpload() ? Phase.UPLOAD : Phase.BODY;
        }
        return !connection.exchanges().isEmpty() || pending > 0 ? Phase.ANSWER : Phase.IDLE;
    }

    private void act(Verdict verdict) {
        switch (verdict) {
            case HEADERS_TOO_SLOW -> refuse(Refused.HEADERS_TOO_SLOW);
            case BODY_TOO_SLOW -> refuse(Refused.BODY_TOO_SLOW);
            case IDLE -> {
                count(Closed.IDLE);
                channel.close();
            }
            case PING -> connection.write(new PingWebSocketFrame());
            case NO_PONG -> {
                count(Closed.NO_PONG);
                connection
                        .webSocket()
                        .fail(WebSocketCloseStatus.INTERNAL_SERVER_ERROR, "no answer to a ping");
            }
            default -> {
                // It keeps up.
            }
        }
    }

    private void refuse(Refused refused) {
        connection.exchanges().refuseSlow(NONE, refused);
    }

    /** Closes a connection whose client takes too little. */
    private void sendAway(Closed reason) {
        final WebSocketHandler webSocket = connection.webSocket();
        if (webSocket != null && webSocket.isOpen()) {
            count(reason);
            // It may hear of it yet, behind all that waits.
            webSocket.fail(WebSocketCloseStatus.POLICY_VIOLATION, "takes messages too slowly");
        } else if (webSocket == null && channel.isOpen()) {
            count(reason);
            channel.close();
        }
    }

    @Override
    public void onShed() {
        count(Closed.MEMORY_HIGH);
    }

    private void count(Closed reason) {
        connections.counters().closed(reason).incrementRelease();
    }
}
