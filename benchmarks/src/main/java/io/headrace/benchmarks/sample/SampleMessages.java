// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.sample;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.headrace.HeadraceException;
import io.headrace.channel.LaneAppender;
import io.headrace.message.Close;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.MessageType;
import io.headrace.message.Pairs;
import io.headrace.message.Request;
import io.headrace.message.Response;
import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.PairList;
import io.headrace.message.encode.ReplyEncoder;
import io.headrace.message.encode.RequestKeys;
import io.headrace.worker.reply.HttpReply;
import java.util.StringJoiner;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * One typical message of each type: encodes it into a lane, and checks by a fingerprint that it
 * arrived whole.
 *
 * <p>The request is a browser's, 1 KB on the wire; the WebSocket Connection is the same request.
 * The response has 1 KB of content, a frame 120 bytes.
 */
public final class SampleMessages {

    /** What a browser sends for a page of search results; line ends count two. */
    public static final String REQUEST =
            """
            GET /shop/products/search?q=trail+running+shoes&category=42&page=2\
            &sort=price_asc HTTP/1.1
            Host: shop.example.com
            Connection: keep-alive
            DNT: 1
            Cache-Control: max-age=0
            sec-ch-ua: "Chromium";v="128", "Not;A=Brand";v="24", "Google Chrome";v="128"
            sec-ch-ua-mobile: ?0
            sec-ch-ua-platform: "Linux"
            Upgrade-Insecure-Requests: 1
            User-Agent: Mozilla/5.0 (X11; Linux x86_64) \
            AppleWebKit/537.36 Chrome/128.0.0.0 Safari/537.36
            Accept: text/html,application/xhtml+xml,application/xml;q=0.9,\
            image/avif,image/webp,*/*;q=0.8
            Sec-Fetch-Site: same-origin
            Sec-Fetch-Mode: navigate
            Sec-Fetch-User: ?1
            Sec-Fetch-Dest: document
            Referer: https://shop.example.com/shop/products/search?q=trail+running+shoes
            Priority: u=0, i
            If-None-Match: W/"5f2-18c3a1b7e40"
            Accept-Encoding: gzip, deflate, br, zstd
            Accept-Language: en-GB,en;q=0.9,de;q=0.8
            Cookie: sessionid=q8w2n5x7c1v9b3m6k4j0h8g2f5d7s1a9; \
            csrftoken=Zx81LmQp0vTyKc72RwNd; theme=dark; consent=1-1-0; \
            _ga=GA1.1.1804289383.1725148800; _gid=GA1.2.846930886.1725148800

            """;

    static final int FRAME_LENGTH = 120;
    static final int CONTENT_LENGTH = 1_024;
    // Longer than the front end's, so that nothing expires on a slow machine; it is checked all the
    // same.
    private static final int EXPIRY_MS = 3_600_000;
    private static final int STATUS_CODE = 200;
    private static final int CLOSE_CODE = 1001;
    private static final long REQUEST_INDEX = 0x4_2000_0001_2345L;
    private static final String CONTENT_TYPE_TEXT = "text/html; charset=utf-8";
    private static final byte[] CONTENT_TYPE = CONTENT_TYPE_TEXT.getBytes(US_ASCII);
    private static final String CACHE_CONTROL = "private, max-age=60";
    private static final String SET_COOKIE = "theme=dark; Path=/; Max-Age=31536000; SameSite=Lax";
    private static final byte[] SUBPROTOCOL = "graphql-transport-ws".getBytes(US_ASCII);
    private static final byte[] REASON = "going away".getBytes(US_ASCII);
    private static final byte LAST_BYTE = '>';

    private final EventEncoder events = new EventEncoder();
    private final ReplyEncoder replies = new ReplyEncoder();
    private final RequestKeys keys = new RequestKeys();
    private final UnsafeBuffer content = new UnsafeBuffer(new byte[CONTENT_LENGTH]);

