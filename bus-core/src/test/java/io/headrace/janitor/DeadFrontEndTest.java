// SPDX-License-Identifier: Apache-2.0
package io.headrace.janitor;

import static io.headrace.janitor.SimulatedHost.MS;
import static io.headrace.janitor.SimulatedHost.SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.channel.Lane;
import io.headrace.channel.LanePoller;
import io.headrace.channel.name.ChannelName;
import io.headrace.janitor.SimulatedHost.Housekeeper;
import io.headrace.member.Member;
import io.headrace.message.Close;
import io.headrace.message.Message;
import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.RequestKeys;
import io.headrace.presence.ConnectionTable;
import io.headrace.presence.GroupTable;
import io.headrace.testing.Samples;
import io.headrace.testing.TestMembers;
import io.headrace.testing.TestWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What workers hear of the WebSockets of a front end that was killed. */
class DeadFrontEndTest {

    private static final byte[] NO_REASON = {};

    @TempDir Path directory;
    private SimulatedHost host;
    private Housekeeper first;
    private Member frontEnd;
    private TestWriter writer;
    private ConnectionTable table;
    private final Map<Integer, Integer> slots = new HashMap<>();

    @BeforeEach
    void open() {
        host = new SimulatedHost(directory, "TEST_SECONDLY", new Retention(0, 5 * SECOND));
        frontEnd = TestMembers.frontEnd(host.bus);
        writer = new TestWriter(host.bus, frontEnd.id() + "-0");
        table = ConnectionTable.create(host.bus, writer.id());
        first = host.housekeeper();
    }

    @AfterEach
    void close() {
        CloseHelper.closeAll(table, writer, frontEnd);
        host.close();
    }

    @Test
    void shouldHearOneCloseOfEachOpenConnectionWithItsKeys() {
        for (int connection = 1; connection <= 4; connection++) {
            connect(connection);
        }
        frame(2, 1);
        frame(2, 2);
        closeByClient(3, 1);
        finishAll();
        host.kill(frontEnd);
        host.run(first, SECOND);
        assertEquals(
                List.of("1 order 1 /1", "2 order 3 /2", "4 order 1 /4"), closesOf(first.member));
    }

    @Test
    void shouldHearNothingTwiceWhenTheJanitorDiesInTheMiddle() {
        for (int connection = 1; connection <= 3; connection++) {
            connect(connection);
        }
        finishAll();
        // As far as the one before came.
        try (TestWriter died = new TestWriter(host.bus, "w0-died-j")) {
            append(died, ChannelName.WEBSOCKET_DISCONNECT, 2, 1, close(2, 1006));
        }
        host.run(first, 100 * MS, frontEnd);
        host.kill(frontEnd);
        host.run(first, 500 * MS);
        final Housekeeper second = host.housekeeper();
        first.die();
        host.run(second, 20 * SECOND);
        assertEquals(List.of("1 order 1 /1", "3 order 1 /3"), closesOf(first.member));
        assertEquals(List.of(), closesOf(second.member));
    }

    @Test
    void shouldLeaveNothingOfADeadFrontEndAmongTheMembers() throws IOException {
        final GroupTable groups = GroupTable.create(host.bus, writer.id());
        connect(1);
        groups.join("room", 1);
        finishAll();
        CloseHelper.closeAll(groups);
        host.kill(frontEnd);
        host.run(first, 20 * SECOND);
        host.finishAll(ChannelName.WEBSOCKET_DISCONNECT, first.member.id() + "-j", 77);
        host.run(first, 20 * SECOND);
        try (Stream<Path> files = Files.list(host.bus.membersDirectory())) {
            assertEquals(
                    List.of(),
                    files.filter(file -> file.toString().contains(frontEnd.id())).toList());
        }
    }

    @Test
    void shouldHearTheCloseAfterAllFramesHaveEnded() {
        connect(1);
        frame(1, 1);
        host.finishAll(ChannelName.WEBSOCKET_CONNECT, writer.id(), 77);
        host.claim(ChannelName.WEBSOCKET_RECEIVE, writer.id(), 0, host.consumer());
        host.kill(frontEnd);
        host.run(first, 2 * SECOND);
        assertEquals(List.of(), closesOf(first.member));
        host.finish(
                ChannelName.WEBSOCKET_RECEIVE,
                writer.id(),
                0,
                host.consumer(),
                io.headrace.delivery.ClaimWord.DONE);
        host.run(first, SECOND);
        assertEquals(List.of("1 order 2 /1"), closesOf(first.member));
    }

