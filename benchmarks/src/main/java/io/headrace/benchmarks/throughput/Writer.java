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

    private long allocated;
    private volatile int last;
    private volatile long refusal;

    /** Writes so many messages from this number on. */
    final void write(int first, int count) {
        final long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int number = first; number < first + count; number++) {
            write(number);
            last = number;
        }
        allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
    }

    /** Bytes that the thread allocated while it wrote. */
    long allocated() {
        return allocated;
    }

    /** Notes that a message is not taken now. */
    final void onRefusal(long code) {
        refusal = code;
    }

    @Override
    public String toString() {
        return "%s wrote up to %d, refused last with %d"
                .formatted(getClass().getSimpleName(), last, refusal);
    }

    abstract void write(int number);

    @Override
    public abstract void close();

    /** The front end's part of Headrace; a refused message is tried again, as clients would. */
    static final class ToHeadrace extends Writer {

        private final SocketlessFrontEnd frontEnd;
        private final Housekeeping pages;
        private Housekeeping housekeeping;
        private final SampleMessages samples;
        private final UnsafeBuffer body = new UnsafeBuffer(new byte[Integer.BYTES]);
        private final List<LaneAppender> idleLanes = new ArrayList<>();

        /**
         * @param idleLaneCount lanes of other writers, who write nothing.
         */
        ToHeadrace(Path directory, int idleLaneCount) {
            frontEnd = new SocketlessFrontEnd(directory, new NoReplies());
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

        /**
         * Waits for the worker; called when all writers are made, because a member that looks for
         * others must not meet one of its own process that is being made.
         */
        void awaitWorker() {
            housekeeping = Housekeeping.of(frontEnd.housekeeping());
            while (!frontEnd.beginCycle()) {
                Thread.yield();
            }
        }

        @Override
        void write(int number) {
            body.putInt(0, number);
            frontEnd.beginCycle();
            for (long code = append(number); code < 0; code = append(number)) {
                onRefusal(code);
                Thread.yield();
                frontEnd.beginCycle();
            }
        }

        private long append(int number) {
            return frontEnd.ingress().appendRequest(samples.keys(), frontEnd.connection(), number);
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
