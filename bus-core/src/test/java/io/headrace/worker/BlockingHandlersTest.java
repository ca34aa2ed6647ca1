// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.channel.Lane;
import io.headrace.channel.LanePoller;
import io.headrace.delivery.ClaimWord;
import io.headrace.message.Message;
import io.headrace.message.MessageType;
import io.headrace.testing.CycleFileAway;
import io.headrace.testing.RolledFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Handlers that block, on threads of their own. */
class BlockingHandlersTest {

    private static final long DEADLINE_NS = 60_000_000_000L;
    private static final long CYCLE_NS = 300_000_000_000L;

    @TempDir Path directory;
    private TestWorker worker;
    private final List<String> handled = Collections.synchronizedList(new ArrayList<>());

    @AfterEach
    void close() {
        if (worker != null) {
            worker.close();
        }
    }

    private void start(int count, WorkerContext context) {
        worker = new TestWorker(directory.resolve("bus"), context.blocking(count));
        worker.rounds();
    }

    /** Lets the consumer work until the other threads have done their part. */
    private void roundsUntil(BooleanSupplier condition) {
        final long endNs = System.nanoTime() + DEADLINE_NS;
        for (worker.rounds(); !condition.getAsBoolean(); worker.rounds()) {
            assertTrue(System.nanoTime() < endNs, () -> "not in time; handled " + handled);
            LockSupport.parkNanos(1_000_000L);
        }
    }

    private long done(String channel) {
        return worker.counter("done " + channel);
    }

