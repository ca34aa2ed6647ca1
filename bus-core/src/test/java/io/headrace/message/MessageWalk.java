// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HexFormat;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Reads everything a decoded message offers, as the most curious handler would, and checks that
 * each view lies within the record. What it read comes back as one text.
 */
final class MessageWalk {

    private final UnsafeBuffer record;
    private final StringBuilder text = new StringBuilder();

    private MessageWalk(UnsafeBuffer record) {
        this.record = record;
    }

    static String of(Message message) {
        final MessageWalk walk = new MessageWalk(message.record());
        walk.message(message);
        return walk.text.toString();
    }

    private void message(Message message) {
        text.append(message.type().label()).append('\n');
        switch (message.type()) {
            case HTTP_REQUEST, WEB_SOCKET_CONNECTION -> request(message.request());
            case HTTP_RESPONSE -> {
                final Response response = message.response();
                text.append(response.statusCode());
                pairs(response.headers());
                field(response.contentType());
                field(response.content());
            }
            case HTTP_DISCONNECT -> text.append(message.requestIndex());
            case WEB_SOCKET_RECEIVE -> {
                text.append(message.requestIndex());
                datagram(message.datagram());
            }
            case WEB_SOCKET_SEND -> datagram(message.datagram());
            case WEB_SOCKET_CLIENT_CLOSE, WEB_SOCKET_SERVER_CLOSE -> {
                final Close close = message.close();
                text.append(close.code()).append(close.closedBy()).append(close.reason());
            }
            case WEB_SOCKET_ACCEPT -> {
                pairs(message.accept().headers());
                field(message.accept().subprotocol());
            }
            case GROUP_ADD, GROUP_DISCARD -> text.append(message.groupOrder().group());
            case GROUP_SEND -> {
                final GroupOrder order = message.groupOrder();
                text.append(order.group()).append(order.binary()).append(order.closesSlow());
                field(order.content());
            }
            case HTTP_RESPONSE_START -> {
                text.append(message.response().contentLength());
                text.append(message.response().statusCode());
                pairs(message.response().headers());
                field(message.response().contentType());
            }
            case HTTP_RESPONSE_PART, HTTP_REQUEST_PART -> {
                text.append(message.part().number()).append(message.part().state());
                field(message.part().content());
            }
            case DEAD_LETTER -> {
                final DeadLetter letter = message.deadLetter();
                text.append(letter.attempts()).append(letter.reason());
                for (int i = 0; i < letter.record().capacity(); i++) {
                    text.append(letter.record().getByte(i));
                }
            }
        }
    }

    private void datagram(Datagram datagram) {
        text.append(datagram.binary()).append(datagram.text());
        field(datagram.content());
    }

    void request(Request request) {
        pairs(request.query());
        pairs(request.form());
        pairs(request.cookies());
        pairs(request.headers());
        for (int i = 0; i < request.files().count(); i++) {
            field(request.files().name(i));
            field(request.files().fileName(i));
            field(request.files().contentType(i));
            field(request.files().content(i));
        }
        field(request.body());
        field(request.pathField());
        field(request.pathInfoField());
        field(request.replyChannelField());
        if (request.methodField().buffer().capacity() > "GET".length()) {
            field(request.methodField());
        }
        text.append(request.method()).append(request.queryString());
        text.append(request.remoteAddr()).append(request.remotePort());
        text.append(request.serverName()).append(request.serverPort());
        text.append(request.httpVersion()).append(request.https());
        text.append(request.awaitsAccept() ? " awaits" : "");
        text.append(request.slot() >= 0 ? " slot" + request.slot() : "");
        text.append(request.deadlineNs() != Long.MAX_VALUE ? " until" + request.deadlineNs() : "");
        text.append(request.forwardedHost()).append(request.meta());
    }

    private void pairs(Pairs pairs) {
        for (int i = 0; i < pairs.count(); i++) {
            field(pairs.key(i));
            field(pairs.value(i));
        }
        text.append(pairs.toList()).append(pairs.toMap());
    }

    private void field(Field field) {
        assertTrue(field.length() >= 0, () -> "a field of " + field.length() + " bytes");
        final long from = field.buffer().addressOffset() + field.offset() - record.addressOffset();
        assertTrue(
                from >= 0 && from + field.length() <= record.capacity(),
                () -> "a field at " + from + " of " + record.capacity());
        text.append(HexFormat.of().formatHex(field.toBytes())).append(field).append('\n');
    }
}
