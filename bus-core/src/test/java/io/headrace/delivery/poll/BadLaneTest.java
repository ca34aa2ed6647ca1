// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery.poll;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneMark;
import io.headrace.channel.LanePoller;
import io.headrace.testing.CycleFileAway;
import io.headrace.testing.RawLane;
import io.headrace.testing.TestWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lanes that cannot be read, and things that are no lanes: the good ones go on all the same. */
class BadLaneTest {

    private static final String CHANNEL = "http.request";

    @TempDir Path directory;
    private Bus writers;
    private Bus readers;
    private TestWriter first;
    private TestWriter last;
    private Path badLane;
    private Subscription subscription;
    private final List<String> problems = new ArrayList<>();
    private final List<String> delivered = new ArrayList<>();

    @BeforeEach
    void openBus() {
        writers = Bus.openOrCreate(directory.resolve("bus"));
        readers = Bus.open(directory.resolve("bus"));
        // Lanes are opened in the order of their names: the bad one is between two good ones.
        first = new TestWriter(writers, "a");
        last = new TestWriter(writers, "z");
        first.append(CHANNEL, 1);
        last.append(CHANNEL, 1);
        try (TestWriter bad = new TestWriter(writers, "m")) {
            bad.append(CHANNEL, 1);
            badLane = bad.lane(CHANNEL).lane().path();
        }
        subscription = new Subscription(readers, name -> true, true, lane -> {}, this::onBadLane);
    }

    @AfterEach
    void close() {
        subscription.close();
        first.close();
        last.close();
        readers.close();
        writers.close();
    }

    @Test
    void shouldFindARecordThatItsWriterWasKilledBeforeItCouldCountIt() {
        int count = 0;
        for (long nowNs = 0; nowNs < 100_000_000L; nowNs += 10_000L) {
            count += subscription.poll((lane, now) -> true, nowNs);
        }
        assertEquals(3, count);
        // Its lane was empty for long, and nothing is counted since.
        RawLane.append(writers, CHANNEL, "a", new byte[200]);
        for (long nowNs = 100_000_000L; nowNs < 200_000_000L; nowNs += 1_000_000L) {
            count += subscription.poll((lane, now) -> lane.lane().writer().equals("a"), nowNs);
        }
        assertEquals(4, count);
    }

    @Test
    void shouldGoOnWithTheOthersWhenALaneCannotBeFollowedAndFollowItLater() {
        final boolean[] fails = {true};
        final Consumer<Lane> onLane =
                lane -> {
                    if (fails[0] && lane.writer().equals("m")) {
                        throw new IllegalStateException("no memory");
                    }
                };
        final List<String> seen = new ArrayList<>();
        final Delivery delivery =
                (lane, nowNs) -> {
                    seen.add(lane.lane().writer() + lane.sequence());
                    return true;
                };
        try (Subscription some =
                new Subscription(readers, name -> true, true, onLane, this::onBadLane)) {
            some.poll(delivery, 1);
            first.append(CHANNEL, 1);
            for (int i = 0; i < 3; i++) {
                some.poll(delivery, 1);
            }
            assertEquals(Set.of("a1", "a2", "z1"), Set.copyOf(seen));
            // Somebody makes a lane; the bad one is still bad, and is told of once.
            last.append("http.disconnect", 1);
            some.poll(delivery, 1);
            assertEquals(1, problems.size(), problems.toString());
            assertTrue(problems.get(0).contains("http.request/m"), problems.toString());
            assertTrue(problems.get(0).contains("no memory"), problems.toString());
            fails[0] = false;
            first.append("http.disconnect", 1);
            for (int i = 0; i < 5; i++) {
                some.poll(delivery, 1);
            }
            assertEquals(Set.of("a1", "a2", "a3", "m1", "z1", "z2"), Set.copyOf(seen));
            assertEquals(6, seen.size(), seen.toString());
        }
    }

