// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.channel.LaneAppender;
import io.headrace.channel.name.ChannelName;
import io.headrace.frontend.codec.Refusal;
import io.headrace.frontend.codec.ReplyMapper;
import io.headrace.frontend.exchange.Ingress;
import io.headrace.frontend.exchange.Refused;
import io.headrace.frontend.route.Route;
import io.headrace.frontend.socket.body.BodyAggregator;
import io.headrace.frontend.socket.body.Upload;
import io.headrace.frontend.socket.body.UploadOptions;
import io.headrace.frontend.socket.websocket.Handshake;
import io.headrace.frontend.socket.websocket.WebSocketOptions;
import io.headrace.message.encode.RequestKeys;
import io.headrace.message.encode.TextBuffer;
import io.headrace.presence.ConnectionTable;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.PrematureChannelClosureException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.handler.codec.http2.Http2CodecUtil;
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

    /** Whether no more requests are taken. */
    boolean isClosing() {
        return connection.exchanges().isClosing();
    }

    /** Whether all requests are answered. */
    boolean isIdle() {
        return connection.exchanges().isEmpty();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            connection.watch().onMessage();
            // A client that has left in the middle of a request leaves a bad one behind.
            final boolean isWanted = ctx.channel().isActive() && !isClosing();
            if (message instanceof FullHttpRequest request) {
                if (isWanted) {
                    onRequest(ctx, request);
                }
            } else if (message instanceof HttpContent content) {
                connection.exchanges().onContent(content);
            } else if (isWanted && message instanceof BodyAggregator.Oversized oversized) {
                connections.counters().requests().incrementRelease();
                refuseAndClose(oversized.head(), Refused.BODY_TOO_LARGE);
            } else if (isWanted && message instanceof HttpRequest head) {
                onUpload(head);
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
            connections.keys().clear();
            append(request, null);
        }
    }

    /** A request whose body comes in parts. */
    private void onUpload(HttpRequest head) {
        connections.counters().requests().incrementRelease();
        final UploadOptions options = connections.uploads().options();
        final long length = HttpUtil.getContentLength(head, -1L);
        if (head.headers().size() > connections.limits().headerCountMax()) {
            refuseAndClose(head, Refused.HEADER_TOO_LARGE);
        } else if (length > options.lengthMax()) {
            refuseAndClose(head, Refused.BODY_TOO_LARGE);
        } else {
            final boolean isFirst = connection.exchanges().isEmpty();
            connections.keys().clear();
            connections.keys().inParts(true).contentLength(length);
            final Exchange exchange =
                    append(
                            BodyAggregator.withoutBody(head),
                            new Upload(options.lengthMax(), connection.wire()::queue));
            if (exchange.isWaiting()) {
                connections.uploads().begin(exchange);
                if (isFirst && HttpUtil.is100ContinueExpected(head)) {
                    connection.write(
                            new DefaultFullHttpResponse(
                                    HttpVersion.HTTP_1_1,
                                    HttpResponseStatus.CONTINUE,
                                    Unpooled.EMPTY_BUFFER));
                }
            }
        }
    }

    /**
     * @param upload null when all of its body is there.
     */
    private Exchange append(FullHttpRequest request, Upload upload) {
        final Exchange exchange =
                connection.exchanges().begin(request, HttpUtil.isKeepAlive(request), upload);
        final RequestKeys keys = connections.keys();
        final int refusal = connections.requestMapper().map(request, keys);
        if (refusal != 0) {
            refuse(exchange, refusal);
            return exchange;
        }
        connection.addKeys(keys, exchange);
        if (!route(exchange, request, keys)) {
            return exchange;
        }
        final Ingress ingress = exchange.ingress;
        exchange.slot = connections.table().open(connection.id(), connections.ingresses().nowNs());
        if (exchange.slot == ConnectionTable.NO_SLOT) {
            connection.exchanges().refuse(exchange, Refused.MEMORY_HIGH);
            return exchange;
        }
        keys.slot(exchange.slot).deadlineMs(connections.limits().responseTimeoutMs());
        final long index = ingress.appendRequest(keys, connection.id(), exchange.order);
        if (index < 0) {
            connection.exchanges().refuse(exchange, Refused.ofCode(index));
        } else {
            exchange.index = index;
            connections.answers().start(exchange);
        }
        return exchange;
    }

    /** Finds where a request goes; one that goes nowhere is refused. */
    private boolean route(Exchange exchange, FullHttpRequest request, RequestKeys keys) {
        final String forwarded = exchange.origin.forwardedHost();
        final Optional<Route> found =
                connections
                        .ingresses()
                        .find(
                                forwarded.isEmpty()
                                        ? request.headers().get(HttpHeaderNames.HOST, "")
                                        : forwarded,
                                keys);
        if (found.isEmpty()) {
            connection.exchanges().refuse(exchange, Refused.NO_ROUTE);
            return false;
        }
        exchange.ingress = connections.ingresses().of(found.get());
        exchange.route = found.get();
        return true;
    }

    private static String group(Route route, RequestKeys keys) {
        return route.group(
                keys.text().array(),
                TextBuffer.offset(keys.path()),
                TextBuffer.length(keys.path()));
    }

    private void refuse(Exchange exchange, int refusal) {
        switch (refusal) {
            case Refusal.TOO_LONG ->
                    connection.exchanges().refuse(exchange, Refused.HEADER_TOO_LARGE);
            case Refusal.TOO_MANY_FIELDS, Refusal.TOO_MANY_FILES ->
                    connection.exchanges().refuse(exchange, Refused.TOO_MANY_FIELDS);
            case Refusal.OUTSIDE_MOUNT ->
                    connection.exchanges().refuse(exchange, Refused.OUTSIDE_MOUNT);
            default -> connection.exchanges().refuse(exchange, Refused.MALFORMED);
        }
    }

    private void refuseAndClose(HttpRequest request, Refused refused) {
        connection.exchanges().refuse(connection.exchanges().begin(request, false, null), refused);
    }

    private void upgrade(ChannelHandlerContext ctx, FullHttpRequest request) {
        final WebSocketOptions options = connections.options().webSocket();
        final Handshake handshake = new Handshake(request, options.deflates());
        // A request still unanswered would get its answer after the connection has changed its
        // protocol.
        final boolean acceptable = connection.exchanges().isEmpty() && handshake.isValid();
        if (acceptable && connection.exchanges().isUsed()) {
            connection = connections.renew(connection, ctx.channel());
        }
        final Exchange exchange = connection.exchanges().begin(request, false, null);
        if (!acceptable) {
            final FullHttpResponse response =
                    ReplyMapper.refusal(
                            Refused.MALFORMED.status(),
                            Refused.MALFORMED.reason(),
                            Refused.MALFORMED.text());
            // RFC 6455, section 4.4: says which version would do.
            response.headers().set(HttpHeaderNames.SEC_WEBSOCKET_VERSION, Handshake.VERSION);
            connections.counters().refused(Refused.MALFORMED).incrementRelease();
            connection.exchanges().answer(exchange, response);
        } else if (!options.origins().test(handshake.origin())) {
            connection.exchanges().refuse(exchange, Refused.ORIGIN_NOT_ALLOWED);
        } else {
            connect(ctx, request, handshake, exchange);
        }
    }

    private void connect(
            ChannelHandlerContext ctx,
            FullHttpRequest request,
            Handshake handshake,
            Exchange exchange) {
        // Over HTTP/2 it is CONNECT; to workers a WebSocket is a WebSocket.
        request.setMethod(HttpMethod.GET);
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
        exchange.group = group(exchange.route, keys);
        if (!exchange.group.isEmpty() && !ChannelName.isValid(exchange.group)) {
            connection.exchanges().refuse(exchange, Refused.NO_ROUTE);
            return;
        }
        final Ingress ingress = exchange.ingress;
        final ConnectionTable table = connections.table();
        // Before the connect: whoever finds it open must find it in the table, too.
        final int slot = table.open(connection.id(), connections.ingresses().nowNs());
        if (slot == ConnectionTable.NO_SLOT) {
            connection.exchanges().refuse(exchange, Refused.MEMORY_HIGH);
            return;
        }
        keys.slot(slot);
        final long index = ingress.appendConnection(keys, connection.id());
        if (index < 0) {
            table.close(slot);
            connection
                    .exchanges()
                    .refuse(
                            exchange,
                            index == LaneAppender.TOO_LONG
                                    ? Refused.HEADER_TOO_LARGE
                                    : Refused.ofCode(index));
            return;
        }
        connection.connected(
                new WebSocketHandler(
                        connections, connection, ctx.channel(), exchange, slot, index, handshake));
        if (options.acceptedByWorker()) {
            exchange.index = index;
            exchange.isHandshake = true;
            connections.answers().start(exchange);
        } else {
            connection.open(handshake.response(handshake.subprotocol(options.subprotocols())));
        }
    }

    /** Its connection's socket speaks another protocol from now on. */
    void abandon() {
        connections.remove(connection);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        connection.onInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (Http2CodecUtil.getEmbeddedHttp2Exception(cause) != null) {
            // A bad stream, which is reset for the reason that the exception names.
            ctx.fireExceptionCaught(cause);
            return;
        }
        // A client that resets its connection, or leaves half-way, is no error of ours.
        if (!(cause instanceof IOException)
                && !(cause instanceof PrematureChannelClosureException)) {
            connections.onError(cause);
        }
        ctx.close();
    }
}
