// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.hop;

import io.headrace.benchmarks.sample.Records;
import java.io.File;
import java.nio.MappedByteBuffer;
import java.nio.file.Path;
import org.agrona.BufferUtil;
import org.agrona.IoUtil;
import org.agrona.concurrent.MessageHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * Agrona's ring of one writer and one reader, one each way, in mapped files. Nothing stays in it:
 * its pages are there after the first round of its megabyte.
 */
final class RingSide extends Side {

    private static final int LENGTH = (1 << 20) + RingBufferDescriptor.TRAILER_LENGTH;

    private final MappedByteBuffer outFile;
    private final MappedByteBuffer inFile;
    private final OneToOneRingBuffer outRing;
    private final OneToOneRingBuffer inRing;
    private final Records records;
    private final MessageHandler onMessage;

    RingSide(Path directory, boolean isEcho) {
        super(isEcho);
        records = new Records(isEcho);
        outFile = map(directory.resolve(isEcho ? "ring-responses" : "ring-requests"), isEcho);
        inFile = map(directory.resolve(isEcho ? "ring-requests" : "ring-responses"), isEcho);
        outRing = new OneToOneRingBuffer(new UnsafeBuffer(outFile));
        inRing = new OneToOneRingBuffer(new UnsafeBuffer(inFile));
        onMessage =
                (type, buffer, offset, length) -> {
                    records.copyIn(buffer, offset, length);
                    onRead(records.number(), records.isWhole());
                };
    }

    private static MappedByteBuffer map(Path path, boolean isEcho) {
        final File file = path.toFile();
        return isEcho ? IoUtil.mapExistingFile(file, "ring") : IoUtil.mapNewFile(file, LENGTH);
    }

    @Override
    void send(int number) {
        final UnsafeBuffer record = records.out(number);
        while (!outRing.write(1, record, 0, record.capacity())) {
            Thread.onSpinWait();
        }
    }

    @Override
    int poll() {
        return inRing.read(onMessage, 1);
    }

    @Override
    public void close() {
        BufferUtil.free(outFile);
        BufferUtil.free(inFile);
    }
}