    @Test
    void shouldReadTheLanesBehindOneWhoseFileCannotBeOpenedAndThatOneLater() throws IOException {
        final LaneMark mark = new LaneMark();
        try (TestWriter bad = new TestWriter(writers, "n")) {
            bad.append(CHANNEL, writers.clock().nanoTime());
            final long laterNs = writers.clock().nanoTime() + 7_200_000_000_000L;
            mark.lastEnded(bad.append(CHANNEL, laterNs));
            bad.append(CHANNEL, laterNs);
        }
        final Lane lane = readers.lane(CHANNEL, "n").orElseThrow();
        lane.writeMark(mark);
        try (Subscription some =
                        new Subscription(
                                readers, name -> true, false, found -> {}, this::onBadLane);
                CycleFileAway marked = CycleFileAway.ofLast(lane)) {
            // Once more after a second, so that what a failed attempt leaves open would add up.
            for (final long nowNs : new long[] {1, 2, 1_000_000_001L, 1_000_000_002L}) {
                some.poll(this::deliver, nowNs);
            }
            assertEquals(Set.of("a1", "m1", "z1"), Set.copyOf(delivered));
            assertEquals(1, problems.size(), problems.toString());
            assertTrue(problems.get(0).contains(lane.path().toString()), problems.toString());
            assertTrue(problems.get(0).contains("ulimit -n"), problems.toString());
            marked.close();
            some.poll(this::deliver, 2_000_000_001L);
            some.poll(this::deliver, 2_000_000_002L);
            assertEquals(List.of("n3"), delivered.subList(3, delivered.size()));
            lane.hide();
            readers.raiseLaneVersion();
            some.poll(this::deliver, 2_000_000_003L);
            // Nobody reads it any more, and so it is closed.
            assertThrows(HeadraceException.class, lane::poller);
        }
    }

    @Test
    void shouldPassOverALaneThatAnotherThreadFindsDeletedWhileItLooks() {
        try (Subscription other =
                        new Subscription(readers, name -> true, true, lane -> {}, this::onBadLane);
                Subscription slow =
                        new Subscription(
                                readers,
                                name -> true,
                                true,
                                lane -> {
                                    if (lane.writer().equals("m")) {
                                        lane.hide();
                                        readers.raiseLaneVersion();
                                        other.poll((head, nowNs) -> true, 1);
                                    }
                                },
                                this::onBadLane)) {
            other.poll((head, nowNs) -> true, 1);
            assertEquals(3, other.laneCount());
            for (int i = 0; i < 3; i++) {
                slow.poll(this::deliver, 1);
            }
            assertEquals(2, other.laneCount());
            assertEquals(Set.of("a1", "z1"), Set.copyOf(delivered));
            assertEquals(List.of(), problems);
        }
    }

    @Test
    void shouldTryALaneAgainThatCouldNotBeReadThoughNothingElseChanges() throws IOException {
        final Path properties = badLane.resolve("lane.properties");
        final String good = Files.readString(properties);
        Files.writeString(properties, "version=9\n");
        drain();
        Files.writeString(properties, good);
        drain();
        assertEquals(Set.of("a1", "z1"), Set.copyOf(delivered));
        subscription.poll(this::deliver, 1_000_000_001L);
        subscription.poll(this::deliver, 1_000_000_001L);
        assertEquals(Set.of("a1", "m1", "z1"), Set.copyOf(delivered));
        assertEquals(1, problems.size(), problems.toString());
    }

    @Test
    void shouldListLanesAgainThatCouldNotBeListedThoughNothingElseChanges() throws IOException {
        drain();
        final Path channels = directory.resolve("bus/channels");
        final Path away = channels.resolveSibling("away");
        try (TestWriter newcomer = new TestWriter(writers, "b")) {
            newcomer.append(CHANNEL, 1);
            Files.move(channels, away);
            Files.createFile(channels);
            assertThrows(HeadraceException.class, this::drain);
            first.append(CHANNEL, 1);
            drain();
            Files.delete(channels);
            Files.move(away, channels);
            drain();
            assertEquals(Set.of("a1", "m1", "z1", "a2"), Set.copyOf(delivered));
            subscription.poll(this::deliver, 1_000_000_001L);
            subscription.poll(this::deliver, 1_000_000_001L);
            assertEquals(Set.of("a1", "m1", "z1", "a2", "b1"), Set.copyOf(delivered));
        }
    }