    @Test
    void shouldHearNothingOfAClosedConnectionWhileItsConnectIsStillHeldByAHungConsumer() {
        connect(1);
        closeByClient(1, 1);
        host.finishAll(ChannelName.WEBSOCKET_DISCONNECT, writer.id(), 77);
        host.claim(ChannelName.WEBSOCKET_CONNECT, writer.id(), 0, host.consumer());
        host.kill(frontEnd);
        host.run(first, 4 * SECOND);
        final Housekeeper second = host.housekeeper();
        first.die();
        host.run(second, 10 * SECOND);
        assertEquals(List.of(), closesOf(first.member));
        assertEquals(List.of(), closesOf(second.member));
    }

    @Test
    void shouldReadAllAgainOnlyWhenOneOfThoseAwaitedHasEnded() throws IOException {
        for (int connection = 1; connection <= 3; connection++) {
            connect(connection);
            frame(connection, 1);
        }
        host.finishAll(ChannelName.WEBSOCKET_CONNECT, writer.id(), 77);
        for (int i = 0; i < 3; i++) {
            host.claim(ChannelName.WEBSOCKET_RECEIVE, writer.id(), i, host.consumer());
        }
        host.kill(frontEnd);
        // Each reading of the lanes tells of this one.
        final Path damaged =
                host.bus.directory().resolve("channels/websocket.connect/f9-damaged-0");
        Files.createDirectory(damaged);
        Files.writeString(damaged.resolve("lane.properties"), "version=0\n");
        final List<HeadraceException> readings = new ArrayList<>();
        try (OpenConnections connections =
                new OpenConnections(host.bus, "w9-test-j", readings::add)) {
            for (int ended = 0; ended < 3; ended++) {
                for (int i = 0; i < 10; i++) {
                    assertFalse(connections.close(frontEnd.id(), host.nowNs));
                }
                assertEquals(ended + 1, readings.size());
                assertEquals(
                        ended,
                        host
                                .bus
                                .lanes(ChannelName.WEBSOCKET_DISCONNECT::equals, readings::add)
                                .stream()
                                .mapToLong(Lane::appendedCount)
                                .sum());
                host.finish(
                        ChannelName.WEBSOCKET_RECEIVE,
                        writer.id(),
                        ended,
                        host.consumer(),
                        io.headrace.delivery.ClaimWord.DONE);
            }
            assertTrue(connections.close(frontEnd.id(), host.nowNs));
            assertEquals(4, readings.size());
        }
    }

    private void connect(int connection) {
        final RequestKeys keys = keys(connection);
        slots.put(connection, table.open(connection, host.nowNs));
        final long index =
                append(
                        writer,
                        ChannelName.WEBSOCKET_CONNECT,
                        connection,
                        0,
                        encode(
                                EventEncoder.connectionLength(keys),
                                (b, at) -> new EventEncoder().encodeConnection(b, at, keys)));
        table.keys(
                slots.get(connection),
                host.lane(ChannelName.WEBSOCKET_CONNECT, writer.id()).number(),
                index);
    }

    @Test
    void shouldHearTheCloseOfAConnectionThatIsOlderThanWhatIsKept() {
        connect(1);
        frame(1, 1);
        finishAll();
        // The file that the frame is in goes, the one with the keys does not.
        for (int i = 0; i < 4; i++) {
            host.run(first, 2 * SECOND, frontEnd);
            connect(10 + i);
            frame(10 + i, 1);
            finishAll();
        }
        host.run(first, 5 * SECOND, frontEnd);
        host.kill(frontEnd);
        host.run(first, SECOND);
        assertTrue(closesOf(first.member).contains("1 order 2 /1"), closesOf(first.member) + "");
        assertEquals(5, closesOf(first.member).size());
    }

    @Test
    void shouldHearNothingOfAConnectionWhoseConnectWasNeverAppended() {
        slots.put(1, table.open(1, host.nowNs));
        connect(2);
        finishAll();
        host.kill(frontEnd);
        host.run(first, SECOND);
        assertEquals(List.of("2 order 1 /2"), closesOf(first.member));
    }

