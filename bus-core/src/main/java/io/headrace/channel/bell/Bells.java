// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.bell;

import io.headrace.HeadraceException;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.Glob;
import io.headrace.channel.page.Pages;
import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The doorbells of a bus: which threads sleep until somebody rings, and what they wait for. In its
 * file {@code bells.dat}:
 *
 * <pre>
 *      0  4 x int64  who sleeps: one bit for each of 256 bells; the last 64 are of {@link DeathWatch}es
 *   1024 * (1 + n)   bell n:   0  int32  consumer id of its owner; 0 is free
 *                              4  int32  length, then patterns of the channels it waits for, ASCII
 *                           1016  int64  rises with each step; odd: its owner sleeps and is not rung
 * </pre>
 *
 * <p>No wake-up is lost. Who wants to sleep makes its number odd, sets its bit, then looks for work
 * once more, and only then sleeps; who has appended looks at the bits after that, rings one whose
 * number is odd, and makes that number even by compare-and-set, as the sleeper does who wakes by
 * itself. Between its two steps each has a full fence: so either the one sees the message or the
 * other sees the bit. Who stands still before it has rung, because it is stopped or has no
 * processor, keeps nobody else from ringing; and who stands still after it has, finds another
 * number when it goes on. While nobody sleeps, a writer pays that fence and the look at one cache
 * line.
 *
 * <p>A ring is a byte in the sleeper's named pipe, {@code DIR/bell-OWNER} (that of a watch is
 * {@code watch-OWNER}). A futex and a Unix socket wake as fast (some 20 us either way); but a pipe
 * can be waited for together with sockets, needs no address in the network, ends with its reader,
 * and is cleaned up as a file is. Nobody ever waits for a sleeper: a write to a pipe without reader
 * fails, and then another is rung.
 *
 * <p>Thread-safe. Threads of one process take turns to ring, which is a system call anyway.
 */
public final class Bells implements AutoCloseable {

    /** The first of those who read a channel that hears it. */
    public static final int ANYBODY = 0;

    /** Nobody is to be rung. */
    public static final int NOBODY = -1;

    /** All who read a channel. */
    public static final int EVERYBODY = -2;

    static final int BELL_COUNT = 256;

    // Nobody who has a message looks at the last word.
    private static final int WORD_COUNT = BELL_COUNT / Long.SIZE - 1;
    static final int FIRST_WATCH = WORD_COUNT * Long.SIZE;
    private static final int BELL_LENGTH = 1_024;
    private static final int CHANNELS_OFFSET = 4;
    private static final int STEP_OFFSET = BELL_LENGTH - 8;
    private static final int CHANNELS_LENGTH_MAX = STEP_OFFSET - CHANNELS_OFFSET - 4;
    private static final int FREE = 0;
    private static final String PIPE_PREFIX = "bell-";
    private static final String WATCH_PREFIX = "watch-";

    private final Path directory;
    private final UnsafeBuffer table;
    private final AtomicLong unheard = new AtomicLong();
    // Pipes that this process has rung, whose they are, and whether it rings. Guarded by fds.
    private final int[] fds = new int[BELL_COUNT];
    private final int[] fdOwners = new int[BELL_COUNT];
    private boolean closed;

    /**
     * Maps the file.
     *
     * @param directory of the bus.
     */
    public Bells(Path directory, Path file) {
        this.directory = directory;
        // Left to the collector: a ring that comes late must not kill the JVM.
        table = Pages.map(file, (long) (1 + BELL_COUNT) * BELL_LENGTH);
    }

    /**
     * A new bell of a thread, which is to tell the writers that it is there (the lane version).
     *
     * @param owner the thread's consumer id.
     * @param channels patterns of what it waits for, or the name of its reply channel.
     * @return empty where there are no pipes, no room for its patterns, or no bell left.
     */
    public Optional<Bell> hang(int owner, String channels) {
        return channels.length() > CHANNELS_LENGTH_MAX
                ? Optional.empty()
                : hang(0, FIRST_WATCH, owner, channels);
    }

    /**
     * A watch of a member.
     *
     * @param owner the member's first consumer id.
     * @return empty where there are no pipes, or no bell left.
     */
    public Optional<DeathWatch> watch(int owner) {
        return hang(FIRST_WATCH, BELL_COUNT, owner, "")
                .map(bell -> new DeathWatch(this, bell, owner));
    }

