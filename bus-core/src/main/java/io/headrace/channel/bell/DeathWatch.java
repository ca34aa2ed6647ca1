// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.bell;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.agrona.BufferUtil;

/**
 * How one member sleeps with an eye on the others: until it is rung, because somebody has come or
 * gone, or until one of them dies. Each member reads from its watch's pipe, which the others have
 * open for writing; when a process ends, in whatever way, the system closes its pipe and wakes
 * those. No pid is asked. One thread's, but for {@link #wake()}.
 */
public final class DeathWatch implements AutoCloseable {

    // Who comes or goes rings for each of its lanes and bells.
    private static final long GATHER_NS = 2_000_000L;

    private record Watched(int owner, int fd) {}

    private final Bells bells;
    private final Bell bell;
    private final int owner;
    private final List<Watched> watched = new ArrayList<>();
    private final ByteBuffer requests;
    private final long requestsAddress;

    DeathWatch(Bells bells, Bell bell, int owner) {
        this.bells = bells;
        this.bell = bell;
        this.owner = owner;
        this.requests = Fifo.pollRequests(Bells.BELL_COUNT, bell.descriptor());
        this.requestsAddress = BufferUtil.address(requests);
        bell.arm();
    }

    /**
     * Watches another member from now on, if it has a watch.
     *
     * @param other the member's first consumer id.
     * @return whether its death ends the next sleep; its own need not.
     */
    public boolean add(int other) {
        boolean isWatched = other == owner;
        for (final Watched it : watched) {
            isWatched |= it.owner == other;
        }
        if (isWatched) {
            return true;
        }
        final int fd = watched.size() + 1 < Bells.BELL_COUNT ? bells.openWatched(other) : -1;
        if (fd < 0) {
            return false;
        }
        watched.add(new Watched(other, fd));
        requests.putInt(watched.size() * Fifo.POLL_REQUEST_LENGTH, fd);
        return true;
    }

    /**
     * Sleeps until it is rung, or one of the watched has ended, or for a time.
     *
     * @return whether one has ended; it is not watched any more.
     */
    public boolean await(long maxNs) {
        boolean ended = false;
        if (Fifo.await(requestsAddress, 1 + watched.size(), Bell.ceilMs(maxNs))) {
            for (int request = watched.size(); request > 0; request--) {
                if (Fifo.isReady(requests, request)) {
                    remove(request);
                    ended = true;
                }
            }
            if (Fifo.isReady(requests, 0)) {
                if (!ended) {
                    LockSupport.parkNanos(GATHER_NS);
                }
                bell.drain();
            }
        }
        // What has happened until now is looked for next; what comes later rings.
        bell.arm();
        return ended;
    }

    private void remove(int request) {
        Fifo.close(watched.remove(request - 1).fd);
        for (int i = request; i <= watched.size(); i++) {
            requests.putInt(i * Fifo.POLL_REQUEST_LENGTH, watched.get(i - 1).fd);
        }
    }

    /** Ends its sleep, and the next if it does not sleep; any thread. */
    public void wake() {
        bell.wake();
    }

    @Override
    public void close() {
        watched.forEach(it -> Fifo.close(it.fd));
        watched.clear();
        bell.close();
    }
}
