// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import io.headrace.channel.Lane;
import io.headrace.frontend.testing.RawConnection;
import io.headrace.frontend.testing.RunningFrontend;
import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetric;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.SystemEpochNanoClock;

/**
 * A front end with one loop, and a worker with one consumer, without threads: the test lets each
 * work, and winds the loop's clock.
 */
final class SteppedFrontend implements AutoCloseable {

    static final String[] UPGRADE = {
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
    };

    private static final int ROUNDS_MAX = 1_000_000;

    final Frontend frontend;
    private final Worker worker;
    private final Agent loop;
    private long woundNs;

    /** The system properties hold while both read their options. */
    SteppedFrontend(
            Path directory, Map<String, String> properties, Consumer<WorkerContext> application) {
        final Path bus = directory.resolve("bus");
        final WorkerContext context = new WorkerContext();
        application.accept(context);
        properties.forEach(System::setProperty);
        try {
            worker = Worker.prepare(context.directory(bus).channels("*"));
            frontend =
                    Frontend.prepare(
                            new FrontendContext().directory(bus).port(0).loops(1),
                            () -> SystemEpochNanoClock.INSTANCE.nanoTime() + woundNs);
        } finally {
            properties.keySet().forEach(System::clearProperty);
        }
        loop = frontend.agents().get(1);
        loop.onStart();
        // Whoever goes round is known at the next look, and then shares the connections out.
        for (int i = 0; i < 2; i++) {
            consume();
            frontend.bus().raiseLaneVersion();
            work(worker.agents().get(0));
            work(frontend.agents().get(0));
        }
        consume();
        cycle();
    }

    private static int work(Agent agent) {
        try {
            return agent.doWork();
        } catch (final Exception e) {
            throw new AssertionError(e);
        }
    }

    /** One duty cycle of the loop. */
    void cycle() {
        work(loop);
    }

    /** Cycles until something is so: the kernel hands bytes over when it likes. */
    void cycleUntil(String what, BooleanSupplier condition) {
        for (int i = 0; !condition.getAsBoolean(); i++) {
            if (i == ROUNDS_MAX) {
                throw new AssertionError("never came: " + what);
            }
            cycle();
        }
    }

    /** Lets the worker handle all that is there. */
    void consume() {
        while (work(worker.agents().get(1)) > 0) {
            // Until there is no more.
        }
    }

    void wind(long ns) {
        woundNs += ns;
    }

    /** Lets the loop begin to leave. */
    void drain() {
        ((FrontendLoop) loop).requestDrain();
        cycle();
    }

    RawConnection connect() {
        return new RawConnection(frontend.port());
    }

    /** A client whose WebSocket is open. */
    RawConnection openWebSocket(String path) {
        final RawConnection client = connect();
        final long open = counter(" websockets");
        client.get(path, UPGRADE);
        cycleUntil("a WebSocket", () -> counter(" websockets") > open);
        if (client.answer().status() != 101) {
            throw new AssertionError(path + " was refused");
        }
        return client;
    }

    /** A masked text frame. */
    static byte[] frame(String text) {
        final byte[] content = text.getBytes(StandardCharsets.US_ASCII);
        final int length = content.length;
        final byte[] head =
                length < 126
                        ? new byte[] {(byte) 0x81, (byte) (0x80 | length), 0, 0, 0, 0}
                        : new byte[] {
                            (byte) 0x81,
                            (byte) 0xFE,
                            (byte) (length >> 8),
                            (byte) length,
                            0,
                            0,
                            0,
                            0
                        };
        final byte[] frame = Arrays.copyOf(head, head.length + length);
        System.arraycopy(content, 0, frame, head.length, length);
        return frame;
    }

    /** Sum of the front end's counters whose labels end with this text. */
    long counter(String labelEnd) {
        return RunningFrontend.counter(frontend, labelEnd);
    }

    /** How much memory is in use for buffers. */
    static long bufferLength() {
        final ByteBufAllocatorMetric metric =
                ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric();
        return metric.usedDirectMemory() + metric.usedHeapMemory();
    }

    /** What the front end's lane in a channel has of something. */
    long lane(String channel, ToLongFunction<Lane> count) {
        return frontend.bus().lanes(channel::equals, bad -> {}).stream()
                .filter(lane -> lane.writer().startsWith(frontend.id()))
                .mapToLong(count)
                .sum();
    }

    @Override
    public void close() {
        frontend.close();
        worker.close();
    }
}