    private Optional<Bell> hang(int from, int to, int owner, String channels) {
        for (int bell = from; bell < to; bell++) {
            if (table.compareAndSetInt(at(bell), FREE, owner)) {
                table.putStringAscii(at(bell) + CHANNELS_OFFSET, channels);
                final int fd = Fifo.create(pipe(bell, owner));
                if (fd >= 0) {
                    return Optional.of(new Bell(this, bell, owner, fd));
                }
                takeDown(bell, owner);
                return Optional.empty();
            }
        }
        return Optional.empty();
    }

    void takeDown(int bell, int owner) {
        disarm(bell);
        try {
            Files.deleteIfExists(pipe(bell, owner));
        } catch (final IOException e) {
            throw new HeadraceException(
                    "pipe " + pipe(bell, owner) + " cannot be deleted: " + e, e);
        }
        table.compareAndSetInt(at(bell), owner, FREE);
    }

    /** Takes down the bells of the dead. */
    public void takeDown(IntPredicate isDead) {
        for (int bell = 0; bell < BELL_COUNT; bell++) {
            final int owner = owner(bell);
            if (owner != FREE && isDead.test(owner)) {
                takeDown(bell, owner);
            }
        }
    }

    private static int at(int bell) {
        return (1 + bell) * BELL_LENGTH;
    }

    private Path pipe(int bell, int owner) {
        return directory.resolve((bell < FIRST_WATCH ? PIPE_PREFIX : WATCH_PREFIX) + owner);
    }

    /** A file descriptor that has an error when the watch of a member has ended; or -1. */
    int openWatched(int owner) {
        return Fifo.openWriter(pipe(FIRST_WATCH, owner));
    }

    private int owner(int bell) {
        return table.getIntVolatile(at(bell));
    }

    void arm(int bell) {
        table.putLongVolatile(at(bell) + STEP_OFFSET, step(bell) + 1 | 1);
        bit(bell, true);
        VarHandle.fullFence();
    }

    /** Whether its owner has armed it, and nobody has rung since. */
    boolean isArmed(int bell) {
        return (step(bell) & 1) != 0;
    }

    /** For its owner; false when it was rung. */
    boolean disarm(int bell) {
        bit(bell, false);
        return disarm(bell, step(bell));
    }

    private boolean disarm(int bell, long step) {
        return (step & 1) != 0 && table.compareAndSetLong(at(bell) + STEP_OFFSET, step, step + 1);
    }

    private long step(int bell) {
        return table.getLongVolatile(at(bell) + STEP_OFFSET);
    }

    private void bit(int bell, boolean isSet) {
        final int word = bell / Long.SIZE * Long.BYTES;
        final long bit = 1L << bell;
        long bits;
        do {
            bits = table.getLongVolatile(word);
        } while (!table.compareAndSetLong(word, bits, isSet ? bits | bit : bits & ~bit));
    }

    /** Whether somebody sleeps who may have missed what the caller has done before. */
    private boolean isAnybodyAsleep() {
        VarHandle.fullFence();
        return (table.getLongVolatile(0) | table.getLongVolatile(8) | table.getLongVolatile(16))
                != 0;
    }

    /** Rings all who sleep, because of something that is seldom. */
    public void ringAll() {
        ring(EVERYBODY);
    }

    /** Rings all who watch the members, because one has come or gone. */
    public void ringWatches() {
        VarHandle.fullFence();
        ring(WORD_COUNT, -1L, EVERYBODY);
    }

    /** Rings one consumer, if it sleeps. */
    public void ring(int consumerId) {
        if (isAnybodyAsleep()) {
            for (int word = 0; word < WORD_COUNT; word++) {
                ring(word, -1L, consumerId);
            }
        }
    }

    /** How often nobody was there who had wanted to be rung. */
    public long unheardCount() {
        return unheard.get();
    }

