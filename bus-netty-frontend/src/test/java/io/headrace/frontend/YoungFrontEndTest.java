// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.agrona.concurrent.Agent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A front end that a worker has not heard of when its first request is there. */
class YoungFrontEndTest {

    @TempDir Path directory;

    @Test
    void shouldBeSentAStreamByAWorkerThatHasNotLookedForMembersSinceItCame() throws Exception {
        final Path bus = directory.resolve("bus");
        try (Worker worker =
                Worker.prepare(
                        new WorkerContext()
                                .directory(bus)
                                .onHttpRequest(
                                        (channel, request, reply) ->
                                                reply.stream(200, "text/plain").send("first")))) {
            final Agent consumer = worker.agents().get(1);
            consumer.onStart();
            worker.agents().get(0).doWork();
            consumer.doWork();
            shouldBeSentAStream(bus, consumer);
        }
    }

    private static void shouldBeSentAStream(Path bus, Agent consumer) throws Exception {
        try (Frontend frontend =
                Frontend.prepare(new FrontendContext().directory(bus).port(0).loops(1))) {
            final Agent loop = frontend.agents().get(1);
            loop.onStart();
            String answer = "";
            while (answer.isEmpty() || answer.contains("no-worker")) {
                // And never again that of the worker.
                frontend.agents().get(0).doWork();
                loop.doWork();
                answer = answer(frontend.port(), loop, consumer);
            }
            assertTrue(answer.startsWith("HTTP/1.1 200 OK\r\n"), answer);
        }
    }

    private static String answer(int port, Agent loop, Agent consumer) throws Exception {
        try (SocketChannel client = SocketChannel.open(new InetSocketAddress("127.0.0.1", port))) {
            client.write(
                    ByteBuffer.wrap(
                            "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII)));
            client.configureBlocking(false);
            final ByteBuffer received = ByteBuffer.allocate(4_096);
            for (int i = 0; i < 100_000 && received.position() == 0; i++) {
                loop.doWork();
                consumer.doWork();
                client.read(received);
            }
            return new String(received.array(), 0, received.position(), StandardCharsets.US_ASCII)
                    + ".";
        }
    }
}
