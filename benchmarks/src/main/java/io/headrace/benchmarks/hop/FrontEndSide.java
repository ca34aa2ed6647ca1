// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.hop;

import io.headrace.benchmarks.sample.Housekeeping;
import io.headrace.benchmarks.sample.NoReplies;
import io.headrace.benchmarks.sample.SampleMessages;
import io.headrace.benchmarks.sample.SocketlessFrontEnd;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ChannelName;
import io.headrace.message.MessageType;
import io.headrace.message.Response;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.agrona.CloseHelper;

/**
 * Headrace's front end without sockets: encodes an HTTP Request and appends it, polls, claims and
 * decodes the HTTP Response.
 */
final class FrontEndSide extends Side {

    private final SocketlessFrontEnd frontEnd;
    private final Housekeeping housekeeping;
    private final Housekeeping pages;
    private final SampleMessages samples;
    private final long expected;
    private final List<LaneAppender> idleLanes = new ArrayList<>();

    /**
     * @param laneCount how many lanes the worker reads, all but one of them idle.
     */
    FrontEndSide(Path directory, int laneCount) {
        super(false);
        frontEnd =
                new SocketlessFrontEnd(
                        directory,
                        new NoReplies() {
                            @Override
                            public boolean onResponse(
                                    long connection, int order, Response response) {
                                onRead(order, SampleMessages.fingerprint(response) == expected);
                                return true;
                            }
                        });
        housekeeping = Housekeeping.of(frontEnd.housekeeping());
        pages = Housekeeping.pages(frontEnd.bus());
        samples = new SampleMessages(frontEnd.replyAddress());
        expected = samples.expected(MessageType.HTTP_RESPONSE);
        for (int i = 1; i < laneCount; i++) {
            idleLanes.add(
                    frontEnd.bus()
                            .newLane(ChannelName.HTTP_REQUEST, "idle-" + i, new WriterSequence()));
        }
    }

    @Override
    void prepare(int messageCount) {
        housekeeping.measured(true);
        pages.measured(true);
        while (!frontEnd.beginCycle()) {
            Thread.onSpinWait();
        }
    }

    @Override
    void rest() {
        housekeeping.measured(false);
        pages.measured(false);
    }

    @Override
    void send(int number) {
        frontEnd.beginCycle();
        SocketlessFrontEnd.checked(
                frontEnd.ingress().appendRequest(samples.keys(), frontEnd.connection(), number));
    }

    @Override
    int poll() {
        return frontEnd.poll();
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(idleLanes);
        CloseHelper.quietCloseAll(housekeeping, pages, frontEnd);
    }
}
