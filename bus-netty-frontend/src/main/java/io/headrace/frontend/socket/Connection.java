// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.HeadraceException;
import io.headrace.frontend.codec.ReplyMapper;
import io.headrace.frontend.exchange.Ingress;
import io.headrace.frontend.exchange.Refused;
import io.headrace.frontend.proxy.Origin;
import io.headrace.frontend.socket.listen.ProxyHeader;
import io.headrace.frontend.socket.tls.Certificates;
import io.headrace.message.Accept;
import io.headrace.message.Close;
import io.headrace.message.Datagram;
import io.headrace.message.encode.RequestKeys;
import io.headrace.message.encode.TextBuffer;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.ssl.SslHandler;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * One client's connection: the requests that wait for their answers, in the order they came, and
 * what it has become after an upgrade. Runs on its event loop's thread.
 */
final class Connection {

    private static final long LINGER_MS = 2_000;

    private final Connections connections;
    private final Channel channel;
    private final long id;
    // The reply address but for the request's order, which is its last part.
    private final String addressPrefix;
    private final Origin origin;
    private final boolean isProxyTrusted;
    private final String clientSubject;
    private final ArrayDeque<Exchange> exchanges = new ArrayDeque<>();
    private int nextOrder;
    private boolean dirty;
    private boolean closing;
    private final Watch watch;
    private WebSocketHandler webSocket;

    Connection(Connections connections, Channel channel, long id, String addressPrefix) {
        this.connections = connections;
        this.channel = channel;
        this.id = id;
        this.addressPrefix = addressPrefix;
        final SocketAddress remote = ProxyHeader.source(channel);
        final SocketAddress local = ProxyHeader.destination(channel);
        origin =
                new Origin(
                        host(remote),
                        port(remote),
                        tls().isPresent() || ProxyHeader.isHttps(channel),
                        host(local),
                        port(local),
                        "");
        isProxyTrusted = connections.options().forwarded().trusts(remote);
        clientSubject = tls().map(Certificates::clientSubject).orElse("");
        watch = new Watch(connections, this, channel);
    }

    private Optional<SslHandler> tls() {
        return Certificates.handler(channel);
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

    ByteBufAllocator allocator() {
        return channel.alloc();
    }

    /** Adds the keys that a request does not say itself: addresses, and where to reply. */
    void addKeys(RequestKeys keys, Exchange exchange) {
        final Origin from = exchange.origin;
        keys.remote(text(keys, from.remoteAddr()), from.remotePort());
        keys.server(text(keys, from.serverName()), from.serverPort());
        keys.https(from.https()).forwardedHost(text(keys, from.forwardedHost()));
        keys.clientSubject(utf8(keys, clientSubject));
        final TextBuffer text = keys.text();
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

    private static long utf8(RequestKeys keys, String value) {
        keys.text().begin();
        value.codePoints().forEach(keys.text()::putCodePoint);
        return keys.text().end();
    }

    /** A request has come; its answer will be written after those of all before it. */
    Exchange begin(HttpRequest request, boolean wantsToStay) {
        final boolean isHead = HttpMethod.HEAD.equals(request.method());
        final int order = nextOrder++;
        final boolean keepAlive = wantsToStay && nextOrder < connections.limits().requestCountMax();
        final Exchange exchange =
                new Exchange(this, order, request.protocolVersion(), isHead, keepAlive);
        exchange.origin =
                isProxyTrusted
                        ? connections.options().forwarded().of(request.headers(), origin)
                        : origin;
        exchanges.add(exchange);
        connections.accessLines().onRequest(exchange, request);
        // RFC 9112, section 9.6: what follows a request that ends the connection is not to be
        // processed.
        closing |= !keepAlive;
        if (closing) {
            watch.dropsWhatComes(true);
        }
        if (exchanges.size() >= connections.limits().pipelinedCountMax()) {
            channel.config().setAutoRead(false);
        }
        return exchange;
    }

    /**
     * Whether no more requests are taken, because the connection ends with an answer already due.
     */
    boolean isClosing() {
        return closing;
    }

    /** Whether it has had a request. */
    boolean isUsed() {
        return nextOrder > 0;
    }

    boolean hasExchanges() {
        return !exchanges.isEmpty();
    }

    /** The exchange of this order that waits for an answer, or null. */
    Exchange waiting(int order) {
        for (final Exchange exchange : exchanges) {
            if (exchange.order == order) {
                return exchange.isWaiting() ? exchange : null;
            }
        }
        return null;
    }

    /** Answers with a refusal of Headrace's own. */
    void refuse(Exchange exchange, Refused refused) {
        connections.counters().refused(refused).incrementRelease();
        answer(exchange, ReplyMapper.refusal(refused.status(), refused.reason(), refused.text()));
    }

    /** Answers instead of a worker whose reply cannot be put on the wire, and keeps why. */
    void refuseReply(Exchange exchange, IllegalArgumentException invalid) {
        connections.onError(new HeadraceException("invalid reply: " + invalid.getMessage()));
        refuse(exchange, Refused.INVALID_REPLY);
    }

    /** Answers with what a worker replied. */
    void respond(Exchange exchange, FullHttpResponse response) {
        if (webSocket != null) {
            webSocket.refused(Close.By.WORKER);
        }
        answer(exchange, response);
    }

    /** Answers a request; writes it, and what waited for it, when its turn has come. */
    void answer(Exchange exchange, FullHttpResponse response) {
        connections.timers().stop(exchange);
        if (webSocket != null) {
            webSocket.refused(Close.By.FRONT_END);
        }
        exchange.response = response;
        while (!exchanges.isEmpty() && exchanges.peek().response != null) {
            write(exchanges.poll());
        }
        if (!channel.config().isAutoRead()
                && exchanges.size() < connections.limits().pipelinedCountMax() / 2) {
            channel.config().setAutoRead(true);
        }
    }

    private void write(Exchange exchange) {
        final boolean last = !exchange.keepAlive || connections.isDraining() && exchanges.isEmpty();
        final FullHttpResponse response = exchange.onWire();
        if (last) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        } else {
            HttpUtil.setKeepAlive(response.headers(), exchange.version, true);
        }
        connections.accessLines().onAnswer(exchange, response);
        watch.onWrite(response);
        if (last) {
            closing = true;
            final ChannelFuture written = channel.write(response);
            if (exchange.index == Exchange.NOT_APPENDED) {
                channel.config().setAutoRead(true);
                written.addListener(done -> linger());
            } else {
                written.addListener(ChannelFutureListener.CLOSE);
            }
        } else {
            channel.write(response, channel.voidPromise());
        }
        markDirty();
    }

    /** Writes to the client with the next flush. */
    void write(Object message) {
        watch.onWrite(message);
        channel.write(message, channel.voidPromise());
        markDirty();
    }

    /**
     * Closes our side, and reads on for a while: a client that still sends what was refused would
     * be reset, and might lose its answer (RFC 9112, section 9.6).
     */
    private void linger() {
        shutdownOutput();
        channel.eventLoop().schedule((Runnable) channel::close, LINGER_MS, TimeUnit.MILLISECONDS);
    }

    /** Says nothing more to the client, but reads on. */
    void shutdownOutput() {
        final DuplexChannel duplex = (DuplexChannel) channel;
        // RFC 8446, section 6.1: else it would look as if somebody had cut the rest off.
        tls().ifPresentOrElse(
                        tls -> tls.closeOutbound().addListener(done -> duplex.shutdownOutput()),
                        duplex::shutdownOutput);
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
        final Exchange handshake = exchanges.poll();
        connections.timers().stop(handshake);
        connections.accessLines().onAnswer(handshake, response);
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
            refuseReply(exchanges.peek(), invalid);
        }
        return true;
    }

