// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LanePoller;
import io.headrace.channel.name.ChannelName;
import io.headrace.message.Close;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.MessageType;
import io.headrace.message.Request;
import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.RequestKeys;
import io.headrace.testing.Samples;
import io.headrace.testing.TestWriter;
import java.nio.file.Path;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the keys of a Receive, a Client Close and a Disconnect come from. */
class RequestResolverTest {

    private static final UnsafeBuffer FRAME = new UnsafeBuffer(Samples.DATAGRAM);

    @TempDir Path directory;
    private Bus bus;
    private TestWriter writer;
    private TestWriter other;
    private RequestResolver resolver;
    private Message message;
    private final EventEncoder encoder = new EventEncoder();

    @BeforeEach
    void openBus() {
        bus = Bus.openOrCreate(directory.resolve("bus"));
        writer = new TestWriter(bus, "f1-x-0");
        other = new TestWriter(bus, "f1-x-1");
        resolver = new RequestResolver(bus);
        message = new Message(resolver);
    }

    @AfterEach
    void close() {
        resolver.close();
        writer.close();
        other.close();
        bus.close();
    }

    @Test
    void shouldFindTheRequestOfADisconnect() {
        request(writer, "http.request", 1, "/one");
        final long two = request(writer, "http.request", 2, "/two");
        request(writer, "http.request", 3, "/three");
        disconnect(writer, "http.disconnect", 2, two);
        assertEquals("/two", decodeLast(writer, "http.disconnect").request().path());
    }

    @Test
    void shouldFindTheConnectionOfAReceiveAndOfAClientClose() {
        final long one = connect(writer, "websocket.connect", 1, "/one");
        final long two = connect(writer, "websocket.connect", 2, "/two");
        receive(writer, "websocket.receive", 1, one);
        final Message received = decodeLast(writer, "websocket.receive");
        assertEquals("/one", received.request().path());
        assertEquals("/one", received.datagram().request().path());
        assertEquals("ten bytes!", received.datagram().text());
        clientClose(writer, "websocket.disconnect", 2, two);
        final Message closed = decodeLast(writer, "websocket.disconnect");
        assertEquals("/two", closed.close().request().path());
        assertEquals(1001, closed.close().code());
    }

    @Test
    void shouldLookInTheLaneOfTheSameWriterOnly() {
        final long mine = request(writer, "http.request", 1, "/mine");
        final long others = request(other, "http.request", 2, "/others");
        assertEquals(mine, others, "the same index in another lane");
        disconnect(writer, "http.disconnect", 1, mine);
        disconnect(other, "http.disconnect", 2, others);
        assertEquals("/mine", decodeLast(writer, "http.disconnect").request().path());
        assertEquals("/others", decodeLast(other, "http.disconnect").request().path());
    }

    @Test
    void shouldFindTheSiblingChannelOfAPrefix() {
        connect(writer, "websocket.connect", 1, "/plain");
        final long index = connect(writer, "api.websocket.connect", 2, "/api/x");
        receive(writer, "api.websocket.receive", 2, index);
        assertEquals("/api/x", decodeLast(writer, "api.websocket.receive").request().path());
    }

    @ParameterizedTest
    @CsvSource({
        "http.disconnect, http.request, http.request",
        "api.http.disconnect, http.request, api.http.request",
        "a.b-c_d.http.disconnect, http.request, a.b-c_d.http.request",
        "http.http.disconnect, http.request, http.http.request",
        "websocket.receive, websocket.connect, websocket.connect",
        "api.websocket.receive, websocket.connect, api.websocket.connect",
        "websocket.websocket.disconnect, websocket.connect, websocket.websocket.connect",
        "http.websocket.receive, websocket.connect, http.websocket.connect",
        "odd, http.request, http.request",
        "odd.http, http.request, http.request"
    })
    void shouldNameTheSiblingChannel(String channel, String base, String sibling) {
        assertEquals(sibling, ChannelName.sibling(channel, base));
    }

    @Test
    void shouldRememberAConnectionThatItHasSeen() {
        final long index = connect(writer, "websocket.connect", 1, "/one");
        receive(writer, "websocket.receive", 1, index);
        final Message received = decodeLast(writer, "websocket.receive");
        assertEquals("/one", received.request().path());
        // The record is spoilt; a copy of it is not.
        record(writer, "websocket.connect", index)
                .putInt(DeliveryHeader.FLAGS_LENGTH_OFFSET, 0xFFFFFF);
        assertEquals("/one", received.request().path());
    }

    @Test
    void shouldTellConnectionsApartHoweverManyItRemembers() {
        final int count = 2_000;
        final long[] indexes = new long[count];
        for (int i = 0; i < count; i++) {
            indexes[i] = connect(writer, "websocket.connect", i, "/" + i);
        }
        for (int pass = 0; pass < 2; pass++) {
            for (int i = 0; i < count; i++) {
                final byte[] receive = encodedReceive(indexes[i]);
                final UnsafeBuffer event = event(receive, i);
                assertTrue(message.wrap(event).decode());
                resolver.lane(writer.lane("websocket.connect").lane());
                assertEquals("/" + i, message.request().path());
            }
        }
    }

