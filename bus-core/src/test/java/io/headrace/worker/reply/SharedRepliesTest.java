// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker.reply;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ConnectionId;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.delivery.LiveMembers;
import io.headrace.delivery.poll.Tap;
import io.headrace.member.Member;
import io.headrace.member.Members;
import io.headrace.presence.ConnectionTable;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Replies of many threads, which do not look for loops in every duty cycle. */
class SharedRepliesTest {

    private static final String WRITER = "w2-x-later";
    private static final long RETRY_NS = 1_000_000_000L;

    @TempDir Path directory;
    private Bus bus;
    private Member frontEnd;
    private Member worker;
    private LiveMembers liveMembers;
    private String channel;
    private long nowNs = System.currentTimeMillis() * 1_000_000L;

    @BeforeEach
    void open() {
        bus = Bus.openOrCreate(directory.resolve("bus"), () -> nowNs);
        frontEnd = announce(Member.Kind.FRONT_END, "f1-x", 1);
        worker = announce(Member.Kind.WORKER, "w2-x", 3);
        channel = ReplyAddress.channel(frontEnd.id(), 0);
        bus.createChannel(channel);
        liveMembers = new LiveMembers(bus, Long.MAX_VALUE, problem -> fail(problem));
        look();
    }

    @AfterEach
    void close() {
        liveMembers.onClose();
        worker.close();
        frontEnd.close();
        bus.close();
    }

    private Member announce(Member.Kind kind, String id, int consumer) {
        final Member member =
                Member.register(bus.membersDirectory(), kind, id, "*", consumer, 1, bus.clock());
        member.announce();
        return member;
    }

    private void look() {
        bus.raiseLaneVersion();
        liveMembers.doWork();
    }

    @Test
    void shouldKeepNobodyWaitingWhenALaneCannotBeMade() {
        // Somebody else has its name.
        bus.newLane(channel, WRITER, new WriterSequence()).close();
        final Replies replies = new Replies(bus, WRITER, liveMembers, worker, true);
        assertThrows(HeadraceException.class, () -> replies.claim(1, 8));
        assertTimeoutPreemptively(
                Duration.ofSeconds(60),
                () -> {
                    // On another thread: here nobody has looked for loops since.
                    look();
                    assertThrows(HeadraceException.class, replies::loops);
                    assertEquals(0, replies.loops().length);
                    look();
                    replies.close();
                });
    }

    @Test
    void shouldSendOnceToEachFrontEndThatLivesThoughAnotherDiesMeanwhile() {
        final List<Member> others =
                List.of(
                        announce(Member.Kind.FRONT_END, "f4-x", 9),
                        announce(Member.Kind.FRONT_END, "f5-x", 10));
        others.forEach(other -> bus.createChannel(ReplyAddress.channel(other.id(), 0)));
        look();
        final List<String> first = new ArrayList<>();
        final UnsafeBuffer content =
                new UnsafeBuffer(new byte[5]) {
                    @Override
                    public byte[] byteArray() {
                        // While the second record is encoded.
                        if (first.isEmpty() && first.addAll(channelsOfReplies())) {
                            Stream.concat(others.stream(), Stream.of(frontEnd))
                                    .filter(it -> isLoopOf(it, first.get(0)))
                                    .forEach(Member::close);
                            look();
                        }
                        return super.byteArray();
                    }
                };
        try (Replies replies = new Replies(bus, WRITER, liveMembers, worker, true)) {
            new Groups(replies).send("room", false, true, content, 0, 5);
        }
        assertEquals(3, channelsOfReplies().size(), channelsOfReplies().toString());
        assertEquals(3, Set.copyOf(channelsOfReplies()).size(), channelsOfReplies().toString());
        others.forEach(Member::close);
    }

    private static boolean isLoopOf(Member member, String replyChannel) {
        return ReplyAddress.frontEnd(replyChannel).equals(member.id());
    }

    @Test
    void shouldOpenALaneThatCouldNotBeMadeAndKeepNoOtherFromItsReplies() {
        final Member other = announce(Member.Kind.FRONT_END, "f4-x", 9);
        final String otherChannel = ReplyAddress.channel(other.id(), 0);
        bus.createChannel(otherChannel);
        look();
        final LaneAppender squatter = bus.newLane(channel, WRITER, new WriterSequence());
        squatter.close();
        try (Replies replies = new Replies(bus, WRITER, liveMembers, worker, true)) {
            final Groups groups = new Groups(replies);
            assertThrows(HeadraceException.class, () -> groups.send("room", "to nobody"));
            // The other lane is a change, and so all are looked at once more.
            assertThrows(HeadraceException.class, () -> groups.send("room", "to nobody"));
            assertEquals(LaneAppender.OK, groups.send("room", "to one"));
            nowNs += RETRY_NS;
            assertEquals(LaneAppender.OK, groups.send("room", "to one, in vain for the other"));
            assertEquals(List.of(otherChannel, otherChannel), channelsOfReplies());
            squatter.lane().hide();
            bus.delete(squatter.lane());
            nowNs += RETRY_NS;
            assertEquals(LaneAppender.OK, groups.send("room", "to both"));
        }
        assertEquals(1, channelsOfReplies().stream().filter(channel::equals).count());
        assertEquals(3, channelsOfReplies().stream().filter(otherChannel::equals).count());
        other.close();
    }

