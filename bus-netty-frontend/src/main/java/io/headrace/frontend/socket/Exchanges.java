// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import io.headrace.HeadraceException;
import io.headrace.frontend.codec.ReplyMapper;
import io.headrace.frontend.exchange.Refused;
import io.headrace.frontend.socket.body.StreamedResponse;
import io.headrace.frontend.socket.body.Upload;
import io.headrace.message.Close;
import io.headrace.message.Part;
import io.headrace.presence.ConnectionTable;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;

/**
 * The requests of one connection that are not answered yet, in the order they came, which is the
 * order of their answers on the wire.
 */
final class Exchanges {

    private static final long LINGER_MS = 2_000;

    private final Connections connections;
    private final Connection connection;
    private final Channel channel;
    private final ArrayDeque<Exchange> queue = new ArrayDeque<>();
    private int nextOrder;
    private boolean closing;
    // The last of its answers has been written.
    private boolean ended;

    Exchanges(Connections connections, Connection connection, Channel channel) {
        this.connections = connections;
        this.connection = connection;
        this.channel = channel;
    }

    /**
     * A request has come; its answer will be written after those of all before it.
     *
     * @param upload of a request whose body comes in parts, or null.
     */
    Exchange begin(HttpRequest request, boolean wantsToStay, Upload upload) {
        final boolean isHead = HttpMethod.HEAD.equals(request.method());
        final int order = nextOrder++;
        final boolean keepAlive = wantsToStay && nextOrder < connections.limits().requestCountMax();
        final Exchange exchange =
                new Exchange(connection, order, request.protocolVersion(), isHead, keepAlive);
        exchange.origin = connection.origin(request);
        exchange.upload = upload;
        queue.add(exchange);
        exchange.entry = connections.accessLines().onRequest(request, exchange.origin.remoteAddr());
        // RFC 9112, section 9.6: what follows a request that ends the connection is not to be
        // processed.
        closing |= !keepAlive;
        if (closing && upload == null) {
            connection.watch().dropsWhatComes(true);
        }
        if (queue.size() >= connections.limits().pipelinedCountMax()) {
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

    boolean isUsed() {
        return nextOrder > 0;
    }

    boolean isEmpty() {
        return queue.isEmpty();
    }

    /** The one to be answered next, or null. */
    Exchange first() {
        return queue.peek();
    }

    /** The exchange of this order that waits for an answer, or null. */
    Exchange waiting(int order) {
        final Exchange exchange = find(order);
        return exchange != null && exchange.isWaiting() ? exchange : null;
    }

    private Exchange find(int order) {
        for (final Exchange exchange : queue) {
            if (exchange.order == order) {
                return exchange;
            }
        }
        return null;
    }

    /** Answers with a refusal of Headrace's own. */
    void refuse(Exchange exchange, Refused refused) {
        connections.counters().refused(refused).incrementRelease();
        answer(exchange, ReplyMapper.refusal(refused.status(), refused.reason(), refused.text()));
    }

    /**
     * Answers a request that comes too slowly.
     *
     * @param unknown stands for one of which too little has come to know it.
     */
    void refuseSlow(HttpRequest unknown, Refused refused) {
        if (isReceivingUpload()) {
            refuseUpload(queue.peekLast(), refused);
        } else {
            refuse(begin(unknown, false, null), refused);
        }
    }

    /** Whether the body that is coming in goes to its worker in parts. */
    boolean isReceivingUpload() {
        final Exchange last = queue.peekLast();
        return last != null && last.upload != null && last.upload.isComing();
    }

    private void refuseUpload(Exchange exchange, Refused refused) {
        if (exchange.stream == null) {
            refuse(exchange, refused);
        } else {
            breakOff(exchange);
        }
    }

    /** Answers instead of a worker whose reply cannot be put on the wire, and keeps why. */
    void refuseReply(Exchange exchange, IllegalArgumentException invalid) {
        connections.onError(new HeadraceException("invalid reply: " + invalid.getMessage()));
        refuse(exchange, Refused.INVALID_REPLY);
    }

    /** Answers with what a worker replied. */
    void respond(Exchange exchange, FullHttpResponse response) {
        if (connection.webSocket() != null) {
            connection.webSocket().refused(Close.By.WORKER);
        }
        answer(exchange, response);
    }

    /** Answers a request; writes it, and what waited for it, when its turn has come. */
    void answer(Exchange exchange, FullHttpResponse response) {
        endUpload(exchange);
        connections.answers().end(exchange);
        if (connection.webSocket() != null) {
            connection.webSocket().refused(Close.By.FRONT_END);
        }
        exchange.response = response;
        writeAnswers();
    }

    /** An answer before the end of its request's body: the rest of that is not wanted. */
    private void endUpload(Exchange exchange) {
        if (exchange.upload != null && exchange.upload.isComing()) {
            exchange.keepAlive = false;
            closing = true;
            connection.watch().dropsWhatComes(true);
        }
        if (exchange.upload != null && !exchange.upload.hasEnded()) {
            connections.uploads().abandon(exchange);
            channel.config().setAutoRead(true);
        }
    }

    /** The handshake, the only exchange, has been answered by opening the WebSocket. */
    void endHandshake(FullHttpResponse response) {
        final Exchange handshake = queue.poll();
        connections.answers().end(handshake);
        connections.accessLines().onAnswer(handshake.entry, response, 0);
    }

    /** Takes content of the body that is coming in; what nobody waits for is dropped. */
    void onContent(HttpContent content) {
        if (!isReceivingUpload()) {
            return;
        }
        final Exchange exchange = queue.peekLast();
        connections.answers().restart(exchange);
        if (content.decoderResult().isFailure()) {
            refuseUpload(exchange, Refused.MALFORMED);
        } else if (!exchange.upload.receive(
                content.content(), content instanceof LastHttpContent)) {
            refuseUpload(exchange, Refused.BODY_TOO_LARGE);
        } else if (exchange.upload.isFull()) {
            channel.config().setAutoRead(false);
        }
    }

    /** Something of a body has been appended, so that there is room for more. */
    void onUploadMoved(Exchange exchange) {
        connections.answers().restart(exchange);
        if (!exchange.upload.isFull() && !channel.config().isAutoRead()) {
            channel.config().setAutoRead(true);
        }
    }

    /** Writes what has come of the answers, in the order of their requests. */
    private void writeAnswers() {
        for (Exchange first = queue.peek(); first != null && !ended; first = queue.peek()) {
            first.unhold();
            if (first.response != null) {
                write(queue.poll());
            } else if (first.stream != null && writeParts(first)) {
                endStream(queue.poll());
            } else {
                break;
            }
        }
        final Exchange last = queue.peekLast();
        final boolean isFull = last != null && last.upload != null && last.upload.isFull();
        if (!channel.config().isAutoRead()
                && !isFull
                && queue.size() < connections.limits().pipelinedCountMax() / 2) {
            channel.config().setAutoRead(true);
        }
    }

    private void write(Exchange exchange) {
        final boolean last = !exchange.keepAlive || connections.isDraining() && queue.isEmpty();
        final FullHttpResponse response = exchange.onWire();
        if (last) {
            response.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
        } else {
            HttpUtil.setKeepAlive(response.headers(), exchange.version, true);
        }
        connections
                .accessLines()
                .onAnswer(exchange.entry, response, response.content().readableBytes());
        connection.watch().onWrite(response);
        if (last) {
            writeLast(exchange, response);
        } else {
            channel.write(response, channel.voidPromise());
            connection.markDirty();
        }
    }

    /** Writes the end of the connection's last answer. */
    private void writeLast(Exchange exchange, Object end) {
        closing = true;
        ended = true;
        final ChannelFuture written = channel.write(end);
        if (exchange.index == Exchange.NOT_APPENDED || exchange.upload != null) {
            channel.config().setAutoRead(true);
            written.addListener(done -> linger());
        } else {
            written.addListener(ChannelFutureListener.CLOSE);
        }
        connection.markDirty();
    }

    /** Begins an answer whose content comes in parts. */
    void start(Exchange exchange, StreamedResponse stream) {
        connections.answers().stop(exchange);
        exchange.stream = stream;
        connections.answers().onStreamStart(exchange);
        writeAnswers();
    }

    boolean onPart(int order, Part part) {
        final Exchange exchange = find(order);
        if (exchange == null
                || exchange.stream == null
                || exchange.stream.state() != Part.State.MORE) {
            return false;
        }
        if (!exchange.stream.isNext(part.number())) {
            breakOff(exchange);
            return false;
        }
        exchange.hold(part.content().length());
        exchange.stream.add(
                connections.replyMapper().copy(part.content(), channel.alloc()), part.state());
        writeAnswers();
        return true;
    }

    void breakOff(Exchange exchange) {
        exchange.stream.breakOff();
        writeAnswers();
    }

    /** Writes what there is of an answer in parts; true when that was all of it. */
    private boolean writeParts(Exchange exchange) {
        final StreamedResponse stream = exchange.stream;
        if (stream.state() == Part.State.BROKEN && !stream.isHeadWritten()) {
            // Nothing has been said yet.
            stream.release();
            exchange.stream = null;
            connections.answers().onStreamEnd(exchange);
            refuse(exchange, Refused.WORKER_DIED);
            return false;
        }
        if (stream.beginHead()) {
            HttpUtil.setKeepAlive(stream.head().headers(), exchange.version, !isLast(exchange));
            connection.write(stream.head());
        }
        for (ByteBuf content = stream.poll(); content != null; content = stream.poll()) {
            final int length = content.readableBytes();
            if (exchange.isHead) {
                content.release();
                taken(exchange, length);
            } else {
                channel.write(new DefaultHttpContent(content))
                        .addListener(done -> taken(exchange, length));
                connection.markDirty();
            }
        }
        return exchange.isHead || stream.state() != Part.State.MORE;
    }

    private void endStream(Exchange exchange) {
        final StreamedResponse stream = exchange.stream;
        endUpload(exchange);
        connections.accessLines().onAnswer(exchange.entry, stream.head(), stream.receivedLength());
        connections.answers().onStreamEnd(exchange);
        if (stream.state() == Part.State.BROKEN) {
            // The client is to see that this was not all.
            closing = true;
            ended = true;
            connection.flush();
            channel.close();
        } else if (isLast(exchange)) {
            writeLast(exchange, LastHttpContent.EMPTY_LAST_CONTENT);
        } else {
            connection.write(LastHttpContent.EMPTY_LAST_CONTENT);
        }
    }

    private boolean isLast(Exchange exchange) {
        return !exchange.keepAlive
                || connections.isDraining() && (queue.isEmpty() || queue.peekLast() == exchange)
                || !exchange.isHead && !exchange.stream.isDelimited();
    }

    private void taken(Exchange exchange, int length) {
        if (exchange.slot != ConnectionTable.NO_SLOT) {
            connections.table().taken(exchange.slot, exchange.stream.taken(length));
        }
    }

    /**
     * Closes our side, and reads on for a while: a client that still sends what was refused would
     * be reset, and might lose its answer (RFC 9112, section 9.6).
     */
    private void linger() {
        connection.wire().endOutput();
        channel.eventLoop().schedule((Runnable) channel::close, LINGER_MS, TimeUnit.MILLISECONDS);
    }

    /** The client has left, or was cut off. */
    void onInactive() {
        for (final Exchange exchange : queue) {
            if (exchange.upload != null) {
                connections.uploads().abandon(exchange);
            }
            connections.answers().end(exchange);
            connections.accessLines().onClientLeft(exchange.entry);
            if (exchange.response != null) {
                exchange.response.release();
            } else if (exchange.stream != null) {
                exchange.stream.release();
                connections.answers().onStreamEnd(exchange);
                connections.owe(() -> appendDisconnect(exchange));
            } else if (exchange.isHandshake) {
                connection.webSocket().refused(Close.By.CLIENT);
            } else if (exchange.index != Exchange.NOT_APPENDED) {
                exchange.ingress.requests().cancel(exchange.index);
                connections.owe(() -> appendDisconnect(exchange));
            }
        }
        queue.clear();
    }

    private long appendDisconnect(Exchange exchange) {
        return exchange.ingress.appendDisconnect(connection.id(), exchange.order, exchange.index);
    }
}
