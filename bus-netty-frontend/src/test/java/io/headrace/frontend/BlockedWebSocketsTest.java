// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Lane;
import io.headrace.channel.LanePoller;
import io.headrace.delivery.ClaimWord;
import io.headrace.frontend.route.Routes;
import io.headrace.frontend.testing.RawConnection;
import io.headrace.worker.reply.WebSocket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.agrona.CloseHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** WebSockets that wait for room in a channel: one channel's in the order in which they came. */
class BlockedWebSocketsTest {

    private static final String RECEIVE = "websocket.receive";
    private static final int MESSAGES_MAX = 4;
    private static final int HANDSHAKES_MAX = 8;
    private static final long LOOK_INTERVAL_NS = 2_000_000L;
    private static final long HELD_MAX_NS = 5_000_000_000L;
    private static final int NOBODY = 1_000_000;
    private static final byte[] CLOSE_1000 = {
        (byte) 0x88, (byte) 0x82, 0, 0, 0, 0, (byte) (1000 >> 8), (byte) 1000
    };
    private static final byte[] PING = {(byte) 0x89, (byte) 0x80, 0, 0, 0, 0};
    private static final String LARGE = "x".repeat(40_000);

    @TempDir Path directory;

    private final List<String> handled = new ArrayList<>();
    private final List<RawConnection> clients = new ArrayList<>();
    private final List<WebSocket> sockets = new ArrayList<>();
    private SteppedFrontend stepped;

    @BeforeEach
    void start() throws IOException {
        final Path routes = directory.resolve("routes");
        Files.writeString(routes, "/api -> api\nh -> .\n");
        stepped =
                new SteppedFrontend(
                        directory,
                        Map.of(
                                Routes.PROPERTY,
                                routes.toString(),
                                "headrace.channel.*" + RECEIVE + ".messages",
                                "" + MESSAGES_MAX,
                                "headrace.channel.*" + RECEIVE + ".bytes",
                                "64k",
                                "headrace.channel.http.request.messages",
                                "" + HANDSHAKES_MAX,
                                "headrace.held.max",
                                "1m",
                                "headrace.channel.websocket.connect.messages",
                                "" + HANDSHAKES_MAX),
                        context ->
                                context.onHttpRequest((channel, request, reply) -> {})
                                        .onWebSocketConnect(
                                                (channel, handshake, socket) ->
                                                        sockets.add(socket.later()))
                                        .onWebSocketReceive(
                                                (channel, message, socket) ->
                                                        handled.add(message.text().toString())));
    }

    @AfterEach
    void stop() {
        CloseHelper.closeAll(clients);
        stepped.close();
    }

    private RawConnection client(String path) {
        final RawConnection client = stepped.openWebSocket(path);
        clients.add(client);
        return client;
    }

    /** A client of its own sends each of these texts, one after the other. */
    private List<RawConnection> send(String path, String... texts) {
        final List<RawConnection> senders = new ArrayList<>();
        for (final String text : texts) {
            final RawConnection client = client(path);
            send(client, text);
            senders.add(client);
        }
        return senders;
    }

    private void send(RawConnection client, String text) {
        final long before = stepped.counter(" frames in");
        client.send(SteppedFrontend.frame(text));
        stepped.cycleUntil("a frame", () -> stepped.counter(" frames in") > before);
    }

    private static void sendAtOnce(RawConnection client, byte[]... frames) {
        final ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (final byte[] frame : frames) {
            all.writeBytes(frame);
        }
        client.send(all.toByteArray());
    }

    private void fill(String path) {
        final RawConnection client = client(path);
        IntStream.range(0, MESSAGES_MAX).forEach(i -> send(client, "old"));
    }

    private void makeRoom(String channel, int count) {
        claim(channel, 0, count);
    }

    /** Claims the oldest messages that are free, and lets the channel be looked at again. */
    private void claim(String channel, int from, int count) {
        int claimed = 0;
        for (final Lane lane : stepped.frontend.bus().lanes(channel::equals, bad -> {})) {
            try (LanePoller poller = lane.poller()) {
                for (int i = 0; claimed < count && poller.peek(); i++, poller.advance()) {
                    claimed += i >= from && ClaimWord.tryClaim(poller.record(), NOBODY) ? 1 : 0;
                }
            }
        }
        assertEquals(count, claimed);
        stepped.wind(LOOK_INTERVAL_NS);
    }

    private void shouldHandle(String... texts) {
        stepped.consume();
        handled.removeIf("old"::equals);
        assertEquals(List.of(texts), handled);
        handled.clear();
    }

    private long appended(String channel) {
        return stepped.lane(channel, Lane::appendedCount);
    }

    private long refused(String channel) {
        return stepped.lane(channel, Lane::refusedCount);
    }

