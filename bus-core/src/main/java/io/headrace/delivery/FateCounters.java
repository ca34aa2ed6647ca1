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
    }

    /**
     * The counter of messages of a channel that ended in this fate, or were deferred: one of {@link
     * ClaimWord}'s states.
     */
    public AtomicCounter of(int fate, String channel) {
        if (channel != lastChannel) {
            last = byChannel.computeIfAbsent(channel, c -> new AtomicCounter[STATE_COUNT]);
            lastChannel = channel;
        }
        if (last[fate] == null) {
            final String label = fate == ClaimWord.DEFERRED ? "deferred" : ClaimWord.label(fate);
            last[fate] = member.counter(owner + " " + label + " " + channel);
        }
        return last[fate];
    }

    AtomicCounter undecodable() {
        return undecodable;
    }
}
