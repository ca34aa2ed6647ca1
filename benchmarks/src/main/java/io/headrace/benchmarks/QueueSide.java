// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks;

import io.headrace.benchmarks.SharedMemory.Pages;
import io.headrace.message.MessageType;
import java.nio.file.Path;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.PointerBytesStore;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.RollCycles;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.wire.DocumentContext;
import org.agrona.BitUtil;
import org.agrona.BufferUtil;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The yardstick: one bare Chronicle Queue each way that carries as many bytes as Headrace's records
 * have, written from memory with {@code writeBytes} and copied out again. It encodes, claims and
 * decodes nothing.
 */
final class QueueSide extends Side {

    private static final int BLOCK_SIZE = 64 << 20;
    private static final int MARK = 0x600D_CAFE;

    private final ChronicleQueue outQueue;
    private final ChronicleQueue inQueue;
    private final ExcerptAppender appender;
    private final ExcerptTailer tailer;
    private final UnsafeBuffer out;
    private final PointerBytesStore outBytes = new PointerBytesStore();
    private final UnsafeBuffer in;
    private final UnsafeBuffer record = new UnsafeBuffer(0, 0);

    QueueSide(Path directory, boolean isEcho, Pages pages) {
        super(isEcho, pages);
        final int requestLength = HeadraceSide.recordLength(MessageType.HTTP_REQUEST);
        final int responseLength = HeadraceSide.recordLength(MessageType.HTTP_RESPONSE);
        final int outLength = isEcho ? responseLength : requestLength;
        final int inLength = isEcho ? requestLength : responseLength;
        out =
                new UnsafeBuffer(
                        BufferUtil.allocateDirectAligned(outLength, BitUtil.CACHE_LINE_LENGTH));
        out.putInt(outLength - 4, MARK);
        outBytes.set(out.addressOffset(), outLength);
        in =
                new UnsafeBuffer(
                        BufferUtil.allocateDirectAligned(inLength, BitUtil.CACHE_LINE_LENGTH));
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
        out.putInt(0, number);
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
            in.putBytes(0, record, 0, Math.min(length, in.capacity()));
            final boolean isAsWritten =
                    length >= in.capacity()
                            && length < in.capacity() + 4
                            && in.getInt(in.capacity() - 4) == MARK;
            onRead(in.getInt(0), isAsWritten, record);
        }
        return 1;
    }

    @Override
    UnsafeBuffer next() {
        try (DocumentContext context = appender.writingDocument()) {
            final Bytes<?> bytes = context.wire().bytes();
            record.wrap(bytes.addressForWrite(bytes.writePosition()), 1);
            context.rollbackOnClose();
        }
        return record;
    }

    @Override
    int sentLength() {
        return out.capacity() + 8;
    }

    @Override
    public void close() {
        CloseHelper.closeAll(appender, tailer, outQueue, inQueue);
    }
}
