// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery;

import io.headrace.channel.Bus;
import io.headrace.channel.ChannelSettings.Redeliver;
import io.headrace.message.DeliveryHeader;
import io.headrace.message.Message;
import io.headrace.message.MessageType;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Decides what becomes of a message whose consumer died: it is lost, or free again where its
 * channel allows that. Whoever notices first does it, and the compare-and-set lets only one
 * succeed. One thread.
 */
public final class DeadClaims {

    /**
     * How often a message may be given out again: one that kills its consumer must not kill them
     * all.
     */
    static final int REDELIVERIES_MAX = 3;

    // RFC 9110, section 9.2.2.
    private static final Set<String> IDEMPOTENT =
            Set.of("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE");

    private final Bus bus;
    private final Message message = new Message();
    private final Map<String, Redeliver> byChannel = new HashMap<>();

    public DeadClaims(Bus bus) {
        this.bus = bus;
    }

    /**
     * Ends the claim of a dead consumer; the janitor's alone, of which there is one, and who then
     * says so ({@link Bus#publishFreed}) if the message is free again.
     *
     * @return {@link ClaimWord#LOST}, {@link ClaimWord#REDELIVERED}, or -1 when another was first.
     */
    public int resolve(String channel, UnsafeBuffer record, int holder) {
        if (!mayRedeliver(channel, record)) {
            return ClaimWord.finish(record, holder, ClaimWord.LOST) ? ClaimWord.LOST : -1;
        }
        DeliveryHeader.countRedelivery(record, 0);
        DeliveryHeader.claimedNs(record, 0, 0L);
        if (!ClaimWord.unclaim(record, holder)) {
            return -1;
        }
        return ClaimWord.REDELIVERED;
    }

    /**
     * As {@link #resolve} for those beside the janitor, who leave to it what may be redelivered: a
     * second one who frees it might take the time of the next claim away.
     */
    public int lose(String channel, UnsafeBuffer record, int holder) {
        if (mayRedeliver(channel, record)) {
            return ClaimWord.REDELIVERED;
        }
        return ClaimWord.finish(record, holder, ClaimWord.LOST) ? ClaimWord.LOST : -1;
    }

    private boolean mayRedeliver(String channel, UnsafeBuffer record) {
        final Redeliver redeliver =
                byChannel.computeIfAbsent(
                        channel, name -> bus.settings().channel(name).redeliver());
        if (redeliver == Redeliver.NEVER
                || DeliveryHeader.redeliveries(record, 0) >= REDELIVERIES_MAX) {
            return false;
        }
        return redeliver == Redeliver.ALWAYS
                || message.wrap(record).decode()
                        && message.type() == MessageType.HTTP_REQUEST
                        && IDEMPOTENT.contains(message.request().method());
    }
}
