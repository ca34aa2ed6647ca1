// SPDX-License-Identifier: Apache-2.0
package io.headrace.janitor;

import static io.headrace.janitor.SimulatedHost.MS;
import static io.headrace.janitor.SimulatedHost.SECOND;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.LanePoller;
import io.headrace.channel.name.ChannelName;
import io.headrace.delivery.ClaimWord;
import io.headrace.delivery.poll.Subscription;
import io.headrace.janitor.SimulatedHost.Housekeeper;
import io.headrace.member.Member;
import io.headrace.message.Close;
import io.headrace.message.encode.EventEncoder;
import io.headrace.testing.Samples;
import io.headrace.testing.TestMembers;
import io.headrace.testing.TestWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of roll cycles that are over, on lanes that go on into a new one every second. */
class RetentionTest {

    private static final String REQUESTS = "http.request";

    @TempDir Path directory;
    private SimulatedHost host;
    private Housekeeper janitor;
    private Member frontEnd;
    private TestWriter writer;

    @BeforeEach
    void open() {
        host = new SimulatedHost(directory, "TEST_SECONDLY", new Retention(0, 5 * SECOND));
        frontEnd = TestMembers.frontEnd(host.bus);
        writer = new TestWriter(host.bus, frontEnd.id() + "-0");
        janitor = host.housekeeper();
    }

    @AfterEach
    void close() {
        writer.close();
        frontEnd.close();
        host.close();
    }