    @Test
    void shouldFindTheTableThatCouldNotBeReadAtFirst() throws IOException {
        final Path file = bus.membersDirectory().resolve("f1-x-0.connections");
        Files.write(file, new byte[5]);
        final long connection = ConnectionId.of(1, 0, 1);
        try (Replies replies = new Replies(bus, WRITER, liveMembers, worker, true)) {
            // The second time because its own lane is a change.
            assertThrows(HeadraceException.class, () -> replies.claim(connection, 8));
            assertThrows(HeadraceException.class, () -> replies.claim(connection, 8));
            nowNs += RETRY_NS;
            assertNull(replies.table(connection));
            assertFalse(isOpen(file), "each look would leave it open once more");
            Files.delete(file);
            ConnectionTable.create(bus, "f1-x-0").close();
            nowNs += RETRY_NS;
            assertNotNull(replies.table(connection));
        }
    }

    private static boolean isOpen(Path file) throws IOException {
        boolean isOpen = false;
        for (final File descriptor : new File("/proc/self/fd").listFiles()) {
            isOpen |= descriptor.getCanonicalPath().equals(file.toRealPath().toString());
        }
        return isOpen;
    }

    /** It ends, and the janitor deletes what was its. */
    private void loseTheFrontEnd() {
        final Lane lane = bus.lane(channel, WRITER).orElseThrow();
        frontEnd.close();
        lane.hide();
        bus.delete(lane);
        Members.delete(bus.membersDirectory(), frontEnd.id());
        look();
    }

    @Test
    void shouldForgetALaneThatTheJanitorHasDeletedWithItsFrontEnd() {
        try (Replies replies = new Replies(bus, WRITER, liveMembers, worker, true)) {
            final LaneAppender loop = replies.loops()[0];
            assertEquals(LaneAppender.OK, replies.claimLoop(loop, 8));
            replies.release();
            loseTheFrontEnd();
            assertEquals(LaneAppender.CLOSED, replies.claimLoop(loop, 8));
            assertEquals(0, replies.loops().length);
            assertEquals(LaneAppender.CLOSED, replies.claim(1L << 40, 8));
        }
    }

    @Test
    void shouldSendToAGroupThoughNothingElseWasEverSent() {
        try (Replies replies = new Replies(bus, WRITER, liveMembers, worker, true)) {
            assertEquals(LaneAppender.OK, new Groups(replies).send("room", "hello"));
        }
        assertEquals(List.of(channel), channelsOfReplies());
    }

    @Test
    void shouldSendToAGroupOnTheFrontEndThatComesWhenAllWereGone() {
        try (Replies replies = new Replies(bus, WRITER, liveMembers, worker, true)) {
            // It knows of the first.
            assertEquals(1, replies.loops().length);
            loseTheFrontEnd();
            new Groups(replies).send("room", "nobody is there");
            frontEnd = announce(Member.Kind.FRONT_END, "f4-x", 9);
            final String next = ReplyAddress.channel(frontEnd.id(), 0);
            bus.createChannel(next);
            look();
            assertEquals(LaneAppender.OK, new Groups(replies).send("room", "hello"));
            assertEquals(List.of(next), channelsOfReplies());
        }
    }

    /** The channel of each reply that was appended. */
    private List<String> channelsOfReplies() {
        final List<String> channels = new ArrayList<>();
        try (Tap tap = new Tap(bus, ReplyAddress::isChannel, problem -> fail(problem))) {
            tap.poll((lane, now) -> channels.add(lane.lane().channel()), Integer.MAX_VALUE);
        }
        return channels;
    }

    @Test
    void shouldFindAFrontEndThatComesAfterItWasAskedForInVain() {
        final long connection = ConnectionId.of(4, 0, 1);
        try (Replies replies = new Replies(bus, WRITER, liveMembers, worker, true)) {
            for (int i = 0; i < 2_000; i++) {
                assertEquals(LaneAppender.CLOSED, replies.claim(connection, 8));
                assertEquals(LaneAppender.CLOSED, replies.claim(ConnectionId.of(10 + i, 0, 1), 8));
            }
            final Member late = announce(Member.Kind.FRONT_END, "f4-x", 9);
            bus.createChannel(ReplyAddress.channel(late.id(), 0));
            bus.raiseLaneVersion();
            assertEquals(LaneAppender.OK, replies.claim(connection, 8));
            replies.release();
            late.close();
        }
    }

    @Test
    void shouldAskAgainForAFrontEndThatCouldNotBeReadAtFirst() {
        final long connection = ConnectionId.of(4, 0, 1);
        final Member late = announce(Member.Kind.FRONT_END, "f4-x", 9);
        bus.createChannel(ReplyAddress.channel(late.id(), 0));
        try (Replies replies = new Replies(bus, WRITER, liveMembers, worker, true)) {
            final Path file = bus.membersDirectory().resolve("f4-x.member");
            final Path elsewhere = directory.resolve("elsewhere");
            Files.move(file, elsewhere);
            assertEquals(LaneAppender.CLOSED, replies.claim(connection, 8));
            Files.move(elsewhere, file);
            // Nobody raises the lane version.
            for (int i = 0; i < 1_000 && replies.claim(connection, 8) != LaneAppender.OK; i++) {
                nowNs += 10_000_000L;
            }
            replies.release();
            assertTrue(bus.lane(ReplyAddress.channel(late.id(), 0), WRITER).isPresent());
        } catch (final IOException e) {
            fail(e);
        }
        late.close();
    }
}
