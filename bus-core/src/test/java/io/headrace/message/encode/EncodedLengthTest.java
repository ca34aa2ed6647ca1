// SPDX-License-Identifier: Apache-2.0
package io.headrace.message.encode;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.message.Close;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.codec.HttpResponseDecoder;
import io.headrace.message.codec.MessageHeaderDecoder;
import io.headrace.testing.Samples;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The twins of the encoders that say a length beforehand: a byte too few would be written over the
 * next record's header, a byte too many would be read as part of the message.
 */
class EncodedLengthTest {

    private static final byte[] NO_BYTES = {};
    private final EventEncoder events = new EventEncoder();
    private final ReplyEncoder replies = new ReplyEncoder();

    @Test
    void shouldSayTheLengthOfAnyRequestAndConnection() {
        final long seed = System.nanoTime();
        System.out.println("EncodedLengthTest seed " + seed);
        final Random random = new Random(seed);
        for (int i = 0; i < 500; i++) {
            final RequestKeys keys = randomKeys(random);
            check(EventEncoder.requestLength(keys), (b, at) -> events.encodeRequest(b, at, keys));
            check(
                    EventEncoder.connectionLength(keys),
                    (b, at) -> events.encodeConnection(b, at, keys));
        }
    }

    @Test
    void shouldSayTheLengthOfTheBarestRequestAndConnection() {
        final RequestKeys keys = new RequestKeys();
        keys.clear();
        check(EventEncoder.requestLength(keys), (b, at) -> events.encodeRequest(b, at, keys));
        check(EventEncoder.connectionLength(keys), (b, at) -> events.encodeConnection(b, at, keys));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 10, 125, 126, 65_535, 65_536, 1_048_576})
    void shouldSayTheLengthOfAnyDatagram(int length) {
        final UnsafeBuffer content = new UnsafeBuffer(new byte[length]);
        check(
                EventEncoder.receiveLength(length),
                (b, at) -> events.encodeReceive(b, at, 1, -1, true, content, 0, length));
        check(
                ReplyEncoder.sendLength(length),
                (b, at) -> replies.encodeSend(b, at, false, content, 0, length));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 123})
    void shouldSayTheLengthOfAnyClose(int length) {
        final byte[] reason = new byte[length];
        check(
                EventEncoder.clientCloseLength(length),
                (b, at) -> events.encodeClientClose(b, at, 1, 1000, Close.By.CLIENT, reason));
        check(
                ReplyEncoder.serverCloseLength(length),
                (b, at) -> replies.encodeServerClose(b, at, 1000, reason));
        check(EventEncoder.disconnectLength(), (b, at) -> events.encodeDisconnect(b, at, 1));
    }

    @Test
    void shouldSayTheLengthOfAResponseWithAnyHeaders() {
        final byte[] type = "text/plain".getBytes(StandardCharsets.US_ASCII);
        final UnsafeBuffer content = new UnsafeBuffer(new byte[7]);
        for (int i = 0; i < 40; i++) {
            check(
                    replies.responseLength(type.length, 7),
                    (b, at) -> replies.encodeResponse(b, at, 200, type, content, 0, 7));
            replies.addHeader("X-" + "n".repeat(i), "ä".repeat(100 * i));
        }
        replies.clearHeaders();
        check(
                replies.responseLength(0, 0),
                (b, at) -> replies.encodeResponse(b, at, 204, NO_BYTES, content, 0, 0));
    }

    @Test
    void shouldReplaceWhatIsNoByteInAHeaderAndKeepItsPlaceAmongOthers() {
        final UnsafeBuffer buffer = new UnsafeBuffer(new byte[200]);
        replies.addHeader("", "");
        // Its low byte is a line feed.
        replies.addHeader("a\u010ab", "\u00e9\u20ac\ud83d\ude00");
        replies.encodeResponse(buffer, 0, 200, NO_BYTES, buffer, 0, 0);
        final HttpResponseDecoder.HeadersDecoder headers =
                new HttpResponseDecoder()
                        .wrapAndApplyHeader(buffer, 0, new MessageHeaderDecoder())
                        .headers();
        assertEquals("=", headers.next().key() + "=" + headers.value());
        assertEquals("a?b", headers.next().key());
        final byte[] value = new byte[10];
        assertEquals(4, headers.getValue(value, 0, value.length));
        assertEquals("\u00e9???", new String(value, 0, 4, StandardCharsets.ISO_8859_1));
    }

    @Test
    void shouldCountALengthThatNoIntCanSayAsTooLong() {
        final RequestKeys keys = Samples.bareKeys();
        keys.body(new UnsafeBuffer(0, 0), 0, 0);
        final long huge = 1_000_000_000L;
        for (int i = 0; i < 3; i++) {
            keys.post().add(huge, huge);
        }
        assertEquals(Integer.MAX_VALUE, EventEncoder.requestLength(keys));
    }

    @Test
    void shouldCountAConnectionThatNoIntCanSayAsTooLong() {
        final RequestKeys keys = Samples.bareKeys();
        final long huge = 1_000_000_000L;
        for (int i = 0; i < 3; i++) {
            keys.headers().add(huge, huge);
        }
        assertEquals(Integer.MAX_VALUE, EventEncoder.connectionLength(keys));
    }

    @Test
    void shouldTakeTextsUpToTheirLimitAndRefuseOneByteMore() {
        final String limit = "x".repeat(EventEncoder.TEXT_LENGTH_MAX);
        final RequestKeys keys = Samples.bareKeys();
        Samples.pair(keys, keys.get(), limit, limit);
        Samples.header(keys, limit, limit);
        keys.path(Samples.text(keys, limit));
        final UnsafeBuffer record =
                check(
                        EventEncoder.requestLength(keys),
                        (b, at) -> events.encodeRequest(b, at, keys));
        final Message message = new Message().wrap(record);
        assertTrue(message.decode(), message::problem);
        assertEquals(limit, message.request().query().value(limit, ""));
        assertEquals(limit, message.request().path());

        Samples.header(keys, "over", limit + "x");
        assertThrows(
                IllegalStateException.class,
                () ->
                        Samples.record(
                                EventEncoder.requestLength(keys),
                                (b, at) -> events.encodeRequest(b, at, keys)));
    }

    @Test
    void shouldTakeAsManyPairsAsTheLimitSaysAndRefuseOneMore() {
        final RequestKeys keys = Samples.bareKeys();
        final long name = Samples.text(keys, "n");
        for (int i = 0; i < EventEncoder.PAIR_COUNT_MAX; i++) {
            keys.get().add(name, name);
        }
        final UnsafeBuffer record =
                check(
                        EventEncoder.requestLength(keys),
                        (b, at) -> events.encodeRequest(b, at, keys));
        final Message message = new Message().wrap(record);
        assertTrue(message.decode(), message::problem);
        assertEquals(EventEncoder.PAIR_COUNT_MAX, message.request().query().count());

        keys.get().add(name, name);
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        Samples.record(
                                EventEncoder.requestLength(keys),
                                (b, at) -> events.encodeRequest(b, at, keys)));
    }

    @Test
    void shouldEncodeTheNextMessageRightAfterARefusedOne() {
        shouldTakeAsManyPairsAsTheLimitSaysAndRefuseOneMore();
        final RequestKeys keys = Samples.requestKeys();
        final UnsafeBuffer record =
                check(
                        EventEncoder.requestLength(keys),
                        (b, at) -> events.encodeRequest(b, at, keys));
        final Message message = new Message().wrap(record);
        assertTrue(message.decode(), message::problem);
        assertArrayEquals(Samples.BODY, message.request().body().toBytes());
    }

    @Test
    void shouldSpendAtMost160BytesOfARecordOnATenByteFrame() {
        // Four bytes of Chronicle's own header, and up to three of padding.
        final int queueLength = 4 + DeliveryHeader.LENGTH + EventEncoder.receiveLength(10) + 3 & ~3;
        assertTrue(queueLength <= 160, () -> queueLength + " bytes");
    }

    private static RequestKeys randomKeys(Random random) {
        final RequestKeys keys = new RequestKeys();
        keys.clear();
        for (int i = random.nextInt(5); i > 0; i--) {
            Samples.pair(keys, keys.get(), text(random), text(random));
        }
        for (int i = random.nextInt(5); i > 0; i--) {
            Samples.pair(keys, keys.post(), text(random), text(random));
        }
        for (int i = random.nextInt(5); i > 0; i--) {
            Samples.pair(keys, keys.cookies(), text(random), text(random));
        }
        for (int i = random.nextInt(40); i > 0; i--) {
            Samples.header(keys, "h", text(random));
        }
        for (int i = random.nextInt(4); i > 0; i--) {
            keys.addFile(
                    Samples.text(keys, text(random)),
                    Samples.text(keys, text(random)),
                    Samples.text(keys, text(random)),
                    Samples.text(keys, text(random)));
        }
        final int bodyLength = random.nextInt(100);
        return keys.body(new UnsafeBuffer(new byte[bodyLength]), 0, bodyLength)
                .method(Samples.text(keys, text(random)))
                .path(Samples.text(keys, text(random)))
                .pathInfo(Samples.text(keys, text(random)))
                .queryString(Samples.text(keys, text(random)))
                .remote(Samples.text(keys, text(random)), random.nextInt(65_535))
                .server(Samples.text(keys, text(random)), random.nextInt(65_535))
                .clientSubject(Samples.text(keys, text(random)))
                .forwardedHost(Samples.text(keys, text(random)))
                .replyChannel(Samples.text(keys, text(random)));
    }

    private static String text(Random random) {
        return "ä".repeat(random.nextInt(4)) + "x".repeat(random.nextInt(30));
    }

    private static UnsafeBuffer check(int length, Samples.Encoding encoding) {
        final UnsafeBuffer record = Samples.record(length, encoding);
        final Message message = new Message().wrap(record);
        assertTrue(message.decode(), message::problem);
        return record;
    }
}
