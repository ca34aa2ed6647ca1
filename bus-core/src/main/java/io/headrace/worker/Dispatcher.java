// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.HeadraceException;
import io.headrace.channel.LaneAppender;
import io.headrace.delivery.ClaimWord;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.MessageType;
import io.headrace.worker.reply.HttpReply;
import io.headrace.worker.reply.Replies;
import io.headrace.worker.reply.Uploads;
import io.headrace.worker.reply.WebSocket;
import io.headrace.worker.reply.Writability;
import java.util.function.Consumer;
import java.util.function.Function;
import org.agrona.concurrent.EpochNanoClock;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Runs the application's handler for one message at a time, and answers for it when it throws. One
 * thread at a time.
 */
final class Dispatcher {

    private static final int NO_SLOT = -1;
    private static final String TEXT_PLAIN = "text/plain";

    private final WorkerContext context;
    private final EpochNanoClock clock;
    private final DeadLetters deadLetters;
    private final Uploads uploads;
    private final Consumer<Throwable> report;
    private final HttpReply httpReply;
    private final WebSocket webSocket;
    private long deferredUntilNs;

    /**
     * @param replies what handlers answer with.
     * @param shared what they answer with later.
     * @param report told of what handlers throw.
     */
    Dispatcher(
            WorkerContext context,
            EpochNanoClock clock,
            DeadLetters deadLetters,
            Uploads uploads,
            Replies replies,
            Replies shared,
            Writability writability,
            Consumer<Throwable> report) {
        this.context = context;
        this.clock = clock;
        this.deadLetters = deadLetters;
        this.uploads = uploads;
        this.report = report;
        this.httpReply = new HttpReply(replies, shared, writability).uploads(uploads);
        this.webSocket = new WebSocket(replies, shared, writability);
    }

    /** Until when the message waits that was deferred last. */
    long deferredUntilNs() {
        return deferredUntilNs;
    }

    /**
     * Handles a message.
     *
     * @param requests finds the record of the request that a message points at.
     * @return DONE, FAILED or DEFERRED, see {@link #deferredUntilNs()}.
     */
    int handle(String channel, Message message, Function<Message, UnsafeBuffer> requests) {
        try {
            dispatch(channel, message);
            return message.type() == MessageType.HTTP_REQUEST
                            && httpReply.refusal() == LaneAppender.MEMORY_HIGH
                    ? answerMemoryHigh(message)
                    : ClaimWord.DONE;
        } catch (final Defer defer) {
            return defer(channel, message, defer, requests);
        } catch (final Throwable thrown) {
            return fail(message, thrown);
        }
    }

    /** Fails a message that its handler does not get. */
    int refuse(Message message, Throwable why) {
        // What they have sent was for the message before.
        httpReply.to(message.connection(), message.order(), NO_SLOT);
        webSocket.awaited(
                message.type() == MessageType.WEB_SOCKET_CONNECTION
                        && message.request().awaitsAccept());
        return fail(message, why);
    }

    private int fail(Message message, Throwable thrown) {
        report.accept(thrown);
        try {
            answerFailure(message);
        } catch (final Throwable thrownToo) {
            report.accept(thrownToo);
        }
        return ClaimWord.FAILED;
    }

    private static boolean isOfUpload(Message message) {
        return message.type() == MessageType.HTTP_REQUEST_PART
                || message.type() == MessageType.HTTP_REQUEST && message.request().inParts();
    }

    /** Defers a message, or lays it with the dead letters when that has been done too often. */
    private int defer(
            String channel,
            Message message,
            Defer defer,
            Function<Message, UnsafeBuffer> requests) {
        if (isOfUpload(message)) {
            return fail(
                    message,
                    new HeadraceException(
                            "a request of %s cannot be deferred, its body comes in parts: %s"
                                    .formatted(channel, defer.getMessage())));
        }
        report.accept(
                new HeadraceException("deferred, from " + channel + ": " + defer.getMessage()));
        if (message.type() == MessageType.HTTP_REQUEST && httpReply.isSent()) {
            report.accept(
                    new HeadraceException(
                            "a request of " + channel + " was replied to, not deferred"));
            return ClaimWord.DONE;
        }
        final long nowNs = clock.nanoTime();
        final int attempts = DeliveryHeader.redeliveries(message.record(), 0) + 1;
        if (attempts < Defer.ATTEMPTS_MAX) {
            deferredUntilNs = nowNs + defer.delayNs();
            return ClaimWord.DEFERRED;
        }
        try {
            final String reason = String.valueOf(defer.getMessage());
            final int code =
                    deadLetters.append(channel, message, requests, attempts, reason, nowNs);
            if (code != LaneAppender.OK) {
                report.accept(
                        new HeadraceException("no dead letter from " + channel + ": code " + code));
            }
            answerFailure(message);
        } catch (final Throwable thrown) {
            report.accept(thrown);
        }
        return ClaimWord.FAILED;
    }

    private void dispatch(String channel, Message message) throws Exception {
        switch (message.type()) {
            case HTTP_REQUEST ->
                    context.onHttpRequest()
                            .onHttpRequest(
                                    channel,
                                    message.request(),
                                    httpReply.to(
                                            message.connection(),
                                            message.order(),
                                            message.request().slot()));
            case HTTP_REQUEST_PART -> uploads.onPart(message, httpReply);
            case HTTP_DISCONNECT -> {
                uploads.forget(message.connection(), message.order());
                context.onHttpDisconnect().onHttpDisconnect(channel, message.request());
            }
            case WEB_SOCKET_CONNECTION ->
                    context.onWebSocketConnect()
                            .onWebSocketConnect(
                                    channel,
                                    message.request(),
                                    webSocket
                                            .to(
                                                    message.connection(),
                                                    message.order(),
                                                    message.request().slot())
                                            .awaited(message.request().awaitsAccept()));
            case WEB_SOCKET_RECEIVE ->
                    context.onWebSocketReceive()
                            .onWebSocketReceive(
                                    channel,
                                    message.datagram(),
                                    webSocket.to(
                                            message.connection(),
                                            message.order(),
                                            message.datagram().slot()));
            case WEB_SOCKET_CLIENT_CLOSE ->
                    context.onWebSocketDisconnect().onWebSocketDisconnect(channel, message.close());
            default ->
                    throw new HeadraceException(
                            "channel %s has a %s, which is not for workers"
                                    .formatted(channel, message.type().label()));
        }
    }

    /**
     * Tells a client whose answer found no memory; for less than a line there is nearly always
     * some.
     *
     * @return how the message ends.
     */
    private int answerMemoryHigh(Message message) {
        uploads.forget(message.connection(), message.order());
        final int code =
                httpReply
                        .to(message.connection(), message.order(), NO_SLOT)
                        .header("Headrace-Reason", "memory-high")
                        .header("Retry-After", "1")
                        .send(
                                503,
                                TEXT_PLAIN,
                                "503 Service Unavailable: no memory for the answer\n");
        return code == LaneAppender.OK ? ClaimWord.FAILED : ClaimWord.LOST;
    }

    private void answerFailure(Message message) {
        if (message.type() == MessageType.HTTP_REQUEST && !httpReply.isSent()
                || message.type() == MessageType.HTTP_REQUEST_PART
                || message.type() == MessageType.WEB_SOCKET_CONNECTION && webSocket.isAwaited()) {
            uploads.forget(message.connection(), message.order());
            httpReply
                    .to(message.connection(), message.order(), NO_SLOT)
                    .header("Headrace-Reason", "handler-failed")
                    .send(500, TEXT_PLAIN, "500 Internal Server Error: the handler failed\n");
        }
    }
}
