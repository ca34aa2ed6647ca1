// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.testing.Samples;
import java.io.IOException;
import java.io.InputStream;
import java.util.AbstractMap.SimpleImmutableEntry;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Map.Entry;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/**
 * The bytes of every message, as they were written once and must stay for ever: {@code
 * golden/TYPE.hex}. Records of an older version stay in lanes while programs are exchanged, so a
 * difference here is never mended by changing the resource.
 */
class GoldenBytesTest {

    private static final int BYTES_PER_LINE = 16;

    private static final String EXTENSIONS =
            "WEB_SOCKET_ACCEPT|GROUP_.*|HTTP_.*_(START|PART)|DEAD_LETTER";

    @ParameterizedTest
    @EnumSource(MessageType.class)
    void shouldEncodeFixedValuesToTheGoldenBytes(MessageType type) throws IOException {
        assertEquals(golden("", type), hex(Samples.record(type)));
    }

    @ParameterizedTest
    @EnumSource(MessageType.class)
    void shouldReadTheDeliveryHeaderOfTheGoldenBytes(MessageType type) throws IOException {
        final UnsafeBuffer record = goldenRecord(type);
        assertEquals(0, record.getInt(DeliveryHeader.CLAIM_WORD_OFFSET));
        assertEquals(0, DeliveryHeader.flags(record, 0));
        assertEquals(
                record.capacity() - DeliveryHeader.LENGTH, DeliveryHeader.messageLength(record, 0));
        assertEquals(Samples.SEQUENCE, DeliveryHeader.sequence(record, 0));
        assertEquals(Samples.CONNECTION, DeliveryHeader.connection(record, 0));
        assertEquals(Samples.ORDER, DeliveryHeader.order(record, 0));
        assertEquals(Samples.EXPIRY_MS, DeliveryHeader.expiryMs(record, 0));
        assertEquals(Samples.RECEIVED_NS, DeliveryHeader.receivedNs(record, 0));
        assertEquals(Samples.APPENDED_NS, DeliveryHeader.appendedNs(record, 0));
        assertEquals(0, DeliveryHeader.claimedNs(record, 0));
        assertEquals(0, DeliveryHeader.doneNs(record, 0));
    }

    @ParameterizedTest
    @EnumSource(MessageType.class)
    void shouldKnowTheTypeOfTheGoldenBytes(MessageType type) throws IOException {
        final Message message = decode(type);
        assertEquals(type, message.type());
        assertEquals(type.templateId(), message.templateId());
        assertEquals(Samples.SEQUENCE, message.sequence());
        assertEquals(Samples.CONNECTION, message.connection());
        assertEquals(Samples.ORDER, message.order());
    }

    @Test
    void shouldReadEveryKeyOfTheGoldenHttpRequest() throws IOException {
        final Message message = decode(MessageType.HTTP_REQUEST);
        final Request request = message.request();
        checkConnectionKeys(request);
        assertEquals(List.of(pair("field", "välue"), pair("", "no key")), request.form().toList());
        assertEquals("POST", request.method());
        assertTrue(request.methodField().contentEquals("POST"));
        assertArrayEquals(Samples.BODY, request.body().toBytes());
        final UploadedFiles files = request.files();
        assertEquals(2, files.count());
        assertEquals("upload", files.name(0).toString());
        assertEquals("päge.html", files.fileName(0).toString());
        assertEquals("text/html", files.contentType(0).toString());
        assertArrayEquals(Samples.PAGE, files.content(0).toBytes());
        assertEquals("upload", files.name(1).toString());
        assertEquals("", files.fileName(1).toString());
        assertEquals("", files.contentType(1).toString());
        assertArrayEquals(new byte[] {0}, files.content(1).toBytes());
    }

    @Test
    void shouldReadEveryKeyOfTheGoldenWebSocketConnection() throws IOException {
        final Request request = decode(MessageType.WEB_SOCKET_CONNECTION).request();
        checkConnectionKeys(request);
        assertEquals("GET", request.method());
        assertEquals(0, request.form().count());
        assertEquals(0, request.files().count());
        assertEquals(0, request.body().length());
        assertTrue(request.awaitsAccept());
    }

    @ParameterizedTest
    @EnumSource(value = MessageType.class, mode = Mode.MATCH_NONE, names = EXTENSIONS)
    void shouldReadTheGoldenBytesOfVersion0AsTheyWereMeant(MessageType type) throws IOException {
        final String today = walk(Samples.record(type));
        final UnsafeBuffer old = record(golden("v0/", type));

        assertEquals(
                today.replaceAll(" awaits| slot4711| until\\d+| SSL_CLIENT_.*?(?= HTTP_)", "")
                        .replace(
                                "HTTP_HOST=" + Samples.FORWARDED_HOST, "HTTP_HOST=example.org:8080")
                        .replace(Samples.FORWARDED_HOST, ""),
                walk(old));
    }

