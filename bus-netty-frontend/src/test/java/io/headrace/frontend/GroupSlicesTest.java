// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.frontend.testing.RawConnection;
import io.headrace.worker.reply.Groups;
import io.headrace.worker.reply.WebSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A group that is written to a slice a cycle, and what some members are sent alone meanwhile. */
class GroupSlicesTest {

    private static final int MEMBER_COUNT = 200;
    private static final int SLICE = 64;
    private static final int CYCLES = 2 * MEMBER_COUNT / SLICE;
    private static final int LAST = MEMBER_COUNT - 1;
    private static final int LARGE_LENGTH = 300_000;
    private static final int PING = 0x89;
    private static final String ALL = "all";
    private static final String EVEN = "even";

    @TempDir Path directory;

    private final List<RawConnection> members = new ArrayList<>();
    private final List<WebSocket> sockets = new ArrayList<>();
    private SteppedFrontend stepped;
    private Groups groups;
    private long framesBefore;

    @BeforeEach
    void start() throws IOException {
        stepped =
                new SteppedFrontend(
                        directory,
                        Map.of("headrace.group.expiry", "10s"),
                        context ->
                                context.onHttpRequest((channel, request, reply) -> {})
                                        .onWebSocketConnect(
                                                (channel, handshake, socket) -> connect(socket))
                                        .onWebSocketReceive((channel, message, socket) -> {}));
        for (int i = 0; i < MEMBER_COUNT; i++) {
            members.add(stepped.openWebSocket("/"));
        }
        stepped.consume();
        // The first lets the worker look for loops.
        sockets.get(0).send("hello");
        cycles();
        shouldRead(0, "hello");
        groups = sockets.get(0).groups();
        framesBefore = stepped.counter(" frames out");
    }

    private void connect(WebSocket socket) {
        socket.join(ALL);
        if (sockets.size() % 2 == 0) {
            socket.join(EVEN);
        }
        sockets.add(socket.later());
    }

    @AfterEach
    void stop() {
        CloseHelper.closeAll(members);
        stepped.close();
    }

    private void cycles() {
        IntStream.range(0, CYCLES).forEach(i -> stepped.cycle());
    }

    private void shouldHaveWritten(int frameCount) {
        assertEquals(frameCount, stepped.counter(" frames out") - framesBefore);
    }

    private void shouldRead(int member, String... texts) throws IOException {
        for (final String text : texts) {
            byte[] head = members.get(member).read(2);
            while ((head[0] & 0xFF) == PING) {
                head = members.get(member).read(2);
            }
            assertEquals(0x81, head[0] & 0xFF);
            assertEquals(text, new String(members.get(member).read(head[1])));
        }
    }

    private void othersShouldRead(List<Integer> but, String... texts) throws IOException {
        for (int i = 0; i < MEMBER_COUNT; i++) {
            if (!but.contains(i)) {
                shouldRead(i, texts);
            }
        }
    }

    /** More than it takes while nobody reads, and then what closes a member that is slow. */
    private void sendWhatClosesTheLast() {
        final byte[] large = new byte[LARGE_LENGTH];
        sockets.get(LAST).join("large");
        groups.send("large", large);
        groups.send("large", large);
        groups.send(ALL, true, true, new UnsafeBuffer(large), 0, 1);
    }

    @Test
    void shouldWriteToOneBeforeItsTurnAndToNobodyElse() throws IOException {
        groups.send(ALL, "one");
        sockets.get(LAST).send("alone");
        stepped.cycle();
        shouldHaveWritten(SLICE + 2);
        shouldRead(LAST, "one", "alone");
        cycles();
        shouldHaveWritten(MEMBER_COUNT + 1);
        othersShouldRead(List.of(LAST), "one");
    }

    @Test
    void shouldWriteOnceToEachThoughManyAreSentSomethingAlone() throws IOException {
        groups.send(ALL, "one");
        stepped.cycle();
        shouldHaveWritten(SLICE);
        final List<Integer> some = List.of(0, SLICE - 1, SLICE, 100, 150, LAST);
        for (int round = 0; round < 2; round++) {
            some.forEach(member -> sockets.get(member).send("alone"));
        }
        stepped.cycle();
        cycles();
        shouldHaveWritten(MEMBER_COUNT + 2 * some.size());
        for (final int member : some) {
            shouldRead(member, "one", "alone", "alone");
        }
        othersShouldRead(some, "one");
    }

    @Test
    void shouldWriteAllThatGroupsWereSentBefore() throws IOException {
        groups.send(ALL, "one");
        groups.send(EVEN, "two");
        groups.send(ALL, "three");
        sockets.get(LAST).send("odd");
        sockets.get(LAST - 1).send("even");
        stepped.cycle();
        shouldHaveWritten(SLICE + 3 + 4);
        shouldRead(LAST, "one", "three", "odd");
        shouldRead(LAST - 1, "one", "two", "three", "even");
        groups.send(ALL, "four");
        cycles();
        cycles();
        shouldHaveWritten(3 * MEMBER_COUNT + MEMBER_COUNT / 2 + 2);
        shouldRead(LAST, "four");
        shouldRead(LAST - 1, "four");
        shouldRead(LAST - 2, "one", "three", "four");
        shouldRead(LAST - 3, "one", "two", "three", "four");
    }

