// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import io.headrace.message.codec.DeadLetterDecoder;
import io.headrace.message.codec.GroupAddDecoder;
import io.headrace.message.codec.GroupDiscardDecoder;
import io.headrace.message.codec.GroupSendDecoder;
import io.headrace.message.codec.HttpDisconnectDecoder;
import io.headrace.message.codec.HttpRequestDecoder;
import io.headrace.message.codec.HttpRequestPartDecoder;
import io.headrace.message.codec.HttpResponseDecoder;
import io.headrace.message.codec.HttpResponsePartDecoder;
import io.headrace.message.codec.HttpResponseStartDecoder;
import io.headrace.message.codec.WebSocketAcceptDecoder;
import io.headrace.message.codec.WebSocketClientCloseDecoder;
import io.headrace.message.codec.WebSocketConnectionDecoder;
import io.headrace.message.codec.WebSocketReceiveDecoder;
import io.headrace.message.codec.WebSocketSendDecoder;
import io.headrace.message.codec.WebSocketServerCloseDecoder;
import java.util.Locale;

/**
 * The eight messages of the specification, in its order, and the extensions, under the names tools
 * print.
 */
public enum MessageType {
    HTTP_REQUEST(HttpRequestDecoder.TEMPLATE_ID, HttpRequestDecoder.bodyKindEncodingOffset()),
    HTTP_RESPONSE(HttpResponseDecoder.TEMPLATE_ID, HttpResponseDecoder.BLOCK_LENGTH),
    HTTP_DISCONNECT(HttpDisconnectDecoder.TEMPLATE_ID, HttpDisconnectDecoder.BLOCK_LENGTH),
    WEB_SOCKET_CONNECTION(
            WebSocketConnectionDecoder.TEMPLATE_ID,
            WebSocketConnectionDecoder.admissionEncodingOffset()),
    WEB_SOCKET_RECEIVE(
            WebSocketReceiveDecoder.TEMPLATE_ID, WebSocketReceiveDecoder.slotEncodingOffset()),
    WEB_SOCKET_CLIENT_CLOSE(
            WebSocketClientCloseDecoder.TEMPLATE_ID, WebSocketClientCloseDecoder.BLOCK_LENGTH),
    WEB_SOCKET_SEND(WebSocketSendDecoder.TEMPLATE_ID, WebSocketSendDecoder.BLOCK_LENGTH),
    WEB_SOCKET_SERVER_CLOSE(
            WebSocketServerCloseDecoder.TEMPLATE_ID, WebSocketServerCloseDecoder.BLOCK_LENGTH),
    WEB_SOCKET_ACCEPT(WebSocketAcceptDecoder.TEMPLATE_ID, WebSocketAcceptDecoder.BLOCK_LENGTH),
    GROUP_ADD(GroupAddDecoder.TEMPLATE_ID, GroupAddDecoder.BLOCK_LENGTH),
    GROUP_DISCARD(GroupDiscardDecoder.TEMPLATE_ID, GroupDiscardDecoder.BLOCK_LENGTH),
    GROUP_SEND(GroupSendDecoder.TEMPLATE_ID, GroupSendDecoder.BLOCK_LENGTH),
    HTTP_RESPONSE_START(
            HttpResponseStartDecoder.TEMPLATE_ID, HttpResponseStartDecoder.BLOCK_LENGTH),
    HTTP_RESPONSE_PART(HttpResponsePartDecoder.TEMPLATE_ID, HttpResponsePartDecoder.BLOCK_LENGTH),
    HTTP_REQUEST_PART(HttpRequestPartDecoder.TEMPLATE_ID, HttpRequestPartDecoder.BLOCK_LENGTH),
    DEAD_LETTER(DeadLetterDecoder.TEMPLATE_ID, DeadLetterDecoder.BLOCK_LENGTH);

    private static final MessageType[] BY_TEMPLATE_ID = new MessageType[24];

    static {
        for (final MessageType type : values()) {
            BY_TEMPLATE_ID[type.templateId] = type;
        }
    }

    private final int templateId;
    private final int blockLength;
    private final String label;

    MessageType(int templateId, int blockLength) {
        this.templateId = templateId;
        this.blockLength = blockLength;
        final StringBuilder words = new StringBuilder();
        for (final String word : name().split("_")) {
            words.append(word.charAt(0)).append(word.substring(1).toLowerCase(Locale.ROOT));
        }
        this.label = words.toString();
    }

    public int templateId() {
        return templateId;
    }

    /**
     * Length of the fixed block in the message's first version; a record's own may be longer, never
     * shorter.
     */
    int blockLength() {
        return blockLength;
    }

    /** The name under which tools print it. */
    public String label() {
        return label;
    }

    /** Whether a template id is one of these. */
    public static boolean isKnown(int templateId) {
        return templateId >= 1
                && templateId < BY_TEMPLATE_ID.length
                && BY_TEMPLATE_ID[templateId] != null;
    }

    /**
     * @param templateId a known one.
     */
    public static MessageType of(int templateId) {
        return BY_TEMPLATE_ID[templateId];
    }
}
