// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LanePoller;
import io.headrace.delivery.ClaimWord;
import io.headrace.message.Message;
import io.headrace.message.MessageType;
import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.Agent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The first file to read: one request on its way from socket to socket. The test is the scheduler,
 * so there are no threads and no sleeps; the socket, the lanes and every agent are the real ones.
 *
 * <pre>
 *  1 socket -> 2 HTTP codec -> 3 ingress: append to the channel -> 4 consumer polls and claims -> 5 user's handler
 *  -> 6 append to the reply channel -> 7 the connection's own event loop polls it -> 8 HTTP codec -> socket
 * </pre>
 */
class EightStopsTest {

    @TempDir Path directory;

    private final List<String> handled = new ArrayList<>();
    private Frontend frontend;
    private Worker worker;
    private Agent loop;
    private Agent consumer;
    private SocketChannel client;

    @BeforeEach
    void startWithoutThreads() throws Exception {
        final Path bus = directory.resolve("bus");
        worker =
                Worker.prepare(
                        new WorkerContext()
                                .directory(bus)
                                .onHttpRequest(
                                        (channel, request, reply) -> {
                                            handled.add(channel + " " + request.path());
                                            reply.send(200, "text/plain", "Hello, World!");
                                        }));
        frontend = Frontend.prepare(new FrontendContext().directory(bus).port(0).loops(1));
        loop = frontend.agents().get(1);
        consumer = worker.agents().get(1);
        loop.onStart();
        consumer.onStart();
        runHousekeeping();
        loop.doWork();
        while (consumer.doWork() > 0) {
            // It finds the front end and opens its lane in the reply channel, before any request
            // needs it.
        }

        client = SocketChannel.open(new InetSocketAddress("127.0.0.1", frontend.port()));
        client.configureBlocking(false);
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        frontend.close();
        worker.close();
    }

    @Test
    void shouldTakeOneRequestThroughTheEightStops() throws Exception {
        // 1 and 2: bytes come in on a socket, Netty's codec makes a request of them.
        client.write(
                ByteBuffer.wrap(
                        "GET /hello?a=1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                .getBytes(StandardCharsets.US_ASCII)));

        // 3: the loop appends an HTTP Request to its own lane of the channel http.request.
        runUntilThereIsARecord("http.request");
        final Record request = read("http.request");
        assertEquals(MessageType.HTTP_REQUEST, request.type);
        assertEquals(ClaimWord.FREE, request.state);
        assertEquals("/hello", request.path);
        assertTrue(request.replyChannel.startsWith("reply." + frontend.id() + "-0!"));

        // 4, 5 and 6: a consumer claims it, runs the handler, and appends the reply to the loop's
        // reply channel.
        assertTrue(handled.isEmpty());
        assertTrue(consumer.doWork() > 0);
        assertEquals(List.of("http.request /hello"), handled);
        assertEquals(ClaimWord.DONE, read("http.request").state);
        final String replyChannel = "reply." + frontend.id() + "-0";
        assertEquals(MessageType.HTTP_RESPONSE, read(replyChannel).type);
        assertEquals(ClaimWord.FREE, read(replyChannel).state);
        assertEquals("", received());

        // 7 and 8: the connection's own loop polls the reply, the codec writes it, one flush sends
        // it.
        assertTrue(loop.doWork() > 0);
        assertEquals(ClaimWord.DONE, read(replyChannel).state);
        assertEquals(
                "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 13\r\ndate: now\r\n\r\nHello, World!",
                received().replaceFirst("date: [^\r]+ GMT", "date: now"));

        // And nothing is left to do.
        assertEquals(0, consumer.doWork());
        assertFalse(isThereMore("http.request"));
        assertFalse(isThereMore(replyChannel));
    }

    private record Record(MessageType type, int state, String path, String replyChannel) {}

    private void runHousekeeping() {
        try {
            worker.agents().get(0).doWork();
            frontend.agents().get(0).doWork();
        } catch (final Exception e) {
            throw new AssertionError(e);
        }
    }

    /** The kernel hands bytes over when it likes, so the loop may have to look more than once. */
    private void runUntilThereIsARecord(String channel) {
        runHousekeeping();
        while (!isThere(channel, 1)) {
            run(loop);
        }
    }

    private static void run(Agent agent) {
        try {
            agent.doWork();
        } catch (final Exception e) {
            throw new AssertionError(e);
        }
    }

    private boolean isThereMore(String channel) {
        return isThere(channel, 2);
    }

    private boolean isThere(String channel, int count) {
        int found = 0;
        for (final Lane lane : bus().lanes(channel::equals, bad -> {})) {
            try (LanePoller poller = lane.poller()) {
                while (poller.peek()) {
                    found++;
                    poller.advance();
                }
            }
        }
        return found >= count;
    }

    /** Looks at a channel's first record as a tap does: without changing it. */
    private Record read(String channel) {
        final Message message = new Message();
        for (final Lane lane : bus().lanes(channel::equals, bad -> {})) {
            try (LanePoller poller = lane.poller()) {
                if (poller.peek()) {
                    assertTrue(message.wrap(poller.record()).decode());
                    final boolean isRequest = message.type() == MessageType.HTTP_REQUEST;
                    return new Record(
                            message.type(),
                            ClaimWord.state(ClaimWord.read(poller.record())),
                            isRequest ? message.request().path() : "",
                            isRequest ? message.request().replyChannel() : "");
                }
            }
        }
        throw new AssertionError("nothing in " + channel);
    }

    private Bus bus() {
        return frontend.bus();
    }

    private String received() throws IOException {
        final ByteBuffer bytes = ByteBuffer.allocate(4096);
        client.read(bytes);
        return new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII);
    }
}