    @Test
    void shouldHandleMessagesOfDifferentConnectionsSideBySideAndOffTheConsumersThread() {
        final CyclicBarrier both = new CyclicBarrier(2);
        final Thread consumersThread = Thread.currentThread();
        start(
                2,
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    both.await(60, TimeUnit.SECONDS);
                                    handled.add(request.path());
                                    final boolean same = Thread.currentThread() == consumersThread;
                                    reply.send(200, "text/plain", same ? "same" : "own");
                                }));
        worker.send("http.request", MessageType.HTTP_REQUEST, 7);
        worker.send("http.request", MessageType.HTTP_REQUEST, 8);
        roundsUntil(() -> done("http.request") == 2);
        final List<TestWorker.Reply> replies = worker.replies();
        assertEquals(2, replies.size());
        assertEquals("own", replies.get(0).content());
        assertEquals(List.of("/app/grüße", "/app/grüße"), handled);
    }

    @Test
    void shouldHandleFramesOfAConnectionOneAtATimeInTheirOrderAcrossChannels() {
        final AtomicInteger running = new AtomicInteger();
        start(
                8,
                new WorkerContext()
                        .onWebSocketConnect((channel, request, socket) -> handled.add("connect"))
                        .onWebSocketReceive(
                                (channel, message, socket) -> {
                                    assertEquals(1, running.incrementAndGet());
                                    LockSupport.parkNanos(200_000L);
                                    assertEquals("/app/grüße", message.request().path());
                                    handled.add(message.text());
                                    running.decrementAndGet();
                                }));
        final List<String> expected = new ArrayList<>(List.of("connect"));
        final long connect = worker.send("websocket.connect", MessageType.WEB_SOCKET_CONNECTION, 7);
        for (int i = 0; i < 20; i++) {
            worker.sendReceive(7, connect, "frame " + i);
            expected.add("frame " + i);
        }
        roundsUntil(() -> done("websocket.receive") == 20);
        assertEquals(expected, handled);
        assertEquals("{}", worker.errors().toString());
    }

    @Test
    void shouldGoOnWithTheNextFrameOfAConnectionWithoutReadingAllAgain() {
        final Semaphore gate = new Semaphore(0);
        start(
                8,
                new WorkerContext()
                        .onWebSocketReceive(
                                (channel, message, socket) -> {
                                    final String text = message.text();
                                    if (text.length() == 1) {
                                        gate.acquire();
                                    }
                                    handled.add(text);
                                }));
        final long connect = worker.send("websocket.connect", MessageType.WEB_SOCKET_CONNECTION, 7);
        // The mark of what has ended does not pass this one.
        worker.sendReceive(7, connect, "1");
        final long ended = worker.sendReceive(8, connect, "ended");
        roundsUntil(() -> done("websocket.receive") == 1);
        for (final String text : List.of("2", "3", "4")) {
            worker.sendReceive(9, connect, text);
        }
        worker.rounds();
        // In truth, and told to nobody, which shows that it is not read again.
        worker.free("websocket.receive", ended);
        for (int count = 2; count <= 5; count++) {
            final int handledCount = count;
            gate.release();
            roundsUntil(() -> done("websocket.receive") == handledCount);
        }
        worker.rounds();
        final List<String> ofNine = new ArrayList<>(handled);
        ofNine.removeAll(List.of("1", "ended"));
        assertEquals(List.of("2", "3", "4"), ofNine);
        assertEquals(5, handled.size());
        assertEquals(5, done("websocket.receive"));
    }

    @Test
    void shouldClaimNothingBehindAMessageThatEndsWhenItIsClosed() {
        final Semaphore gate = new Semaphore(0);
        start(
                1,
                new WorkerContext()
                        .onWebSocketReceive(
                                (channel, message, socket) -> {
                                    gate.acquire();
                                    handled.add(message.text());
                                }));
        final long connect = worker.send("websocket.connect", MessageType.WEB_SOCKET_CONNECTION, 7);
        roundsUntil(() -> done("websocket.connect") == 1);
        worker.sendReceive(7, connect, "a");
        worker.sendReceive(7, connect, "b");
        worker.rounds();
        gate.release(2);
        worker.consumer.onClose();
        assertEquals(1, done("websocket.receive"));
        assertEquals(List.of("a"), handled);
        assertEquals(ClaimWord.FREE, worker.lastWord("websocket.receive"));
    }

    @Test
    void shouldClaimNoMoreThanItHandles() {
        final CountDownLatch gate = new CountDownLatch(1);
        start(
                1,
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> gate.await(60, TimeUnit.SECONDS)));
        worker.send("http.request", MessageType.HTTP_REQUEST, 7);
        worker.send("http.request", MessageType.HTTP_REQUEST, 8);
        worker.rounds();
        assertEquals(ClaimWord.FREE, worker.lastWord("http.request"));
        gate.countDown();
        roundsUntil(() -> done("http.request") == 2);
    }

    @Test
    void shouldFailAndAnswerForAHandlerThatThrows() {
        start(
                4,
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    throw new IllegalStateException("thrown while blocking");
                                }));
        worker.send("http.request", MessageType.HTTP_REQUEST, 7);
        roundsUntil(() -> worker.counter("failed http.request") == 1);
        assertEquals(500, worker.replies().get(0).status());
        assertTrue(worker.errors().toString().contains("thrown while blocking"));
    }

    @Test
    void shouldDeferAFrameAndKeepLaterOnesBehindIt() {
        final AtomicInteger refusals = new AtomicInteger(2);
        start(
                4,
                new WorkerContext()
                        .onWebSocketReceive(
                                (channel, message, socket) -> {
                                    if (refusals.getAndDecrement() > 0) {
                                        throw new Defer(Duration.ofMillis(50), "not yet");
                                    }
                                    handled.add(message.text());
                                }));
        worker.sendReceive(7, 0, "a");
        worker.sendReceive(7, 0, "b");
        final long endNs = System.nanoTime() + DEADLINE_NS;
        while (done("websocket.receive") < 2) {
            worker.passWithKeeper(100_000_000L);
            assertTrue(System.nanoTime() < endNs, () -> "not in time; handled " + handled);
            LockSupport.parkNanos(1_000_000L);
        }
        assertEquals(List.of("a", "b"), handled);
        assertEquals(2, worker.counter("deferred websocket.receive"));
    }

    @Test
    void shouldFinishWhatRunsAndWhatWaitsBehindItWhenItIsClosed() {
        final CountDownLatch begun = new CountDownLatch(1);
        start(
                8,
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> {
                                    begun.countDown();
                                    LockSupport.parkNanos(50_000_000L);
                                    handled.add("one");
                                    reply.send(200, "text/plain", "finished");
                                })
                        .onHttpDisconnect((channel, request) -> handled.add("two")));
        worker.sendDisconnect(7, worker.send("http.request", MessageType.HTTP_REQUEST, 7));
        roundsUntil(() -> begun.getCount() == 0);
        worker.rounds();
        worker.consumer.onClose();
        assertEquals(List.of("one", "two"), handled);
        assertEquals(ClaimWord.of(1, ClaimWord.DONE), worker.lastWord("http.request"));
        assertEquals(ClaimWord.of(1, ClaimWord.DONE), worker.lastWord("http.disconnect"));
        assertEquals("finished", worker.replies().get(0).content());
    }

    @Test
    void shouldGoOnWithAConnectionAfterATaskThatThrows() {
        try (BlockingHandlers handlers = handlers(60_000_000_000L)) {
            handlers.execute(
                    1,
                    () -> {
                        throw new IllegalStateException("thrown in a test");
                    });
            handlers.execute(1, () -> handled.add("after it"));
        }
        assertEquals(List.of("after it"), handled);
    }

    @Test
    void shouldNotBeginWhatWaitsWhenWhatRunsTakesLongerThanItMay() throws InterruptedException {
        final CountDownLatch interrupted = new CountDownLatch(1);
        final CountDownLatch mayEnd = new CountDownLatch(1);
        final BlockingHandlers handlers = handlers(1);
        handlers.execute(
                1,
                () -> {
                    try {
                        Thread.sleep(60_000);
                    } catch (final InterruptedException expected) {
                        interrupted.countDown();
                    }
                    awaitUninterrupted(mayEnd);
                });
        handlers.execute(1, () -> handled.add("waits"));
        handlers.close();
        assertTrue(interrupted.await(60, TimeUnit.SECONDS));
        mayEnd.countDown();
        final long endNs = System.nanoTime() + 200_000_000L;
        while (System.nanoTime() < endNs) {
            assertEquals(List.of(), handled);
        }
    }

    @Test
    void shouldWriteDownLaterHowAMessageEndedWhoseFileCannotBeOpened() throws Exception {
        final Semaphore gate = new Semaphore(0);
        start(
                8,
                new WorkerContext()
                        .onWebSocketConnect((channel, request, socket) -> {})
                        .onWebSocketReceive(
                                (channel, message, socket) -> {
                                    handled.add(message.text());
                                    if (message.text().equals("1")) {
                                        gate.acquire();
                                    }
                                }));
        worker.send("websocket.connect", MessageType.WEB_SOCKET_CONNECTION, 9);
        roundsUntil(() -> done("websocket.connect") == 1);
        worker.sendReceive(7, 0, "1");
        workUntil(() -> handled.contains("1"));
        sendInTheNextFile();
        workUntil(() -> done("websocket.receive") == 1);
        RolledFiles.close(worker.bus);
        final Map<String, Integer> before = worker.errors();
        try (CycleFileAway first = CycleFileAway.ofFirst(lane("websocket.receive"))) {
            gate.release();
            workUntil(() -> !worker.errors().equals(before));
            assertEquals(1, done("websocket.receive"));
        }
        workUntil(() -> done("websocket.receive") == 3);
        assertEquals(List.of("1", "next file", "2"), handled);
    }

    @Test
    void shouldGoOnLaterWithAFrameThatHasWaitedInAFileThatCannotBeOpened() throws Exception {
        final Semaphore gate = new Semaphore(1);
        start(
                8,
                new WorkerContext()
                        .onWebSocketConnect(
                                (channel, request, socket) -> {
                                    handled.add("connect");
                                    gate.acquire();
                                })
                        .onWebSocketReceive(
                                (channel, message, socket) -> handled.add(message.text())));
        worker.send("websocket.connect", MessageType.WEB_SOCKET_CONNECTION, 9);
        roundsUntil(() -> done("websocket.connect") == 1);
        worker.send("websocket.connect", MessageType.WEB_SOCKET_CONNECTION, 7);
        workUntil(() -> handled.size() == 2);
        worker.sendReceive(7, 0, "1");
        sendInTheNextFile();
        workUntil(() -> done("websocket.receive") == 1);
        RolledFiles.close(worker.bus);
        final Map<String, Integer> before = worker.errors();
        try (CycleFileAway first = CycleFileAway.ofFirst(lane("websocket.receive"))) {
            gate.release();
            workUntil(() -> !worker.errors().equals(before));
            assertEquals(2, done("websocket.connect"));
            assertEquals(1, done("websocket.receive"));
        }
        worker.pass(1_000_000_000L);
        workUntil(() -> done("websocket.receive") == 3);
        assertEquals(List.of("connect", "connect", "next file", "1", "2"), handled);
    }

    private void sendInTheNextFile() {
        worker.pass(CYCLE_NS);
        worker.sendReceive(9, 0, "next file");
        worker.sendReceive(7, 0, "2");
        // Nobody is to look at what is held, and so open its file.
        worker.pass(-CYCLE_NS);
    }

    private Lane lane(String channel) {
        return worker.loop.lane(channel).lane();
    }

    /** Lets the consumer alone work, and no time pass. */
    private void workUntil(BooleanSupplier condition) {
        final long endNs = System.nanoTime() + DEADLINE_NS;
        while (!condition.getAsBoolean()) {
            worker.consumer.doWork();
            assertTrue(System.nanoTime() < endNs, () -> "not in time; handled " + handled);
        }
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        while (latch.getCount() > 0) {
            LockSupport.parkNanos(1_000_000L);
        }
    }

    private static BlockingHandlers handlers(long closeTimeoutNs) {
        return new BlockingHandlers(
                2,
                () -> null,
                handling -> true,
                () -> {},
                closeTimeoutNs,
                BlockingHandlers.newExecutor(2));
    }

    @Test
    void shouldAnswer500WhenNoThreadCanBeStartedAndHandleTheNextMessageOfTheConnection() {
        final WorkerContext context =
                new WorkerContext()
                        .onHttpRequest(
                                (channel, request, reply) -> reply.send(200, "text/plain", "ok"));
        start(1, context);
        final List<Integer> fates = new ArrayList<>();
        final BlockingHandlers handlers =
                new BlockingHandlers(
                        1,
                        () -> worker.dispatcher(context),
                        handling -> fates.add(handling.fate()),
                        () -> {},
                        DEADLINE_NS,
                        new NoThreadEverySecondTime());
        submit(handlers);
        assertFalse(handlers.hasRoom());
        handlers.poll();
        assertTrue(handlers.hasRoom());
        submit(handlers);
        for (final long endNs = System.nanoTime() + DEADLINE_NS; handlers.poll() == 0; ) {
            assertTrue(System.nanoTime() < endNs, "not in time");
        }
        submit(handlers);
        handlers.close();
        assertTrue(handlers.hasRoom());
        assertEquals(List.of(ClaimWord.FAILED, ClaimWord.DONE, ClaimWord.FAILED), fates);
        assertEquals(
                List.of(500, 200, 500),
                worker.replies().stream().map(TestWorker.Reply::status).toList());
    }

    private void submit(BlockingHandlers handlers) {
        final long index = worker.send("http.request", MessageType.HTTP_REQUEST, 7);
        try (LanePoller poller = worker.loop.lane("http.request").lane().poller()) {
            assertTrue(poller.moveTo(index));
            final Message message = new Message();
            assertTrue(message.wrap(poller.record()).decode());
            handlers.submit(poller, message, event -> poller.record());
        }
    }

    private static final class NoThreadEverySecondTime extends ThreadPoolExecutor {
        private boolean fails;

        private NoThreadEverySecondTime() {
            super(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
        }

        @Override
        public void execute(Runnable task) {
            fails = !fails;
            if (fails) {
                throw new OutOfMemoryError("unable to create native thread: a test");
            }
            super.execute(task);
        }
    }

    @Test
    void shouldRefuseACountThatIsNone() {
        for (final int count : new int[] {-1, 10_001}) {
            final WorkerContext context =
                    new WorkerContext().onHttpRequest((c, r, reply) -> {}).blocking(count);
            final String problem =
                    assertThrows(HeadraceException.class, context::conclude).getMessage();
            assertTrue(problem.startsWith("headrace.blocking is " + count), problem);
        }
        assertFalse(new WorkerContext().toString().contains("headrace.blocking=1"));
    }
}
