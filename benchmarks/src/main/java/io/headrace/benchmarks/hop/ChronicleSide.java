// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.hop;

import io.headrace.benchmarks.sample.Records;
import java.nio.file.Path;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.PointerBytesStore;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.wire.DocumentContext;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The yardstick: one bare Chronicle Queue each way, written from memory with {@code writeBytes} and
 * copied out again. It encodes, claims and decodes nothing.
 */
final class ChronicleSide extends Side {

    private static final int BLOCK_SIZE = 64 << 20;

    private final ChronicleQueue outQueue;
    private final ChronicleQueue inQueue;
    private final ExcerptAppender appender;
    private final ExcerptTailer tailer;
    private final Records records;
    private final PointerBytesStore outBytes = new PointerBytesStore();
    private final UnsafeBuffer record = new UnsafeBuffer(0, 0);

    ChronicleSide(Path directory, boolean isEcho) {
        super(isEcho);
        records = new Records(isEcho);
        final UnsafeBuffer out = records.out(0);
        outBytes.set(out.addressOffset(), out.capacity());
        outQueue = open(directory.resolve(isEcho ? "responses" : "requests"));
        inQueue = open(directory.resolve(isEcho ? "requests" : "responses"));
        appender = outQueue.createAppender();
        tailer = inQueue.createTailer();
    }

    private static ChronicleQueue open(Path path) {
        return SingleChronicleQueueBuilder.binary(path)
                .rollCycle(RollCycles.FAST_HOURLY)
                .blockSize(BLOCK_SIZE)
                .build();
    }

    @Override
    void send(int number) {
        records.out(number);
        appender.writeBytes(outBytes);
    }

    @Override
    int poll() {
        try (DocumentContext context = tailer.readingDocument()) {
            if (!context.isPresent()) {
                return 0;
            }
            final Bytes<?> bytes = context.wire().bytes();
            final int length = (int) bytes.readRemaining();
            record.wrap(bytes.addressForRead(bytes.readPosition()), length);
            records.copyIn(record, 0, length);
        }
        onRead(records.number(), records.isWhole());
        return 1;
    }

    @Override
    public void close() {
        CloseHelper.closeAll(appender, tailer, outQueue, inQueue);
    }
}
