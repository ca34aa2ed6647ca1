// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import io.headrace.HeadraceException;
import io.headrace.channel.LanePoller;
import io.headrace.delivery.ClaimWord;
import io.headrace.message.Message;
import io.headrace.message.Request;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.agrona.concurrent.ManyToOneConcurrentLinkedQueue;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Runs the handlers of one consumer on threads of their own, so that they may block: virtual ones
 * from JDK 21 on, else those of a pool. Messages of one connection are handled one at a time and in
 * their order, of different connections side by side. A message is copied for it; how it ended
 * comes back to the consumer's thread with {@link #poll()}.
 */
final class BlockingHandlers implements AutoCloseable {

    /** Told on the consumer's thread how a message ended; false when it is to be told again. */
    @FunctionalInterface
    interface Ending {
        boolean onEnd(Handling handling);
    }

    private final int countMax;
    private final Supplier<Dispatcher> dispatchers;
    private final Ending ending;
    private final Runnable onEnded;
    private final long closeTimeoutNs;
    private final ExecutorService executor;
    private final Queue<Handling> ended = new ManyToOneConcurrentLinkedQueue<>();
    // Whose end could not be written down; tried again once in each round.
    private final ArrayDeque<Handling> unwritten = new ArrayDeque<>();
    private final ArrayDeque<Handling> idle = new ArrayDeque<>();
    // By connection: what runs now comes first. Guarded by itself.
    private final Map<Long, ArrayDeque<Runnable>> queues = new HashMap<>();
    private int count;
    private volatile boolean isAbandoned;

    /**
     * @param countMax how many messages are handled, or wait behind their connection's, at a time.
     * @param dispatchers makes one for each of them.
     * @param onEnded wakes the consumer when there is something to {@link #poll()}; any thread.
     * @param executor a new one, see {@link #newExecutor}; it is shut down with this.
     */
    BlockingHandlers(
            int countMax,
            Supplier<Dispatcher> dispatchers,
            Ending ending,
            Runnable onEnded,
            long closeTimeoutNs,
            ExecutorService executor) {
        this.countMax = countMax;
        this.dispatchers = dispatchers;
        this.ending = ending;
        this.onEnded = onEnded;
        this.closeTimeoutNs = closeTimeoutNs;
        this.executor = executor;
    }

    static ExecutorService newExecutor(int threadCount) {
        try {
            return (ExecutorService)
                    Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
        } catch (final NoSuchMethodException olderThan21) {
            return Executors.newFixedThreadPool(threadCount);
        } catch (final IllegalAccessException | InvocationTargetException e) {
            throw new HeadraceException("no virtual threads: " + e.getMessage(), e);
        }
    }

    /** Whether another message can be taken. */
    boolean hasRoom() {
        return count < countMax;
    }

    /**
     * Takes a message; one that no thread can be had for ends as failed.
     *
     * @param requests finds the record of the request that it points at.
     */
    void submit(LanePoller lane, Message message, Function<Message, UnsafeBuffer> requests) {
        final Handling handling = idle.isEmpty() ? new Handling() : idle.poll();
        count++;
        try {
            handling.copy(lane, message, requests);
            execute(message.connection(), handling);
        } catch (final Throwable notStarted) {
            handling.refuse(message, notStarted);
        }
    }

    /**
     * Runs a task behind the messages of a connection that have been taken. When it throws, because
     * no thread can be started, nothing of the connection is running or waits.
     */
    void execute(long connection, Runnable task) {
        synchronized (queues) {
            final ArrayDeque<Runnable> queue =
                    queues.computeIfAbsent(connection, key -> new ArrayDeque<>(2));
            queue.add(task);
            if (queue.size() > 1) {
                return;
            }
        }
        try {
            start(connection, task);
        } catch (final Throwable notStarted) {
            // Else all that follows would wait for it. Only this thread adds, so it is alone.
            synchronized (queues) {
                queues.remove(connection);
            }
            throw notStarted;
        }
    }