    /**
     * @param replyChannel key {@code response_channel} or {@code send_channel}.
     */
    public SampleMessages(String replyChannel) {
        final String[] lines = REQUEST.split("\n");
        final String target = lines[0].split(" ")[1];
        final String path = target.substring(0, target.indexOf('?'));
        final String query = target.substring(path.length() + 1);
        keys.clear();
        keys.method(slice("GET")).path(slice(path)).pathInfo(slice(path));
        keys.queryString(slice(query)).replyChannel(slice(replyChannel));
        keys.remote(slice("203.0.113.195"), 51_834).server(slice("198.51.100.17"), 443);
        addPairs(keys.get(), query.replace('+', ' '), "&", "=");
        for (int i = 1; i < lines.length; i++) {
            addPairs(keys.headers(), lines[i], "\n", ": ");
            if (lines[i].startsWith("Cookie: ")) {
                addPairs(keys.cookies(), lines[i].substring("Cookie: ".length()), "; ", "=");
            }
        }
        content.setMemory(0, CONTENT_LENGTH, (byte) '-');
        content.putByte(FRAME_LENGTH - 1, LAST_BYTE);
        content.putByte(CONTENT_LENGTH - 1, LAST_BYTE);
        replies.addHeader("Cache-Control", CACHE_CONTROL);
        replies.addHeader("Set-Cookie", SET_COOKIE);
    }

    private long slice(String text) {
        keys.text().begin();
        keys.text().putLatin1(text);
        return keys.text().end();
    }

    private void addPairs(PairList pairs, String text, String separator, String equals) {
        for (final String pair : text.split(separator)) {
            final int at = pair.indexOf(equals);
            pairs.add(slice(pair.substring(0, at)), slice(pair.substring(at + equals.length())));
        }
    }

    /** The request's keys. */
    public RequestKeys keys() {
        return keys;
    }

    /** Sends the response, as a handler does. */
    public void send(HttpReply reply) {
        reply.header("Cache-Control", CACHE_CONTROL)
                .header("Set-Cookie", SET_COOKIE)
                .send(STATUS_CODE, CONTENT_TYPE_TEXT, content, 0, CONTENT_LENGTH);
    }

    /** Length of the encoded message without the delivery header. */
    public int length(MessageType type) {
        return switch (type) {
            case HTTP_REQUEST -> EventEncoder.requestLength(keys);
            case HTTP_RESPONSE -> replies.responseLength(CONTENT_TYPE.length, CONTENT_LENGTH);
            case HTTP_DISCONNECT -> EventEncoder.disconnectLength();
            case WEB_SOCKET_CONNECTION -> EventEncoder.connectionLength(keys);
            case WEB_SOCKET_RECEIVE -> EventEncoder.receiveLength(FRAME_LENGTH);
            case WEB_SOCKET_CLIENT_CLOSE -> EventEncoder.clientCloseLength(REASON.length);
            case WEB_SOCKET_SEND -> ReplyEncoder.sendLength(FRAME_LENGTH);
            case WEB_SOCKET_SERVER_CLOSE -> ReplyEncoder.serverCloseLength(REASON.length);
            case WEB_SOCKET_ACCEPT -> replies.acceptLength(SUBPROTOCOL.length);
            default -> throw new AssertionError(type + " is none of the specification's");
        };
    }

    /** Length of the whole record. */
    public int recordLength(MessageType type) {
        return DeliveryHeader.LENGTH + length(type);
    }

    /**
     * Encodes the message in place and publishes it, as the front end and the worker do; returns
     * its index.
     */
    public long append(
            MessageType type, LaneAppender lane, long connection, int order, long nowNs) {
        final int code = lane.claim(length(type), nowNs);
        if (code != LaneAppender.OK) {
            throw new HeadraceException("lane " + lane.lane() + " answered " + code);
        }
        try {
            encode(type, lane.buffer(), lane.offset());
            return lane.commit(connection, order, EXPIRY_MS, nowNs, nowNs);
        } finally {
            lane.abortIfClaimed();
        }
    }