    private static void checkConnectionKeys(Request request) {
        assertEquals(
                List.of(pair("a", "1"), pair("a", "2"), pair("näme", "")),
                request.query().toList());
        assertEquals(List.of(pair("session", "0xcafe")), request.cookies().toList());
        assertEquals(
                List.of(
                        pair("Host", "example.org:8080"),
                        pair("X-Tag", "one"),
                        pair("x-tag", "zwö"),
                        pair("X_Tag", "forged"),
                        pair("Content-Type", "multipart/form-data; boundary=b"),
                        pair("Content-Length", "4")),
                request.headers().toList());
        assertEquals("/app/grüße", request.path());
        assertEquals("/grüße", request.pathInfo());
        assertEquals("a=1&a=2&n%C3%A4me=", request.queryString());
        assertEquals("192.0.2.7", request.remoteAddr());
        assertEquals(54_321, request.remotePort());
        assertEquals("2001:db8::1", request.serverName());
        assertEquals(8_443, request.serverPort());
        assertEquals(20, request.httpVersion());
        assertTrue(request.https());
        assertEquals(Samples.REPLY_CHANNEL, request.replyChannel());
        assertTrue(request.replyChannelField().contentEquals(Samples.REPLY_CHANNEL));
        assertEquals(request.path(), request.pathField().toString());
        assertEquals(request.pathInfo(), request.pathInfoField().toString());
        assertEquals("one,zwö", request.meta("HTTP_X_TAG"));
        assertEquals(Samples.CLIENT_SUBJECT, request.clientSubject());
        assertEquals(Samples.FORWARDED_HOST, request.forwardedHost());
        assertEquals(Samples.CLIENT_SUBJECT, request.meta("SSL_CLIENT_S_DN"));
        assertEquals("SUCCESS", request.meta("SSL_CLIENT_VERIFY"));
    }

    @Test
    void shouldReadEveryKeyOfTheGoldenHttpResponse() throws IOException {
        final Response response = decode(MessageType.HTTP_RESPONSE).response();
        assertEquals(418, response.statusCode());
        assertEquals("text/html; charset=utf-8", response.contentType().toString());
        assertEquals(
                List.of(pair("Set-Cookie", "a=1"), pair("Set-Cookie", "b=ü")),
                response.headers().toList());
        assertEquals("<p>€</p>", response.content().toString());
    }

    @Test
    void shouldReadEveryKeyOfTheGoldenHttpDisconnect() throws IOException {
        assertEquals(Samples.REQUEST_INDEX, decode(MessageType.HTTP_DISCONNECT).requestIndex());
    }

    @Test
    void shouldReadEveryKeyOfTheGoldenWebSocketReceive() throws IOException {
        final Message message = decode(MessageType.WEB_SOCKET_RECEIVE);
        assertEquals(Samples.REQUEST_INDEX, message.requestIndex());
        assertFalse(message.datagram().binary());
        assertEquals("ten bytes!", message.datagram().text());
        assertEquals(10, message.datagram().content().length());
    }

    @Test
    void shouldReadEveryKeyOfTheGoldenWebSocketClientClose() throws IOException {
        final Message message = decode(MessageType.WEB_SOCKET_CLIENT_CLOSE);
        assertEquals(Samples.REQUEST_INDEX, message.requestIndex());
        assertEquals(1001, message.close().code());
        assertEquals("tschüß", message.close().reason());
        assertEquals(Close.By.FRONT_END, message.close().closedBy());
    }

    @Test
    void shouldReadEveryKeyOfTheGoldenWebSocketSend() throws IOException {
        final Message message = decode(MessageType.WEB_SOCKET_SEND);
        assertTrue(message.datagram().binary());
        assertArrayEquals(Samples.BODY, message.datagram().content().toBytes());
    }

    @Test
    void shouldReadEveryKeyOfTheGoldenWebSocketServerClose() throws IOException {
        final Message message = decode(MessageType.WEB_SOCKET_SERVER_CLOSE);
        assertEquals(4999, message.close().code());
        assertEquals("tschüß", message.close().reason());
        assertEquals(Close.By.WORKER, message.close().closedBy());
    }

    @Test
    void shouldReadEveryKeyOfTheGoldenWebSocketAccept() throws IOException {
        final Message message = decode(MessageType.WEB_SOCKET_ACCEPT);
        assertEquals("chat.v2", message.accept().subprotocol().toString());
        assertEquals(List.of(pair("Set-Cookie", "a=ü")), message.accept().headers().toList());
    }

