// SPDX-License-Identifier: Apache-2.0
package io.headrace.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.ConnectionId;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.poll.Tap;
import io.headrace.janitor.Janitor;
import io.headrace.janitor.Retention;
import io.headrace.member.Member;
import io.headrace.message.encode.EventEncoder;
import io.headrace.message.encode.RequestKeys;
import io.headrace.testing.ChildJvm;
import io.headrace.testing.Samples;
import io.headrace.testing.TestMembers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.agrona.CloseHelper;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.CompositeAgent;
import org.agrona.concurrent.SleepingMillisIdleStrategy;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The promise of the whole: two loops of a front end, two worker processes with two consumers each,
 * and every request is handled exactly once, in order, judged from what is in the lanes afterwards.
 */
class ExactlyOnceSystemTest {

    private static final int LOOPS = 2;

    @TempDir Path directory;
    private Bus bus;
    private Member frontEnd;
    private AgentRunner heart;
    private Tap replies;
    private Ledger ledger;
    private int requestsPerLoop;
    private final List<ChildJvm> workers = new ArrayList<>();
    private final List<Thread> loops = new ArrayList<>();
    private final AtomicReference<Throwable> loopFailure = new AtomicReference<>();

    @BeforeEach
    void startFrontEndAndWorkers() {
        final Path path = directory.resolve("bus");
        bus = Bus.openOrCreate(path);
        frontEnd = TestMembers.frontEnd(bus);
        final Retention retention = Retention.fromProperties();
        final LiveMembers liveMembers =
                new LiveMembers(bus, retention.hungNs(), frontEnd.errorLog()::record);
        final Janitor janitor =
                new Janitor(bus, frontEnd, liveMembers, retention, bus.nextConsumerIds(1));
        heart =
                new AgentRunner(
                        new SleepingMillisIdleStrategy(5),
                        loopFailure::set,
                        null,
                        new CompositeAgent(frontEnd, liveMembers, janitor));
        AgentRunner.startOnThread(heart);
        for (int loop = 0; loop < LOOPS; loop++) {
            bus.createChannel(ReplyAddress.channel(frontEnd.id(), loop));
        }
        replies =
                new Tap(
                        bus,
                        name -> name.startsWith(ChannelName.REPLY_PREFIX),
                        problem -> {
                            throw problem;
                        });
        for (int i = 0; i < 2; i++) {
            workers.add(ChildJvm.start(WorkerChild.class, path));
        }
        workers.forEach(ChildJvm::readLine);
    }

    @AfterEach
    void stop() throws InterruptedException {
        workers.forEach(ChildJvm::close);
        for (final Thread loop : loops) {
            loop.join();
        }
        CloseHelper.quietCloseAll(replies, heart, frontEnd, bus);
    }

    @Test
    void shouldHandleEachOf200000RequestsExactlyOnceAndInOrder() {
        explained(
                () -> {
                    startLoops(100_000);
                    while (ledger.answeredCount() < LOOPS * requestsPerLoop) {
                        readReplies();
                        for (final ChildJvm worker : workers) {
                            assertTrue(worker.isAlive(), worker::errors);
                        }
                    }
                    for (final ChildJvm worker : workers) {
                        assertEquals(0, worker.end(), worker::errors);
                    }
                    assertEquals(0, replies.poll(ledger::onReply, 1), "more replies than requests");
                    assertEquals(0, ledger.readRequests(), "requests without an end");
                    assertEquals(LOOPS * requestsPerLoop, ledger.count(ClaimWord.DONE));
                    assertEquals(LOOPS * requestsPerLoop, ledger.counted(" done http.request"));
                    assertEquals(LOOPS * requestsPerLoop, ledger.counted(" replies appended"));
                    assertEquals(0, ledger.counted(" replies refused"));
                    assertEquals(0, ledger.counted(" undecodable"));
                });
    }

    @Test
    void shouldHandleNothingTwiceAndLoseAtMostOneRequestPerConsumerOfAKilledWorker() {
        explained(
                () -> {
                    startLoops(30_000);
                    while (ledger.answeredCount() < requestsPerLoop / 3) {
                        readReplies();
                    }
                    final ChildJvm survivor = workers.get(1);
                    workers.get(0).kill();
                    do {
                        assertTrue(survivor.isAlive(), survivor::errors);
                        readReplies();
                    } while (ledger.answeredCount() < LOOPS * requestsPerLoop - 2);
                    joinLoops();
                    // The front end's janitor ends what the dead worker had in its hands.
                    while (ledger.openCount() > 0) {
                        assertTrue(survivor.isAlive(), survivor::errors);
                        readReplies();
                    }
                    readAllReplies();
                    assertEquals(0, ledger.readRequests(), "requests without an end");
                    final int done = ledger.count(ClaimWord.DONE);
                    final int lost = ledger.count(ClaimWord.LOST);
                    assertEquals(LOOPS * requestsPerLoop, done + lost);
                    assertTrue(lost <= 2, "lost " + lost);
                    assertEquals(0, survivor.end(), survivor::errors);
                    readAllReplies();
                    assertTrue(ledger.answeredCount() >= done, "done without a reply");
                });
    }

    private void readAllReplies() {
        while (replies.poll(ledger::onReply, 10_000) > 0) {
            throwLoopFailure();
        }
    }

    private void readReplies() {
        throwLoopFailure();
        if (replies.poll(ledger::onReply, 10_000) == 0) {
            Thread.yield();
        }
    }

    /** Runs a scenario, and says all there is to know about it when it fails. */
    private void explained(Runnable scenario) {
        try {
            scenario.run();
        } catch (final AssertionError | RuntimeException e) {
            System.out.println(ledger.describe());
            workers.forEach(worker -> System.out.println(worker.errors()));
            throw e;
        }
    }

    private void startLoops(int requests) {
        requestsPerLoop = requests;
        ledger = new Ledger(bus, LOOPS, requests);
        for (int i = 0; i < LOOPS; i++) {
            final int loop = i;
            loops.add(
                    new Thread(
                            () -> {
                                try {
                                    write(loop);
                                } catch (final Throwable e) {
                                    loopFailure.set(e);
                                }
                            }));
        }
        loops.forEach(Thread::start);
    }

    private void joinLoops() {
        for (final Thread loop : loops) {
            try {
                loop.join();
            } catch (final InterruptedException e) {
                throw new AssertionError(e);
            }
        }
        throwLoopFailure();
    }

    private void throwLoopFailure() {
        if (loopFailure.get() != null) {
            throw new AssertionError("a loop failed", loopFailure.get());
        }
    }

    /** What a front end's loop does with its clients' requests. */
    private void write(int loop) {
        final String replyChannel = ReplyAddress.channel(frontEnd.id(), loop);
        final int member = ReplyAddress.loopKey(replyChannel) >>> 8;
        final EventEncoder encoder = new EventEncoder();
        final RequestKeys keys = Samples.bareKeys();
        final int length = EventEncoder.requestLength(keys);
        try (LaneAppender lane =
                bus.newLane(
                        ChannelName.HTTP_REQUEST,
                        frontEnd.id() + "-" + loop,
                        new WriterSequence())) {
            for (int number = 0; number < requestsPerLoop; number++) {
                final long nowNs = bus.clock().nanoTime();
                assertEquals(LaneAppender.OK, lane.claim(length, nowNs));
                encoder.encodeRequest(lane.buffer(), lane.offset(), keys);
                lane.commit(ConnectionId.of(member, loop, number), 0, 0, nowNs, nowNs);
            }
        }
    }
}
