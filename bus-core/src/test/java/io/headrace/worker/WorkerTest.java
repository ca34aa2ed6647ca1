// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.poll.Tap;
import io.headrace.janitor.Retention;
import io.headrace.member.MemberReader;
import io.headrace.member.Members;
import io.headrace.message.MessageType;
import io.headrace.testing.Samples;
import io.headrace.testing.TestMembers;
import io.headrace.testing.TestWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.Agent;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A whole worker with its threads, launched and closed. */
class WorkerTest {

    private static final byte[] REQUEST = Samples.message(Samples.record(MessageType.HTTP_REQUEST));

    @TempDir Path directory;
    private Path path;

    @BeforeEach
    void chooseBus() {
        path = directory.resolve("bus");
    }

    @Test
    void shouldHandleWhatIsThereAndWhatComesWithAllItsConsumers() throws Exception {
        final BlockingQueue<String> handled = new LinkedBlockingQueue<>();
        final CountDownLatch all = new CountDownLatch(2);
        try (Bus bus = Bus.openOrCreate(path);
                TestWriter writer = new TestWriter(bus, "f1-x-0")) {
            writer.append("http.request", REQUEST, 1, 0, bus.clock().nanoTime());
            final WorkerContext context =
                    new WorkerContext()
                            .directory(path)
                            .consumers(2)
                            .onHttpRequest(
                                    (channel, request, reply) -> {
                                        handled.add(Thread.currentThread().getName());
                                        // Both consumers must be in a handler at the same time.
                                        all.countDown();
                                        all.await();
                                    });
            try (Worker worker = Worker.launch(context)) {
                assertEquals(2, worker.consumerCount());
                assertEquals(path, worker.bus().directory());
                writer.append("http.request", REQUEST, 2, 0, bus.clock().nanoTime());
                final Set<String> threads = Set.of(handled.take(), handled.take());
                assertEquals(Set.of(worker.id() + "-0", worker.id() + "-1"), threads);
            }
        }
    }

    @Test
    void shouldFinishTheMessageItHandlesWhenItIsClosed() throws Exception {
        final CountDownLatch inside = new CountDownLatch(1);
        final CountDownLatch goOn = new CountDownLatch(1);
        try (Bus bus = Bus.openOrCreate(path);
                TestWriter writer = new TestWriter(bus, "f1-x-0")) {
            for (int i = 0; i < 2; i++) {
                writer.append("http.request", REQUEST, i, 0, bus.clock().nanoTime());
            }
            final Worker worker =
                    Worker.launch(
                            new WorkerContext()
                                    .directory(path)
                                    .onHttpRequest(
                                            (channel, request, reply) -> {
                                                inside.countDown();
                                                goOn.await();
                                            }));
            inside.await();
            final Thread closing = new Thread(worker::close);
            closing.start();
            goOn.countDown();
            closing.join();
            final List<Integer> words = new ArrayList<>();
            try (Tap tap = new Tap(bus, name -> true, problem -> {})) {
                tap.poll((lane, nowNs) -> words.add(ClaimWord.read(lane.record())), 10);
            }
            assertEquals(ClaimWord.DONE, ClaimWord.state(words.get(0)));
            // The second may have been handled as well, but nothing may be left in the middle.
            assertTrue(
                    ClaimWord.isFree(words.get(1))
                            || ClaimWord.state(words.get(1)) == ClaimWord.DONE,
                    words.toString());
        }
    }

    @Test
    @Timeout(60)
    void shouldHandleTheNextMessageAfterAHandlerHasLeftItsThreadInterrupted() throws Exception {
        final BlockingQueue<Thread> handled = new LinkedBlockingQueue<>();
        try (Worker worker =
                        Worker.launch(
                                context()
                                        .onHttpRequest(
                                                (channel, request, reply) -> {
                                                    handled.add(Thread.currentThread());
                                                    Thread.currentThread().interrupt();
                                                }));
                TestWriter writer = new TestWriter(worker.bus(), "f1-x-0")) {
            writer.append("http.request", REQUEST, 1, 0, worker.bus().clock().nanoTime());
            final Thread consumer = handled.take();
            // Until it has idled.
            consumer.join(200);
            assertTrue(consumer.isAlive());
            writer.append("http.request", REQUEST, 2, 0, worker.bus().clock().nanoTime());
            assertEquals(consumer, handled.take());
        }
    }

    @Test
    @Timeout(60)
    void shouldEndTheThreadOfAHungHandlerWhenItIsClosed() throws Exception {
        final BlockingQueue<Thread> inside = new LinkedBlockingQueue<>();
        System.setProperty(Retention.CLAIM_TIMEOUT_PROPERTY, "200ms");
        try (Worker worker =
                        Worker.launch(
                                context()
                                        .onHttpRequest(
                                                (channel, request, reply) -> {
                                                    inside.add(Thread.currentThread());
                                                    hangUntilInterrupted();
                                                }));
                TestWriter writer = new TestWriter(worker.bus(), "f1-x-0")) {
            writer.append("http.request", REQUEST, 1, 0, worker.bus().clock().nanoTime());
            final Thread consumer = inside.take();
            worker.close();
            assertFalse(consumer.isAlive());
        } finally {
            System.clearProperty(Retention.CLAIM_TIMEOUT_PROPERTY);
        }
    }

