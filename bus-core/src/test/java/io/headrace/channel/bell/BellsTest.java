// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.bell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.LanePoller;
import io.headrace.channel.WriterSequence;
import io.headrace.testing.ChildJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rings and sleeps over real pipes, in one process and between two. */
class BellsTest {

    private static final int ROUNDS = 5_000;
    // A ring that needs so long is none.
    private static final long LOST_NS = 20_000_000_000L;

    @TempDir Path directory;
    private Bus bus;
    private final List<Bell> bells = new ArrayList<>();

    @BeforeEach
    void openBus() {
        bus = Bus.openOrCreate(directory.resolve("bus"));
    }

    @AfterEach
    void closeBus() {
        bells.forEach(Bell::close);
        bus.close();
    }

    private Bell hang(int owner, String channels) {
        final Bell bell = bus.newBell(owner, channels).orElseThrow();
        bells.add(bell);
        return bell;
    }

    private Bells.Ringer ringer(String channel) {
        return bus.bells().new Ringer(channel, bus::laneVersion);
    }

    private static boolean isRung(Bell bell) {
        return bell.await(0);
    }

    @Test
    void shouldRingOnlyWhoSleepsAndOnlyOnce() {
        final Bell bell = hang(1, "http.*");
        final Bells.Ringer ringer = ringer("http.request");
        ringer.ring(Bells.ANYBODY);
        assertFalse(isRung(bell));
        bell.arm();
        ringer.ring(Bells.ANYBODY);
        ringer.ring(Bells.ANYBODY);
        assertTrue(isRung(bell));
        assertFalse(isRung(bell));
        bell.arm();
        bell.disarm();
        ringer.ring(Bells.ANYBODY);
        assertFalse(isRung(bell));
    }

    @Test
    void shouldRingNobodyWhoWaitsForOtherChannels() {
        final Bell bell = hang(1, "http.*");
        bell.arm();
        ringer("websocket.receive").ring(Bells.EVERYBODY);
        ringer("http.request").ring(Bells.NOBODY);
        assertFalse(isRung(bell));
        ringer("http.request").ring(Bells.EVERYBODY);
        assertTrue(isRung(bell));
    }

    @Test
    void shouldRingAReplyChannelsReaderAndNotWhoTakesEverything() {
        final Bell consumer = hang(1, "*");
        final Bell loop = hang(2, "reply.f1-x-0");
        consumer.arm();
        loop.arm();
        ringer("reply.f1-x-0").ring(Bells.ANYBODY);
        assertFalse(isRung(consumer));
        assertTrue(isRung(loop));
    }

    @Test
    void shouldRingOneMoreForEachMessageThatAnybodyMayHave() {
        final List<Bell> consumers = List.of(hang(1, "*"), hang(2, "*"), hang(3, "*"));
        consumers.forEach(Bell::arm);
        final Bells.Ringer ringer = ringer("http.request");
        for (int rung = 1; rung <= 3; rung++) {
            ringer.ring(Bells.ANYBODY);
            assertEquals(1, consumers.stream().filter(BellsTest::isRung).count());
        }
    }

    @Test
    void shouldRingOthersWhenItGoesToWorkWithAnotherMessageThanItWasRungFor() {
        final Bell first = hang(1, "*");
        final Bell second = hang(2, "*");
        first.arm();
        second.arm();
        ringer("http.request").ring(Bells.ANYBODY);
        first.onWork();
        assertTrue(isRung(second));
        second.arm();
        first.arm();
        first.onWork();
        assertFalse(isRung(second));
    }

    @Test
    void shouldRingTheConsumerThatAMessageIsFor() {
        final Bell first = hang(1, "*");
        final Bell second = hang(2, "*");
        first.arm();
        second.arm();
        ringer("websocket.receive").ring(2);
        assertFalse(isRung(first));
        assertTrue(isRung(second));
        bus.bells().ring(1);
        assertTrue(isRung(first));
    }

    @Test
    void shouldRingAheadTheOneWhoSleepsAndWouldGetAnotherMessageLikeTheLast() {
        final Bell reader = hang(1, "http.*");
        hang(2, "websocket.*").arm();
        final Bells.Ringer ringer = ringer("http.request");
        reader.arm();
        ringer.ringAhead();
        assertFalse(isRung(reader), "there was no message yet");
        ringer.ring(Bells.ANYBODY);
        assertTrue(isRung(reader));
        ringer.ringAhead();
        assertFalse(isRung(reader), "it is awake");
        reader.arm();
        ringer.ringAhead();
        assertTrue(isRung(reader));
        // It has looked, found nothing, and sleeps again before the message comes.
        reader.arm();
        ringer.ring(Bells.ANYBODY);
        assertTrue(isRung(reader));
        assertFalse(isRung(bells.get(1)));
    }

