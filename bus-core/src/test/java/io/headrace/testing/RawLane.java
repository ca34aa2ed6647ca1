// SPDX-License-Identifier: Apache-2.0
package io.headrace.testing;

import io.headrace.channel.Bus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;

/** Does to a lane what no {@code LaneAppender} and no {@code LanePoller} would do. */
public final class RawLane {

    private RawLane() {}

    /** Appends a record of exactly these bytes to a lane of the bus's default roll cycle. */
    public static void append(Bus bus, String channel, String writer, byte[] record) {
        final Path path = bus.lane(channel, writer).orElseThrow().path();
        try (ChronicleQueue queue = open(bus, path);
                ExcerptAppender appender = queue.createAppender()) {
            appender.writeBytes(Bytes.wrapForRead(record));
        }
    }

    /** Tells all that a lane has no files, as Chronicle does where it cannot list them. */
    public static void listNone(Bus bus, String channel, String writer) throws IOException {
        final Path path = bus.lane(channel, writer).orElseThrow().path();
        final Path away = path.resolveSibling("away");
        try (ChronicleQueue queue = open(bus, path)) {
            Files.move(path, away);
            queue.createTailer().close();
            Files.move(away, path);
        }
    }

    private static ChronicleQueue open(Bus bus, Path path) {
        // The lane's own time, so that an hour that ends just now rolls nothing.
        final long madeMs = path.resolve("lane.properties").toFile().lastModified();
        return SingleChronicleQueueBuilder.binary(path)
                .rollCycle(RollCycles.FAST_HOURLY)
                .blockSize(bus.settings().blockSize())
                .timeProvider(() -> madeMs)
                .build();
    }
}
