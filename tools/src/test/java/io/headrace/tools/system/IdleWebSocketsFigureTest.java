// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.member.Member;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What an idle WebSocket costs a front end of one loop in memory: {@code -Dheadrace.figures=true}
 * opens 20,000, or as many as a process may have files. {@code -Dheadrace.figures.histogram=true}
 * prints what the heap holds.
 */
@EnabledIfSystemProperty(named = Figures.PROPERTY, matches = "true")
class IdleWebSocketsFigureTest {

    private static final int COUNT_MAX = 20_000;
    private static final int OTHER_FILE_COUNT = 400;
    private static final int ADDRESS_COUNT = 8;
    private static final int WARM_UP_COUNT = 200;
    private static final int BYTES_MAX = 10 << 10;

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it ->
                            it.frontEndAndWorker(
                                    Figures.with(
                                            "-Xmx1g",
                                            // What is measured is not to be mixed with pings.
                                            "-Dheadrace.websocket.ping.interval=0"),
                                    "--app",
                                    "demo"));

    private final List<SocketChannel> clients = new ArrayList<>();

    private static int countMax() throws IOException {
        final long files =
                Files.readAllLines(Path.of("/proc/self/limits")).stream()
                        .filter(line -> line.startsWith("Max open files"))
                        .map(line -> line.split("\\s+")[4])
                        .mapToLong(
                                value ->
                                        value.equals("unlimited")
                                                ? COUNT_MAX * 2L
                                                : Long.parseLong(value))
                        .findFirst()
                        .orElseThrow();
        return (int) Math.min(COUNT_MAX, files - OTHER_FILE_COUNT);
    }

    /** Opens so many, from several addresses, so that there are ports enough. */
    private void open(int count) throws IOException {
        final byte[] request =
                HttpConnection.head(
                                "GET /ws/echo HTTP/1.1",
                                "Upgrade: websocket",
                                "Connection: Upgrade",
                                "Sec-WebSocket-Key: " + WebSocketClient.KEY,
                                "Sec-WebSocket-Version: 13")
                        .getBytes(StandardCharsets.US_ASCII);
        final ByteBuffer answer = ByteBuffer.allocate(1 << 10);
        for (int i = 0; i < count; i++) {
            final SocketChannel client = SocketChannel.open();
            clients.add(client);
            client.setOption(StandardSocketOptions.SO_REUSEADDR, true);
            client.bind(new InetSocketAddress("127.0.0." + (2 + i % ADDRESS_COUNT), 0));
            client.connect(new InetSocketAddress("127.0.0.1", bus.port()));
            client.write(ByteBuffer.wrap(request));
            answer.clear();
            while (!new String(answer.array(), 0, answer.position(), StandardCharsets.US_ASCII)
                    .endsWith("\r\n\r\n")) {
                if (client.read(answer) < 0) {
                    throw new EOFException("closed as number " + i);
                }
            }
        }
    }

    @Test
    void shouldTakeLittleMemoryForAnIdleWebSocket() throws IOException {
        final HeadraceProcess frontEnd = bus.processes().get(0);
        open(WARM_UP_COUNT);
        final long heapBefore = Figures.heapKb(frontEnd);
        final long directBefore = Figures.directKb(frontEnd);
        final long anonymousBefore = Figures.anonymousKb(frontEnd);
        final int count = countMax() - WARM_UP_COUNT;
        open(count);
        Await.until("all WebSockets", () -> bus.counter(" websockets") == count + WARM_UP_COUNT);
        final long heap = Figures.heapKb(frontEnd) - heapBefore;
        final long direct = Figures.directKb(frontEnd) - directBefore;
        final long anonymous = Figures.anonymousKb(frontEnd) - anonymousBefore;
        final long bytes = (heap + direct) * 1024 / count;
        System.out.printf(
                "idle websockets: %d more, %d bytes each: %d of heap, %d of buffers; RssAnon %d"
                        + " -> %d MiB, %d bytes each%n",
                count,
                bytes,
                heap * 1024 / count,
                direct * 1024 / count,
                anonymousBefore >> 10,
                anonymousBefore + anonymous >> 10,
                anonymous * 1024 / count);
        if (Boolean.getBoolean("headrace.figures.histogram")) {
            Figures.jcmd(frontEnd, "GC.class_histogram")
                    .lines()
                    .limit(45)
                    .forEach(System.out::println);
        }
        bus.shouldStillServe();
        for (final SocketChannel client : clients) {
            client.close();
        }
        Await.until("the end of all WebSockets", () -> bus.counter(" websockets") == 0);
        assertEquals(List.of(), bus.errors(Member.Kind.FRONT_END));
        assertTrue(bytes <= BYTES_MAX, bytes + " bytes each");
    }
}
