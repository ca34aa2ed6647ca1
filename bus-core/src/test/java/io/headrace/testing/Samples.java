// SPDX-License-Identifier: Apache-2.0
package io.headrace.testing;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.headrace.message.Close;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.MessageType;
import io.headrace.message.Part;
import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.GroupEncoder;
import io.headrace.message.encode.LetterEncoder;
import io.headrace.message.encode.PairList;
import io.headrace.message.encode.PartEncoder;
import io.headrace.message.encode.ReplyEncoder;
import io.headrace.message.encode.RequestKeys;
import io.headrace.message.encode.TextBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/** One record of each message, with fixed values in every key. */
public final class Samples {

    public static final long SEQUENCE = 0x0102030405060708L;
    public static final long CONNECTION = 7L << 40 | 12;
    public static final int ORDER = 3;
    public static final int EXPIRY_MS = 60_000;
    public static final long RECEIVED_NS = 1_700_000_000_000_000_001L;
    public static final long APPENDED_NS = 1_700_000_000_000_000_002L;
    public static final long REQUEST_INDEX = 0x0000_4B1D_0000_0005L;
    public static final int SLOT = 4_711;
    public static final byte[] GROUP = "room.1".getBytes(US_ASCII);
    public static final String REPLY_CHANNEL = "reply.f7-q3k1z9-0!12.3";
    public static final byte[] BODY = {0, 1, (byte) 0x80, (byte) 0xFF};
    public static final byte[] DATAGRAM = "ten bytes!".getBytes(US_ASCII);
    public static final byte[] REASON = "tschüß".getBytes(UTF_8);
    public static final String CLIENT_SUBJECT = "CN=Jürgen,O=Example";
    public static final String FORWARDED_HOST = "www.example.com:8443";
    public static final byte[] SUBPROTOCOL = "chat.v2".getBytes(US_ASCII);
    public static final byte[] PAGE = "<p>€</p>".getBytes(UTF_8);

    private Samples() {}

    /** The keys of a request that has something in each of them. */
    public static RequestKeys requestKeys() {
        final RequestKeys keys = new RequestKeys();
        keys.clear();
        keys.body(new UnsafeBuffer(BODY), 0, BODY.length);
        pair(keys, keys.get(), "a", "1");
        pair(keys, keys.get(), "a", "2");
        pair(keys, keys.get(), "näme", "");
        pair(keys, keys.post(), "field", "välue");
        pair(keys, keys.post(), "", "no key");
        pair(keys, keys.cookies(), "session", "0xcafe");
        header(keys, "Host", "example.org:8080");
        header(keys, "X-Tag", "one");
        header(keys, "x-tag", "zwö");
        header(keys, "X_Tag", "forged");
        header(keys, "Content-Type", "multipart/form-data; boundary=b");
        header(keys, "Content-Length", "4");
        keys.addFile(
                text(keys, "upload"),
                text(keys, "päge.html"),
                text(keys, "text/html"),
                raw(keys, PAGE));
        keys.addFile(
                text(keys, "upload"), text(keys, ""), text(keys, ""), raw(keys, new byte[] {0}));
        return keys.method(text(keys, "POST"))
                .path(text(keys, "/app/grüße"))
                .pathInfo(text(keys, "/grüße"))
                .queryString(text(keys, "a=1&a=2&n%C3%A4me="))
                .remote(text(keys, "192.0.2.7"), 54_321)
                .server(text(keys, "2001:db8::1"), 8_443)
                .httpVersion(20)
                .https(true)
                .clientSubject(text(keys, CLIENT_SUBJECT))
                .forwardedHost(text(keys, FORWARDED_HOST))
                .awaitsAccept(true)
                .slot(SLOT)
                .deadlineMs(120_000)
                .contentLength(4)
                .replyChannel(text(keys, REPLY_CHANNEL));
    }