    /**
     * @return false when it goes on: nobody was rung, or everybody is to be.
     */
    private boolean ring(int word, long mask, int reader) {
        for (long asleep = table.getLongVolatile(word * Long.BYTES) & mask;
                asleep != 0;
                asleep &= asleep - 1) {
            final int bell = word * Long.SIZE + Long.numberOfTrailingZeros(asleep);
            if ((reader <= ANYBODY || owner(bell) == reader)
                    && ringOne(bell)
                    && reader != EVERYBODY) {
                return true;
            }
        }
        return false;
    }

    /** False when it does not sleep, or is rung already, or does not hear. */
    private boolean ringOne(int bell) {
        final long step = step(bell);
        final boolean isHeard;
        synchronized (fds) {
            // Who cannot ring any more leaves it to others.
            if (closed || (step & 1) == 0) {
                return false;
            }
            isHeard = write(bell);
        }
        return disarm(bell, step) && isHeard;
    }

    /** Guarded by fds. */
    private boolean write(int bell) {
        final int owner = owner(bell);
        if (owner == FREE) {
            return false;
        }
        if (fdOwners[bell] != owner) {
            closePipe(bell);
            fds[bell] = Fifo.openWriter(pipe(bell, owner));
            fdOwners[bell] = fds[bell] < 0 ? FREE : owner;
        }
        if (fdOwners[bell] == owner && Fifo.write(fds[bell])) {
            return true;
        }
        closePipe(bell);
        unheard.incrementAndGet();
        return false;
    }

    private void closePipe(int bell) {
        if (fdOwners[bell] != FREE) {
            fdOwners[bell] = FREE;
            Fifo.close(fds[bell]);
        }
    }

    /** Gives the pipes back; who rings later is not heard. */
    @Override
    public void close() {
        synchronized (fds) {
            closed = true;
            for (int bell = 0; bell < BELL_COUNT; bell++) {
                closePipe(bell);
            }
        }
    }

    /** Rings those who read one channel. One writer's. */
    public final class Ringer {

        private final String channel;
        private final LongSupplier laneVersion;
        private final long[] masks = new long[WORD_COUNT];
        private long version = -1;
        private int lastReader = NOBODY;

        /**
         * @param laneVersion rises when bells have come.
         */
        public Ringer(String channel, LongSupplier laneVersion) {
            this.channel = channel;
            this.laneVersion = laneVersion;
        }

        /**
         * Says that a message has been appended.
         *
         * @param reader the consumer that it is for, or one of the constants.
         */
        public void ring(int reader) {
            lastReader = reader;
            if (reader == NOBODY || !isAnybodyAsleep()) {
                return;
            }
            findReaders();
            for (int word = 0; word < WORD_COUNT; word++) {
                if (masks[word] != 0 && Bells.this.ring(word, masks[word], reader)) {
                    return;
                }
            }
        }

        /**
         * Rings who would be rung if another message like the last one were appended now, since one
         * is about to be: that one wakes up meanwhile, and is looking when it comes. Of several who
         * sleep it rings none: the message itself would ring the next of them, for nothing.
         */
        public void ringAhead() {
            findReaders();
            int asleep = 0;
            for (int word = 0; word < WORD_COUNT; word++) {
                asleep += Long.bitCount(table.getLongVolatile(word * Long.BYTES) & masks[word]);
            }
            if (lastReader > ANYBODY || lastReader == ANYBODY && asleep == 1) {
                ring(lastReader);
            }
        }

        private void findReaders() {
            final long latest = laneVersion.getAsLong();
            if (latest == version) {
                return;
            }
            version = latest;
            // Its only reader has named it, whoever takes everything.
            final boolean isReply = channel.startsWith(ChannelName.REPLY_PREFIX);
            Arrays.fill(masks, 0);
            for (int bell = 0; bell < FIRST_WATCH; bell++) {
                if (owner(bell) != FREE) {
                    final String channels = channels(bell);
                    if (isReply ? channels.equals(channel) : Glob.of(channels).test(channel)) {
                        masks[bell / Long.SIZE] |= 1L << bell;
                    }
                }
            }
        }

        private String channels(int bell) {
            final int at = at(bell) + CHANNELS_OFFSET;
            final int length = Math.max(0, Math.min(table.getInt(at), CHANNELS_LENGTH_MAX));
            return table.getStringWithoutLengthAscii(at + Integer.BYTES, length);
        }
    }
}
