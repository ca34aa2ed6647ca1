// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Bus;
import io.headrace.message.DeliveryHeader;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;
import java.util.function.ObjIntConsumer;
import java.util.stream.IntStream;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * All interleavings of consumers and resolvers over one message, one memory access at a time: the
 * real {@link ClaimWord} and {@link DeadClaims} run on a buffer that stops an actor before each of
 * its accesses. A consumer may die between any two of them. What comes of it is held against the
 * state machine as {@link ClaimWord} draws it.
 */
class ClaimWordModelTest {

    private static final int CONSUMER_COUNT = 2;
    private static final long CLAIMED_NS = 7;
    private static final long DUE_NS = 8;

    /** What is drawn, and nothing else. */
    private static final Set<String> DRAWN =
            Set.of(
                    "free>claimed",
                    "free>expired",
                    "free>cancelled",
                    "claimed>done",
                    "claimed>failed",
                    "claimed>lost",
                    "claimed>redelivered",
                    "claimed>deferred",
                    "deferred>redelivered",
                    "deferred>cancelled",
                    "redelivered>claimed",
                    "redelivered>expired",
                    "redelivered>cancelled");

    @TempDir Path directory;
    private Bus bus;
    private DeadClaims deadClaims;
    private final Set<String> seen = new TreeSet<>();
    // How often each of the actors looks at the record.
    private int looks;
    private int stateCount;

    /** Thrown before an access that is not the actor's turn. */
    private static final class NotYet extends Error {
        private static final long serialVersionUID = 1L;

        NotYet() {
            super(null, null, false, false);
        }
    }

    /** Everything there is at one moment: memory, who is dead, what each actor has seen so far. */
    private static final class State {
        private final byte[] memory;
        private final int dead;
        private final int finished;
        private final List<List<Long>> histories;

        State(byte[] memory, int dead, int finished, List<List<Long>> histories) {
            this.memory = memory;
            this.dead = dead;
            this.finished = finished;
            this.histories = histories;
        }

        int word() {
            return new UnsafeBuffer(memory).getInt(DeliveryHeader.CLAIM_WORD_OFFSET);
        }

        String key() {
            return Arrays.toString(memory) + dead + ":" + finished + histories;
        }
    }

    /** Memory that answers an actor's earlier accesses as they were, and does one more. */
    private static final class Stepped extends UnsafeBuffer {
        private final List<Long> history;
        private final int known;
        private int at;

        Stepped(byte[] memory, List<Long> history) {
            super(memory);
            this.history = history;
            this.known = history.size();
        }

        private boolean isPast() {
            if (at < known) {
                return true;
            }
            if (at > known) {
                throw new NotYet();
            }
            return false;
        }

        private long answer(long value) {
            if (at == known) {
                history.add(value);
            }
            return history.get(at++);
        }

        /** An access to something else that actors share. */
        long look(long value) {
            return isPast() ? answer(0) : answer(value);
        }

        @Override
        public int getIntVolatile(int index) {
            return (int) (isPast() ? answer(0) : answer(super.getIntVolatile(index)));
        }

        @Override
        public int getInt(int index) {
            return (int) (isPast() ? answer(0) : answer(super.getInt(index)));
        }

        @Override
        public long getLong(int index) {
            return isPast() ? answer(0) : answer(super.getLong(index));
        }

        @Override
        public boolean compareAndSetInt(int index, int expected, int update) {
            return (isPast()
                            ? answer(0)
                            : answer(super.compareAndSetInt(index, expected, update) ? 1 : 0))
                    == 1;
        }

        @Override
        public void putLong(int index, long value) {
            if (!isPast()) {
                super.putLong(index, value);
            }
            answer(0);
        }

        @Override
        public void putByte(int index, byte value) {
            if (!isPast()) {
                super.putByte(index, value);
            }
            answer(0);
        }
    }

    /** An actor's program. */
    private interface Actor {
        void run(Stepped record, int dead);
    }

    @BeforeEach
    void openBus() {
        System.setProperty("headrace.channel.always.redeliver", "always");
        bus = Bus.openOrCreate(directory.resolve("bus"));
        System.clearProperty("headrace.channel.always.redeliver");
        deadClaims = new DeadClaims(bus);
    }

