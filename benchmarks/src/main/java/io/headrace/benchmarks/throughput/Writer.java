// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.throughput;

import com.sun.management.ThreadMXBean;
import io.headrace.benchmarks.sample.Housekeeping;
import io.headrace.benchmarks.sample.NoReplies;
import io.headrace.benchmarks.sample.Records;
import io.headrace.benchmarks.sample.SampleMessages;
import io.headrace.benchmarks.sample.SocketlessFrontEnd;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ChannelName;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import net.openhft.chronicle.bytes.PointerBytesStore;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/** One thread that writes numbered messages as fast as they are taken. */
abstract class Writer implements AutoCloseable {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Bytes that the thread allocated while it wrote. */
    private long allocated;

    /** Writes so many messages from this number on. */
    final void write(int first, int count) {
        final long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int number = first; number < first + count; number++) {
            write(number);
        }
        allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    long allocated() {
        return allocated;
    }

    abstract void write(int number);

    @Override
    public abstract void close();

    /** The front end's part of Headrace; a refused message is tried again, as clients would. */
    static final class ToHeadrace extends Writer {

        private final SocketlessFrontEnd frontEnd;
        private final Housekeeping housekeeping;
        private final Housekeeping pages;
        private final SampleMessages samples;
        private final UnsafeBuffer body = new UnsafeBuffer(new byte[Integer.BYTES]);
        private final List<LaneAppender> idleLanes = new ArrayList<>();

        /**
         * @param idleLaneCount lanes of other writers, who write nothing.
         */
        ToHeadrace(Path directory, int idleLaneCount) {
            frontEnd = new SocketlessFrontEnd(directory, new NoReplies());
            housekeeping = new Housekeeping(frontEnd.housekeeping());
            pages = Housekeeping.pages(frontEnd.bus());
            samples = new SampleMessages(frontEnd.replyAddress());
            samples.keys().body(body, 0, body.capacity());
            for (int i = 0; i < idleLaneCount; i++) {
                idleLanes.add(
                        frontEnd.bus()
                                .newLane(
                                        ChannelName.HTTP_REQUEST,
                                        "idle-" + i,
                                        new WriterSequence()));
            }
        }

        /** Waits for the worker. */
        void awaitWorker() {
            while (!frontEnd.beginCycle()) {
                Thread.yield();
            }
        }

        @Override
        void write(int number) {
            body.putInt(0, number);
            frontEnd.beginCycle();
            while (frontEnd.ingress().appendRequest(samples.keys(), frontEnd.connection(), number)
                    < 0) {
                Thread.yield();
                frontEnd.beginCycle();
            }
        }

        @Override
        public void close() {
            CloseHelper.quietCloseAll(idleLanes);
            CloseHelper.quietCloseAll(housekeeping, pages, frontEnd);
        }
    }

    /** A bare queue with as many bytes; with two writers, they share its lock. */
    static final class ToChronicle extends Writer {

        private final ChronicleQueue queue;
        private final ExcerptAppender appender;
        private final Records records = new Records(false);
        private final PointerBytesStore bytes = new PointerBytesStore();

        ToChronicle(Path directory) {
            queue = ChronicleQueue.single(directory.toString());
            appender = queue.createAppender();
            appender.singleThreadedCheckDisabled(true);
            final UnsafeBuffer out = records.out(0);
            bytes.set(out.addressOffset(), out.capacity());
        }

        @Override
        void write(int number) {
            records.out(number);
            appender.writeBytes(bytes);
        }

        @Override
        public void close() {
            CloseHelper.quietCloseAll(appender, queue);
        }
    }
}
