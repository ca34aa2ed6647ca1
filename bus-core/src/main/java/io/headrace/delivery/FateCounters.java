// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import io.headrace.member.Member;
import java.util.HashMap;
import java.util.Map;
import org.agrona.concurrent.status.AtomicCounter;

/**
 * One thread's counters of fates, by channel. Allocates when a channel is met for the first time.
 */
public final class FateCounters {

    private static final int STATE_COUNT = ClaimWord.DEFERRED + 1;

    private final Member member;
    private final String owner;
    // By channel, then by state of the claim word.
    private final Map<String, AtomicCounter[]> byChannel = new HashMap<>();
    private final AtomicCounter undecodable;
    // Of the channels that came when the member had no room for another counter.
    private final AtomicCounter others;
    // Messages of one channel come in rows; a lane's name for it is always the same object.
    private String lastChannel;
    private AtomicCounter[] last;

    /**
     * @param owner names the thread in the counters' labels.
     */
    public FateCounters(Member member, String owner) {
        this.member = member;
        this.owner = owner;
        this.undecodable = member.counter(owner + " undecodable");
        this.others = member.counter(owner + " fates others");
    }

    /**
     * The counter of messages of a channel that ended in this fate, or were deferred: one of {@link
     * ClaimWord}'s states. Where there is no room for it, one that counts all of these.
     */
    public AtomicCounter of(int fate, String channel) {
        if (channel != lastChannel) {
            last = byChannel.computeIfAbsent(channel, c -> new AtomicCounter[STATE_COUNT]);
            lastChannel = channel;
        }
        if (last[fate] == null) {
            last[fate] = allocate(fate, channel);
        }
        return last[fate];
    }

    private AtomicCounter allocate(int fate, String channel) {
        final String label = fate == ClaimWord.DEFERRED ? "deferred" : ClaimWord.label(fate);
        try {
            return member.counter(owner + " " + label + " " + channel);
        } catch (final IllegalStateException full) {
            return others;
        }
    }

    AtomicCounter undecodable() {
        return undecodable;
    }
}