    @Test
    void shouldGiveTheRequestAnewForEachMessage() {
        final long one = connect(writer, "websocket.connect", 1, "/one");
        final long two = connect(writer, "websocket.connect", 2, "/two");
        resolver.lane(writer.lane("websocket.connect").lane());
        for (int i = 0; i < 3; i++) {
            assertTrue(message.wrap(event(encodedReceive(one), 1)).decode());
            assertEquals("/one", message.request().path());
            assertTrue(message.wrap(event(encodedReceive(two), 2)).decode());
            final Request request = message.request();
            assertEquals("/two", request.path());
            assertEquals("a=1", request.queryString());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, 0, 1, Long.MAX_VALUE, Long.MIN_VALUE, 0x7FFF_FFFF_0000_0000L})
    void shouldSayClearlyThatARecordIsNotThere(long index) {
        request(writer, "http.request", 1, "/one");
        disconnect(writer, "http.disconnect", 1, index);
        final Message event = decodeLast(writer, "http.disconnect");
        final String problem = assertThrows(HeadraceException.class, event::request).getMessage();
        assertTrue(problem.contains("http.request/f1-x-0"), problem);
        assertTrue(problem.contains("is not there"), problem);
    }

    @Test
    void shouldSayThatTheRecordBehindTheLastOneIsNotThereAndFindItWhenItCame() {
        final long last = request(writer, "http.request", 1, "/one");
        disconnect(writer, "http.disconnect", 1, last + 1);
        final Message event = decodeLast(writer, "http.disconnect");
        assertThrows(HeadraceException.class, event::request);
        assertThrows(HeadraceException.class, event::request);
        assertEquals(last + 1, request(writer, "http.request", 1, "/late"));
        assertEquals("/late", event.request().path());
    }

    @Test
    void shouldSayClearlyThatALaneIsNotThere() {
        disconnect(writer, "http.disconnect", 1, 77);
        final Message event = decodeLast(writer, "http.disconnect");
        final String problem = assertThrows(HeadraceException.class, event::request).getMessage();
        assertTrue(problem.contains("record 0x4d of lane http.request/f1-x-0"), problem);
    }

    @Test
    void shouldSayClearlyThatWhatIsThereCannotBeDecoded() {
        final long index =
                writer.append("http.request", new byte[] {9, 9, 9, 9, 9, 9, 9, 9}, 5, 0, 1);
        disconnect(writer, "http.disconnect", 5, index);
        final Message event = decodeLast(writer, "http.disconnect");
        final String problem = assertThrows(HeadraceException.class, event::request).getMessage();
        assertTrue(problem.contains("request of connection 5 cannot be decoded"), problem);
    }

    @Test
    void shouldFindTheNextRequestAfterOneThatWasNotThere() {
        final long index = request(writer, "http.request", 1, "/one");
        disconnect(writer, "http.disconnect", 1, 12_345);
        assertThrows(
                HeadraceException.class, () -> decodeLast(writer, "http.disconnect").request());
        disconnect(writer, "http.disconnect", 1, index);
        assertEquals("/one", decodeLast(writer, "http.disconnect").request().path());
    }

    private long request(TestWriter from, String channel, long connection, String path) {
        final RequestKeys keys = keys(path);
        final UnsafeBuffer record =
                Samples.record(
                        EventEncoder.requestLength(keys),
                        (buffer, offset) -> encoder.encodeRequest(buffer, offset, keys));
        return from.append(channel, Samples.message(record), connection, 0, 1);
    }

    private long connect(TestWriter from, String channel, long connection, String path) {
        final RequestKeys keys = keys(path);
        final UnsafeBuffer record =
                Samples.record(
                        EventEncoder.connectionLength(keys),
                        (buffer, offset) -> encoder.encodeConnection(buffer, offset, keys));
        return from.append(channel, Samples.message(record), connection, 0, 1);
    }

    private static RequestKeys keys(String path) {
        final RequestKeys keys = Samples.bareKeys();
        return keys.path(Samples.text(keys, path)).queryString(Samples.text(keys, "a=1"));
    }

    private void disconnect(TestWriter from, String channel, long connection, long index) {
        final UnsafeBuffer record =
                Samples.record(
                        EventEncoder.disconnectLength(),
                        (buffer, offset) -> encoder.encodeDisconnect(buffer, offset, index));
        from.append(channel, Samples.message(record), connection, 0, 1);
    }

    private byte[] encodedReceive(long index) {
        return Samples.message(
                Samples.record(
                        EventEncoder.receiveLength(10),
                        (buffer, offset) ->
                                encoder.encodeReceive(
                                        buffer, offset, index, -1, false, FRAME, 0, 10)));
    }

    private void receive(TestWriter from, String channel, long connection, long index) {
        from.append(channel, encodedReceive(index), connection, 0, 1);
    }

    private void clientClose(TestWriter from, String channel, long connection, long index) {
        final UnsafeBuffer record =
                Samples.record(
                        EventEncoder.clientCloseLength(0),
                        (buffer, offset) ->
                                encoder.encodeClientClose(
                                        buffer, offset, index, 1001, Close.By.CLIENT, new byte[0]));
        from.append(channel, Samples.message(record), connection, 0, 1);
    }

    private static UnsafeBuffer event(byte[] bytes, long connection) {
        final UnsafeBuffer record = new UnsafeBuffer(new byte[64 + bytes.length]);
        DeliveryHeader.write(record, 0, bytes.length, 1, connection, 0, 0, 1, 1);
        record.putBytes(64, bytes);
        return record;
    }

    private Message decodeLast(TestWriter from, String channel) {
        final Lane lane = from.lane(channel).lane();
        assertTrue(message.wrap(record(from, channel, from.lane(channel).lastIndex())).decode());
        assertTrue(message.type() != MessageType.HTTP_REQUEST);
        resolver.lane(lane);
        return message;
    }

    private UnsafeBuffer record(TestWriter from, String channel, long index) {
        try (LanePoller poller = from.lane(channel).lane().poller()) {
            assertTrue(poller.moveTo(index) && poller.peek());
            // Its writer keeps this part of the lane mapped.
            return new UnsafeBuffer(poller.record().addressOffset(), poller.record().capacity());
        }
    }
}
