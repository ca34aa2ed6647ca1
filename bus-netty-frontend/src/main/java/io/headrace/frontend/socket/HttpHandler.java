// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.channel.LaneAppender;
import io.headrace.frontend.codec.Refusal;
import io.headrace.frontend.codec.ReplyMapper;
import io.headrace.frontend.exchange.Ingress;
import io.headrace.frontend.exchange.Refused;
import io.headrace.frontend.socket.http1.BodyAggregator;
import io.headrace.frontend.socket.websocket.Handshake;
import io.headrace.frontend.socket.websocket.WebSocketOptions;
import io.headrace.message.encode.RequestKeys;
import io.headrace.presence.ConnectionTable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.ReferenceCountUtil;
import java.io.IOException;
import java.util.Optional;

/** Takes the requests of one connection to the bus, or upgrades the connection to a WebSocket. */
final class HttpHandler extends ChannelInboundHandlerAdapter {

    private final Connections connections;
    private Connection connection;

    HttpHandler(Connections connections) {
        this.connections = connections;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        connection = connections.open(ctx.channel());
        if (connections.isDraining()) {
            ctx.close();
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            if (connection.isClosing()) {
                return;
            }
            connection.watch().onMessage();
            if (message instanceof FullHttpRequest request) {
                onRequest(ctx, request);
            } else if (message instanceof BodyAggregator.Oversized oversized) {
                connections.counters().requests().incrementRelease();
                refuseAndClose(oversized.head(), Refused.BODY_TOO_LARGE);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void onRequest(ChannelHandlerContext ctx, FullHttpRequest request) {
        connections.counters().requests().incrementRelease();
        final Throwable failure = request.decoderResult().cause();
        if (failure != null) {
            final boolean tooLong =
                    failure instanceof TooLongHttpLineException
                            || failure instanceof TooLongHttpHeaderException;
            refuseAndClose(request, tooLong ? Refused.HEADER_TOO_LARGE : Refused.MALFORMED);
        } else if (request.headers().size() > connections.limits().headerCountMax()) {
            refuseAndClose(request, Refused.HEADER_TOO_LARGE);
        } else if (Handshake.isWanted(request)) {
            upgrade(ctx, request);
        } else {
            append(request);
        }
    }

    private void append(FullHttpRequest request) {
        final Exchange exchange = connection.begin(request, HttpUtil.isKeepAlive(request));
        final RequestKeys keys = connections.keys();
        keys.clear();
        final int refusal = connections.requestMapper().map(request, keys);
        if (refusal != 0) {
            refuse(exchange, refusal);
            return;
        }
        connection.addKeys(keys, exchange);
        if (!route(exchange, request, keys)) {
            return;
        }
        final long index = exchange.ingress.appendRequest(keys, connection.id(), exchange.order);
        if (index < 0) {
            connection.refuse(exchange, Refused.ofCode(index));
        } else {
            exchange.index = index;
            connections.timers().start(exchange);
        }
    }

    /** Finds where a request goes; one that goes nowhere is refused. */
    private boolean route(Exchange exchange, FullHttpRequest request, RequestKeys keys) {
        final String forwarded = exchange.origin.forwardedHost();
        final Optional<Ingress> found =
                connections
                        .ingresses()
                        .find(
                                forwarded.isEmpty()
                                        ? request.headers().get(HttpHeaderNames.HOST, "")
                                        : forwarded,
                                keys);
        if (found.isEmpty()) {
            connection.refuse(exchange, Refused.NO_ROUTE);
            return false;
        }
        exchange.ingress = found.get();
        return true;
    }

    private void refuse(Exchange exchange, int refusal) {
        switch (refusal) {
            case Refusal.TOO_LONG -> connection.refuse(exchange, Refused.HEADER_TOO_LARGE);
            case Refusal.TOO_MANY_FIELDS, Refusal.TOO_MANY_FILES ->
                    connection.refuse(exchange, Refused.TOO_MANY_FIELDS);
            case Refusal.OUTSIDE_MOUNT -> connection.refuse(exchange, Refused.OUTSIDE_MOUNT);
            default -> connection.refuse(exchange, Refused.MALFORMED);
        }
    }

    private void refuseAndClose(HttpRequest request, Refused refused) {
        connection.refuse(connection.begin(request, false), refused);
    }

    private void upgrade(ChannelHandlerContext ctx, FullHttpRequest request) {
        final WebSocketOptions options = connections.options().webSocket();
        final Handshake handshake = new Handshake(request, options.deflates());
        // A request still unanswered would get its answer after the connection has changed its
        // protocol.
        final boolean acceptable = !connection.hasExchanges() && handshake.isValid();
        if (acceptable && connection.isUsed()) {
            connection = connections.renew(connection, ctx.channel());
        }
        final Exchange exchange = connection.begin(request, false);
        if (!acceptable) {
            final FullHttpResponse response =
                    ReplyMapper.refusal(
                            Refused.MALFORMED.status(),
                            Refused.MALFORMED.reason(),
                            Refused.MALFORMED.text());
            // RFC 6455, section 4.4: says which version would do.
            response.headers().set(HttpHeaderNames.SEC_WEBSOCKET_VERSION, Handshake.VERSION);
            connections.counters().refused(Refused.MALFORMED).incrementRelease();
            connection.answer(exchange, response);
        } else if (!options.origins().test(handshake.origin())) {
            connection.refuse(exchange, Refused.ORIGIN_NOT_ALLOWED);
        } else {
            connect(ctx, request, handshake, exchange);
        }
    }

    private void connect(
            ChannelHandlerContext ctx,
            FullHttpRequest request,
            Handshake handshake,
            Exchange exchange) {
        final WebSocketOptions options = connections.options().webSocket();
        final RequestKeys keys = connections.keys();
        keys.clear();
        final int refusal = connections.requestMapper().map(request, keys);
        if (refusal != 0) {
            refuse(exchange, refusal);
            return;
        }
        connection.addKeys(keys, exchange);
        keys.awaitsAccept(options.acceptedByWorker());
        if (!route(exchange, request, keys)) {
            return;
        }
        final Ingress ingress = exchange.ingress;
        final ConnectionTable table = connections.table();
        // Before the connect: whoever finds it open must find it in the table, too.
        final int slot = table.open(connection.id(), connections.ingresses().nowNs());
        if (slot == ConnectionTable.NO_SLOT) {
            connection.refuse(exchange, Refused.MEMORY_HIGH);
            return;
        }
        final long index = ingress.appendConnection(keys, connection.id());
        if (index < 0) {
            table.close(slot);
            connection.refuse(
                    exchange,
                    index == LaneAppender.TOO_LONG
                            ? Refused.HEADER_TOO_LARGE
                            : Refused.ofCode(index));
            return;
        }
        connection.connected(
                new WebSocketHandler(
                        connections, connection, ctx.channel(), ingress, slot, index, handshake));
        if (options.acceptedByWorker()) {
            exchange.index = index;
            exchange.isHandshake = true;
            connections.timers().start(exchange);
        } else {
            connection.open(handshake.response(handshake.subprotocol(options.subprotocols())));
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        connection.onInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        // A client that resets its connection, or leaves half-way, is no error of ours.
        if (!(cause instanceof IOException)
                && !(cause instanceof PrematureChannelClosureException)) {
            connections.onError(cause);
        }
        ctx.close();
    }
}
