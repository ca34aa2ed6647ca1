// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LanePoller;
import io.headrace.member.Member;
import io.headrace.member.MemberReader;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.MessageType;
import io.headrace.testing.RawLane;
import io.headrace.testing.Samples;
import io.headrace.testing.TestMembers;
import io.headrace.testing.TestWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What one consumer does with each record, and what another finds when it comes after. */
class ClaimerTest {

    private static final String CHANNEL = "http.request";
    private static final long MS = 1_000_000L;
    private static final long NOW_NS = 1_700_000_000_000L * MS;
    private static final byte[] MESSAGE =
            Samples.message(Samples.record(MessageType.WEB_SOCKET_SEND));

    @TempDir Path directory;
    private Bus bus;
    private Member member;
    private TestWriter writer;
    private TestConsumer first;
    private TestConsumer second;
    private long clockNs = NOW_NS;

    @BeforeEach
    void openBus() {
        bus = Bus.openOrCreate(directory.resolve("bus"));
        member = TestMembers.worker(bus, "*", 2);
        writer = new TestWriter(bus, "f1-x-0");
        first = new TestConsumer(bus, member, () -> clockNs, 1);
        second = new TestConsumer(bus, member, () -> clockNs, 2);
    }

    @AfterEach
    void close() {
        first.close();
        second.close();
        writer.close();
        member.close();
        bus.close();
    }

    @Test
    void shouldWriteDownWhoHadAMessageAndWhen() {
        append(0);
        first.does(
                (lane, message) -> {
                    final UnsafeBuffer record = lane.record();
                    assertEquals(ClaimWord.of(1, ClaimWord.CLAIMED), ClaimWord.read(record));
                    assertEquals(NOW_NS, DeliveryHeader.claimedNs(record, 0));
                    assertEquals(0, DeliveryHeader.doneNs(record, 0));
                    clockNs += 7 * MS;
                    return ClaimWord.DONE;
                });
        assertEquals(1, first.poll(NOW_NS));
        final UnsafeBuffer record = records().get(0);
        assertEquals(ClaimWord.of(1, ClaimWord.DONE), ClaimWord.read(record));
        assertEquals(NOW_NS, DeliveryHeader.claimedNs(record, 0));
        assertEquals(NOW_NS + 7 * MS, DeliveryHeader.doneNs(record, 0));
        assertEquals(1, count(first, ClaimWord.DONE));
    }

    @Test
    void shouldClaimTheNextMessageOfACycleWhenTheOneBeforeHasEnded() {
        append(0);
        append(0);
        first.does(
                (lane, message) -> {
                    clockNs += 7 * MS;
                    return ClaimWord.DONE;
                });
        first.poll(NOW_NS);
        first.poll(NOW_NS);
        final UnsafeBuffer next = records().get(1);
        assertEquals(NOW_NS + 7 * MS, DeliveryHeader.claimedNs(next, 0));
        assertEquals(NOW_NS + 14 * MS, DeliveryHeader.doneNs(next, 0));
    }

    @Test
    void shouldClaimNoMessageBeforeItIsAppended() {
        writer.append(CHANNEL, MESSAGE, 1, 0, NOW_NS + 3 * MS);
        first.poll(NOW_NS);
        assertEquals(NOW_NS + 3 * MS, DeliveryHeader.claimedNs(records().get(0), 0));
    }

    @Test
    void shouldPassWhatAnotherHasOrHad() {
        append(0);
        append(0);
        first.poll(NOW_NS);
        second.drain(NOW_NS);
        first.drain(NOW_NS);
        assertEquals(List.of("f1-x-01"), first.handled);
        assertEquals(List.of("f1-x-02"), second.handled);
        assertEquals(1, count(first, ClaimWord.DONE));
        assertEquals(1, count(second, ClaimWord.DONE));
    }

