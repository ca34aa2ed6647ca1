// SPDX-License-Identifier: Apache-2.0
package io.headrace.message.encode;

import io.headrace.message.codec.FrameKind;
import io.headrace.message.codec.GroupAddEncoder;
import io.headrace.message.codec.GroupDiscardEncoder;
import io.headrace.message.codec.GroupSendEncoder;
import io.headrace.message.codec.MessageHeaderEncoder;
import io.headrace.message.codec.SlowMember;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Encodes what a worker wants of groups, with twins that say the lengths beforehand. Names are
 * ASCII.
 *
 * <p>Not thread-safe; one per writer. Allocates nothing.
 */
public final class GroupEncoder {

    private static final int HEADER = MessageHeaderEncoder.ENCODED_LENGTH;

    private final MessageHeaderEncoder header = new MessageHeaderEncoder();
    private final GroupAddEncoder add = new GroupAddEncoder();
    private final GroupDiscardEncoder discard = new GroupDiscardEncoder();
    private final GroupSendEncoder send = new GroupSendEncoder();

    /** Encoded length of a Group Add or a Group Discard. */
    public static int memberLength(int groupLength) {
        return HEADER + 1 + groupLength;
    }

    /** Encodes a Group Add and returns its length. */
    public int encodeAdd(UnsafeBuffer buffer, int offset, byte[] group) {
        add.wrapAndApplyHeader(buffer, offset, header).putGroup(group, 0, group.length);
        return HEADER + add.encodedLength();
    }

    /** Encodes a Group Discard and returns its length. */
    public int encodeDiscard(UnsafeBuffer buffer, int offset, byte[] group) {
        discard.wrapAndApplyHeader(buffer, offset, header).putGroup(group, 0, group.length);
        return HEADER + discard.encodedLength();
    }

    /** Encoded length of a Group Send. */
    public static int sendLength(int groupLength, int contentLength) {
        return HEADER + GroupSendEncoder.BLOCK_LENGTH + 1 + groupLength + 4 + contentLength;
    }

    /** Encodes a Group Send and returns its length. */
    public int encodeSend(
            UnsafeBuffer buffer,
            int offset,
            byte[] group,
            boolean closesSlow,
            boolean binary,
            UnsafeBuffer content,
            int contentOffset,
            int contentLength) {
        send.wrapAndApplyHeader(buffer, offset, header)
                .binary(binary ? FrameKind.BINARY : FrameKind.TEXT)
                .slow(closesSlow ? SlowMember.CLOSE : SlowMember.SKIP)
                .putGroup(group, 0, group.length)
                .putContent(content, contentOffset, contentLength);
        return HEADER + send.encodedLength();
    }
}
