// SPDX-License-Identifier: Apache-2.0
package io.headrace.delivery.poll;

import io.headrace.HeadraceException;
import io.headrace.channel.Bus;
import io.headrace.channel.Lane;
import io.headrace.channel.LanePoller;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Reads single records by channel, writer and index, beside the polling. One thread; lanes stay
 * open until they are deleted.
 */
public final class RecordReader implements AutoCloseable {

    private final Bus bus;
    private final Map<String, Map<String, LanePoller>> pollers = new HashMap<>();

    public RecordReader(Bus bus) {
        this.bus = bus;
    }

    /**
     * The record at this index, valid until the next call for the same lane.
     *
     * @throws HeadraceException when it is not there.
     */
    public UnsafeBuffer read(String channel, String writer, long index) {
        return find(channel, writer, index).orElseThrow(() -> missing(channel, writer, index));
    }

    /** The same, or empty when it is not there: its file is deleted, because it has ended. */
    public Optional<UnsafeBuffer> find(String channel, String writer, long index) {
        final LanePoller head = head(channel, writer, index);
        return head == null ? Optional.empty() : Optional.of(head.record());
    }

    /** The same as the head of a lane of its own, or null. */
    public LanePoller head(String channel, String writer, long index) {
        final Map<String, LanePoller> byWriter =
                pollers.computeIfAbsent(channel, name -> new HashMap<>());
        LanePoller poller = byWriter.get(writer);
        if (poller == null) {
            poller =
                    bus.lane(channel, writer)
                            .map(Lane::poller)
                            .orElseThrow(() -> missing(channel, writer, index));
            byWriter.put(writer, poller);
        }
        return poller.moveTo(index) ? poller : null;
    }

    /** Leaves files and lanes that the janitor has deleted; see {@link Bus#deletionVersion()}. */
    public void letGo() {
        pollers.values().forEach(byWriter -> byWriter.values().removeIf(this::letGo));
    }

    private boolean letGo(LanePoller poller) {
        final Lane lane = poller.lane();
        if (Lane.isReadable(lane.path())) {
            poller.letGo();
            return false;
        }
        poller.close();
        bus.forget(lane);
        return true;
    }

    private static HeadraceException missing(String channel, String writer, long index) {
        return new HeadraceException(
                "record 0x%x of lane %s/%s is not there".formatted(index, channel, writer));
    }

    @Override
    public void close() {
        pollers.values().forEach(byWriter -> CloseHelper.quietCloseAll(byWriter.values()));
        pollers.clear();
    }
}