    @Test
    void shouldReadARecordOfALaneUntilItIsDeletedAndThenLetItGo() {
        final Lane lane = readers.lane(CHANNEL, "a").orElseThrow();
        final long index;
        try (LanePoller poller = lane.poller()) {
            assertTrue(poller.peek());
            index = poller.index();
        }
        try (RecordReader records = new RecordReader(readers)) {
            assertTrue(records.find(CHANNEL, "a", index).isPresent());
            records.letGo();
            assertTrue(records.find(CHANNEL, "a", index).isPresent());
            lane.hide();
            records.letGo();
            // Nobody reads it any more, and so it is closed.
            assertThrows(HeadraceException.class, lane::poller);
            assertThrows(HeadraceException.class, () -> records.find(CHANNEL, "a", index));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1", "none", "-1"})
    void shouldReportALaneOfAnotherVersionAndReadTheOthers(String version) throws IOException {
        final Path properties = badLane.resolve("lane.properties");
        Files.writeString(
                properties,
                Files.readString(properties).replace("version=2", "version=" + version));
        checkGoodOnes();
        assertTrue(problems.get(0).contains(badLane.toString()), problems.toString());
        assertTrue(problems.get(0).contains("version " + version), problems.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "version=2", "version=2\nentry=x\nnumber=1", "\\u12", "entry=0"})
    void shouldReportALaneWhosePropertiesAreDamagedAndReadTheOthers(String text)
            throws IOException {
        Files.writeString(badLane.resolve("lane.properties"), text);
        checkGoodOnes();
        assertTrue(problems.get(0).contains(badLane.toString()), problems.toString());
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 4_096, Integer.MAX_VALUE, 4_095})
    void shouldReportALaneThatTheLaneTableDoesNotKnowAndReadTheOthers(int entry)
            throws IOException {
        Files.writeString(
                badLane.resolve("lane.properties"), "version=2\nnumber=7\nentry=" + entry + "\n");
        checkGoodOnes();
        assertTrue(problems.get(0).contains("" + entry), problems.toString());
    }

    @Test
    void shouldReportALaneWhoseQueueIsDamagedAndReadTheOthers() throws IOException {
        final Path metadata = badLane.resolve("metadata.cq4t");
        final byte[] bytes = Files.readAllBytes(metadata);
        // Behind the first header: a wrong one Chronicle reads again and again for ten seconds.
        Arrays.fill(bytes, 16, 200, (byte) 0x7F);
        Files.write(metadata, bytes);
        checkGoodOnes();
        assertTrue(problems.get(0).contains(badLane.toString()), problems.toString());
    }

    @Test
    void shouldFindLanesThatComeAfterABadOne() throws IOException {
        Files.writeString(badLane.resolve("lane.properties"), "version=9\n");
        checkGoodOnes();
        try (TestWriter newcomer = new TestWriter(writers, "b")) {
            newcomer.append(CHANNEL, 1);
            first.append(CHANNEL, 1);
            delivered.clear();
            drain();
            assertEquals(Set.of("a2", "b1"), Set.copyOf(delivered));
        }
    }

    @Test
    void shouldPassOverABadLaneInATapToo() throws IOException {
        Files.writeString(badLane.resolve("lane.properties"), "version=9\n");
        try (Tap tap = new Tap(readers, name -> true, this::onBadLane)) {
            assertEquals(2, tap.poll((lane, nowNs) -> {}, 100));
        }
        assertFalse(problems.isEmpty());
    }

    @Test
    void shouldIgnoreEverythingThatIsNoLane() throws IOException {
        final Path channels = directory.resolve("bus/channels");
        Files.delete(badLane.resolve("lane.properties"));
        Files.createFile(channels.resolve("file"));
        Files.createDirectory(channels.resolve("empty"));
        Files.createDirectory(channels.resolve("not a channel's name"));
        Files.createFile(channels.resolve(CHANNEL).resolve("file"));
        Files.createDirectory(channels.resolve(CHANNEL).resolve("empty"));
        Files.createDirectories(channels.resolve(CHANNEL).resolve("no lane/at all"));
        Files.writeString(badLane.resolveSibling("lane.properties"), "version=9\n");
        Files.createSymbolicLink(channels.resolve("dangling"), Path.of("nowhere"));
        readers.raiseLaneVersion();
        drain();
        assertEquals(Set.of("a1", "z1"), Set.copyOf(delivered));
        assertEquals(List.of(), problems);
    }

    private void checkGoodOnes() {
        drain();
        assertEquals(Set.of("a1", "z1"), Set.copyOf(delivered));
        assertEquals(1, problems.size(), problems.toString());
        assertEquals(1, problems.get(0).lines().count(), "one line: " + problems);
    }

    private void drain() {
        while (subscription.poll(this::deliver, 1) > 0) {
            // Until there is no more.
        }
    }

    private boolean deliver(LanePoller lane, long nowNs) {
        return delivered.add(lane.lane().writer() + lane.sequence());
    }

    private void onBadLane(HeadraceException problem) {
        problems.add(problem.getMessage());
    }
}
