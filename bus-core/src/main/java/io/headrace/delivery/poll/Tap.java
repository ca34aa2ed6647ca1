// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery.poll;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.LanePoller;
import io.headrace.message.Message;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * A reader that claims nothing: it sees every message of its channels, oldest first, whoever has
 * them, and changes nothing. One thread.
 */
public final class Tap implements AutoCloseable {

    /** What is done with each record, whole or not ({@link Message#isWhole}). */
    @FunctionalInterface
    public interface Handler {
        void onRecord(LanePoller lane, long nowNs);
    }

    private final Bus bus;
    private final Subscription subscription;

    /**
     * @param onBadLane told of a lane that cannot be read; the others go on.
     */
    public Tap(Bus bus, Predicate<String> channels, Consumer<HeadraceException> onBadLane) {
        this.bus = bus;
        this.subscription = new Subscription(bus, channels, true, lane -> {}, onBadLane);
    }

    /**
     * Passes up to {@code limit} records, and stops where there are no more.
     *
     * @return number of records passed.
     */
    public int poll(Handler handler, int limit) {
        final long nowNs = bus.clock().nanoTime();
        final Delivery delivery =
                (lane, now) -> {
                    handler.onRecord(lane, now);
                    return true;
                };
        int passed = 0;
        while (passed < limit && subscription.passOldest(delivery, nowNs)) {
            passed++;
        }
        return passed;
    }

    @Override
    public void close() {
        subscription.close();
    }
}