    /** The smallest request there is: the keys of {@code GET /}. */
    public static RequestKeys bareKeys() {
        final RequestKeys keys = new RequestKeys();
        keys.clear();
        return keys.method(text(keys, "GET"))
                .path(text(keys, "/"))
                .pathInfo(text(keys, "/"))
                .replyChannel(text(keys, REPLY_CHANNEL));
    }

    /** A whole record, encoded into memory that was not clean. */
    public static UnsafeBuffer record(MessageType type) {
        final RequestKeys keys = requestKeys();
        return switch (type) {
            case HTTP_REQUEST ->
                    record(
                            EventEncoder.requestLength(keys),
                            (b, at) -> new EventEncoder().encodeRequest(b, at, keys));
            case HTTP_RESPONSE -> response();
            case HTTP_DISCONNECT ->
                    record(
                            EventEncoder.disconnectLength(),
                            (b, at) -> new EventEncoder().encodeDisconnect(b, at, REQUEST_INDEX));
            case WEB_SOCKET_CONNECTION ->
                    record(
                            EventEncoder.connectionLength(keys),
                            (b, at) -> new EventEncoder().encodeConnection(b, at, keys));
            case WEB_SOCKET_RECEIVE ->
                    record(
                            EventEncoder.receiveLength(DATAGRAM.length),
                            (b, at) ->
                                    new EventEncoder()
                                            .encodeReceive(
                                                    b,
                                                    at,
                                                    REQUEST_INDEX,
                                                    SLOT,
                                                    false,
                                                    new UnsafeBuffer(DATAGRAM),
                                                    0,
                                                    DATAGRAM.length));
            case WEB_SOCKET_CLIENT_CLOSE ->
                    record(
                            EventEncoder.clientCloseLength(REASON.length),
                            (b, at) ->
                                    new EventEncoder()
                                            .encodeClientClose(
                                                    b,
                                                    at,
                                                    REQUEST_INDEX,
                                                    1001,
                                                    Close.By.FRONT_END,
                                                    REASON));
            case WEB_SOCKET_SEND ->
                    record(
                            ReplyEncoder.sendLength(BODY.length),
                            (b, at) ->
                                    new ReplyEncoder()
                                            .encodeSend(
                                                    b,
                                                    at,
                                                    true,
                                                    new UnsafeBuffer(BODY),
                                                    0,
                                                    BODY.length));
            case WEB_SOCKET_SERVER_CLOSE ->
                    record(
                            ReplyEncoder.serverCloseLength(REASON.length),
                            (b, at) -> new ReplyEncoder().encodeServerClose(b, at, 4999, REASON));
            case WEB_SOCKET_ACCEPT -> accept();
            case GROUP_ADD ->
                    record(
                            GroupEncoder.memberLength(GROUP.length),
                            (b, at) -> new GroupEncoder().encodeAdd(b, at, GROUP));
            case GROUP_DISCARD ->
                    record(
                            GroupEncoder.memberLength(GROUP.length),
                            (b, at) -> new GroupEncoder().encodeDiscard(b, at, GROUP));
            case GROUP_SEND ->
                    record(
                            GroupEncoder.sendLength(GROUP.length, DATAGRAM.length),
                            (b, at) ->
                                    new GroupEncoder()
                                            .encodeSend(
                                                    b,
                                                    at,
                                                    GROUP,
                                                    true,
                                                    true,
                                                    new UnsafeBuffer(DATAGRAM),
                                                    0,
                                                    DATAGRAM.length));
            case HTTP_RESPONSE_START -> start();
            case HTTP_RESPONSE_PART ->
                    record(
                            PartEncoder.partLength(PAGE.length),
                            (b, at) ->
                                    new PartEncoder()
                                            .encodeResponsePart(
                                                    b,
                                                    at,
                                                    3,
                                                    Part.State.LAST,
                                                    new UnsafeBuffer(PAGE),
                                                    0,
                                                    PAGE.length));
            case HTTP_REQUEST_PART ->
                    record(
                            PartEncoder.partLength(BODY.length),
                            (b, at) ->
                                    new PartEncoder()
                                            .encodeRequestPart(
                                                    b,
                                                    at,
                                                    7,
                                                    Part.State.BROKEN,
                                                    new UnsafeBuffer(BODY),
                                                    0,
                                                    BODY.length));
            case DEAD_LETTER -> deadLetter();
        };
    }

