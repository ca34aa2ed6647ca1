// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.headrace.frontend.codec.ReplyMapper;
import io.headrace.frontend.exchange.Refused;
import io.headrace.frontend.proxy.Origin;
import io.headrace.frontend.socket.http1.SocketWire;
import io.headrace.frontend.socket.http2.StreamWire;
import io.headrace.frontend.socket.limit.Wire;
import io.headrace.frontend.socket.listen.ProxyHeader;
import io.headrace.frontend.socket.tls.Certificates;
import io.headrace.message.Accept;
import io.headrace.message.Close;
import io.headrace.message.Datagram;
import io.headrace.message.encode.RequestKeys;
import io.headrace.message.encode.TextBuffer;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.ssl.SslHandler;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Optional;

/**
 * One client's connection: who it is, its exchanges, and what it has become after an upgrade. Runs
 * on its event loop's thread.
 */
final class Connection {

    private final Connections connections;
    private final Channel channel;
    private final long id;
    // The reply address but for the request's order, which is its last part.
    private final String addressPrefix;
    private final Origin origin;
    private final boolean isProxyTrusted;
    private final byte[] clientSubject;
    private final Wire wire;
    private final Watch watch;
    private final Exchanges exchanges;
    private boolean dirty;
    private boolean unflushed;
    private long lastShared;
    private WebSocketHandler webSocket;

    Connection(Connections connections, Channel channel, long id, String addressPrefix) {
        this.connections = connections;
        this.channel = channel;
        this.id = id;
        this.addressPrefix = addressPrefix;
        final boolean isStream = channel instanceof Http2StreamChannel;
        final Channel socket = isStream ? channel.parent() : channel;
        final Optional<SslHandler> tls = Certificates.handler(socket);
        final SocketAddress remote = ProxyHeader.source(socket);
        final SocketAddress local = ProxyHeader.destination(socket);
        origin =
                new Origin(
                        host(remote),
                        port(remote),
                        tls.isPresent() || ProxyHeader.isHttps(socket),
                        host(local),
                        port(local),
                        "");
        isProxyTrusted = connections.options().forwarded().trusts(remote);
        clientSubject = tls.map(Certificates::clientSubject).orElse("").getBytes(UTF_8);
        wire = isStream ? StreamWire.of(channel) : new SocketWire(channel);
        watch = new Watch(connections, this, channel, wire);
        exchanges = new Exchanges(connections, this, channel);
    }

    private static String host(SocketAddress address) {
        return address instanceof InetSocketAddress inet && inet.getAddress() != null
                ? inet.getAddress().getHostAddress()
                : "";
    }

    private static int port(SocketAddress address) {
        return address instanceof InetSocketAddress inet ? inet.getPort() : 0;
    }

    long id() {
        return id;
    }

    /** Its requests and their answers. */
    Exchanges exchanges() {
        return exchanges;
    }

    ByteBufAllocator allocator() {
        return channel.alloc();
    }

    /** Adds the keys that a request does not say itself: addresses, and where to reply. */
    void addKeys(RequestKeys keys, Exchange exchange) {
        final Origin from = exchange.origin;
        keys.remote(text(keys, from.remoteAddr()), from.remotePort());
        keys.server(text(keys, from.serverName()), from.serverPort());
        keys.https(from.https()).forwardedHost(text(keys, from.forwardedHost()));
        final TextBuffer text = keys.text();
        text.begin();
        text.put(clientSubject, 0, clientSubject.length);
        keys.clientSubject(text.end());
        text.begin();
        text.putLatin1(addressPrefix);
        text.putLatin1(Integer.toUnsignedString(exchange.order));
        keys.replyChannel(text.end());
    }

    private static long text(RequestKeys keys, String value) {
        keys.text().begin();
        keys.text().putLatin1(value);
        return keys.text().end();
    }

    /** Who sent a request: this connection's client, or the one that a trusted proxy names. */
    Origin origin(HttpRequest request) {
        return isProxyTrusted
                ? connections.options().forwarded().of(request.headers(), origin)
                : origin;
    }

    /** Writes to the client with the next flush. */
    void write(Object message) {
        watch.onWrite(message);
        channel.write(message, channel.voidPromise());
        markDirty();
    }

    /** What carries it. */
    Wire wire() {
        return wire;
    }