    @Test
    void shouldRingNobodyAheadWhileSeveralSleepWhoMayGetTheMessage() {
        final Bell first = hang(1, "*");
        final Bell second = hang(2, "*");
        final Bells.Ringer ringer = ringer("http.request");
        ringer.ring(Bells.ANYBODY);
        first.arm();
        ringer.ring(Bells.ANYBODY);
        assertTrue(isRung(first));
        first.arm();
        second.arm();
        ringer.ringAhead();
        assertFalse(isRung(first));
        assertFalse(isRung(second));
        first.disarm();
        ringer.ringAhead();
        assertTrue(isRung(second));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, Bells.NOBODY, Bells.EVERYBODY})
    void shouldRingAheadOnlyTheOneConsumerThatTheLastMessageWasFor(int reader) {
        final Bell first = hang(1, "*");
        final Bell second = hang(2, "*");
        final Bells.Ringer ringer = ringer("websocket.receive");
        ringer.ring(reader);
        first.arm();
        second.arm();
        ringer.ringAhead();
        assertFalse(isRung(first));
        assertEquals(reader == 2, isRung(second));
    }

    @Test
    void shouldRingWhoCameAfterTheFirstRing() {
        final Bells.Ringer ringer = ringer("http.request");
        final Bell first = hang(1, "*");
        first.arm();
        ringer.ring(Bells.ANYBODY);
        final Bell second = hang(2, "*");
        second.arm();
        ringer.ring(Bells.ANYBODY);
        assertTrue(isRung(second));
    }

    @Test
    void shouldRingAnotherWhenASleeperIsDead() {
        final Bells.Ringer ringer = ringer("http.request");
        try (ChildJvm child = ChildJvm.start(Sleeper.class, bus.directory())) {
            child.readLine();
            // Of the child's bell this process has the pipe open when it dies, or not.
            for (int rung = 0; rung < 2; rung++) {
                ringer.ring(Bells.ANYBODY);
                assertEquals("rung", child.readLine());
            }
        }
        final Bell alive = hang(2, "*");
        alive.arm();
        ringer.ring(Bells.ANYBODY);
        assertTrue(isRung(alive));
        assertEquals(1, bus.bells().unheardCount());
    }

    @Test
    void shouldTakeDownTheBellsOfTheDead() throws IOException {
        try (ChildJvm child = ChildJvm.start(Sleeper.class, bus.directory())) {
            child.readLine();
            assertEquals(List.of("bell-1"), pipes());
        }
        bus.bells().takeDown(owner -> owner == 2);
        assertEquals(List.of("bell-1"), pipes());
        bus.bells().takeDown(owner -> owner == 1);
        assertEquals(List.of(), pipes());
        hang(1, "*").arm();
        ringer("http.request").ring(Bells.ANYBODY);
        assertTrue(isRung(bells.get(0)));
        assertEquals(0, bus.bells().unheardCount());
    }

    private List<String> pipes() throws IOException {
        try (Stream<Path> files = Files.list(bus.directory())) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith("bell-"))
                    .toList();
        }
    }

    @Test
    void shouldNeverBlockAtASleeperThatDoesNotWake() {
        final Bell bell = hang(1, "*");
        final Bells.Ringer ringer = ringer("http.request");
        // More than a pipe holds.
        for (int i = 0; i < 70_000; i++) {
            bell.arm();
            ringer.ring(Bells.ANYBODY);
        }
        assertTrue(bus.bells().unheardCount() > 0);
        assertTrue(isRung(bell));
    }

    @Test
    void shouldHangNoMoreThanThereAre() {
        for (int owner = 1; owner <= Bells.FIRST_WATCH; owner++) {
            hang(owner, "*");
        }
        assertEquals(Optional.empty(), bus.newBell(1_000, "*"));
        final Bell last = bells.get(Bells.FIRST_WATCH - 1);
        last.arm();
        ringer("http.request").ring(Bells.ANYBODY);
        assertTrue(isRung(last));
        last.close();
        assertTrue(bus.newBell(1_001, "*").map(bells::add).orElse(false));
    }

    @ParameterizedTest
    @ValueSource(ints = {1_008, 1_009})
    void shouldHangOnlyWhatItsPatternsHaveRoomFor(int length) {
        final Optional<Bell> bell = bus.newBell(1, "*".repeat(length));
        bell.ifPresent(bells::add);
        assertEquals(length == 1_008, bell.isPresent());
    }

    @Test
    void shouldNotBringTheProcessDownWhenItRingsAClosedBus() {
        hang(1, "*").arm();
        final Bells closed = bus.bells();
        bus.close();
        closed.ringAll();
        assertEquals(0, closed.unheardCount());
    }

    @Test
    void shouldLeaveItToOthersToRingWhenItsOwnBusIsClosed() {
        final Bell bell = hang(1, "*");
        bell.arm();
        final Bus other = Bus.openOrCreate(directory.resolve("bus"));
        other.close();
        other.bells().ringAll();
        assertFalse(isRung(bell));
        ringer("http.request").ring(Bells.ANYBODY);
        assertTrue(isRung(bell));
    }

    @Test
    void shouldLoseNoRingBetweenTwoThreads() throws InterruptedException {
        final Player other = new Player(bus, 2, "pong", "ping");
        final Thread thread = new Thread(other::play);
        final Player one = new Player(bus, 1, "ping", "pong");
        thread.start();
        one.append();
        one.play();
        thread.join();
        assertEquals(0, one.lostCount + other.lostCount);
        assertTrue(one.sleepCount + other.sleepCount > ROUNDS / 10);
    }

    @Test
    void shouldLoseNoRingBetweenTwoProcesses() {
        try (ChildJvm child = ChildJvm.start(OtherPlayer.class, bus.directory())) {
            assertEquals("ready", child.readLine());
            final Player one = new Player(bus, 1, "ping", "pong");
            one.append();
            one.play();
            assertEquals("0 lost", child.readLine());
            assertEquals(0, one.lostCount);
            assertTrue(one.sleepCount > ROUNDS / 10);
            assertEquals(0, child.end());
        }
    }

    /** Answers each message with one; now and then it is late, so that the other one sleeps. */
    private static final class Player {
        private final Bus bus;
        private final Bell bell;
        private final String from;
        private final LaneAppender appender;
        private int sleepCount;
        private int lostCount;

        private Player(Bus bus, int number, String to, String from) {
            this.bus = bus;
            this.from = from;
            this.bell = bus.newBell(number, from).orElseThrow();
            this.appender = bus.newLane(to, to, new WriterSequence());
        }

        private void append() {
            assertEquals(LaneAppender.OK, appender.claim(8, bus.clock().nanoTime()));
            appender.buffer().putLong(appender.offset(), 0);
            appender.commit(1, 0, 0, 0, 0);
        }

        private void play() {
            Optional<Lane> lane = bus.lane(from, from);
            while (lane.isEmpty()) {
                lane = bus.lane(from, from);
            }
            try (LanePoller poller = lane.get().poller();
                    appender;
                    bell) {
                for (int i = 0; i < ROUNDS; i++) {
                    sleepUntil(poller);
                    poller.advance();
                    for (int spin = i % 7 * 500; spin > 0; spin--) {
                        Thread.onSpinWait();
                    }
                    append();
                }
            }
        }

        private void sleepUntil(LanePoller poller) {
            while (!poller.peekIfAppended()) {
                bell.arm();
                if (!poller.peekIfAppended()) {
                    sleepCount++;
                    lostCount += bell.await(LOST_NS) ? 0 : 1;
                }
                bell.disarm();
            }
        }
    }

    /** The other process's player. */
    static final class OtherPlayer {

        private OtherPlayer() {}

        public static void main(String[] arguments) {
            try (Bus bus = Bus.openOrCreate(Path.of(arguments[0]))) {
                final Player player = new Player(bus, 2, "pong", "ping");
                System.out.println("ready");
                player.play();
                System.out.println(player.lostCount + " lost");
                ChildJvm.awaitEndOfInput();
            }
        }
    }

    /** Says so whenever it is rung. */
    static final class Sleeper {

        private Sleeper() {}

        public static void main(String[] arguments) {
            final Bus bus = Bus.openOrCreate(Path.of(arguments[0]));
            final Bell bell = bus.newBell(1, "*").orElseThrow();
            bell.arm();
            System.out.println("ready");
            while (bell.await(LOST_NS)) {
                bell.disarm();
                bell.arm();
                System.out.println("rung");
            }
        }
    }
}