    private static UnsafeBuffer accept() {
        final ReplyEncoder encoder = new ReplyEncoder();
        encoder.addHeader("Set-Cookie", "a=ü");
        return record(
                encoder.acceptLength(SUBPROTOCOL.length),
                (b, at) -> encoder.encodeAccept(b, at, SUBPROTOCOL));
    }

    private static UnsafeBuffer response() {
        final ReplyEncoder encoder = new ReplyEncoder();
        encoder.addHeader("Set-Cookie", "a=1");
        encoder.addHeader("Set-Cookie", "b=ü");
        final byte[] contentType = "text/html; charset=utf-8".getBytes(US_ASCII);
        return record(
                encoder.responseLength(contentType.length, PAGE.length),
                (b, at) ->
                        encoder.encodeResponse(
                                b, at, 418, contentType, new UnsafeBuffer(PAGE), 0, PAGE.length));
    }

    /** Writes a message into a buffer and returns its length. */
    @FunctionalInterface
    public interface Encoding {
        int encode(UnsafeBuffer buffer, int offset);
    }

    /** A record of exactly its length around a message; its memory was full of ones before. */
    public static UnsafeBuffer record(int messageLength, Encoding encoding) {
        final UnsafeBuffer record =
                new UnsafeBuffer(new byte[DeliveryHeader.LENGTH + messageLength]);
        record.setMemory(0, record.capacity(), (byte) 0xFF);
        final int encodedLength = encoding.encode(record, DeliveryHeader.LENGTH);
        if (encodedLength != messageLength) {
            throw new AssertionError(
                    "said " + messageLength + " bytes, encoded " + encodedLength + " bytes");
        }
        DeliveryHeader.write(
                record,
                0,
                messageLength,
                SEQUENCE,
                CONNECTION,
                ORDER,
                EXPIRY_MS,
                RECEIVED_NS,
                APPENDED_NS);
        return record;
    }

    private static UnsafeBuffer start() {
        final ReplyEncoder encoder = new ReplyEncoder();
        final byte[] contentType = "text/event-stream".getBytes(US_ASCII);
        encoder.addHeader("Cache-Control", "no-store");
        return record(
                encoder.startLength(contentType.length),
                (b, at) -> encoder.encodeStart(b, at, 200, 1L << 40, contentType));
    }

    private static UnsafeBuffer deadLetter() {
        final UnsafeBuffer letter = record(MessageType.HTTP_RESPONSE);
        return record(
                LetterEncoder.deadLetterLength(REASON.length, letter.capacity()),
                (b, at) -> new LetterEncoder().encodeDeadLetter(b, at, 10, REASON, letter));
    }

    /** A record's message as a buffer of its own, SBE header first. */
    public static byte[] message(UnsafeBuffer record) {
        final byte[] message = new byte[record.capacity() - DeliveryHeader.LENGTH];
        record.getBytes(DeliveryHeader.LENGTH, message);
        return message;
    }

    /** Puts a text into the keys' buffer. */
    public static long text(RequestKeys keys, String value) {
        return raw(keys, value.getBytes(UTF_8));
    }

    private static long raw(RequestKeys keys, byte[] bytes) {
        final TextBuffer text = keys.text();
        text.begin();
        text.put(bytes, 0, bytes.length);
        return text.end();
    }

    /** Adds a pair of UTF-8 texts to one of the keys' lists. */
    public static void pair(RequestKeys keys, PairList list, String key, String value) {
        list.add(text(keys, key), text(keys, value));
    }

    /** Adds a header, whose name and value are bytes of ISO-8859-1. */
    public static void header(RequestKeys keys, String name, String value) {
        keys.headers()
                .add(raw(keys, name.getBytes(ISO_8859_1)), raw(keys, value.getBytes(ISO_8859_1)));
    }
}