    private void shouldBeClosed(RawConnection client, int code) throws IOException {
        stepped.cycle();
        final byte[] frame = client.read(4);
        assertEquals(0x88, frame[0] & 0xFF);
        assertEquals(code, (frame[2] & 0xFF) << 8 | frame[3] & 0xFF);
    }

    @Test
    void shouldCountAMessageThatWaitsAsRefusedOnceHoweverOftenItIsTried() {
        fill("/");
        final List<RawConnection> blocked = send("/", "a", "b", "c");
        assertEquals(3, refused(RECEIVE));
        for (int i = 0; i < 100; i++) {
            stepped.wind(LOOK_INTERVAL_NS);
            stepped.cycle();
        }
        assertEquals(3, refused(RECEIVE));
        makeRoom(RECEIVE, MESSAGES_MAX);
        stepped.cycle();
        shouldHandle("a", "b", "c");
        assertEquals(3, refused(RECEIVE));
        send(blocked.get(0), "again");
        shouldHandle("again");
    }

    @Test
    void shouldCountRequestsAndHandshakesThatAreRefused() {
        for (int i = 0; i <= HANDSHAKES_MAX; i++) {
            clients.add(stepped.connect().get("/"));
            clients.add(stepped.connect().get("/", SteppedFrontend.UPGRADE));
        }
        stepped.cycleUntil("refusals", () -> stepped.counter(" refused 503 channel-full") == 2);
        assertEquals(1, refused("http.request"));
        assertEquals(1, refused("websocket.connect"));
    }

    @Test
    void shouldTryThemInTheirOrderAsFarAsThereIsRoom() {
        fill("/");
        send("/", "a", "b", "c", "d");
        makeRoom(RECEIVE, 3);
        stepped.cycle();
        assertEquals(MESSAGES_MAX + 3, appended(RECEIVE));
        makeRoom(RECEIVE, 1);
        stepped.cycle();
        shouldHandle("a", "b", "c", "d");
    }

    @Test
    void shouldNotTryWhoComesBehindOneThatIsRefusedThoughItWouldFit() {
        send("/", LARGE, "old", "old", "old");
        send("/", LARGE, "small");
        claim(RECEIVE, 1, 1);
        stepped.cycle();
        assertEquals(MESSAGES_MAX, appended(RECEIVE));
        makeRoom(RECEIVE, 2);
        stepped.cycle();
        assertEquals(MESSAGES_MAX + 2, appended(RECEIVE));
    }

    @Test
    void shouldTryThoseOfAnotherChannelWhileOneIsFull() {
        fill("/");
        fill("/api");
        send("/", "a");
        send("/api", "b", "c");
        makeRoom("api." + RECEIVE, 2);
        stepped.cycle();
        assertEquals(MESSAGES_MAX, appended(RECEIVE));
        assertEquals(MESSAGES_MAX + 2, appended("api." + RECEIVE));
        assertEquals(1, refused(RECEIVE));
        makeRoom(RECEIVE, 1);
        stepped.cycle();
        assertEquals(MESSAGES_MAX + 1, appended(RECEIVE));
    }

    @Test
    void shouldCloseWhoseTimeIsUpThoughTheyAreNotTried() throws IOException {
        fill("/");
        final List<RawConnection> early = send("/", "a", "b");
        stepped.wind(HELD_MAX_NS / 10 * 9);
        stepped.cycle();
        send("/", "c");
        stepped.wind(HELD_MAX_NS / 10);
        for (final RawConnection client : early) {
            shouldBeClosed(client, 1013);
        }
        makeRoom(RECEIVE, 1);
        stepped.cycle();
        shouldHandle("c");
    }

    @Test
    void shouldPassWhoIsClosedAndHearTheAnswerBeforeItsTurn() throws IOException {
        final List<RawConnection> blocked = List.of(client("/"), client("/"), client("/"));
        stepped.consume();
        fill("/");
        send(blocked.get(0), "closed");
        send(blocked.get(1), "open");
        send(blocked.get(2), "closed");
        stepped.cycle();
        final long open = stepped.counter(" websockets");
        assertEquals(0, sockets.get(2).close());
        shouldBeClosed(blocked.get(2), 1000);
        blocked.get(2).send(new byte[] {(byte) 0x88, (byte) 0x80, 0, 0, 0, 0});
        stepped.cycleUntil("its end", () -> stepped.counter(" websockets") == open - 1);
        assertEquals(0, sockets.get(0).close());
        makeRoom(RECEIVE, 3);
        shouldBeClosed(blocked.get(0), 1000);
        shouldHandle("open");
    }