    @AfterEach
    void closeBus() {
        bus.close();
    }

    @Test
    void shouldFollowTheDrawingWhereTheDeadLoseTheirMessages() {
        looks = 2;
        explore(List.of(consumer(1), consumer(2), resolver("never", ClaimWord.EXPIRED)));
        assertEquals(
                Set.of(
                        "free>claimed",
                        "free>expired",
                        "claimed>done",
                        "claimed>failed",
                        "claimed>lost"),
                seen);
    }

    @Test
    void shouldFollowTheDrawingWhereMessagesAreRedelivered() {
        looks = 2;
        explore(List.of(consumer(1), consumer(2), resolver("always", ClaimWord.CANCELLED)));
        assertEquals(
                Set.of(
                        "free>claimed",
                        "free>cancelled",
                        "claimed>done",
                        "claimed>failed",
                        "claimed>lost",
                        "claimed>redelivered",
                        "redelivered>claimed",
                        "redelivered>cancelled"),
                seen);
    }

    @Test
    void shouldFollowTheDrawingWhenAFrontEndResolvesBesideTheJanitor() {
        looks = 1;
        explore(
                List.of(
                        consumer(1),
                        consumer(2),
                        resolver("always", ClaimWord.EXPIRED),
                        frontEnd("always", ClaimWord.EXPIRED)));
        assertTrue(DRAWN.containsAll(seen), seen.toString());
    }

    @Test
    void shouldFollowTheDrawingWhereMessagesAreDeferred() {
        looks = 2;
        explore(
                List.of(
                        deferring(1),
                        consumer(2),
                        resolver("never", ClaimWord.CANCELLED),
                        keeper()));
        assertEquals(
                Set.of(
                        "free>claimed",
                        "free>cancelled",
                        "claimed>done",
                        "claimed>failed",
                        "claimed>lost",
                        "claimed>deferred",
                        "deferred>redelivered",
                        "deferred>cancelled",
                        "redelivered>claimed",
                        "redelivered>cancelled"),
                seen);
    }

    /** A consumer that defers a message the first time, and handles it the second. */
    private Actor deferring(int id) {
        return (record, dead) -> {
            for (int look = 0; look < looks; look++) {
                final int word = ClaimWord.read(record);
                if (ClaimWord.isFree(word) && ClaimWord.tryClaim(record, id)) {
                    DeliveryHeader.claimedNs(record, 0, CLAIMED_NS);
                    if (word == ClaimWord.FREE) {
                        DeliveryHeader.defer(record, 0, DUE_NS);
                        ClaimWord.finish(record, id, ClaimWord.DEFERRED);
                    } else {
                        ClaimWord.finish(record, id, ClaimWord.DONE);
                    }
                }
            }
        };
    }

    /** What the lane's keeper does when a deferred message is due. */
    private Actor keeper() {
        return (record, dead) -> {
            final int word = ClaimWord.read(record);
            if (ClaimWord.state(word) == ClaimWord.DEFERRED) {
                assertEquals(DUE_NS, DeliveryHeader.claimedNs(record, 0));
                DeliveryHeader.claimedNs(record, 0, 0L);
                ClaimWord.undefer(record, word);
            }
        };
    }

    /** What a consumer does with a record, twice, as after a rewind. */
    private Actor consumer(int id) {
        return (record, dead) -> {
            for (int look = 0; look < looks; look++) {
                final int word = ClaimWord.read(record);
                if (ClaimWord.isFree(word) && ClaimWord.tryClaim(record, id)) {
                    DeliveryHeader.claimedNs(record, 0, CLAIMED_NS);
                    ClaimWord.finish(record, id, id == 1 ? ClaimWord.DONE : ClaimWord.FAILED);
                }
            }
        };
    }

    /** What the janitor does with it, also to one that has merely hung. */
    private Actor resolver(String channel, int end) {
        return resolver(end, (record, holder) -> deadClaims.resolve(channel, record, holder));
    }

    /** What a front end does with it that waits for its answer. */
    private Actor frontEnd(String channel, int end) {
        return resolver(end, (record, holder) -> deadClaims.lose(channel, record, holder));
    }

