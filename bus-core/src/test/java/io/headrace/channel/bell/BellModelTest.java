// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.bell;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * All interleavings of writers and sleepers, one memory access at a time, on a machine whose stores
 * wait in a buffer until a fence or an atomic operation (x86's total store order): the steps are
 * those of {@link Bells} and {@link Bell}. Nobody ever wakes by himself here, so whatever a sleeper
 * misses, it misses for ever. A sleeper that gets a message never comes back from its handler:
 * others must get the rest.
 */
class BellModelTest {

    // One int per thing that can differ; the sleepers' come first, 6 each, then the writers', 6
    // each, then the shared memory: messages there, messages taken.
    private static final int PLACE = 0;
    private static final int BIT = 1;
    private static final int STEP = 2;
    private static final int RINGS = 3;
    private static final int DEAD = 4;
    private static final int LEFT = 1;
    private static final int BUFFERED = 2;
    private static final int LOOKED_AT = 3;
    // Of both: the step of the bell that it is about to ring.
    private static final int SEEN = 5;
    private static final int FIELDS = 6;

    private static final int LOOKS = 0;
    private static final int LOOKED = 1;
    private static final int LOOKS_AGAIN = 2;
    private static final int SLEEPS = 3;
    private static final int WAKES = 4;
    private static final int TAKES = 5;
    private static final int HANDLES = 6;
    private static final int DISARMS = 7;
    private static final int ENDS = 8;
    // And which of the others it looks at, rings, and marks: three places for each.
    private static final int RINGS_ON = 9;

    private static final int APPENDS = 0;
    private static final int FENCES = 1;
    private static final int LOOKS_AT_BITS = 2;
    private static final int RINGS_ONE = 3;
    private static final int MARKS = 4;
    private static final int STANDS_STILL = 5;

    private int sleeperCount;
    private int writerCount;
    private boolean writerFences = true;
    private boolean sleeperLooksAgain = true;
    private boolean sleeperRingsOn = true;
    private boolean ringsBeforeItMarks = true;
    private boolean firstMayStandStill;
    private int wanted;
    private int stateCount;
    private int missed;

    @Test
    void shouldLoseNoWakeUpOfOneSleeper() {
        explore(1, 1, 1, false);
        assertEquals(0, missed);
    }

    @Test
    void shouldLoseNoWakeUpWhenTwoWritersRingTheSameSleepers() {
        explore(2, 2, 1, false);
        assertEquals(0, missed);
        assertTrue(stateCount > 1_000, stateCount + " states");
    }

    @Test
    void shouldWakeAsManyAsThereAreMessages() {
        explore(3, 1, 3, false);
        assertEquals(0, missed);
    }

    @Test
    void shouldRingAnotherWhenASleeperDied() {
        explore(3, 2, 1, true);
        assertEquals(0, missed);
    }

    @Test
    void shouldKeepNobodyElseFromRingingWhoStandsStillInTheMiddleOfIt() {
        firstMayStandStill = true;
        explore(1, 2, 1, false);
        assertEquals(0, missed);
    }

    @Test
    void wouldKeepOthersFromRingingIfItMarkedBeforeItRang() {
        firstMayStandStill = true;
        ringsBeforeItMarks = false;
        explore(1, 2, 1, false);
        assertTrue(missed > 0);
    }

    @Test
    void wouldLoseWakeUpsWithoutTheWritersFence() {
        writerFences = false;
        explore(1, 1, 1, false);
        assertTrue(missed > 0);
    }

    @Test
    void wouldLoseWakeUpsWithoutTheSecondLook() {
        sleeperLooksAgain = false;
        explore(1, 1, 1, false);
        assertTrue(missed > 0);
    }

    @Test
    void wouldLetAMessageWaitBesideASleeperUnlessTheOneRungForItRangOn() {
        sleeperRingsOn = false;
        explore(2, 2, 1, false);
        assertTrue(missed > 0);
    }

    /**
     * @param firstIsDead whether the first sleeper was killed in its sleep, and left its bit.
     */
    private void explore(int sleepers, int writers, int messagesEach, boolean firstIsDead) {
        sleeperCount = sleepers;
        writerCount = writers;
        final int[] start = new int[(sleepers + writers) * FIELDS + 2];
        for (int writer = 0; writer < writers; writer++) {
            start[(sleepers + writer) * FIELDS + LEFT] = messagesEach;
        }
        // A sleeper takes one; of a writer that stands still nobody need hear.
        wanted = Math.min(sleepers - (firstIsDead ? 1 : 0), writers * messagesEach);
        if (firstIsDead) {
            start[DEAD] = 1;
            start[BIT] = 1;
            start[STEP] = 1;
            start[PLACE] = SLEEPS;
        }
        final Set<String> known = new HashSet<>();
        final Deque<int[]> open = new ArrayDeque<>();
        open.push(start);
        while (!open.isEmpty()) {
            final int[] state = open.pop();
            if (!known.add(Arrays.toString(state))) {
                continue;
            }
            stateCount++;
            boolean isOver = true;
            for (int actor = 0; actor < sleepers + writers; actor++) {
                final int[] next = state.clone();
                if (actor < sleepers ? stepSleeper(next, actor) : stepWriter(next, actor)) {
                    open.push(next);
                    isOver = false;
                }
                final int[] still = state.clone();
                if (actor == sleepers && standsStill(still, actor)) {
                    open.push(still);
                    isOver = false;
                }
                final int[] drained = state.clone();
                if (actor >= sleepers && drain(drained, actor)) {
                    open.push(drained);
                    isOver = false;
                }
            }
            if (isOver && state[state.length - 1] < wanted) {
                missed++;
            }
        }
    }

    /** The memory takes what a writer has stored. */
    private static boolean drain(int[] state, int writer) {
        final int at = writer * FIELDS + BUFFERED;
        final boolean any = state[at] > 0;
        state[state.length - 2] += state[at];
        state[at] = 0;
        return any;
    }

    /** Takes a message if one is there; the claim is atomic. */
    private static boolean take(int[] state) {
        final int last = state.length - 1;
        if (state[last - 1] > state[last]) {
            state[last]++;
            return true;
        }
        return false;
    }

    /** A writer is stopped in the middle of a ring. */
    private boolean standsStill(int[] state, int writer) {
        final int at = writer * FIELDS;
        if (!firstMayStandStill || state[at] != RINGS_ONE && state[at] != MARKS) {
            return false;
        }
        state[at] = STANDS_STILL;
        return true;
    }

    private static boolean isArmed(int step) {
        return (step & 1) == 1;
    }

    /** Makes a step that is the one expected an even one; atomic. */
    private static boolean mark(int[] state, int sleeper, int expected) {
        final int at = sleeper * FIELDS + STEP;
        final boolean isExpected = state[at] == expected && isArmed(expected);
        state[at] += isExpected ? 1 : 0;
        return isExpected;
    }

    private boolean stepSleeper(int[] state, int sleeper) {
        final int at = sleeper * FIELDS;
        if (state[at + DEAD] == 1) {
            return false;
        }
        switch (state[at]) {
            case LOOKS -> state[at] = take(state) ? HANDLES : LOOKED;
            case LOOKED -> {
                state[at + STEP] = state[at + STEP] + 1 | 1;
                // An atomic operation, and so a fence.
                state[at + BIT] = 1;
                state[at] = sleeperLooksAgain ? LOOKS_AGAIN : SLEEPS;
            }
            case LOOKS_AGAIN -> state[at] = take(state) ? TAKES : SLEEPS;
            case SLEEPS -> {
                if (state[at + RINGS] == 0) {
                    return false;
                }
                state[at + RINGS] = 0;
                state[at] = WAKES;
            }
            case WAKES -> {
                state[at + BIT] = 0;
                state[at] = DISARMS;
            }
            case DISARMS -> {
                mark(state, sleeper, state[at + STEP]);
                state[at] = LOOKS;
            }
            case TAKES -> {
                state[at + BIT] = 0;
                state[at] = ENDS;
            }
            case ENDS -> {
                // Who has rung it may have meant another message.
                final boolean isRung = !mark(state, sleeper, state[at + STEP]);
                state[at] = isRung && sleeperRingsOn ? RINGS_ON : HANDLES;
            }
            case HANDLES -> {
                return false;
            }
            default -> ringOn(state, at);
        }
        return true;
    }

    private void ringOn(int[] state, int at) {
        final int other = (state[at] - RINGS_ON) / 3;
        final int next = RINGS_ON + 3 * (other + 1);
        if (other == sleeperCount) {
            state[at] = HANDLES;
            return;
        }
        switch ((state[at] - RINGS_ON) % 3) {
            case 0 -> {
                state[at + SEEN] = state[other * FIELDS + STEP];
                state[at] =
                        state[other * FIELDS + BIT] == 1 && isArmed(state[at + SEEN])
                                ? state[at] + 1
                                : next;
            }
            case 1 -> {
                state[other * FIELDS + RINGS] += 1 - state[other * FIELDS + DEAD];
                state[at]++;
            }
            default -> {
                mark(state, other, state[at + SEEN]);
                state[at] = next;
            }
        }
        if (state[at] == next) {
            state[at + SEEN] = 0;
        }
    }

    private boolean stepWriter(int[] state, int writer) {
        final int at = writer * FIELDS;
        switch (state[at]) {
            case APPENDS -> {
                if (state[at + LEFT] == 0) {
                    return false;
                }
                state[at + LEFT]--;
                state[at + BUFFERED]++;
                state[at + LOOKED_AT] = 0;
                state[at] = writerFences ? FENCES : LOOKS_AT_BITS;
            }
            case FENCES -> {
                drain(state, writer);
                state[at] = LOOKS_AT_BITS;
            }
            case LOOKS_AT_BITS -> {
                final int sleeper = state[at + LOOKED_AT];
                state[at + SEEN] = 0;
                if (sleeper == sleeperCount) {
                    state[at] = APPENDS;
                } else if (state[sleeper * FIELDS + BIT] == 1
                        && isArmed(state[sleeper * FIELDS + STEP])) {
                    state[at + SEEN] = state[sleeper * FIELDS + STEP];
                    state[at] = ringsBeforeItMarks ? RINGS_ONE : MARKS;
                } else {
                    state[at + LOOKED_AT]++;
                }
            }
            case RINGS_ONE -> {
                final int sleeper = state[at + LOOKED_AT] * FIELDS;
                state[sleeper + RINGS] += 1 - state[sleeper + DEAD];
                state[at] = ringsBeforeItMarks ? MARKS : APPENDS;
            }
            case MARKS -> {
                drain(state, writer);
                final int sleeper = state[at + LOOKED_AT];
                final boolean isFirst = mark(state, sleeper, state[at + SEEN]);
                if (isFirst && state[sleeper * FIELDS + DEAD] == 0) {
                    state[at] = ringsBeforeItMarks ? APPENDS : RINGS_ONE;
                } else {
                    state[at + LOOKED_AT]++;
                    state[at] = LOOKS_AT_BITS;
                }
            }
            case STANDS_STILL -> {
                return false;
            }
            default -> throw new AssertionError();
        }
        return true;
    }
}
