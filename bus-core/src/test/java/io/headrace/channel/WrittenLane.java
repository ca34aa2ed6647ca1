// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.message.DeliveryHeader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;

/**
 * A lane with its writer, a reader that shares the writer's mapping, and one that has its own, as
 * in another process. Each record is filled with a byte of its own.
 */
final class WrittenLane implements AutoCloseable {

    final Bus writers;
    final Bus readers;
    final WriterSequence sequence = new WriterSequence();
    final LaneAppender appender;
    final LanePoller near;
    final LanePoller far;
    final Agent writersPages;
    final Agent readersPages;
    long nowNs;
    long appendedCount;
    private long readCount;

    /**
     * @param blockSize of its files, and
     * @param rollSize their length, as the properties of a bus take them.
     */
    WrittenLane(Path directory, String blockSize, String rollSize) {
        System.setProperty(BusSettings.BLOCK_SIZE_PROPERTY, blockSize);
        System.setProperty(BusSettings.ROLL_SIZE_PROPERTY, rollSize);
        writers = Bus.openOrCreate(directory.resolve("bus"));
        readers = Bus.open(directory.resolve("bus"));
        appender = writers.newLane("http.request", "f1-x-0", sequence);
        near = writers.lane("http.request", "f1-x-0").orElseThrow().poller();
        final Lane lane = readers.lane("http.request", "f1-x-0").orElseThrow();
        lane.readAhead();
        far = lane.poller();
        writersPages = writers.pageAgent();
        readersPages = readers.pageAgent();
        nowNs = writers.clock().nanoTime();
    }

    long append(int length) {
        appendedCount++;
        assertEquals(LaneAppender.OK, appender.claim(length, nowNs));
        appender.buffer().setMemory(appender.offset(), length, (byte) appendedCount);
        return appender.commit(appendedCount, length, 0, nowNs, nowNs);
    }

    /** Both readers find exactly this many more, and all in order. */
    void read(int count) {
        for (final LanePoller poller : List.of(near, far)) {
            for (int i = count; i > 0; i--) {
                assertTrue(poller.peek(), "record " + (appendedCount - i + 1));
                assertEquals(appendedCount - i + 1, poller.sequence());
                final int length = DeliveryHeader.order(poller.record(), 0);
                assertEquals(length, DeliveryHeader.messageLength(poller.record(), 0));
                for (int at = 0; at < length; at += 512) {
                    assertEquals(
                            (byte) poller.sequence(),
                            poller.record().getByte(DeliveryHeader.LENGTH + at));
                }
                poller.advance();
            }
            assertFalse(poller.peek());
        }
        readCount += count;
    }

    /** The same of all there is. */
    void readAll() {
        read((int) (appendedCount - readCount));
    }

    /** Deletes the files that the near reader has behind it, whatever their age. */
    int delete() {
        return near.lane().deleteFiles(near, Long.MAX_VALUE, Long.MAX_VALUE);
    }

    List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(appender.lane().path())) {
            return files.filter(file -> file.toString().endsWith(".cq4")).sorted().toList();
        }
    }

    @Override
    public void close() {
        System.clearProperty(BusSettings.BLOCK_SIZE_PROPERTY);
        System.clearProperty(BusSettings.ROLL_SIZE_PROPERTY);
        CloseHelper.closeAll(near, far, appender, writers, readers);
    }
}