    /** Workers know of it as a WebSocket, which opens now or waits for a worker's decision. */
    void connected(WebSocketHandler handler) {
        webSocket = handler;
    }

    /** What it has become by an upgrade, or null. */
    WebSocketHandler webSocket() {
        return webSocket;
    }

    /** Opens the WebSocket whose handshake is the only exchange. */
    void open(FullHttpResponse response) {
        exchanges.endHandshake(response);
        watch.dropsWhatComes(false);
        webSocket.open(response);
    }

    boolean accept(Accept accept) {
        if (webSocket == null || !webSocket.isAwaited()) {
            // One that is open needs it no more, which its worker may not know.
            return webSocket != null && webSocket.isOpen();
        }
        try {
            final FullHttpResponse response = webSocket.response(accept.subprotocol().toString());
            ReplyMapper.addHeaders(accept.headers(), response);
            open(response);
        } catch (final IllegalArgumentException invalid) {
            exchanges.refuseReply(exchanges.first(), invalid);
        }
        return true;
    }

    boolean send(int order, Datagram datagram) {
        if (webSocket != null && webSocket.isAwaited()) {
            open(webSocket.response(""));
        }
        if (!takes(order)) {
            return false;
        }
        webSocket.send(connections.replyMapper().frame(datagram, channel.alloc()));
        return true;
    }

    /** Whether it takes a reply to its message of this order, after all that was sent before. */
    private boolean takes(int order) {
        return webSocket != null
                && webSocket.isInTime(order)
                && connections.fanout().catchUp(webSocket);
    }

    boolean closeWebSocket(int order, Close close) {
        if (webSocket != null && webSocket.isAwaited()) {
            webSocket.refused(Close.By.WORKER);
            exchanges.refuse(exchanges.first(), Refused.NOT_ACCEPTED);
            return true;
        }
        if (!takes(order)) {
            return false;
        }
        webSocket.close(connections.replyMapper().closeFrame(close), Close.By.WORKER);
        return true;
    }

    /** Makes the WebSocket a member of a group; false when it is none, or there is no room. */
    boolean join(String group, long nowNs) {
        if (webSocket != null && webSocket.isAwaited()) {
            open(webSocket.response(""));
        }
        return webSocket != null
                && webSocket.isOpen()
                && connections.fanout().add(group, webSocket, nowNs);
    }

    void markDirty() {
        if (!dirty) {
            dirty = true;
            connections.markDirty(this);
        }
    }

    /** Number of the last datagram of a group that it was written, or that was not for it. */
    long lastShared() {
        return lastShared;
    }

    void lastShared(long number) {
        lastShared = number;
    }

    /** Writes what many get, to be flushed when it is its turn. */
    void writeShared(ByteBuf bytes) {
        watch.onWrite(bytes.readableBytes());
        channel.write(bytes.retainedDuplicate(), channel.voidPromise());
    }

    /** It has been written to and is to be flushed when it is its turn. */
    void markUnflushed() {
        if (!dirty && !unflushed) {
            unflushed = true;
            connections.fanout().markUnflushed(this);
        }
    }

    /** Sends what many get at once, with whatever else waits. */
    void sendShared(ByteBuf bytes) {
        final int sent = wire.send(bytes);
        if (sent == bytes.readableBytes()) {
            webSocket.publishWaiting(0);
        } else {
            watch.onWrite(bytes.readableBytes() - sent);
            channel.write(bytes.retainedDuplicate().skipBytes(sent), channel.voidPromise());
            flush();
        }
    }

    void flush() {
        dirty = false;
        unflushed = false;
        channel.flush();
        final long pending = watch.onFlushed();
        if (webSocket != null) {
            webSocket.publishWaiting(pending);
        }
    }

    /** What is known of its client's pace. */
    Watch watch() {
        return watch;
    }

    void drain() {
        if (webSocket != null && webSocket.isAwaited()) {
            exchanges.refuse(exchanges.first(), Refused.SHUTTING_DOWN);
        } else if (webSocket != null) {
            webSocket.goAway();
        } else if (exchanges.isEmpty()
                && !exchanges.isClosing()
                && !wire.isInHeaders()
                && !wire.isInBody()) {
            // Behind what it has been written and has not taken.
            channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }
    }

    /** The client has left, or was cut off. */
    void onInactive() {
        exchanges.onInactive();
        connections.remove(this);
    }

    void close() {
        channel.close();
    }
}
