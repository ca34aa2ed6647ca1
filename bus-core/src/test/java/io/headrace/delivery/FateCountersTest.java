// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.headrace.channel.Bus;
import io.headrace.member.Member;
import io.headrace.member.MemberReader;
import io.headrace.testing.TestMembers;
import java.nio.file.Path;
import java.util.Map;
import org.agrona.concurrent.status.AtomicCounter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where the fates of messages are counted, also when a member has no room for more counters. */
class FateCountersTest {

    private static final int COUNTER_COUNT_MAX = 1_024;

    @TempDir Path directory;
    private Bus bus;
    private Member member;
    private FateCounters fates;

    @BeforeEach
    void open() {
        bus = Bus.openOrCreate(directory.resolve("bus"));
        member = TestMembers.worker(bus, "*", 1);
        fates = new FateCounters(member, "c1");
    }

    @AfterEach
    void close() {
        member.close();
        bus.close();
    }

    @Test
    void shouldCountEachFateOfEachChannelByItself() {
        fates.of(ClaimWord.DONE, "http.request").incrementRelease();
        fates.of(ClaimWord.DONE, "http.disconnect").incrementRelease();
        fates.of(ClaimWord.DEFERRED, "http.request").incrementRelease();
        fates.of(ClaimWord.DONE, "http.request").incrementRelease();
        final Map<String, Long> counters = counters();
        assertEquals(2, counters.get("c1 done http.request"));
        assertEquals(1, counters.get("c1 done http.disconnect"));
        assertEquals(1, counters.get("c1 deferred http.request"));
        assertEquals(0, counters.get("c1 fates others"));
    }

    @Test
    void shouldCountWhatHasNoCounterOfItsOwnInOneForAll() {
        for (int i = counters().size(); i < COUNTER_COUNT_MAX - 1; i++) {
            member.counter("x" + i);
        }
        fates.of(ClaimWord.DONE, "http.request").incrementRelease();
        fates.of(ClaimWord.FAILED, "http.request").incrementRelease();
        final AtomicCounter others = fates.of(ClaimWord.DONE, "http.disconnect");
        others.incrementRelease();
        fates.of(ClaimWord.DONE, "http.request").incrementRelease();
        assertSame(others, fates.of(ClaimWord.DONE, "http.disconnect"));
        final Map<String, Long> counters = counters();
        assertEquals(COUNTER_COUNT_MAX, counters.size());
        assertEquals(2, counters.get("c1 done http.request"));
        assertEquals(2, counters.get("c1 fates others"));
    }

    private Map<String, Long> counters() {
        try (MemberReader reader = MemberReader.open(TestMembers.file(bus, member.id()))) {
            return reader.counters();
        }
    }
}