    @Test
    void shouldWriteWhatTheGroupIsSentAfterItBehindIt() throws IOException {
        groups.send(ALL, "one");
        sockets.get(0).send("first");
        sockets.get(LAST).send("last");
        groups.send(ALL, "two");
        sockets.get(LAST).send("end");
        cycles();
        shouldHaveWritten(2 * MEMBER_COUNT + 3);
        shouldRead(0, "one", "first", "two");
        shouldRead(LAST, "one", "last", "two", "end");
        othersShouldRead(List.of(0, LAST), "one", "two");
    }

    @Test
    void shouldWriteToOneThatLeavesOrJoinsWhatIsForItAndInOrder() throws IOException {
        groups.send(ALL, "one");
        groups.send(EVEN, "two");
        sockets.get(LAST).join(EVEN);
        sockets.get(LAST - 1).leave(EVEN);
        groups.send(EVEN, "three");
        sockets.get(LAST).send("joined");
        sockets.get(LAST - 1).send("left");
        sockets.get(LAST - 1).join(EVEN);
        groups.send(EVEN, "four");
        sockets.get(LAST - 1).send("back");
        stepped.cycle();
        shouldHaveWritten(SLICE + 3 + 5);
        cycles();
        cycles();
        shouldRead(LAST, "one", "three", "joined", "four");
        shouldRead(LAST - 1, "one", "two", "left", "four", "back");
        shouldRead(LAST - 3, "one", "two", "three", "four");
        shouldHaveWritten(MEMBER_COUNT + MEMBER_COUNT / 2 * 3 + 1 + 3);
    }

    @Test
    void shouldFlushWhatOneIsWrittenThatOnlyLeaves() throws IOException {
        groups.send(ALL, "one");
        sockets.get(LAST).leave(ALL);
        stepped.cycle();
        shouldRead(LAST, "one");
    }

    @Test
    void shouldWriteToOneThatIsClosedBefore() throws IOException {
        groups.send(ALL, "one");
        sockets.get(LAST).close();
        stepped.cycle();
        shouldHaveWritten(SLICE + 1);
        shouldRead(LAST, "one");
        assertEquals(0x88, members.get(LAST).read(4)[0] & 0xFF);
        cycles();
        shouldHaveWritten(MEMBER_COUNT);
    }

    @Test
    void shouldSendNothingToOneThatIsClosedBecauseOfWhatWasBefore() throws IOException {
        final long dropped = stepped.counter(" replies dropped");
        sendWhatClosesTheLast();
        sockets.get(LAST).send("alone");
        sockets.get(LAST).join(EVEN);
        stepped.cycle();
        assertEquals(dropped + 2, stepped.counter(" replies dropped"));
        assertEquals(1, stepped.counter(" group members closed slow"));
        shouldHaveWritten(2 + SLICE - 1);
        groups.send(EVEN, "after");
        for (int i = 0; i < 2; i++) {
            assertEquals(LARGE_LENGTH, ByteBuffer.wrap(members.get(LAST).read(10), 2, 8).getLong());
            for (int j = 0; j < LARGE_LENGTH; j += LARGE_LENGTH / 30) {
                stepped.cycle();
                members.get(LAST).read(LARGE_LENGTH / 30);
            }
        }
        assertEquals(0x88, members.get(LAST).read(2)[0] & 0xFF);
        shouldHaveWritten(2 + MEMBER_COUNT - 1 + MEMBER_COUNT / 2);
    }

    @Test
    void shouldLetNobodyJoinWhoIsClosedBecauseOfWhatWasBefore() {
        final long dropped = stepped.counter(" replies dropped");
        sendWhatClosesTheLast();
        sockets.get(LAST).join(EVEN);
        stepped.cycle();
        assertEquals(1, stepped.counter(" group members closed slow"));
        assertEquals(dropped + 1, stepped.counter(" replies dropped"));
        assertEquals(MEMBER_COUNT / 2, groups.count(EVEN));
    }

    @Test
    void shouldWriteBeforeToThoseWhoseMembershipEnds() throws IOException {
        groups.send(ALL, "one");
        stepped.wind(60_000_000_000L);
        stepped.cycle();
        sockets.get(LAST).send("alone");
        groups.send(ALL, "nobody");
        cycles();
        shouldRead(LAST, "one", "alone");
        othersShouldRead(List.of(LAST), "one");
        shouldHaveWritten(MEMBER_COUNT + 1);
    }
}