    boolean send(int order, Datagram datagram) {
        if (webSocket != null && webSocket.isAwaited()) {
            open(webSocket.response(""));
        }
        if (webSocket == null || !webSocket.isOpen() || !webSocket.isInTime(order)) {
            return false;
        }
        webSocket.send(connections.replyMapper().frame(datagram, channel.alloc()));
        return true;
    }

    boolean closeWebSocket(int order, Close close) {
        if (webSocket != null && webSocket.isAwaited()) {
            webSocket.refused(Close.By.WORKER);
            refuse(exchanges.peek(), Refused.NOT_ACCEPTED);
            return true;
        }
        if (webSocket == null || !webSocket.isOpen() || !webSocket.isInTime(order)) {
            return false;
        }
        webSocket.close(connections.replyMapper().closeFrame(close), Close.By.WORKER);
        return true;
    }

    void markDirty() {
        if (!dirty) {
            dirty = true;
            connections.markDirty(this);
        }
    }

    void flush() {
        dirty = false;
        channel.flush();
        watch.onFlushed();
    }

    /** What is known of its client's pace. */
    Watch watch() {
        return watch;
    }

    /** The client has left, or was cut off. */
    void onInactive() {
        for (final Exchange exchange : exchanges) {
            connections.timers().stop(exchange);
            connections.accessLines().onClientLeft(exchange);
            if (exchange.response != null) {
                exchange.response.release();
            } else if (exchange.isHandshake) {
                webSocket.refused(Close.By.CLIENT);
            } else if (exchange.index != Exchange.NOT_APPENDED) {
                final Ingress ingress = exchange.ingress;
                ingress.requests().cancel(exchange.index);
                connections.owe(() -> ingress.appendDisconnect(id, exchange.order, exchange.index));
            }
        }
        exchanges.clear();
        connections.remove(this);
    }

    void drain() {
        if (webSocket != null && webSocket.isAwaited()) {
            refuse(exchanges.peek(), Refused.SHUTTING_DOWN);
        } else if (webSocket != null) {
            webSocket.goAway();
        } else if (exchanges.isEmpty()) {
            channel.close();
        }
    }

    void close() {
        channel.close();
    }
}