    private Actor resolver(int end, ObjIntConsumer<UnsafeBuffer> onDead) {
        return (record, dead) -> {
            for (int look = 0; look < looks; look++) {
                final int word = ClaimWord.read(record);
                if (ClaimWord.isPending(word)) {
                    ClaimWord.tryEnd(record, 9, end);
                } else if (ClaimWord.state(word) == ClaimWord.CLAIMED) {
                    final int holder = ClaimWord.consumer(word);
                    final long claimedNs = DeliveryHeader.claimedNs(record, 0);
                    if ((record.look(dead) >> holder & 1) == 1) {
                        onDead.accept(record, holder);
                    } else if (claimedNs != 0) {
                        ClaimWord.finish(record, holder, ClaimWord.LOST);
                    }
                }
            }
        };
    }

    private void explore(List<Actor> actors) {
        final Set<String> known = new HashSet<>();
        final Deque<State> open = new ArrayDeque<>();
        final List<List<Long>> nothing = new ArrayList<>();
        actors.forEach(actor -> nothing.add(List.of()));
        open.push(new State(new byte[DeliveryHeader.LENGTH], 0, 0, nothing));
        while (!open.isEmpty()) {
            final State state = open.pop();
            if (!known.add(state.key())) {
                continue;
            }
            stateCount++;
            checkClaimTime(state);
            forEachIn(
                    CONSUMER_COUNT,
                    consumer -> (state.dead >> consumer + 1 & 1) == 0,
                    consumer ->
                            open.push(
                                    new State(
                                            state.memory,
                                            state.dead | 1 << consumer + 1,
                                            state.finished,
                                            state.histories)));
            forEachIn(
                    actors.size(),
                    actor ->
                            (state.finished >> actor & 1) == 0
                                    && (actor >= CONSUMER_COUNT
                                            || (state.dead >> actor + 1 & 1) == 0),
                    actor -> open.push(step(state, actors.get(actor), actor)));
        }
        assertTrue(stateCount > 1_000, stateCount + " states");
    }

    private static void forEachIn(int count, IntPredicate filter, IntConsumer action) {
        IntStream.range(0, count).filter(filter).forEach(action);
    }

    private State step(State state, Actor actor, int number) {
        final byte[] memory = state.memory.clone();
        final List<Long> history = new ArrayList<>(state.histories.get(number));
        int finished = state.finished;
        try {
            actor.run(new Stepped(memory, history), state.dead);
            finished |= 1 << number;
        } catch (final NotYet expected) {
            // It goes on from here in the next step.
        }
        final List<List<Long>> histories = new ArrayList<>(state.histories);
        histories.set(number, history);
        final State next = new State(memory, state.dead, finished, histories);
        checkChange(state.word(), next.word());
        return next;
    }

    private void checkChange(int before, int after) {
        if (before == after) {
            return;
        }
        final String change = name(before) + ">" + name(after);
        assertTrue(DRAWN.contains(change), change + " is not drawn");
        seen.add(change);
        if (ClaimWord.state(before) == ClaimWord.CLAIMED
                && ClaimWord.state(after) != ClaimWord.REDELIVERED) {
            assertEquals(ClaimWord.consumer(before), ClaimWord.consumer(after), change);
        }
    }

    /** A message that a consumer has says since when, or a hung one would never be found. */
    private static void checkClaimTime(State state) {
        final int word = state.word();
        if (ClaimWord.state(word) == ClaimWord.CLAIMED) {
            final int holder = ClaimWord.consumer(word);
            final List<Long> history = state.histories.get(holder - 1);
            // Its last accesses were the claim and the writing of the time.
            final boolean isWritten = history.size() >= 2 && history.get(history.size() - 2) == 1;
            if (isWritten && (state.dead >> holder & 1) == 0) {
                assertEquals(
                        CLAIMED_NS,
                        DeliveryHeader.claimedNs(new UnsafeBuffer(state.memory), 0),
                        "time of the claim of consumer " + holder);
            }
        }
    }

    private static String name(int word) {
        final int state = ClaimWord.state(word);
        return switch (state) {
            case ClaimWord.FREE -> "free";
            case ClaimWord.REDELIVERED -> "redelivered";
            case ClaimWord.DEFERRED -> "deferred";
            default -> ClaimWord.label(state);
        };
    }
}
