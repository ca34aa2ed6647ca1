// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery.poll;

import io.headrace.channel.LanePoller;

/**
 * What a {@link Subscription} does with each record. All calls come from the subscription's thread.
 */
public interface Delivery {

    /**
     * A record that is at the head of its lane, and whose turn it is. The subscription advances
     * when this returns, and not before; the record stays mapped until then.
     *
     * @param lane at whose head the record is.
     * @param nowNs bus time of the duty cycle.
     * @return true to pass the record, false to leave it at the head and look again later; the
     *     writer's later records wait with it.
     */
    boolean onRecord(LanePoller lane, long nowNs);
}
