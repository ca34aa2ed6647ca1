// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.member.Member;
import io.headrace.message.DeliveryHeader;
import io.headrace.testing.TestMembers;
import io.headrace.testing.TinyFileSystem;
import java.util.List;
import java.util.Random;
import net.openhft.chronicle.core.io.BackgroundResourceReleaser;
import org.agrona.CloseHelper;
import org.agrona.concurrent.Agent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A file system without a free page: a touch of one that is not there would kill this JVM. */
class FullMemoryTest {

    private TinyFileSystem memory;
    private Bus writers;
    private Bus readers;
    private LaneAppender appender;
    private LanePoller near;
    private LanePoller far;
    private long nowNs;
    private long appendedCount;
    private long readCount;

    @BeforeEach
    void openLane() {
        System.setProperty(BusSettings.BLOCK_SIZE_PROPERTY, "1m");
        System.setProperty(BusSettings.ROLL_SIZE_PROPERTY, "512k");
        memory = TinyFileSystem.mount("8m");
        writers = Bus.openOrCreate(memory.directory().resolve("bus"));
        readers = Bus.open(memory.directory().resolve("bus"));
        appender = writers.newLane("http.request", "f1-x-0", new WriterSequence());
        near = writers.lane("http.request", "f1-x-0").orElseThrow().poller();
        far = readers.lane("http.request", "f1-x-0").orElseThrow().poller();
        nowNs = writers.clock().nanoTime();
    }

    @AfterEach
    void close() {
        System.clearProperty(BusSettings.BLOCK_SIZE_PROPERTY);
        System.clearProperty(BusSettings.ROLL_SIZE_PROPERTY);
        CloseHelper.closeAll(near, far, appender, writers, readers, memory);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1_000, 30_000, 262_000})
    void shouldRefuseWhatHasNoPagesAndGoOnWhenThereAreSome(int length) {
        int code;
        do {
            code = append(length);
        } while (code == LaneAppender.OK && appendedCount < 100_000);
        // What was taken for the next large one is enough for small ones, for a while.
        memory.fill();
        while (append(1) == LaneAppender.OK) {}
        assertEquals(LaneAppender.MEMORY_HIGH, append(length));
        assertEquals(LaneAppender.MEMORY_HIGH, append(1));
        readAll();
        memory.free();
        assertTrue(appender.lane().deleteFiles(near, Long.MAX_VALUE, Long.MAX_VALUE) >= 0);
        far.letGo();
        near.letGo();
        BackgroundResourceReleaser.releasePendingResources();
        assertEquals(LaneAppender.OK, append(1));
        readAll();
    }

    @Test
    void shouldPublishAllThatIsNotRefusedWhileOthersComeAndGo() {
        final long seed = System.nanoTime();
        System.out.println("FullMemoryTest seed " + seed);
        final Random random = new Random(seed);
        final Agent pages = writers.pageAgent();
        final Agent far2 = readers.pageAgent();
        int refusedCount = 0;
        for (int round = 0; round < 60; round++) {
            memory.take(random.nextInt(1 << 20));
            if (random.nextInt(5) == 0) {
                memory.fill();
            }
            for (int i = random.nextInt(400); i > 0; i--) {
                refusedCount += append(1 + random.nextInt(3_000)) == LaneAppender.OK ? 0 : 1;
            }
            if (random.nextBoolean()) {
                run(pages);
                run(far2);
            }
            nowNs += random.nextInt(5) == 0 ? 400_000_000_000L : 0;
            readAll();
            if (random.nextInt(3) == 0) {
                memory.free();
                appender.lane().deleteFiles(near, Long.MAX_VALUE, Long.MAX_VALUE);
                far.letGo();
            }
        }
        assertTrue(refusedCount > 0 && appendedCount > 0, refusedCount + " of " + appendedCount);
        assertEquals(refusedCount, appender.lane().refusedCount());
    }

    @Test
    void shouldMakeNoLaneWithoutMemoryAndTheSameOneWhenThereIsSome() {
        memory.fill();
        final WriterSequence sequence = new WriterSequence();
        for (int i = 0; i < 3; i++) {
            final HeadraceException e =
                    assertThrows(
                            HeadraceException.class,
                            () -> writers.newLane("http.disconnect", "f1-x-0", sequence));
            assertTrue(e.getMessage().contains("http.disconnect/f1-x-0"), e.getMessage());
        }
        memory.free();
        try (LaneAppender lane = writers.newLane("http.disconnect", "f1-x-0", sequence)) {
            assertEquals(LaneAppender.OK, lane.claim(1, nowNs));
            lane.commit(1, 0, 0, nowNs, nowNs);
        }
        assertEquals(1, readers.lane("http.disconnect", "f1-x-0").orElseThrow().appendedCount());
    }

    @Test
    void shouldLetAMemberGoOnWithItsCountersAndErrors() {
        final Member member = TestMembers.worker(writers, "", 2);
        memory.fill();
        for (int i = 0; i < 100; i++) {
            member.counter("counter " + i).incrementRelease();
            member.errorLog().record(new HeadraceException("error " + i));
            member.doWork();
        }
        member.close();
    }

    @Test
    void shouldTellThatMemoryIsHighAndThatItIsNotAnyMore() {
        assertFalse(writers.checkMemory());
        memory.fill();
        assertTrue(writers.checkMemory());
        assertTrue(readers.isMemoryHigh());
        assertTrue(readers.isMemoryTight());
        memory.free();
        assertFalse(readers.checkMemory());
        assertFalse(writers.isMemoryHigh());
        assertFalse(writers.isMemoryTight());
        memory.take(memory.usableBytes() / 10 * 7);
        assertFalse(writers.checkMemory());
        assertTrue(writers.isMemoryTight());
    }

    private static void run(Agent agent) {
        try {
            agent.doWork();
        } catch (final Exception e) {
            throw new AssertionError(e);
        }
    }

    private int append(int length) {
        final int code = appender.claim(length, nowNs);
        if (code == LaneAppender.OK) {
            appendedCount++;
            appender.buffer().setMemory(appender.offset(), length, (byte) appendedCount);
            appender.commit(appendedCount, length, 0, nowNs, nowNs);
        }
        return code;
    }

    /** Both readers find all that was appended, as it was. */
    private void readAll() {
        for (final LanePoller poller : List.of(near, far)) {
            for (long i = readCount + 1; i <= appendedCount; i++) {
                assertTrue(poller.peek(), "record " + i);
                assertEquals(i, poller.sequence());
                final int length = DeliveryHeader.order(poller.record(), 0);
                for (int at = 0; at < length; at += 512) {
                    assertEquals((byte) i, poller.record().getByte(DeliveryHeader.LENGTH + at));
                }
                poller.advance();
            }
            assertFalse(poller.peek());
        }
        readCount = appendedCount;
    }
}
