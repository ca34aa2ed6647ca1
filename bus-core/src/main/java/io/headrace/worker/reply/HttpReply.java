// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker.reply;

import io.headrace.channel.LaneAppender;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.message.encode.ReplyEncoder;
import java.nio.charset.StandardCharsets;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The one reply to an HTTP request. Valid until the handler returns; {@link #later()} gives one
 * that outlives it, for any thread.
 *
 * <p>Every {@code send} returns 0, or a negative code and then nothing was sent: {@code
 * LaneAppender.BACK_PRESSURED} (try again or let the client time out), {@code TOO_LONG} (send
 * less), {@code CLOSED} (the front end is gone, and so is the client). A second reply is dropped
 * and counted by the front end, and so is one after the client has left or was answered 504.
 */
public final class HttpReply {

    private static final byte[] NO_BYTES = {};
    private static final int CONTENT_TYPE_LENGTH_MAX = 254;

    private final Replies replies;
    private final Replies shared;
    private final Writability writability;
    private final ReplyEncoder encoder = new ReplyEncoder();
    private final UnsafeBuffer content = new UnsafeBuffer(NO_BYTES);
    private long connection;
    private int order;
    private int slot;
    private boolean sent;
    private int refusal;
    private Uploads uploads = Uploads.NONE;

    /**
     * @param replies what it is sent with.
     * @param shared what is sent with that outlives the handler.
     */
    public HttpReply(Replies replies, Replies shared, Writability writability) {
        this.replies = replies;
        this.shared = shared;
        this.writability = writability;
    }

    /** Turns to another request; for the consumer. */
    public HttpReply to(long requestConnection, int requestOrder, int requestSlot) {
        connection = requestConnection;
        order = requestOrder;
        slot = requestSlot;
        sent = false;
        refusal = 0;
        encoder.clearHeaders();
        return this;
    }

    /** Says who gets parts of bodies; for the consumer. */
    public HttpReply uploads(Uploads receivers) {
        uploads = receivers;
        return this;
    }

    /**
     * Adds a header (key {@code headers}); names may repeat. Content type and length have their own
     * places.
     */
    public HttpReply header(String name, String value) {
        encoder.addHeader(name, value);
        return this;
    }

    /** Sends a text in UTF-8; say {@code charset=utf-8} in the content type unless it is ASCII. */
    public int send(int statusCode, String contentType, String text) {
        return send(statusCode, contentType, text.getBytes(StandardCharsets.UTF_8));
    }

    public int send(int statusCode, String contentType, byte[] bytes) {
        content.wrap(bytes);
        return send(statusCode, contentType, content, 0, bytes.length);
    }

    /** Sends bytes of a buffer: the allocation-free way. */
    public int send(
            int statusCode, String contentType, UnsafeBuffer buffer, int offset, int length) {
        final int code =
                respond(
                        replies,
                        encoder,
                        connection,
                        order,
                        statusCode,
                        contentType,
                        buffer,
                        offset,
                        length);
        noteSent(code);
        return code;
    }

    /** Sends a whole response, with the headers added to its encoder. */
    static int respond(
            Replies replies,
            ReplyEncoder encoder,
            long connection,
            int order,
            int statusCode,
            String contentType,
            UnsafeBuffer content,
            int offset,
            int length) {
        final byte[] type = replies.contentType(contentType);
        if (type.length > CONTENT_TYPE_LENGTH_MAX) {
            return replies.refuse(LaneAppender.TOO_LONG);
        }
        int code = replies.claim(connection, encoder.responseLength(type.length, length));
        if (code == LaneAppender.OK) {
            try {
                encoder.encodeResponse(
                        replies.buffer(),
                        replies.offset(),
                        statusCode,
                        type,
                        content,
                        offset,
                        length);
                code = replies.commit(connection, order);
            } finally {
                replies.release();
            }
        }
        return code;
    }

    private void noteSent(int code) {
        sent |= code == LaneAppender.OK;
        refusal = sent ? 0 : code;
    }

    /**
     * Begins a response whose content comes in parts, of a length that is not known yet. Parts may
     * follow from any thread, also after the handler has returned.
     */
    public ResponseStream stream(int statusCode, String contentType) {
        return stream(statusCode, contentType, -1);
    }

    /**
     * Begins a response whose content comes in parts.
     *
     * @param contentLength of all parts together, in bytes; -1 when it is not known.
     */
    public ResponseStream stream(int statusCode, String contentType, long contentLength) {
        final ResponseStream stream =
                new ResponseStream(shared, writability, connection, order, slot);
        noteSent(stream.start(encoder, statusCode, contentType, contentLength));
        return stream;
    }

    /**
     * Registers for the parts of the request's body, see {@code Request.inParts()}; they come on
     * this consumer's thread.
     */
    public void receive(UploadReceiver receiver) {
        uploads.receive(connection, order, slot, receiver);
    }

    /**
     * A reply to the same request that outlives the handler: for one thread at a time, whichever.
     * The client waits until it is sent, or is answered 504 at the request's deadline.
     */
    public HttpReply later() {
        return new HttpReply(shared, shared, writability).to(connection, order, slot);
    }

    /**
     * A reply to another request, by its {@code response_channel}, wherever that was received: for
     * one thread at a time, whichever.
     */
    public HttpReply at(String responseChannel) {
        final ReplyAddress address = ReplyAddress.parse(responseChannel);
        return new HttpReply(shared, shared, writability)
                .to(shared.connection(address), address.order(), -1);
    }

    /**
     * Why none of the replies tried has been sent: a negative code; 0 when one has, or none was.
     */
    public int refusal() {
        return refusal;
    }

    /** Whether a reply has been sent, or begun. */
    public boolean isSent() {
        return sent;
    }

    /** What is sent to groups of WebSockets. */
    public Groups groups() {
        return new Groups(replies);
    }
}