    @Test
    void shouldLetNobodyWhoComesLaterHaveTheRoomOfOneThatWaits() {
        final RawConnection late = client("/");
        fill("/");
        send("/", "a", "b");
        makeRoom(RECEIVE, 2);
        send(late, "late");
        assertEquals(MESSAGES_MAX + 2, appended(RECEIVE));
        makeRoom(RECEIVE, 1);
        stepped.cycle();
        shouldHandle("a", "b", "late");
        assertEquals(3, refused(RECEIVE));
        stepped.wind(LOOK_INTERVAL_NS);
        send(late, "again");
        assertEquals(3, refused(RECEIVE));
    }

    @Test
    void shouldHandleWhatAClientHasSentBeforeItClosed() throws IOException {
        fill("/");
        final RawConnection client = client("/");
        sendAtOnce(client, SteppedFrontend.frame("a"), SteppedFrontend.frame("b"), CLOSE_1000);
        stepped.cycleUntil("its frames", () -> refused(RECEIVE) == 2);
        stepped.cycle();
        final long open = stepped.counter(" websockets");
        makeRoom(RECEIVE, 1);
        stepped.cycle();
        assertEquals(0, appended("websocket.disconnect"));
        makeRoom(RECEIVE, 1);
        shouldBeClosed(client, 1000);
        assertEquals(1, appended("websocket.disconnect"));
        stepped.cycleUntil("its end", () -> stepped.counter(" websockets") == open - 1);
        shouldHandle("a", "b");
    }

    @Test
    void shouldNotAwaitTheAnswerOfWhoHasClosedAndIsSentAway() throws IOException {
        fill("/");
        final RawConnection client = client("/");
        sendAtOnce(client, SteppedFrontend.frame("a"), CLOSE_1000);
        stepped.cycleUntil("its frame", () -> refused(RECEIVE) == 1);
        stepped.cycle();
        final long open = stepped.counter(" websockets");
        stepped.wind(HELD_MAX_NS);
        shouldBeClosed(client, 1013);
        stepped.cycleUntil("its end", () -> stepped.counter(" websockets") == open - 1);
        shouldHandle();
    }

    @Test
    void shouldForgetWhoIsGone() {
        fill("/");
        final List<RawConnection> blocked = send("/", "a", "b", "c");
        stepped.cycle();
        final long open = stepped.counter(" websockets");
        blocked.get(0).close();
        blocked.get(2).close();
        stepped.cycleUntil("their end", () -> stepped.counter(" websockets") == open - 2);
        makeRoom(RECEIVE, 2);
        stepped.cycle();
        shouldHandle("b");
    }

    @Test
    void shouldCountTheHalfOfAMessageThoughPingsComeBetweenItsFragments() {
        // RFC 6455, section 5.2: a text without FIN, of 64 bits of length.
        final byte[] fragment = new byte[14 + 200_000];
        fragment[0] = 1;
        fragment[1] = (byte) 0xFF;
        ByteBuffer.wrap(fragment).putLong(2, 200_000);
        for (int i = 0; i < 6; i++) {
            sendAtOnce(client("/"), fragment, PING);
            for (int j = 0; j < 1_000; j++) {
                stepped.cycle();
            }
        }
        assertTrue(stepped.counter(" closed memory-high") > 0);
    }

    @Test
    void shouldCountNoPingsThatHaveBeenAnswered() {
        final List<RawConnection> pinging = List.of(client("/"), client("/"), client("/"));
        for (int i = 0; i < 1_000; i++) {
            pinging.forEach(client -> client.send(PING));
            stepped.cycle();
        }
        pinging.forEach(client -> shouldAnswer(client, 1_000));
        assertEquals(0, stepped.counter(" closed memory-high"));
    }

    private void shouldAnswer(RawConnection client, int count) {
        final CompletableFuture<byte[]> pongs =
                CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return client.read(2 * count);
                            } catch (final IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        });
        while (!pongs.isDone()) {
            stepped.cycle();
        }
        assertEquals((byte) 0x8A, pongs.join()[2 * count - 2]);
    }

    @Test
    void shouldCountWhatIsHeldForAChannelWithoutRoom() {
        fill("/api");
        // A blocked one is not read, but what has been read by then is held.
        final String text = "x".repeat(50_000);
        final String[] few = Collections.nCopies(17, text).toArray(new String[0]);
        send("/api", few);
        stepped.cycle();
        assertEquals(0, stepped.counter(" closed memory-high"));
        send("/api", text, text, text);
        client("/api").send(SteppedFrontend.frame(text));
        stepped.cycleUntil("one too many", () -> stepped.counter(" closed memory-high") > 0);
        stepped.cycle();
        final long open = stepped.counter(" websockets");
        assertTrue(open > 12 && open < 18, "open: " + open);
    }
}
