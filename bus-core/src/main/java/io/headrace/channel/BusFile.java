// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel;

import io.headrace.HeadraceException;
import io.headrace.channel.page.Pages;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.agrona.BufferUtil;
import org.agrona.concurrent.EpochNanoClock;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * The words that all processes of a bus share, in its file {@code bus.dat}. Each has a cache line
 * of its own.
 *
 * <pre>
 *    0  int64  clock offset: bus time minus the monotonic clock, ns
 *    8  int64  hash of the machine's boot that the offset holds for
 *   64  int64  lane version: raised after every change to the set of lanes and members
 *  128  int32  next member number
 *  192  int32  next consumer id
 *  256  int64  next lane number
 *  320  int64  rewind version: raised when the lane table says that messages are free again
 *  384  int32  1 while memory is tight, 2 while it is high
 *  448  int64  deletion version: raised when files of lanes have been deleted
 * </pre>
 */
final class BusFile implements AutoCloseable {

    static final int LENGTH = 4096;

    private static final int CLOCK_OFFSET_OFFSET = 0;
    private static final int BOOT_OFFSET = 8;
    private static final int LANE_VERSION_OFFSET = 64;
    private static final int MEMBER_NUMBER_OFFSET = 128;
    private static final int CONSUMER_ID_OFFSET = 192;
    private static final int LANE_NUMBER_OFFSET = 256;
    private static final int REWIND_VERSION_OFFSET = 320;
    private static final int MEMORY_OFFSET = 384;
    private static final int DELETION_VERSION_OFFSET = 448;

    private final UnsafeBuffer words;

    /** Maps the file, which is created when absent. */
    BusFile(Path file) {
        final long length = file.toFile().length();
        // Made by one write: none of another length was ever a bus's.
        if (length != 0 && length != LENGTH) {
            throw new HeadraceException(
                    "%s has %d bytes, not %d; is it a bus?".formatted(file, length, LENGTH));
        }
        words = Pages.map(file, LENGTH);
    }

    /**
     * Anchors the clock unless it has been since the machine booted. Called under the bus's lock.
     */
    long anchorClock() {
        final long boot = bootHash();
        if (words.getLong(BOOT_OFFSET) != boot) {
            final long wallNs = System.currentTimeMillis() * 1_000_000L;
            words.putLong(CLOCK_OFFSET_OFFSET, wallNs - System.nanoTime());
            words.putLong(BOOT_OFFSET, boot);
        }
        return words.getLong(CLOCK_OFFSET_OFFSET);
    }

    long laneVersion() {
        return words.getLongVolatile(LANE_VERSION_OFFSET);
    }

    void raiseLaneVersion() {
        words.getAndAddLong(LANE_VERSION_OFFSET, 1);
    }

    int memory() {
        return words.getIntVolatile(MEMORY_OFFSET);
    }

    void memory(int level) {
        words.putIntRelease(MEMORY_OFFSET, level);
    }

    long deletionVersion() {
        return words.getLongVolatile(DELETION_VERSION_OFFSET);
    }

    void raiseDeletionVersion() {
        words.getAndAddLong(DELETION_VERSION_OFFSET, 1);
    }

    long rewindVersion() {
        return words.getLongVolatile(REWIND_VERSION_OFFSET);
    }

    void raiseRewindVersion() {
        words.getAndAddLong(REWIND_VERSION_OFFSET, 1);
    }

    int nextMemberNumber() {
        return words.getAndAddInt(MEMBER_NUMBER_OFFSET, 1) + 1;
    }

    /** Reserves ids for consumers and returns the first; 0 is nobody's. */
    int nextConsumerIds(int count) {
        return words.getAndAddInt(CONSUMER_ID_OFFSET, count) + 1;
    }

    /** A number that no other lane ever had, from 1. */
    long nextLaneNumber() {
        return words.getAndAddLong(LANE_NUMBER_OFFSET, 1) + 1;
    }

    @Override
    public void close() {
        BufferUtil.free(words);
    }

    /**
     * Bus time: nanoseconds since the epoch as they were when the bus was anchored, going on with
     * the machine's monotonic clock. All processes of a host read the same time, and a step of the
     * wall clock changes nothing.
     */
    record Clock(long offsetNs) implements EpochNanoClock {

        @Override
        public long nanoTime() {
            return System.nanoTime() + offsetNs;
        }
    }

    private static long bootHash() {
        try {
            final String boot = Files.readString(Path.of("/proc/sys/kernel/random/boot_id"));
            return boot.hashCode() | 1L << 32;
        } catch (final IOException notLinux) {
            // Without a boot id a bus on a disk keeps its first anchor; a tmpfs does not survive a
            // boot anyway.
            return 1L;
        }
    }
}
