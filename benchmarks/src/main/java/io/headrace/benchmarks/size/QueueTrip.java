// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.size;

import java.nio.file.Path;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.PointerBytesStore;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.wire.DocumentContext;
import org.HdrHistogram.Histogram;
import org.agrona.BufferUtil;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/** As many bytes through two bare queues, there and back, on the calling thread. */
final class QueueTrip implements AutoCloseable {

    private static final int BLOCK_SIZE = 64 << 20;

    private final ChronicleQueue[] queues = new ChronicleQueue[2];
    private final ExcerptAppender[] appenders = new ExcerptAppender[2];
    private final ExcerptTailer[] tailers = new ExcerptTailer[2];
    private final UnsafeBuffer content;
    private final PointerBytesStore bytes = new PointerBytesStore();
    private final UnsafeBuffer record = new UnsafeBuffer(0, 0);

    QueueTrip(Path directory, int length) {
        content = new UnsafeBuffer(BufferUtil.allocateDirectAligned(length, 64));
        bytes.set(content.addressOffset(), length);
        for (int i = 0; i < queues.length; i++) {
            queues[i] =
                    SingleChronicleQueueBuilder.binary(directory.resolve("queue-" + i))
                            .blockSize(BLOCK_SIZE)
                            .build();
            appenders[i] = queues[i].createAppender();
            tailers[i] = queues[i].createTailer();
        }
    }

    Histogram tripsNs(int count) {
        final Histogram tripsNs = new Histogram(3);
        for (int i = 0; i < count; i++) {
            final long startNs = System.nanoTime();
            for (int way = 0; way < queues.length; way++) {
                appenders[way].writeBytes(bytes);
                read(tailers[way]);
            }
            tripsNs.recordValue(System.nanoTime() - startNs);
        }
        return tripsNs;
    }

    private void read(ExcerptTailer tailer) {
        try (DocumentContext context = tailer.readingDocument()) {
            if (!context.isPresent()) {
                throw new IllegalStateException("a message is not there");
            }
            final Bytes<?> in = context.wire().bytes();
            record.wrap(in.addressForRead(in.readPosition()), (int) in.readRemaining());
            content.putBytes(0, record, 0, content.capacity());
        }
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(appenders);
        CloseHelper.quietCloseAll(tailers);
        CloseHelper.quietCloseAll(queues);
    }
}