    private void encode(MessageType type, UnsafeBuffer buffer, int at) {
        switch (type) {
            case HTTP_REQUEST -> events.encodeRequest(buffer, at, keys);
            case HTTP_RESPONSE ->
                    replies.encodeResponse(
                            buffer, at, STATUS_CODE, CONTENT_TYPE, content, 0, CONTENT_LENGTH);
            case HTTP_DISCONNECT -> events.encodeDisconnect(buffer, at, REQUEST_INDEX);
            case WEB_SOCKET_CONNECTION -> events.encodeConnection(buffer, at, keys);
            case WEB_SOCKET_RECEIVE ->
                    events.encodeReceive(
                            buffer, at, REQUEST_INDEX, -1, false, content, 0, FRAME_LENGTH);
            case WEB_SOCKET_CLIENT_CLOSE ->
                    events.encodeClientClose(
                            buffer, at, REQUEST_INDEX, CLOSE_CODE, Close.By.WORKER, REASON);
            case WEB_SOCKET_SEND -> replies.encodeSend(buffer, at, true, content, 0, FRAME_LENGTH);
            case WEB_SOCKET_SERVER_CLOSE ->
                    replies.encodeServerClose(buffer, at, CLOSE_CODE, REASON);
            case WEB_SOCKET_ACCEPT -> replies.encodeAccept(buffer, at, SUBPROTOCOL);
        }
    }

    /** What {@link #fingerprint} gives for a message of this type that arrived whole. */
    public long expected(MessageType type) {
        final UnsafeBuffer record = new UnsafeBuffer(new byte[recordLength(type)]);
        DeliveryHeader.write(record, 0, length(type), 1, 1, 0, 0, 0, 0);
        encode(type, record, DeliveryHeader.LENGTH);
        final Message message = new Message().wrap(record);
        if (!message.decode()) {
            throw new IllegalStateException(message.problem());
        }
        return fingerprint(message);
    }

    /** A sum over what a handler would look at; allocates nothing. */
    public static long fingerprint(Message message) {
        return switch (message.type()) {
            case HTTP_REQUEST, WEB_SOCKET_CONNECTION -> fingerprint(message.request());
            case HTTP_RESPONSE -> fingerprint(message.response());
            case HTTP_DISCONNECT -> message.requestIndex();
            case WEB_SOCKET_RECEIVE -> message.requestIndex() + frame(message);
            case WEB_SOCKET_SEND -> frame(message);
            case WEB_SOCKET_CLIENT_CLOSE -> message.requestIndex() + close(message);
            case WEB_SOCKET_SERVER_CLOSE -> close(message);
            case WEB_SOCKET_ACCEPT ->
                    message.accept().headers().count() + message.accept().subprotocol().length();
            default -> throw new AssertionError(message.type() + " is none of the specification's");
        };
    }

    /** The same of a request's keys, whatever its reply address. */
    public static long fingerprint(Request request) {
        final Pairs headers = request.headers();
        long sum = request.query().count() + request.cookies().count() + headers.count();
        for (int i = 0; i < headers.count(); i++) {
            sum += headers.value(i).length();
        }
        return sum + request.pathField().length();
    }

    /** The same of a response. */
    public static long fingerprint(Response response) {
        return response.statusCode()
                + response.contentType().length()
                + response.headers().count()
                + response.content().length()
                + response.content().byteAt(CONTENT_LENGTH - 1);
    }

    private static long frame(Message message) {
        return (message.datagram().binary() ? 1 : 0)
                + message.datagram().content().length()
                + message.datagram().content().byteAt(FRAME_LENGTH - 1);
    }

    private static long close(Message message) {
        return message.close().code() + message.close().closedBy().ordinal();
    }

    /**
     * Sizes in bytes: a record's is that of the encoded message and its 64-byte delivery header.
     */
    public static String describe() {
        final SampleMessages samples = new SampleMessages("reply.f1-abc123-0!12345.0");
        final StringJoiner sizes = new StringJoiner(", ", "records: ", " bytes");
        for (int id = 1; id <= 8; id++) {
            final MessageType type = MessageType.of(id);
            sizes.add(type.label() + " " + samples.recordLength(type));
        }
        final int wireLength = REQUEST.replace("\n", "\r\n").length();
        return sizes + "; the request has " + wireLength + " on the wire";
    }
}