    @Test
    void shouldPassAMessageThatAnotherIsBusyWith() {
        append(0);
        append(0);
        first.does(
                (lane, message) -> {
                    second.drain(NOW_NS);
                    return ClaimWord.DONE;
                });
        first.drain(NOW_NS);
        assertEquals(List.of("f1-x-01"), first.handled);
        assertEquals(List.of("f1-x-02"), second.handled);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1_000, 60_000, Integer.MAX_VALUE})
    void shouldClaimAMessageUpToTheLastNanosecondBeforeItsExpiry(int expiryMs) {
        append(expiryMs);
        first.poll(NOW_NS + expiryMs * MS - 1);
        assertEquals(1, first.handled.size());
        assertEquals(ClaimWord.of(1, ClaimWord.DONE), ClaimWord.read(records().get(0)));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1_000, 60_000, Integer.MAX_VALUE})
    void shouldEndAMessageAsExpiredAtItsExpiry(int expiryMs) {
        append(expiryMs);
        append(0);
        first.drain(NOW_NS + expiryMs * MS);
        second.drain(NOW_NS + expiryMs * MS);
        assertEquals(List.of("f1-x-02"), first.handled);
        assertEquals(List.of(), second.handled);
        assertEquals(ClaimWord.of(1, ClaimWord.EXPIRED), ClaimWord.read(records().get(0)));
        assertEquals(1, count(first, ClaimWord.EXPIRED));
        assertEquals(0, count(second, ClaimWord.EXPIRED));
    }

    @Test
    void shouldNeverExpireAMessageWithoutExpiryNorOneFromTheFuture() {
        append(0);
        first.poll(Long.MAX_VALUE);
        writer.append(CHANNEL, MESSAGE, 1, 1, NOW_NS + 10 * MS);
        first.drain(NOW_NS);
        assertEquals(2, first.handled.size());
    }

    @ParameterizedTest
    @ValueSource(ints = {ClaimWord.FAILED, ClaimWord.CANCELLED})
    void shouldEndAMessageAsItsHandlerSays(int fate) {
        append(0);
        append(0);
        first.does((lane, message) -> fate).drain(NOW_NS);
        second.drain(NOW_NS);
        assertEquals(2, first.handled.size());
        assertEquals(List.of(), second.handled);
        assertEquals(ClaimWord.of(1, fate), ClaimWord.read(records().get(1)));
        assertEquals(2, count(first, fate));
        assertEquals(0, count(first, ClaimWord.DONE));
    }

    @Test
    void shouldNotCountWhatIsItsOwnNoMoreWhenTheHandlerReturns() {
        append(0);
        first.does(
                        (lane, message) -> {
                            assertTrue(ClaimWord.finish(lane.record(), 1, ClaimWord.LOST));
                            return ClaimWord.DONE;
                        })
                .drain(NOW_NS);
        assertEquals(ClaimWord.of(1, ClaimWord.LOST), ClaimWord.read(records().get(0)));
        assertEquals(0, count(first, ClaimWord.DONE));
    }

    @Test
    void shouldClaimAMessageThatIsFreeForTheSecondTime() {
        append(0);
        first.does(
                        (lane, message) -> {
                            ClaimWord.unclaim(lane.record(), 1);
                            return ClaimWord.DONE;
                        })
                .drain(NOW_NS);
        second.drain(NOW_NS);
        assertEquals(List.of("f1-x-01"), second.handled);
        assertEquals(ClaimWord.of(2, ClaimWord.DONE), ClaimWord.read(records().get(0)));
        assertEquals(0, count(first, ClaimWord.DONE));
        assertEquals(1, count(second, ClaimWord.DONE));
    }

    @Test
    void shouldFailCountAndReportOnceWhatCannotBeDecoded() {
        final byte[] unknown = MESSAGE.clone();
        unknown[2] = 99;
        final byte[] damaged = MESSAGE.clone();
        damaged[12] = 127;
        append(0);
        for (int i = 0; i < 3; i++) {
            writer.append(CHANNEL, unknown, 1, 0, NOW_NS);
        }
        writer.append(CHANNEL, damaged, 1, 0, NOW_NS);
        append(0);
        first.drain(NOW_NS);
        second.drain(NOW_NS);
        assertEquals(List.of("f1-x-01", "f1-x-06"), first.handled);
        assertEquals(List.of(), second.handled);
        for (int i = 1; i <= 4; i++) {
            assertEquals(ClaimWord.of(1, ClaimWord.FAILED), ClaimWord.read(records().get(i)));
            assertEquals(NOW_NS, DeliveryHeader.doneNs(records().get(i), 0));
        }
        assertEquals(4, first.counters.undecodable().get());
        assertEquals(4, count(first, ClaimWord.FAILED));
        assertEquals(0, second.counters.undecodable().get());
        assertErrors(
                "lane http.request/f1-x-0: skipped an undecodable record: unknown template id 99",
                "lane http.request/f1-x-0: skipped an undecodable record: WebSocketSend does not");
    }

    @Test
    void shouldPassCountAndReportOnceWhatIsTooShortForAMessage() {
        append(0);
        RawLane.append(bus, CHANNEL, "f1-x-0", new byte[5]);
        RawLane.append(bus, CHANNEL, "f1-x-0", new byte[63]);
        RawLane.append(bus, CHANNEL, "f1-x-0", new byte[5]);
        writer.append(CHANNEL, new byte[7], 1, 0, NOW_NS);
        append(0);
        first.drain(NOW_NS);
        assertEquals(List.of("f1-x-01", "f1-x-03"), first.handled);
        assertEquals(4, first.counters.undecodable().get());
        assertEquals(0, count(first, ClaimWord.FAILED));
        assertEquals(ClaimWord.FREE, ClaimWord.read(records().get(4)), "nobody's");
        assertErrors(
                "truncated record of 5 bytes",
                "truncated record of 63 bytes",
                "truncated record of 71 bytes");
    }

    @Test
    void shouldLeaveWhatBelongsToAnotherConsumersShard() {
        writer.append("websocket.connect", MESSAGE, 7, 0, NOW_NS);
        first.drain(NOW_NS);
        assertEquals(List.of(), first.handled);
        assertEquals(ClaimWord.FREE, ClaimWord.read(records("websocket.connect").get(0)));
    }

    @Test
    void shouldWaitForAMessageOfItsShardThatItsFormerOwnerIsBusyWith() {
        try (ShardTable leases = ShardTable.of(bus, "websocket")) {
            assertTrue(leases.acquire(ShardTable.shardOf(7), 2));
            writer.append("websocket.receive", MESSAGE, 7, 0, NOW_NS);
            writer.append("websocket.receive", MESSAGE, 7, 0, NOW_NS);
            final UnsafeBuffer busy = records("websocket.receive").get(0);
            ClaimWord.tryClaim(busy, 1);
            second.drain(NOW_NS);
            assertEquals(List.of(), second.handled);
            assertEquals(
                    ClaimWord.FREE,
                    ClaimWord.read(records("websocket.receive").get(1)),
                    "the connection's next message waits, too");
        }
    }

    private void append(int expiryMs) {
        writer.append(CHANNEL, MESSAGE, 1, expiryMs, NOW_NS);
    }

    private long count(TestConsumer consumer, int fate) {
        return consumer.counters.of(fate, CHANNEL).get();
    }

    private void assertErrors(String... expected) {
        try (MemberReader reader = MemberReader.open(TestMembers.file(bus, member.id()))) {
            assertEquals(expected.length, reader.errors().size(), reader.errors().toString());
            for (final String text : expected) {
                final List<Integer> counts = new ArrayList<>();
                reader.errors()
                        .forEach(
                                (error, count) -> {
                                    if (error.contains(text)) {
                                        counts.add(count);
                                    }
                                });
                assertEquals(List.of(1), counts, text);
            }
        }
    }

    private List<UnsafeBuffer> records() {
        return records(CHANNEL);
    }

    /** The records themselves, as they are in the lane. */
    private List<UnsafeBuffer> records(String channel) {
        final Lane lane = bus.lane(channel, "f1-x-0").orElseThrow();
        final List<UnsafeBuffer> records = new ArrayList<>();
        try (LanePoller poller = lane.poller()) {
            while (poller.peek()) {
                // The lane keeps its memory mapped while it is open.
                records.add(
                        new UnsafeBuffer(
                                poller.record().addressOffset(), poller.record().capacity()));
                poller.advance();
            }
        }
        return records;
    }
}
