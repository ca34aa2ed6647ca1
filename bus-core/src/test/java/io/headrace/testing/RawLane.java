// SPDX-License-Identifier: Apache-2.0
package io.headrace.testing;

import io.headrace.channel.Bus;
import java.nio.file.Path;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;

/** Writes records into a lane that no {@code LaneAppender} would write. */
public final class RawLane {

    private RawLane() {}

    /** Appends a record of exactly these bytes to a lane of the bus's default roll cycle. */
    public static void append(Bus bus, String channel, String writer, byte[] record) {
        final Path path = bus.lane(channel, writer).orElseThrow().path();
        // The lane's own time, so that an hour that ends just now rolls nothing.
        final long madeMs = path.resolve("lane.properties").toFile().lastModified();
        try (ChronicleQueue queue =
                        SingleChronicleQueueBuilder.binary(path)
                                .rollCycle(RollCycles.FAST_HOURLY)
                                .blockSize(bus.settings().blockSize())
                                .timeProvider(() -> madeMs)
                                .build();
                ExcerptAppender appender = queue.createAppender()) {
            appender.writeBytes(Bytes.wrapForRead(record));
        }
    }
}