    /** And its thread stays interrupted. */
    private static void hangUntilInterrupted() {
        while (!Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void shouldLeaveTheBusWhenItIsClosed() {
        final String id;
        try (Worker worker = Worker.launch(context())) {
            id = worker.id();
            assertTrue(Members.isAlive(worker.bus().membersDirectory(), id));
        }
        try (Bus bus = Bus.open(path);
                MemberReader reader = MemberReader.open(TestMembers.file(bus, id))) {
            assertFalse(reader.isAlive());
            assertEquals("http.*", reader.channels());
            assertEquals(0, reader.errors().size(), reader.errors().toString());
            assertEquals(0L, reader.counters().get(id + "-0 errors"));
        }
        final long left =
                Thread.getAllStackTraces().keySet().stream()
                        .filter(thread -> thread.getName().startsWith(id))
                        .count();
        assertEquals(0, left, "threads of the worker");
    }

    @Test
    void shouldCloseTwiceAndBesideAnother() {
        final Worker first = Worker.launch(context());
        final Worker second = Worker.launch(context());
        assertFalse(first.id().equals(second.id()));
        first.close();
        first.close();
        assertTrue(Members.isAlive(second.bus().membersDirectory(), second.id()));
        second.close();
    }

    @Test
    void shouldRefuseBadOptionsBeforeItTouchesTheBus() {
        assertThrows(HeadraceException.class, () -> Worker.launch(context().consumers(0)));
        assertThrows(HeadraceException.class, () -> Worker.launch(context().idle("x")));
        assertThrows(
                HeadraceException.class, () -> Worker.launch(new WorkerContext().directory(path)));
        assertFalse(path.toFile().exists());
    }

    @Test
    void shouldLeaveNothingThatLooksAliveWhenItCannotStart() {
        final String tooLong = String.join(",", Collections.nCopies(100, "n".repeat(100)));
        assertThrows(HeadraceException.class, () -> Worker.launch(context().channels(tooLong)));
        try (Bus bus = Bus.openOrCreate(path);
                Members members =
                        new Members(
                                bus.membersDirectory(),
                                problem -> {
                                    throw problem;
                                })) {
            members.refresh();
            assertEquals(List.of(), members.all());
        }
    }

    @Test
    void shouldGiveItsAgentsToWhoeverRunsThem() {
        final List<String> handled = new ArrayList<>();
        try (Worker worker =
                        Worker.prepare(
                                new WorkerContext()
                                        .directory(path)
                                        .consumers(2)
                                        .onHttpRequest(
                                                (channel, request, reply) ->
                                                        handled.add(request.path())));
                TestWriter writer = new TestWriter(worker.bus(), "f1-x-0")) {
            final List<Agent> agents = worker.agents();
            assertEquals(3, agents.size());
            assertEquals(worker.id() + "-0", agents.get(1).roleName());
            assertEquals(worker.id() + "-1", agents.get(2).roleName());
            writer.append("http.request", REQUEST, 1, 0, worker.bus().clock().nanoTime());
            for (final Agent agent : agents) {
                agent.onStart();
            }
            while (handled.isEmpty()) {
                for (final Agent agent : agents) {
                    doWork(agent);
                }
            }
            assertEquals(List.of("/app/grüße"), handled);
        }
    }

    @Test
    void shouldReportACpuThatIsNotThereAndRunAllTheSame() throws Exception {
        final CountDownLatch handled = new CountDownLatch(1);
        try (Worker worker =
                        Worker.launch(
                                context()
                                        .cpus("4095")
                                        .onHttpRequest(
                                                (channel, request, reply) -> handled.countDown()));
                TestWriter writer = new TestWriter(worker.bus(), "f1-x-0");
                MemberReader reader =
                        MemberReader.open(TestMembers.file(worker.bus(), worker.id()))) {
            writer.append("http.request", REQUEST, 1, 0, worker.bus().clock().nanoTime());
            handled.await();
            final String errors = reader.errors().toString();
            assertTrue(errors.contains("headrace.cpus: CPU 4095 is not there"), errors);
        }
    }

    private WorkerContext context() {
        return new WorkerContext().directory(path).onHttpRequest((channel, request, reply) -> {});
    }

    private static void doWork(Agent agent) {
        try {
            agent.doWork();
        } catch (final Exception e) {
            throw new AssertionError(agent.roleName(), e);
        }
    }
}
