// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.headrace.benchmarks.sample.SampleMessages;
import io.headrace.frontend.Frontend;
import io.headrace.frontend.FrontendContext;
import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import io.netty.util.ResourceLeakDetector;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The budget of garbage: what one request, and one frame of a WebSocket, may allocate on its way
 * from a real socket through an event loop, a consumer and back, all on this thread. The bus and
 * the consumer allocate nothing (AllocationTest of bus-core), so all of it is the front end's and
 * Netty's. Compares bytes and never time, so it is right on any machine, however busy.
 *
 * <p>Budgets are what was measured and a tenth more. Raise one only together with the reason.
 */
class AllocationGuardTest {

    private static final long SMALL_REQUEST_BYTES_MAX = 2_150;
    private static final long BROWSER_REQUEST_BYTES_MAX = 5_450;
    private static final long FRAME_BYTES_MAX = 200;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    // Compiled code allocates less than interpreted code, and the last of it comes late: as many
    // batches as it takes.
    private static final int BATCHES_MAX = 60;
    private static final int BATCH = 2_000;

    private static final String SMALL =
            "GET /hello HTTP/1.1\r\nHost: localhost\r\nUser-Agent: guard\r\nAccept: */*\r\n\r\n";
    private static final String UPGRADE =
            "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

    @TempDir Path directory;

    private final ResourceLeakDetector.Level leakDetection = ResourceLeakDetector.getLevel();
    private final UnsafeBuffer hello =
            new UnsafeBuffer("Hello, World!".getBytes(StandardCharsets.US_ASCII));
    private final ByteBuffer received = ByteBuffer.allocateDirect(4_096);
    private Worker worker;
    private Frontend frontend;
    private Agent loop;
    private Agent consumer;
    private SocketChannel client;

    @BeforeEach
    void startWithoutThreads() throws Exception {
        // It allocates for each buffer, in tests.
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
        final Path bus = directory.resolve("bus");
        worker =
                Worker.prepare(
                        new WorkerContext()
                                .directory(bus)
                                .onHttpRequest(
                                        (channel, request, reply) ->
                                                reply.send(
                                                        200,
                                                        "text/plain",
                                                        hello,
                                                        0,
                                                        hello.capacity()))
                                .onWebSocketReceive(
                                        (channel, message, socket) ->
                                                socket.send(
                                                        message.binary(),
                                                        (UnsafeBuffer) message.content().buffer(),
                                                        message.content().offset(),
                                                        message.content().length())));
        frontend = Frontend.prepare(new FrontendContext().directory(bus).port(0).loops(1));
        loop = frontend.agents().get(1);
        consumer = worker.agents().get(1);
        loop.onStart();
        consumer.onStart();
        keepHouse();
        client = SocketChannel.open();
        client.configureBlocking(false);
        client.connect(new InetSocketAddress("127.0.0.1", frontend.port()));
        while (!client.finishConnect()) {
            loop.doWork();
        }
    }

    private void keepHouse() throws Exception {
        for (int i = 0; i < 3; i++) {
            worker.agents().get(0).doWork();
            frontend.agents().get(0).doWork();
            loop.doWork();
            consumer.doWork();
        }
    }

    @AfterEach
    void stop() throws IOException {
        client.close();
        frontend.close();
        worker.close();
        ResourceLeakDetector.setLevel(leakDetection);
    }

    @Test
    void shouldKeepTheBudgetOfASmallRequest() throws Exception {
        check("a small request", SMALL, SMALL_REQUEST_BYTES_MAX);
    }

    @Test
    void shouldKeepTheBudgetOfABrowsersRequest() throws Exception {
        final String request = SampleMessages.REQUEST.replace("\n", "\r\n");
        check("a browser's request", request, BROWSER_REQUEST_BYTES_MAX);
    }

    @Test
    void shouldKeepTheBudgetOfAFrame() throws Exception {
        final ByteBuffer upgrade = bytes(UPGRADE.getBytes(StandardCharsets.US_ASCII));
        client.write(upgrade);
        awaitAnswer(1);
        // A final, masked text frame of 100 bytes, whose mask is zero.
        final byte[] frame = new byte[6 + 100];
        frame[0] = (byte) 0x81;
        frame[1] = (byte) (0x80 | 100);
        Arrays.fill(frame, 6, frame.length, (byte) 'f');
        check("a frame", bytes(frame), 2 + 100, FRAME_BYTES_MAX);
    }

    private void check(String what, String request, long bytesMax) throws Exception {
        final ByteBuffer sent = bytes(request.getBytes(StandardCharsets.US_ASCII));
        client.write(sent);
        check(what, sent, awaitAnswer(1), bytesMax);
    }

    private static ByteBuffer bytes(byte[] content) {
        return ByteBuffer.allocateDirect(content.length).put(content).flip();
    }

    private void check(String what, ByteBuffer sent, int answerLength, long bytesMax)
            throws Exception {
        long least = Long.MAX_VALUE;
        for (int batch = 0; batch < BATCHES_MAX && least > bytesMax * BATCH; batch++) {
            final long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < BATCH; i++) {
                sent.rewind();
                assertEquals(sent.capacity(), client.write(sent));
                awaitAnswer(answerLength);
            }
            least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
            keepHouse();
        }
        final long bytes = least / BATCH;
        System.out.printf("%s allocates %,d bytes of %,d%n", what, bytes, bytesMax);
        assertTrue(bytes <= bytesMax, what + " allocates " + bytes + " bytes");
    }

    /** Works until an answer of at least this length has come; returns its length. */
    private int awaitAnswer(int length) throws Exception {
        received.clear();
        while (received.position() < length) {
            loop.doWork();
            consumer.doWork();
            client.read(received);
        }
        return received.position();
    }
}
