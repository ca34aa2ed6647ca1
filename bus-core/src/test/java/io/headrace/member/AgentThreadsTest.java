// SPDX-License-Identifier: Apache-2.0
package io.headrace.member;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.AgentRunner;
import org.agrona.concurrent.SleepingMillisIdleStrategy;
import org.agrona.concurrent.SystemEpochNanoClock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentThreadsTest {

    private static final AgentThreads.Sleep SLEEP =
            new AgentThreads.Parked(AgentThreads.SLEEP_MIN_NS, 250_000_000L);
    private static final int MUCH_WORK = 10;

    @TempDir Path directory;

    private final List<String> ended = Collections.synchronizedList(new ArrayList<>());
    private Member member;
    private AgentThreads threads;

    @BeforeEach
    void start() {
        member =
                Member.register(
                        directory,
                        Member.Kind.WORKER,
                        "w1-x",
                        "*",
                        1,
                        1,
                        SystemEpochNanoClock.INSTANCE);
        threads = new AgentThreads(member);
    }

    @AfterEach
    void stop() {
        threads.close(AgentRunner.RETRY_CLOSE_TIMEOUT_MS);
        member.close();
    }

    private class Rounds implements Agent {

        private final String name;
        private final int work;
        private final CountDownLatch rounds;

        private Rounds(String name, int work, int rounds) {
            this.name = name;
            this.work = work;
            this.rounds = new CountDownLatch(rounds);
        }

        @Override
        public int doWork() {
            rounds.countDown();
            return work;
        }

        @Override
        public void onClose() {
            ended.add(name);
        }

        @Override
        public String roleName() {
            return name;
        }
    }

    @Test
    void shouldGoOnAfterAnErrorAndKeepIt() throws InterruptedException {
        final Rounds rounds =
                new Rounds("careless", 0, 3) {
                    @Override
                    public int doWork() {
                        super.doWork();
                        throw new OutOfMemoryError("of a kind");
                    }
                };
        threads.start(rounds, new SleepingMillisIdleStrategy(1));
        assertTrue(rounds.rounds.await(60, TimeUnit.SECONDS));
        assertTrue(threads.areAlive());
        try (MemberReader reader = MemberReader.open(directory.resolve("w1-x.new"))) {
            final String error = reader.errors().keySet().iterator().next();
            assertTrue(
                    error.contains("careless goes on after java.lang.OutOfMemoryError: of a kind"),
                    error);
        }
    }

    @Test
    void shouldSleepLongerRoundByRoundUpTo250MsAndHalfAsLongAfterMuchWorkDownTo20() {
        final AgentThreads.BackgroundIdleStrategy idle =
                new AgentThreads.BackgroundIdleStrategy(MUCH_WORK, SLEEP);
        assertEquals(30_000_000L, idle.adapt(0));
        assertEquals(40_000_000L, idle.adapt(MUCH_WORK - 1));
        for (int round = 0; round < 30; round++) {
            idle.adapt(0);
        }
        assertEquals(250_000_000L, idle.adapt(0));
        assertEquals(125_000_000L, idle.adapt(MUCH_WORK));
        assertEquals(135_000_000L, idle.adapt(MUCH_WORK - 1));
        idle.adapt(MUCH_WORK);
        assertEquals(33_750_000L, idle.adapt(MUCH_WORK + 1));
        assertEquals(AgentThreads.SLEEP_MIN_NS, idle.adapt(MUCH_WORK));
        assertEquals(AgentThreads.SLEEP_MIN_NS, idle.adapt(MUCH_WORK));
        final AgentThreads.BackgroundIdleStrategy always =
                new AgentThreads.BackgroundIdleStrategy(0, SLEEP);
        assertEquals(AgentThreads.SLEEP_MIN_NS, always.adapt(0));
    }

    @Test
    void shouldEndTheFirstToStartLast() throws InterruptedException {
        final Rounds first = new Rounds("first", 0, 1);
        final Rounds second = new Rounds("second", MUCH_WORK, 3);
        assertTrue(threads.isEmpty());
        threads.startInBackground(first, MUCH_WORK, SLEEP);
        threads.startInBackground(second, MUCH_WORK, SLEEP);
        first.rounds.await();
        second.rounds.await();
        assertFalse(threads.isEmpty());
        assertTrue(threads.areAlive());
        threads.close(AgentRunner.RETRY_CLOSE_TIMEOUT_MS);
        assertEquals(List.of("second", "first"), ended);
        assertFalse(threads.areAlive());
    }

    @Test
    void shouldGoOnInTheBackgroundAfterAnErrorThatItKeeps() throws InterruptedException {
        final CountDownLatch rounds = new CountDownLatch(2);
        threads.startInBackground(
                new Agent() {
                    @Override
                    public int doWork() {
                        rounds.countDown();
                        throw new IllegalStateException("a round that fails");
                    }

                    @Override
                    public String roleName() {
                        return "failing";
                    }
                },
                MUCH_WORK,
                SLEEP);
        rounds.await();
        assertTrue(threads.areAlive());
        threads.close(AgentRunner.RETRY_CLOSE_TIMEOUT_MS);
        try (MemberReader reader = MemberReader.open(directory.resolve("w1-x.new"))) {
            assertTrue(reader.errors().keySet().toString().contains("a round that fails"));
        }
    }
}
