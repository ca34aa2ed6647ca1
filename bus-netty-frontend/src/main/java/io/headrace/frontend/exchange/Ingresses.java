// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.exchange;

import io.headrace.channel.Bus;
import io.headrace.channel.WriterSequence;
import io.headrace.delivery.FateCounters;
import io.headrace.delivery.LiveMembers;
import io.headrace.frontend.route.Route;
import io.headrace.frontend.route.Routes;
import io.headrace.janitor.Retention;
import io.headrace.message.encode.RequestKeys;
import io.headrace.message.encode.TextBuffer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.agrona.CloseHelper;

/**
 * All of one event loop's lanes: an {@link Ingress} for each channel prefix that routes lead to.
 * They are one writer with one sequence, and have one time. One thread.
 */
public final class Ingresses implements AutoCloseable {

    private final Routes routes;
    private final LoopClock clock;
    private final Map<String, Ingress> byPrefix = new LinkedHashMap<>();
    private final WriterSequence sequence = new WriterSequence();
    private final Ingress first;
    private boolean asleep;

    /** Opens the lanes; see {@link Ingress}. */
    public Ingresses(
            Routes routes,
            Bus bus,
            String writer,
            int consumerId,
            LiveMembers liveMembers,
            Retention retention,
            FateCounters fates) {
        this.routes = routes;
        this.clock = new LoopClock(bus.clock());
        for (final String prefix : routes.channelPrefixes()) {
            byPrefix.put(
                    prefix,
                    new Ingress(
                            bus,
                            prefix,
                            writer,
                            sequence,
                            clock,
                            consumerId,
                            liveMembers,
                            retention,
                            fates));
        }
        this.first = byPrefix.values().iterator().next();
    }

    /**
     * Begins a duty cycle.
     *
     * @return true when members came or went since the last one.
     */
    public boolean beginCycle() {
        boolean changed = false;
        asleep = false;
        for (final Ingress ingress : byPrefix.values()) {
            changed |= ingress.beginCycle();
        }
        return changed;
    }

    /** Bus time, read at most once per duty cycle. */
    public long nowNs() {
        return clock.nowNs();
    }

    /** Forgets the time, because the loop has slept in between. */
    public void onWake() {
        clock.forget();
        asleep = true;
    }

    /** A socket has sent something: a message, if it is one, is appended soon. */
    public void onRead() {
        if (asleep) {
            asleep = false;
            sequence.ringAhead();
        }
    }

    /** How many messages it has appended. */
    public long lastSequence() {
        return sequence.last();
    }

    /** How long after a connect was appended its keys are to be appended again. */
    public long renewalNs() {
        return first.renewalNs();
    }

    /**
     * Where a request goes; nowhere when no route is for it.
     *
     * @param host that the client asked for, with or without port.
     * @param keys whose path has been decoded.
     */
    public Optional<Route> find(String host, RequestKeys keys) {
        return routes.find(
                host,
                keys.text().array(),
                TextBuffer.offset(keys.path()),
                TextBuffer.length(keys.path()));
    }

    /** The lanes that a route leads to. */
    public Ingress of(Route route) {
        return byPrefix.get(route.channelPrefix());
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(byPrefix.values());
    }
}
