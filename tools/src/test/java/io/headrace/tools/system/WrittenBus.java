// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.LanePoller;
import io.headrace.channel.WriterSequence;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.LetterEncoder;
import io.headrace.message.encode.RequestKeys;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/** A bus that nobody serves: its messages are a test's, and so is what becomes of its files. */
public final class WrittenBus implements AutoCloseable {

    private static final String WRITER = "f1-test-0";

    private final Bus bus;
    private final WriterSequence sequence = new WriterSequence();
    private final Map<String, LaneAppender> lanes = new HashMap<>();
    private final EventEncoder events = new EventEncoder();
    private long nowNs;

    /** Encodes a message. */
    @FunctionalInterface
    public interface Encoding {
        void encode(UnsafeBuffer buffer, int offset);
    }

    public WrittenBus(Path directory) {
        bus = Bus.openOrCreate(directory);
        nowNs = bus.clock().nanoTime();
    }

    public Bus bus() {
        return bus;
    }

    public long append(String channel, int length, long connection, Encoding encoding) {
        final LaneAppender lane =
                lanes.computeIfAbsent(channel, name -> bus.newLane(name, WRITER, sequence));
        assertEquals(LaneAppender.OK, lane.claim(length, nowNs));
        encoding.encode(lane.buffer(), lane.offset());
        return lane.commit(connection, 0, 0, nowNs, nowNs);
    }

    public long request(long connection, String path) {
        final RequestKeys keys = keys(path);
        return append(
                "http.request",
                EventEncoder.requestLength(keys),
                connection,
                (buffer, offset) -> events.encodeRequest(buffer, offset, keys));
    }

    public long connect(long connection, String path) {
        final RequestKeys keys = keys(path);
        return append(
                "websocket.connect",
                EventEncoder.connectionLength(keys),
                connection,
                (buffer, offset) -> events.encodeConnection(buffer, offset, keys));
    }

    private static RequestKeys keys(String path) {
        final RequestKeys keys = new RequestKeys();
        keys.clear();
        return keys.method(text(keys, "GET"))
                .path(text(keys, path))
                .pathInfo(text(keys, path))
                .replyChannel(text(keys, "reply.f1-test-0!1.0"));
    }

    private static long text(RequestKeys keys, String value) {
        final byte[] bytes = value.getBytes(UTF_8);
        keys.text().begin();
        keys.text().put(bytes, 0, bytes.length);
        return keys.text().end();
    }

    public void disconnect(long connection, long requestIndex) {
        append(
                "http.disconnect",
                EventEncoder.disconnectLength(),
                connection,
                (buffer, offset) -> events.encodeDisconnect(buffer, offset, requestIndex));
    }

    public void receive(long connection, long connectIndex, String content) {
        final UnsafeBuffer frame = new UnsafeBuffer(content.getBytes(UTF_8));
        append(
                "websocket.receive",
                EventEncoder.receiveLength(frame.capacity()),
                connection,
                (buffer, offset) ->
                        events.encodeReceive(
                                buffer,
                                offset,
                                connectIndex,
                                -1,
                                false,
                                frame,
                                0,
                                frame.capacity()));
    }

    /** A dead letter that has a request in it. */
    public void letter(long connection, String path) {
        final RequestKeys keys = keys(path);
        final int length = EventEncoder.requestLength(keys);
        final UnsafeBuffer letter = new UnsafeBuffer(new byte[DeliveryHeader.LENGTH + length]);
        DeliveryHeader.write(letter, 0, length, 1, connection, 0, 0, nowNs, nowNs);
        events.encodeRequest(letter, DeliveryHeader.LENGTH, keys);
        final byte[] reason = "a test's".getBytes(UTF_8);
        append(
                "dead.http.request",
                LetterEncoder.deadLetterLength(reason.length, letter.capacity()),
                connection,
                (buffer, offset) ->
                        new LetterEncoder().encodeDeadLetter(buffer, offset, 10, reason, letter));
    }

    /** From now on each lane writes to another file. */
    public void roll() {
        nowNs += TimeUnit.HOURS.toNanos(1);
    }

    public Lane lane(String channel) {
        return lanes.get(channel).lane();
    }

    /** Deletes all files of a lane but the last, as the janitor does when nobody needs them. */
    public void deleteFiles(String... channels) {
        for (final String channel : List.of(channels)) {
            try (LanePoller poller = lane(channel).poller()) {
                while (poller.peek()) {
                    poller.advance();
                }
                assertEquals(1, lane(channel).deleteFiles(poller, Long.MAX_VALUE, Long.MAX_VALUE));
            }
        }
    }

    @Override
    public void close() {
        CloseHelper.closeAll(lanes.values());
        bus.close();
    }
}
