// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import io.headrace.message.codec.GroupAddDecoder;
import io.headrace.message.codec.GroupDiscardDecoder;
import io.headrace.message.codec.GroupSendDecoder;
import io.headrace.message.codec.SlowMember;
import org.agrona.concurrent.UnsafeBuffer;

/** What a worker wants of a group: to add or discard a member, or to send to all. */
public final class GroupOrder {

    private final Field group = new Field();
    private final Field content = new Field();
    private boolean binary;
    private boolean closesSlow;

    GroupOrder() {}

    int wrapAdd(UnsafeBuffer buffer, GroupAddDecoder decoder) {
        wrap(buffer, decoder.skipGroup(), decoder.limit());
        return decoder.limit();
    }

    int wrapDiscard(UnsafeBuffer buffer, GroupDiscardDecoder decoder) {
        wrap(buffer, decoder.skipGroup(), decoder.limit());
        return decoder.limit();
    }

    int wrapSend(UnsafeBuffer buffer, GroupSendDecoder decoder) {
        binary = decoder.binaryRaw() != 0;
        closesSlow = decoder.slowRaw() == SlowMember.CLOSE.value();
        wrap(buffer, decoder.skipGroup(), decoder.limit());
        final int contentLength = decoder.skipContent();
        content.wrap(buffer, decoder.limit() - contentLength, contentLength);
        return decoder.limit();
    }

    private void wrap(UnsafeBuffer buffer, int length, int end) {
        group.wrap(buffer, end - length, length);
    }

    /** Name of the group. */
    public String group() {
        return group.toString();
    }

    /** What to send. */
    public Field content() {
        return content;
    }

    /** Whether the content is bytes, and not text. */
    public boolean binary() {
        return binary;
    }

    /** Whether a member that does not keep up is closed; otherwise it misses this datagram. */
    public boolean closesSlow() {
        return closesSlow;
    }
}