    /**
     * Runs what a connection has, one after the other: also what waits when the executor takes no
     * more.
     */
    private void start(long connection, Runnable first) {
        executor.execute(
                () -> {
                    for (Runnable task = first; task != null; task = next(connection)) {
                        try {
                            task.run();
                        } catch (final RuntimeException | Error e) {
                            final Thread thread = Thread.currentThread();
                            thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
                        }
                    }
                });
    }

    private Runnable next(long connection) {
        synchronized (queues) {
            final ArrayDeque<Runnable> queue = queues.get(connection);
            queue.poll();
            final Runnable next = queue.peek();
            if (next == null) {
                queues.remove(connection);
            }
            return isAbandoned ? null : next;
        }
    }

    /** Tells how messages ended, at most twice as many as run at a time; returns their number. */
    int poll() {
        int polled = 0;
        for (int left = unwritten.size(); left > 0; left--) {
            polled += end(unwritten.poll());
        }
        // A connection's next message may have ended again meanwhile; that one is for later.
        Handling handling = ended.poll();
        for (int left = countMax; handling != null; left--) {
            polled += end(handling);
            handling = left > 1 ? ended.poll() : null;
        }
        return polled;
    }

    private int end(Handling handling) {
        if (!ending.onEnd(handling)) {
            unwritten.add(handling);
            return 0;
        }
        count--;
        idle.add(handling);
        return 1;
    }

    /**
     * Waits for the handlers of all that was taken, and interrupts those that take longer than they
     * may.
     */
    @Override
    public void close() {
        executor.shutdown();
        try {
            if (!executor.awaitTermination(closeTimeoutNs, TimeUnit.NANOSECONDS)) {
                abandon();
            }
        } catch (final InterruptedException e) {
            abandon();
            Thread.currentThread().interrupt();
        }
        poll();
    }

    private void abandon() {
        isAbandoned = true;
        executor.shutdownNow();
    }

    /** A message on its way through a handler; used again for others. */
    final class Handling implements Runnable {

        private final Dispatcher dispatcher = dispatchers.get();
        private final UnsafeBuffer record = new UnsafeBuffer(0, 0);
        private final UnsafeBuffer request = new UnsafeBuffer(0, 0);
        private final Message requestReader = new Message();
        private final Message message = new Message(event -> request());
        private String channel;
        private String writer;
        private long index;
        private long connection;
        private HeadraceException missing;
        private int fate;

        private void copy(
                LanePoller lane, Message original, Function<Message, UnsafeBuffer> requests) {
            channel = lane.lane().channel();
            writer = lane.lane().writer();
            index = lane.index();
            connection = original.connection();
            record.wrap(bytes(original.record()));
            missing = null;
            if (original.requestIndex() != Message.NO_INDEX) {
                try {
                    request.wrap(bytes(requests.apply(original)));
                } catch (final Exception e) {
                    // The handler may not ask for it.
                    missing = new HeadraceException(e.getMessage(), e);
                }
            }
        }

        private static byte[] bytes(UnsafeBuffer source) {
            final byte[] bytes = new byte[source.capacity()];
            source.getBytes(0, bytes);
            return bytes;
        }

        private UnsafeBuffer requestRecord() {
            if (missing != null) {
                throw missing;
            }
            return request;
        }

        private Request request() {
            if (!requestReader.wrap(requestRecord()).decode()) {
                throw new HeadraceException(
                        "the request of connection %d cannot be decoded".formatted(connection));
            }
            return requestReader.request();
        }

        @Override
        public void run() {
            fate = ClaimWord.FAILED;
            try {
                message.wrap(record).decode();
                fate = dispatcher.handle(channel, message, event -> requestRecord());
            } finally {
                ended.add(this);
                onEnded.run();
            }
        }

        private void refuse(Message original, Throwable why) {
            fate = dispatcher.refuse(original, why);
            ended.add(this);
            onEnded.run();
        }

        String channel() {
            return channel;
        }

        String writer() {
            return writer;
        }

        long index() {
            return index;
        }

        long connection() {
            return connection;
        }

        int fate() {
            return fate;
        }

        /** Until when it waits, if its fate is DEFERRED. */
        long deferredUntilNs() {
            return dispatcher.deferredUntilNs();
        }
    }
}
