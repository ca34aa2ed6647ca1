// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.frontend.exchange.ReplyTarget;
import io.headrace.frontend.socket.body.StreamedResponse;
import io.headrace.message.Accept;
import io.headrace.message.Close;
import io.headrace.message.Datagram;
import io.headrace.message.GroupOrder;
import io.headrace.message.Part;
import io.headrace.message.Response;
import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpResponse;

/** Brings what workers reply to the connections of one loop that it is for. */
public final class ReplyDispatcher implements ReplyTarget {

    private final Connections connections;

    public ReplyDispatcher(Connections connections) {
        this.connections = connections;
    }

    @Override
    public boolean onResponse(long connectionId, int order, Response response) {
        connections.gate().rounds().shedIfOver();
        final Connection connection = connections.byId(connectionId);
        final Exchange exchange = connection == null ? null : connection.exchanges().waiting(order);
        if (exchange == null) {
            return false;
        }
        final FullHttpResponse http;
        try {
            http = connections.replyMapper().response(response, connection.allocator());
        } catch (final IllegalArgumentException invalid) {
            connection.exchanges().refuseReply(exchange, invalid);
            return true;
        }
        connections.counters().responses().incrementRelease();
        if (exchange != connection.exchanges().first()) {
            exchange.hold(http.content().readableBytes());
        }
        connection.exchanges().respond(exchange, http);
        return true;
    }

    @Override
    public boolean onStart(long connectionId, int order, Response response, String worker) {
        final Connection connection = connections.byId(connectionId);
        final Exchange exchange = connection == null ? null : connection.exchanges().waiting(order);
        if (exchange == null || exchange.isHandshake) {
            return false;
        }
        try {
            final HttpResponse head =
                    connections.replyMapper().start(response, exchange.version, exchange.isHead);
            connections.counters().responses().incrementRelease();
            connection
                    .exchanges()
                    .start(exchange, new StreamedResponse(head, response.contentLength(), worker));
        } catch (final IllegalArgumentException invalid) {
            connection.exchanges().refuseReply(exchange, invalid);
        }
        return true;
    }

    @Override
    public boolean onPart(long connectionId, int order, Part part) {
        final Connection connection = connections.byId(connectionId);
        return connection != null && connection.exchanges().onPart(order, part);
    }

    @Override
    public boolean onAccept(long connectionId, Accept accept) {
        final Connection connection = connections.byId(connectionId);
        return connection != null && connection.accept(accept);
    }

    @Override
    public boolean onSend(long connectionId, int order, Datagram datagram) {
        connections.gate().rounds().shedIfOver();
        final Connection connection = connections.byId(connectionId);
        return connection != null && connection.send(order, datagram);
    }

    @Override
    public boolean onServerClose(long connectionId, int order, Close close) {
        final Connection connection = connections.byId(connectionId);
        return connection != null && connection.closeWebSocket(order, close);
    }

    @Override
    public boolean onGroupAdd(long connectionId, GroupOrder order) {
        final Connection connection = connections.byId(connectionId);
        return connection != null
                && connection.join(order.group(), connections.ingresses().nowNs());
    }

    @Override
    public boolean onGroupDiscard(long connectionId, GroupOrder order) {
        connections.fanout().discard(order.group(), connectionId);
        return true;
    }

    @Override
    public int onGroupSend(GroupOrder order) {
        return connections.fanout().send(order, ByteBufAllocator.DEFAULT);
    }
}