    @Test
    void shouldReadEveryKeyOfTheGoldenMessagesOfGroups() throws IOException {
        assertEquals("room.1", decode(MessageType.GROUP_ADD).groupOrder().group());
        assertEquals("room.1", decode(MessageType.GROUP_DISCARD).groupOrder().group());
        final GroupOrder send = decode(MessageType.GROUP_SEND).groupOrder();
        assertEquals("room.1", send.group());
        assertEquals("ten bytes!", send.content().toString());
        assertTrue(send.binary() && send.closesSlow());
    }

    @Test
    void shouldReadEveryKeyOfTheGoldenMessagesOfBodiesInParts() throws IOException {
        final Response start = decode(MessageType.HTTP_RESPONSE_START).response();
        assertEquals(200, start.statusCode());
        assertEquals(1L << 40, start.contentLength());
        assertEquals("text/event-stream", start.contentType().toString());
        assertEquals(List.of(pair("Cache-Control", "no-store")), start.headers().toList());
        final Part response = decode(MessageType.HTTP_RESPONSE_PART).part();
        assertEquals(3, response.number());
        assertEquals(Part.State.LAST, response.state());
        assertEquals("<p>€</p>", response.content().toString());
        final Part request = decode(MessageType.HTTP_REQUEST_PART).part();
        assertEquals(7, request.number());
        assertEquals(Part.State.BROKEN, request.state());
        assertEquals(4, request.content().length());
    }

    @Test
    void shouldReadEveryKeyOfTheGoldenDeadLetter() throws IOException {
        final DeadLetter letter = decode(MessageType.DEAD_LETTER).deadLetter();
        assertEquals(10, letter.attempts());
        assertEquals("tschüß", letter.reason());
        assertEquals("<p>€</p>", decode(letter.record()).response().content().toString());
    }

    @Test
    void shouldGiveTheTemplateIdsOfTheSpecificationInItsOrder() {
        assertEquals(
                Map.ofEntries(
                        Map.entry(1, "HttpRequest"),
                        Map.entry(2, "HttpResponse"),
                        Map.entry(3, "HttpDisconnect"),
                        Map.entry(4, "WebSocketConnection"),
                        Map.entry(5, "WebSocketReceive"),
                        Map.entry(6, "WebSocketClientClose"),
                        Map.entry(7, "WebSocketSend"),
                        Map.entry(8, "WebSocketServerClose"),
                        Map.entry(16, "WebSocketAccept"),
                        Map.entry(17, "GroupAdd"),
                        Map.entry(18, "GroupDiscard"),
                        Map.entry(19, "GroupSend"),
                        Map.entry(20, "HttpResponseStart"),
                        Map.entry(21, "HttpResponsePart"),
                        Map.entry(22, "HttpRequestPart"),
                        Map.entry(23, "DeadLetter")),
                List.of(MessageType.values()).stream()
                        .collect(
                                java.util.stream.Collectors.toMap(
                                        MessageType::templateId, MessageType::label)));
    }

    private static Message decode(MessageType type) throws IOException {
        return decode(goldenRecord(type));
    }

    private static Message decode(UnsafeBuffer record) {
        assertTrue(Message.isWhole(record));
        final Message message = new Message().wrap(record);
        assertTrue(message.decode(), message::problem);
        return message;
    }

    private static String walk(UnsafeBuffer record) {
        return MessageWalk.of(decode(record));
    }

    private static Entry<String, String> pair(String key, String value) {
        return new SimpleImmutableEntry<>(key, value);
    }

    private static UnsafeBuffer goldenRecord(MessageType type) throws IOException {
        return record(golden("", type));
    }

    private static UnsafeBuffer record(String golden) {
        return new UnsafeBuffer(HexFormat.of().parseHex(golden.replaceAll("\\s", "")));
    }

    private static String golden(String folder, MessageType type) throws IOException {
        final String name = "/golden/" + folder + type.label() + ".hex";
        try (InputStream stream = GoldenBytesTest.class.getResourceAsStream(name)) {
            assertNotNull(
                    stream,
                    () -> name + " is missing; should it be?\n" + hex(Samples.record(type)));
            return new String(stream.readAllBytes(), UTF_8);
        }
    }

    private static String hex(UnsafeBuffer record) {
        final StringBuilder lines = new StringBuilder();
        for (int i = 0; i < record.capacity(); i++) {
            lines.append(HexFormat.of().toHexDigits(record.getByte(i)));
            lines.append((i + 1) % BYTES_PER_LINE == 0 || i + 1 == record.capacity() ? '\n' : ' ');
        }
        return lines.toString();
    }
}
