// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import io.headrace.HeadraceException;
import io.headrace.message.codec.DeadLetterDecoder;
import io.headrace.message.codec.GroupAddDecoder;
import io.headrace.message.codec.GroupDiscardDecoder;
import io.headrace.message.codec.GroupSendDecoder;
import io.headrace.message.codec.HttpDisconnectDecoder;
import io.headrace.message.codec.HttpRequestPartDecoder;
import io.headrace.message.codec.HttpResponseDecoder;
import io.headrace.message.codec.HttpResponsePartDecoder;
import io.headrace.message.codec.HttpResponseStartDecoder;
import io.headrace.message.codec.MessageHeaderDecoder;
import io.headrace.message.codec.WebSocketAcceptDecoder;
import io.headrace.message.codec.WebSocketClientCloseDecoder;
import io.headrace.message.codec.WebSocketReceiveDecoder;
import io.headrace.message.codec.WebSocketSendDecoder;
import io.headrace.message.codec.WebSocketServerCloseDecoder;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * A reusable reader of any message: {@link #wrap} it around a record, {@link #decode()} it, and use
 * the view that belongs to its {@link #type()}. Everything is checked against the record's end
 * before a handler sees it.
 *
 * <p>Not thread-safe; allocates nothing once its lists have grown.
 */
public final class Message {

    /** Smallest record that can be a message at all. */
    public static final int RECORD_LENGTH_MIN =
            DeliveryHeader.LENGTH + MessageHeaderDecoder.ENCODED_LENGTH;

    /** The {@link #requestIndex()} of a message that carries its request's keys itself. */
    public static final long NO_INDEX = -1L;

    /** Finds the request that a Receive, a Client Close or a Disconnect points at. */
    public interface RequestSource {

        /**
         * @return the request, valid until the next call.
         */
        Request requestOf(Message event);
    }

    private final RequestSource requestSource;
    private final UnsafeBuffer record = new UnsafeBuffer(0, 0);
    private final UnsafeBuffer body = new UnsafeBuffer(0, 0);
    private final MessageHeaderDecoder header = new MessageHeaderDecoder();
    private final HttpResponseDecoder responseDecoder = new HttpResponseDecoder();
    private final HttpDisconnectDecoder disconnectDecoder = new HttpDisconnectDecoder();
    private final WebSocketReceiveDecoder receiveDecoder = new WebSocketReceiveDecoder();
    private final WebSocketClientCloseDecoder clientCloseDecoder =
            new WebSocketClientCloseDecoder();
    private final WebSocketSendDecoder sendDecoder = new WebSocketSendDecoder();
    private final WebSocketServerCloseDecoder serverCloseDecoder =
            new WebSocketServerCloseDecoder();
    private final WebSocketAcceptDecoder acceptDecoder = new WebSocketAcceptDecoder();

    private final DeadLetterDecoder deadLetterDecoder = new DeadLetterDecoder();
    private final GroupAddDecoder groupAddDecoder = new GroupAddDecoder();
    private final GroupDiscardDecoder groupDiscardDecoder = new GroupDiscardDecoder();
    private final GroupSendDecoder groupSendDecoder = new GroupSendDecoder();
    private final HttpResponseStartDecoder startDecoder = new HttpResponseStartDecoder();
    private final HttpResponsePartDecoder responsePartDecoder = new HttpResponsePartDecoder();
    private final HttpRequestPartDecoder requestPartDecoder = new HttpRequestPartDecoder();

    private final Request request = new Request();
    private final Response response = new Response();
    private final Datagram datagram = new Datagram(this);
    private final Close close = new Close(this);
    private final Accept accept = new Accept();
    private final DeadLetter deadLetter = new DeadLetter();
    private final GroupOrder groupOrder = new GroupOrder();
    private final Part part = new Part();

    private MessageType type;
    private long requestIndex;
    private int inlineOffset;
    private int inlineLength;

    /** A reader for messages that need no reference resolved: requests and replies. */
    public Message() {
        this(
                event -> {
                    throw new IllegalStateException("this reader resolves no references");
                });
    }

    public Message(RequestSource requestSource) {
        this.requestSource = requestSource;
    }

    /** Whether a record is long enough for a message and says a possible length. */
    public static boolean isWhole(UnsafeBuffer record) {
        if (record.capacity() < RECORD_LENGTH_MIN) {
            return false;
        }
        final int length = DeliveryHeader.messageLength(record, 0);
        return length >= MessageHeaderDecoder.ENCODED_LENGTH
                && length <= record.capacity() - DeliveryHeader.LENGTH;
    }

    /**
     * Reads from this record from now on.
     *
     * @param source a record for which {@link #isWhole} holds.
     */
    public Message wrap(UnsafeBuffer source) {
        record.wrap(source);
        body.wrap(source, DeliveryHeader.LENGTH, DeliveryHeader.messageLength(source, 0));
        header.wrap(body, 0);
        return this;
    }

    /**
     * Decodes the SBE message.
     *
     * @return false for an unknown schema or template, a block shorter than version 0's, or a body
     *     that does not fit its record: {@link #problem()} says which.
     */
    public boolean decode() {
        final int templateId = header.templateId();
        if (header.schemaId() != MessageHeaderDecoder.SCHEMA_ID
                || !MessageType.isKnown(templateId)
                || header.blockLength() < MessageType.of(templateId).blockLength()) {
            return false;
        }
        type = MessageType.of(templateId);
        requestIndex = NO_INDEX;
        inlineLength = 0;
        try {
            decodeBody(header.blockLength(), header.version());
            request.delivered(isRedelivered(), DeliveryHeader.receivedNs(record, 0));
            return true;
        } catch (final IndexOutOfBoundsException | IllegalStateException expected) {
            // Agrona's bounds checks are the proof that a body does not fit; the caller counts and
            // reports it.
            return false;
        }
    }

    private void decodeBody(int blockLength, int version) {
        final int offset = MessageHeaderDecoder.ENCODED_LENGTH;
        switch (type) {
            case HTTP_REQUEST -> request.wrapHttp(body, offset, blockLength, version);
            case WEB_SOCKET_CONNECTION -> request.wrapWebSocket(body, offset, blockLength, version);
            case HTTP_RESPONSE -> {
                responseDecoder.wrap(body, offset, blockLength, version);
                response.wrap(body, responseDecoder);
                checkLimit(responseDecoder.limit(), body);
            }
            case HTTP_DISCONNECT -> {
                disconnectDecoder.wrap(body, offset, blockLength, version);
                wrapReference(
                        disconnectDecoder.requestIndex(),
                        disconnectDecoder.skipRequest(),
                        disconnectDecoder.limit());
                checkLimit(disconnectDecoder.limit(), body);
            }
            case WEB_SOCKET_RECEIVE -> {
                receiveDecoder.wrap(body, offset, blockLength, version);
                datagram.wrapReceive(receiveDecoder);
                checkLimit(receiveDecoder.limit(), body);
            }
            case WEB_SOCKET_CLIENT_CLOSE -> {
                clientCloseDecoder.wrap(body, offset, blockLength, version);
                close.wrapClientClose(clientCloseDecoder);
                checkLimit(clientCloseDecoder.limit(), body);
            }
            case WEB_SOCKET_SEND -> {
                sendDecoder.wrap(body, offset, blockLength, version);
                datagram.wrapSend(sendDecoder);
                checkLimit(sendDecoder.limit(), body);
            }
            case WEB_SOCKET_SERVER_CLOSE -> {
                serverCloseDecoder.wrap(body, offset, blockLength, version);
                close.wrapServerClose(serverCloseDecoder);
                checkLimit(serverCloseDecoder.limit(), body);
            }
            case WEB_SOCKET_ACCEPT -> {
                acceptDecoder.wrap(body, offset, blockLength, version);
                accept.wrap(body, acceptDecoder);
                checkLimit(acceptDecoder.limit(), body);
            }
            case GROUP_ADD -> {
                groupAddDecoder.wrap(body, offset, blockLength, version);
                checkLimit(groupOrder.wrapAdd(body, groupAddDecoder), body);
            }
            case GROUP_DISCARD -> {
                groupDiscardDecoder.wrap(body, offset, blockLength, version);
                checkLimit(groupOrder.wrapDiscard(body, groupDiscardDecoder), body);
            }
            case GROUP_SEND -> {
                groupSendDecoder.wrap(body, offset, blockLength, version);
                checkLimit(groupOrder.wrapSend(body, groupSendDecoder), body);
            }
            case HTTP_RESPONSE_START -> {
                startDecoder.wrap(body, offset, blockLength, version);
                response.wrapStart(body, startDecoder);
                checkLimit(startDecoder.limit(), body);
            }
            case HTTP_RESPONSE_PART -> {
                responsePartDecoder.wrap(body, offset, blockLength, version);
                checkLimit(part.wrap(body, responsePartDecoder), body);
            }
            case HTTP_REQUEST_PART -> {
                requestPartDecoder.wrap(body, offset, blockLength, version);
                checkLimit(part.wrap(body, requestPartDecoder), body);
            }
            case DEAD_LETTER -> {
                deadLetterDecoder.wrap(body, offset, blockLength, version);
                deadLetter.wrap(body, deadLetterDecoder);
                checkLimit(deadLetterDecoder.limit(), body);
            }
            default -> throw new AssertionError(type);
        }
    }

    static void checkLimit(int limit, UnsafeBuffer buffer) {
        if (limit < 0 || limit > buffer.capacity()) {
            throw new IndexOutOfBoundsException("limit " + limit + " of " + buffer.capacity());
        }
    }

    /** Lengths of 32 bits are unsigned in the schema; one above 2 GiB is a damaged record's. */
    static void checkLength(int length) {
        if (length < 0) {
            throw new IndexOutOfBoundsException("length " + length);
        }
    }

    void wrapReference(long index, int requestLength, int requestEnd) {
        checkLength(requestLength);
        checkLimit(requestEnd, body);
        requestIndex = index;
        inlineLength = requestLength;
        inlineOffset = requestEnd - requestLength;
    }

    /** Why {@link #decode()} returned false, as one line without the record's bytes. */
    public String problem() {
        final int templateId = header.templateId();
        if (header.schemaId() != MessageHeaderDecoder.SCHEMA_ID) {
            return "schema id " + header.schemaId() + " is not " + MessageHeaderDecoder.SCHEMA_ID;
        }
        if (!MessageType.isKnown(templateId)) {
            return "unknown template id " + templateId;
        }
        return "%s does not fit its record of %d bytes"
                .formatted(MessageType.of(templateId).label(), body.capacity());
    }

    /** The type of a decoded message. */
    public MessageType type() {
        return type;
    }

    public int templateId() {
        return header.templateId();
    }

    /** The record: delivery header, SBE header, SBE body. */
    public UnsafeBuffer record() {
        return record;
    }

    public long sequence() {
        return DeliveryHeader.sequence(record, 0);
    }

    public long connection() {
        return DeliveryHeader.connection(record, 0);
    }

    public int order() {
        return DeliveryHeader.order(record, 0);
    }

    /** Whether it was given to a handler before: that consumer died with it, or deferred it. */
    public boolean isRedelivered() {
        return DeliveryHeader.redeliveries(record, 0) > 0;
    }

    /** View of an HTTP Response. */
    public Response response() {
        return response;
    }

    /** View of a WebSocket Receive or Send. */
    public Datagram datagram() {
        return datagram;
    }

    /** View of a WebSocket Client Close or Server Close. */
    public Close close() {
        return close;
    }

    /** View of a WebSocket Accept. */
    public Accept accept() {
        return accept;
    }

    /** View of what a worker wants of a group. */
    public GroupOrder groupOrder() {
        return groupOrder;
    }

    /** View of a part of a request's or a response's body. */
    public Part part() {
        return part;
    }

    /** View of a dead letter. */
    public DeadLetter deadLetter() {
        return deadLetter;
    }

    /**
     * The request this message is or is about: an HTTP Request's or WebSocket Connection's own
     * keys, and those of the request that a Receive, a Client Close or a Disconnect belongs to,
     * wherever they are.
     *
     * @throws HeadraceException when the record that holds the keys is gone or cannot be decoded.
     */
    public Request request() {
        if (type == MessageType.HTTP_REQUEST || type == MessageType.WEB_SOCKET_CONNECTION) {
            return request;
        }
        if (inlineLength == 0) {
            return requestSource.requestOf(this);
        }
        return decodeRequest(body, inlineOffset, inlineLength);
    }

    /** Index of the record that holds this message's request, or {@link #NO_INDEX}. */
    public long requestIndex() {
        return requestIndex;
    }

    private Request decodeRequest(UnsafeBuffer source, int offset, int length) {
        final MessageType expected =
                type == MessageType.HTTP_DISCONNECT
                        ? MessageType.HTTP_REQUEST
                        : MessageType.WEB_SOCKET_CONNECTION;
        try {
            final UnsafeBuffer nested = new UnsafeBuffer(source, offset, length);
            final MessageHeaderDecoder nestedHeader = new MessageHeaderDecoder().wrap(nested, 0);
            final int blockLength = nestedHeader.blockLength();
            final int version = nestedHeader.version();
            if (nestedHeader.schemaId() == MessageHeaderDecoder.SCHEMA_ID
                    && nestedHeader.templateId() == expected.templateId()
                    && blockLength >= expected.blockLength()) {
                final int bodyOffset = MessageHeaderDecoder.ENCODED_LENGTH;
                if (expected == MessageType.HTTP_REQUEST) {
                    request.wrapHttp(nested, bodyOffset, blockLength, version);
                } else {
                    request.wrapWebSocket(nested, bodyOffset, blockLength, version);
                }
                return request;
            }
        } catch (final IndexOutOfBoundsException | IllegalStateException damaged) {
            throw undecodableRequest(damaged);
        }
        throw undecodableRequest(null);
    }

    private HeadraceException undecodableRequest(RuntimeException cause) {
        return new HeadraceException(
                "the request inside a %s of connection %d cannot be decoded"
                        .formatted(type.label(), connection()),
                cause);
    }
}