    @Test
    void shouldDeleteFilesWhoseMessagesHaveEndedAndNoOthers() throws IOException {
        appendEverySecond(6);
        assertTrue(files().size() >= 6);
        host.run(janitor, 2 * SECOND, frontEnd);
        assertTrue(files().size() >= 6, "nothing has ended");

        endUpTo(3);
        host.run(janitor, 2 * SECOND, frontEnd);
        assertEquals(3, files().size(), files().toString());
        assertEquals(3, host.mark(REQUESTS, writer.id()).endedCount());
        assertEquals(List.of(4L, 5L, 6L), sequencesOf(host.bus));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ChannelName.HTTP_DISCONNECT,
                ChannelName.WEBSOCKET_RECEIVE,
                "game." + ChannelName.WEBSOCKET_DISCONNECT
            })
    void shouldKeepTheFilesThatWaitingMessagesReferTo(String channel) throws IOException {
        final String requests =
                channel.endsWith(ChannelName.HTTP_DISCONNECT)
                        ? ChannelName.HTTP_REQUEST
                        : ChannelName.sibling(channel, ChannelName.WEBSOCKET_CONNECT);
        final List<Long> indexes = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            host.nowNs += SECOND;
            indexes.add(writer.append(requests, host.nowNs));
        }
        for (final int number : new int[] {4, 2, 3}) {
            writer.append(channel, pointer(channel, indexes.get(number)), number, 0, host.nowNs);
        }
        try (TestWriter another = new TestWriter(host.bus, frontEnd.id() + "-1")) {
            another.append(channel, pointer(channel, indexes.get(0)), 9, 0, host.nowNs);
            // Of nobody: a damaged one must not end the janitor's round.
            writer.append(channel, pointer(channel, -7), 9, 0, host.nowNs);
        }
        host.finishAll(requests, writer.id(), 77);
        host.run(janitor, 3 * SECOND, frontEnd);
        assertEquals(4, files(requests).size());

        host.claim(channel, writer.id(), 1, host.consumer());
        host.run(janitor, 3 * SECOND, frontEnd);
        assertEquals(4, files(requests).size(), "its consumer may still ask for it");

        host.finish(channel, writer.id(), 1, host.consumer(), ClaimWord.DONE);
        host.run(janitor, 3 * SECOND, frontEnd);
        assertEquals(3, files(requests).size());

        host.finishAll(channel, writer.id(), 77);
        host.run(janitor, 3 * SECOND, frontEnd);
        assertEquals(1, files(requests).size());
    }

    private static byte[] pointer(String channel, long index) {
        final EventEncoder encoder = new EventEncoder();
        if (channel.endsWith(ChannelName.HTTP_DISCONNECT)) {
            return Samples.message(
                    Samples.record(
                            EventEncoder.disconnectLength(),
                            (b, at) -> encoder.encodeDisconnect(b, at, index)));
        }
        if (channel.endsWith(ChannelName.WEBSOCKET_RECEIVE)) {
            return Samples.message(
                    Samples.record(
                            EventEncoder.receiveLength(1),
                            (b, at) ->
                                    encoder.encodeReceive(
                                            b,
                                            at,
                                            index,
                                            -1,
                                            true,
                                            new UnsafeBuffer(new byte[1]),
                                            0,
                                            1)));
        }
        return Samples.message(
                Samples.record(
                        EventEncoder.clientCloseLength(0),
                        (b, at) ->
                                encoder.encodeClientClose(
                                        b, at, index, 1_000, Close.By.CLIENT, new byte[0])));
    }

    @Test
    void shouldLeaveNoReaderBehindThatLags() throws IOException {
        appendEverySecond(6);
        try (LanePoller lagging = host.lane(REQUESTS, writer.id()).poller();
                Bus elsewhere = Bus.open(directory.resolve("bus"));
                LanePoller far = elsewhere.lane(REQUESTS, writer.id()).orElseThrow().poller()) {
            assertTrue(lagging.peek());
            assertTrue(far.peek());
            endUpTo(4);
            host.run(janitor, 2 * SECOND, frontEnd);
            assertEquals(2, files().size());
            for (final LanePoller poller : List.of(lagging, far)) {
                // What it looks at stays mapped, and it finds all that has not ended.
                assertEquals(1, poller.sequence());
                final List<Long> rest = new ArrayList<>();
                while (poller.peek()) {
                    rest.add(poller.sequence());
                    poller.advance();
                }
                assertTrue(rest.containsAll(List.of(5L, 6L)), rest.toString());
            }
        }
    }

    @Test
    void shouldLetANewReaderStartWhenTheLastMessageThatEndedIsInADeletedFile() throws IOException {
        appendEverySecond(3);
        endUpTo(2);
        // The janitor looks at the third message, which nobody takes, in a file of its own.
        host.run(janitor, 3 * SECOND, frontEnd);
        assertEquals(1, files().size(), files().toString());
        assertEquals(2, host.mark(REQUESTS, writer.id()).endedCount());
        assertEquals(List.of(3L), sequencesOf(host.bus));
        try (Bus elsewhere = Bus.open(directory.resolve("bus"))) {
            assertEquals(List.of(3L), sequencesOf(elsewhere));
        }
    }

    @Test
    void shouldLetAReaderGoBackWhenTheLastMessageThatEndedIsInADeletedFile() {
        appendEverySecond(3);
        endUpTo(2);
        final List<Long> sequences = new ArrayList<>();
        try (Subscription subscription = subscription(host.bus)) {
            poll(subscription, sequences);
            host.run(janitor, 3 * SECOND, frontEnd);
            sequences.clear();
            subscription.rewind(channel -> true);
            poll(subscription, sequences);
            assertEquals(List.of(3L), sequences);
            writer.append(REQUESTS, host.nowNs);
            poll(subscription, sequences);
            assertEquals(List.of(3L, 4L), sequences);
        }
    }

    @Test
    void shouldLetANewJanitorGoOnWhenTheLastMessageThatEndedIsInADeletedFile() {
        appendEverySecond(3);
        endUpTo(2);
        host.run(janitor, 3 * SECOND, frontEnd);
        final Housekeeper next = host.housekeeper();
        janitor.die();
        host.run(next, SECOND, frontEnd);
        assertEquals(2, host.mark(REQUESTS, writer.id()).endedCount());
        host.finishAll(REQUESTS, writer.id(), 77);
        writer.append(REQUESTS, host.nowNs);
        host.run(next, SECOND, frontEnd);
        assertEquals(3, host.mark(REQUESTS, writer.id()).endedCount());
        assertFalse(sequencesOf(host.bus).isEmpty());
    }

    private void appendEverySecond(int count) {
        for (int i = 0; i < count; i++) {
            host.nowNs += SECOND;
            writer.append(REQUESTS, host.nowNs);
        }
        host.run(janitor, 20 * MS, frontEnd);
    }

    private void endUpTo(int count) {
        try (LanePoller poller = host.lane(REQUESTS, writer.id()).poller()) {
            for (int i = 0; i < count; i++) {
                assertTrue(poller.peek());
                assertTrue(ClaimWord.tryClaim(poller.record(), 77));
                assertTrue(ClaimWord.finish(poller.record(), 77, ClaimWord.DONE));
                poller.advance();
            }
        }
    }

    private static Subscription subscription(Bus bus) {
        return new Subscription(
                bus,
                REQUESTS::equals,
                false,
                lane -> {},
                bad -> {
                    throw bad;
                });
    }

    private static void poll(Subscription subscription, List<Long> sequences) {
        int passed;
        do {
            passed =
                    subscription.poll(
                            (lane, now) -> {
                                sequences.add(lane.sequence());
                                return true;
                            },
                            0);
        } while (passed > 0);
    }

    private static List<Long> sequencesOf(Bus bus) {
        final List<Long> sequences = new ArrayList<>();
        try (Subscription subscription = subscription(bus)) {
            poll(subscription, sequences);
        }
        return sequences;
    }

    private List<Path> files() throws IOException {
        return files(REQUESTS);
    }

    private List<Path> files(String channel) throws IOException {
        try (Stream<Path> files = Files.list(host.lane(channel, writer.id()).path())) {
            return files.filter(file -> file.toString().endsWith(".cq4")).sorted().toList();
        }
    }
}
