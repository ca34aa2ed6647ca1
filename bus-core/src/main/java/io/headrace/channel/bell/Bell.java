// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.bell;

import java.nio.ByteBuffer;
import org.agrona.BufferUtil;

/**
 * One thread's doorbell. The thread arms it, looks for work once more, and then waits, here or for
 * its descriptor; who has something for it rings. See {@link Bells} for why no ring is lost. One
 * thread.
 */
public final class Bell implements AutoCloseable {

    private static final long NS_PER_MS = 1_000_000L;

    private final Bells bells;
    private final int number;
    private final int owner;
    private final int fd;
    // Keeps the memory at the address.
    private final ByteBuffer pollRequest;
    private final long pollRequestAddress;
    private boolean isArmed;
    private boolean closed;

    Bell(Bells bells, int number, int owner, int fd) {
        this.bells = bells;
        this.number = number;
        this.owner = owner;
        this.fd = fd;
        this.pollRequest = Fifo.pollRequests(1, fd);
        this.pollRequestAddress = BufferUtil.address(pollRequest);
    }

    /** From now on whoever appends rings. To be followed by a look for what came before. */
    public void arm() {
        bells.arm(number);
        isArmed = true;
    }

    /** Whether it is armed and nobody has rung since: who rings disarms it. */
    public boolean isArmed() {
        return isArmed && bells.isArmed(number);
    }

    /** Rings no more; one may be on its way. */
    public void disarm() {
        if (isArmed) {
            isArmed = false;
            bells.disarm(number);
        }
    }

    /**
     * To be called between having got a message and a work on it that may take long: others who
     * sleep are to get the next. Whoever has rung this bell since it was armed may have meant
     * another message, and rung nobody else for it.
     */
    public void onWork() {
        if (isArmed) {
            isArmed = false;
            if (!bells.disarm(number)) {
                bells.ringAll();
            }
        }
    }

    /**
     * Sleeps until it is rung, or at most so long, rounded up to a millisecond.
     *
     * @return whether it was rung, since it was waited for last.
     */
    public boolean await(long maxNs) {
        final boolean isRung = Fifo.await(pollRequestAddress, 1, ceilMs(maxNs));
        if (isRung) {
            Fifo.drain(fd);
        }
        return isRung;
    }

    static int ceilMs(long ns) {
        return (int) ((ns + NS_PER_MS - 1) / NS_PER_MS);
    }

    /** Ends its owner's wait; any thread. */
    synchronized void wake() {
        if (!closed) {
            Fifo.write(fd);
        }
    }

    /** Takes the rings that there are, for those who wait for the {@link #descriptor()}. */
    public void drain() {
        Fifo.drain(fd);
    }

    /** A file descriptor that can be read when it is rung. */
    public int descriptor() {
        return fd;
    }

    /** Takes it down; nobody may wait for it any more. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            bells.takeDown(number, owner);
            Fifo.close(fd);
        }
    }
}