    @Test
    void shouldHearTheCloseOfAConnectionWhoseIndexDidNotGetIntoTheTable() {
        connect(1);
        table.keys(slots.get(1), 0, ConnectionTable.NO_INDEX);
        finishAll();
        host.kill(frontEnd);
        host.run(first, SECOND);
        assertEquals(List.of("1 order 1 /1"), closesOf(first.member));
    }

    @Test
    void shouldHearNothingTwiceLongAfterTheFirstClosesAreGone() {
        connect(1);
        finishAll();
        host.kill(frontEnd);
        host.run(first, SECOND);
        assertEquals(List.of("1 order 1 /1"), closesOf(first.member));
        finishAll();
        // Its connects go first, then its closes: whatever order, nobody closes again.
        host.run(first, 20 * SECOND);
        final Housekeeper second = host.housekeeper();
        first.die();
        host.run(second, 20 * SECOND);
        assertEquals(List.of(), closesOf(second.member));
    }

    private static RequestKeys keys(int connection) {
        final RequestKeys keys = new RequestKeys();
        keys.clear();
        return keys.path(Samples.text(keys, "/" + connection));
    }

    private void frame(int connection, int order) {
        append(
                writer,
                ChannelName.WEBSOCKET_RECEIVE,
                connection,
                order,
                encode(
                        EventEncoder.receiveLength(1),
                        (b, at) ->
                                new EventEncoder()
                                        .encodeReceive(
                                                b,
                                                at,
                                                0,
                                                -1,
                                                true,
                                                new UnsafeBuffer(new byte[1]),
                                                0,
                                                1)));
        table.order(slots.get(connection), order);
    }

    private void closeByClient(int connection, int order) {
        // The table is the last to say so, if the process lives that long.
        append(
                writer,
                ChannelName.WEBSOCKET_DISCONNECT,
                connection,
                order,
                close(connection, 1000));
    }

    private static byte[] close(int connection, int code) {
        final RequestKeys keys = keys(connection);
        final byte[] request =
                encode(
                        EventEncoder.connectionLength(keys),
                        (b, at) -> new EventEncoder().encodeConnection(b, at, keys));
        return encode(
                EventEncoder.clientCloseLength(0) + request.length,
                (b, at) ->
                        new EventEncoder()
                                .encodeClientClose(
                                        b,
                                        at,
                                        new UnsafeBuffer(request),
                                        0,
                                        request.length,
                                        code,
                                        Close.By.CLIENT,
                                        NO_REASON));
    }

    private static byte[] encode(int length, Samples.Encoding encoding) {
        return Samples.message(Samples.record(length, encoding));
    }

    private long append(TestWriter by, String channel, int connection, int order, byte[] message) {
        final var lane = by.lane(channel);
        assertEquals(0, lane.claim(message.length, host.nowNs));
        lane.buffer().putBytes(lane.offset(), message);
        final int expiryMs = channel.equals(ChannelName.WEBSOCKET_DISCONNECT) ? 0 : 60_000;
        return lane.commit(connection, order, expiryMs, host.nowNs, host.nowNs);
    }

    private void finishAll() {
        for (final Lane lane : host.bus.lanes(name -> true, bad -> {})) {
            host.finishAll(lane.channel(), lane.writer(), 77);
        }
    }

    /** Number, order and path of the connections that a janitor closed. */
    private List<String> closesOf(Member janitor) {
        final List<String> closes = new ArrayList<>();
        host.bus
                .lane(ChannelName.WEBSOCKET_DISCONNECT, janitor.id() + "-j")
                .ifPresent(lane -> readCloses(lane, closes));
        closes.sort(null);
        return closes;
    }

    private static void readCloses(Lane lane, List<String> closes) {
        final Message message = new Message();
        try (LanePoller poller = lane.poller()) {
            while (poller.peek()) {
                assertTrue(message.wrap(poller.record()).decode());
                assertEquals(1006, message.close().code());
                assertEquals(Close.By.FRONT_END, message.close().closedBy());
                closes.add(
                        message.connection()
                                + " order "
                                + message.order()
                                + " "
                                + message.request().path());
                poller.advance();
            }
        }
    }
}
