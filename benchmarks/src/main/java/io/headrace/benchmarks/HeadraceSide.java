// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks;

import io.headrace.benchmarks.SharedMemory.Pages;
import io.headrace.channel.Bus;
import io.headrace.channel.LaneAppender;
import io.headrace.channel.WriterSequence;
import io.headrace.channel.name.ChannelName;
import io.headrace.member.Member;
import io.headrace.message.Message;
import io.headrace.message.MessageType;
import java.nio.file.Path;
import org.agrona.CloseHelper;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Headrace without sockets: HTTP Requests are encoded into a lane, polled, claimed and decoded by
 * the echo, which encodes HTTP Responses into its lane of the reply channel.
 */
final class HeadraceSide extends Side {

    private static final String REPLY_CHANNEL = "reply.f1-abc123-0";

    private final Bus bus;
    private final SampleMessages samples = new SampleMessages(REPLY_CHANNEL + "!12345.0");
    private final MessageType sent;
    private final long expected;
    private final LaneAppender lane;
    private final Receiver receiver;

    HeadraceSide(Path directory, boolean isEcho, Pages pages) {
        super(isEcho, pages);
        bus = Bus.openOrCreate(directory.resolve("bus"));
        sent = isEcho ? MessageType.HTTP_RESPONSE : MessageType.HTTP_REQUEST;
        expected = samples.expected(isEcho ? MessageType.HTTP_REQUEST : MessageType.HTTP_RESPONSE);
        lane =
                bus.newLane(
                        isEcho ? REPLY_CHANNEL : ChannelName.HTTP_REQUEST,
                        isEcho ? "w2" : "f1",
                        new WriterSequence());
        receiver =
                new Receiver(
                        bus,
                        isEcho ? Member.Kind.WORKER : Member.Kind.FRONT_END,
                        isEcho ? 2 : 1,
                        isEcho ? ChannelName.HTTP_REQUEST : REPLY_CHANNEL,
                        this::onMessage);
    }

    static int recordLength(MessageType type) {
        return new SampleMessages(REPLY_CHANNEL + "!12345.0").recordLength(type);
    }

    @Override
    void send(int number) {
        samples.append(sent, lane, 12_345, number, bus.clock().nanoTime());
    }

    @Override
    int poll() {
        return receiver.poll();
    }

    private void onMessage(Message message, UnsafeBuffer record) {
        onRead(message.order(), SampleMessages.fingerprint(message) == expected, record);
    }

    @Override
    UnsafeBuffer next() {
        lane.claim(1, bus.clock().nanoTime());
        lane.abortIfClaimed();
        return lane.buffer();
    }

    @Override
    int sentLength() {
        return samples.recordLength(sent) + 8;
    }

    @Override
    public void close() {
        CloseHelper.closeAll(receiver, lane, bus);
    }
}
