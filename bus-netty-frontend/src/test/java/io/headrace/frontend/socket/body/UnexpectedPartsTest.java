// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.body;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.frontend.testing.RawConnection;
import io.headrace.frontend.testing.RunningFrontend;
import io.headrace.message.Part;
import io.headrace.message.Request;
import io.headrace.message.encode.PartEncoder;
import io.headrace.worker.reply.HttpReply;
import io.headrace.worker.reply.ResponseStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Parts of responses that nobody waits for, from somebody who does not keep to the rules. */
class UnexpectedPartsTest {

    private final Map<String, ResponseStream> streams = new ConcurrentHashMap<>();
    private final Map<String, ReplyAddress> addresses = new ConcurrentHashMap<>();
    private RunningFrontend running;
    private LaneAppender stranger;

    @BeforeEach
    void start() {
        running =
                RunningFrontend.start(
                        Map.of(),
                        context ->
                                context.onHttpRequest((c, request, reply) -> on(request, reply)));
    }

    @AfterEach
    void stop() {
        if (stranger != null) {
            stranger.close();
        }
        running.close();
    }

    private void on(Request request, HttpReply reply) {
        addresses.put(request.path(), ReplyAddress.parse(request.replyChannel()));
        if (request.path().startsWith("/stream")) {
            final ResponseStream stream = reply.stream(200, "text/plain");
            // Before its client can know of it.
            streams.put(request.path(), stream);
            stream.send("first");
        } else {
            reply.send(200, "text/plain", "hello");
        }
    }

    private ReplyAddress begin(RawConnection client, String path) throws IOException {
        client.get(path).answer();
        shouldRead(client, "5\r\nfirst\r\n");
        return addresses.get(path);
    }

    private static void shouldRead(RawConnection client, String text) throws IOException {
        assertEquals(text, new String(client.read(text.length()), StandardCharsets.US_ASCII));
    }

    private void inject(ReplyAddress to, int number, Part.State state) {
        final Bus bus = running.frontend().bus();
        if (stranger == null) {
            stranger = bus.newLane(to.channel(), "stranger-0", new WriterSequence());
            bus.raiseLaneVersion();
        }
        final UnsafeBuffer content = new UnsafeBuffer("first".getBytes(StandardCharsets.US_ASCII));
        final int length = state == Part.State.MORE ? content.capacity() : 0;
        final long nowNs = bus.clock().nanoTime();
        assertEquals(LaneAppender.OK, stranger.claim(PartEncoder.partLength(length), nowNs));
        new PartEncoder()
                .encodeResponsePart(
                        stranger.buffer(), stranger.offset(), number, state, content, 0, length);
        stranger.commit(to.connection(), to.order(), 0, nowNs, nowNs);
    }

    private void shouldDrop(int count) {
        RunningFrontend.await(
                count + " dropped", () -> running.counter(" replies dropped") >= count);
        assertEquals(count, running.counter(" replies dropped"));
    }

    private void shouldServeOthers() {
        try (RawConnection other = running.connect()) {
            assertEquals("hello", other.get("/hello").answer().body());
        }
    }

    @Test
    void shouldBreakAResponseWhosePartsComeOutOfOrder() throws IOException {
        try (RawConnection client = running.connect()) {
            inject(begin(client, "/stream"), 2, Part.State.MORE);
            assertEquals("", client.readToEnd());
            shouldDrop(1);
        }
        RunningFrontend.await("its end", () -> !streams.get("/stream").isOpen());
        shouldServeOthers();
    }

    @Test
    void shouldBreakAResponseThatHasAPartTwice() throws IOException {
        try (RawConnection client = running.connect()) {
            inject(begin(client, "/stream"), 0, Part.State.MORE);
            assertEquals("", client.readToEnd());
            shouldDrop(1);
        }
        shouldServeOthers();
    }

    @Test
    void shouldDropPartsOfAResponseThatHasEndedAndASecondEnd() throws IOException {
        try (RawConnection client = running.connect()) {
            final ReplyAddress to = begin(client, "/stream");
            streams.get("/stream").end();
            shouldRead(client, "0\r\n\r\n");
            inject(to, 2, Part.State.MORE);
            inject(to, 2, Part.State.LAST);
            shouldDrop(2);
            assertEquals("hello", client.get("/hello").answer().body());
        }
    }

    @Test
    void shouldDropASecondEndOfAResponseThatWaitsForItsTurn() throws IOException {
        try (RawConnection client = running.connect()) {
            final ReplyAddress first = begin(client, "/stream-a");
            client.get("/stream-b");
            RunningFrontend.await("the second", () -> streams.containsKey("/stream-b"));
            streams.get("/stream-b").end();
            inject(addresses.get("/stream-b"), 2, Part.State.LAST);
            shouldDrop(1);
            inject(first, 1, Part.State.LAST);
            shouldRead(client, "0\r\n\r\n");
            client.answer();
            shouldRead(client, "5\r\nfirst\r\n0\r\n\r\n");
        }
    }

    @Test
    void shouldDropPartsForWhatIsNotThere() throws IOException {
        try (RawConnection client = running.connect()) {
            final ReplyAddress to = begin(client, "/stream");
            final String channel = to.channel();
            inject(new ReplyAddress(channel, to.connection(), 1), 0, Part.State.LAST);
            inject(new ReplyAddress(channel, to.connection(), -1), 0, Part.State.LAST);
            inject(new ReplyAddress(channel, to.connection() + 9, 0), 1, Part.State.BROKEN);
            shouldDrop(3);
            assertTrue(streams.get("/stream").isOpen());
        }
        shouldServeOthers();
    }
}
