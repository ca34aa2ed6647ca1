// SPDX-License-Identifier: Apache-2.0
package io.headrace.worker.reply;

import io.headrace.channel.LaneAppender;
import io.headrace.channel.name.ChannelName;
import io.headrace.channel.name.ReplyAddress;
import io.headrace.message.encode.GroupEncoder;
import io.headrace.presence.Connected;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * Named groups of WebSockets: a connection is added and discarded by its {@code send_channel}, and
 * what is sent to a group goes to all members, on whichever front end they are. A membership ends
 * with its connection, at the latest after a day. A send that follows an add by the same worker
 * reaches the member that was added.
 *
 * <p>A send is one record per front-end loop, whatever the number of members. Names are channel
 * names. Calls return 0, or the first negative code of any loop, see {@link HttpReply}.
 *
 * <p>Valid as long as the reply or socket it comes from.
 */
public final class Groups {

    private final Replies replies;
    private final GroupEncoder encoder = new GroupEncoder();
    private final UnsafeBuffer content = new UnsafeBuffer(0, 0);
    private String lastGroup;
    private byte[] lastName;

    Groups(Replies replies) {
        this.replies = replies;
    }

    private byte[] name(String group) {
        // Most often that of the call before.
        if (!group.equals(lastGroup)) {
            lastName = ChannelName.check(group).getBytes(StandardCharsets.US_ASCII);
            lastGroup = group;
        }
        return lastName;
    }

    /** Makes a connection a member; does nothing when it is one. */
    public int add(String group, String sendChannel) {
        return change(name(group), replies.connection(ReplyAddress.parse(sendChannel)), true);
    }

    /** Ends a membership; does nothing when there is none. */
    public int discard(String group, String sendChannel) {
        return change(name(group), replies.connection(ReplyAddress.parse(sendChannel)), false);
    }

    int add(String group, long connection) {
        return change(name(group), connection, true);
    }

    int discard(String group, long connection) {
        return change(name(group), connection, false);
    }

    private int change(byte[] name, long connection, boolean isAdd) {
        int code = replies.claim(connection, GroupEncoder.memberLength(name.length));
        if (code == LaneAppender.OK) {
            try {
                if (isAdd) {
                    encoder.encodeAdd(replies.buffer(), replies.offset(), name);
                } else {
                    encoder.encodeDiscard(replies.buffer(), replies.offset(), name);
                }
                code = replies.commit(connection, 0);
            } finally {
                replies.release();
            }
        }
        return code;
    }

    /** Sends a text to all members; those that do not keep up miss it. */
    public int send(String group, String text) {
        final byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        content.wrap(bytes);
        return send(group, false, false, content, 0, bytes.length);
    }

    /** Sends bytes to all members; those that do not keep up miss them. */
    public int send(String group, byte[] bytes) {
        content.wrap(bytes);
        return send(group, false, true, content, 0, bytes.length);
    }

    /**
     * Sends a datagram to all members, from a buffer.
     *
     * @param closeSlow whether members that do not keep up are closed with 1013; otherwise they
     *     miss the datagram. Either is counted.
     * @param binary when false, the bytes must be UTF-8.
     */
    public int send(
            String group,
            boolean closeSlow,
            boolean binary,
            UnsafeBuffer buffer,
            int offset,
            int length) {
        final byte[] name = name(group);
        final int encodedLength = GroupEncoder.sendLength(name.length, length);
        int result = LaneAppender.OK;
        // Each claim may look for loops again, and find others in another order.
        for (final LaneAppender loop : replies.loops()) {
            int code = replies.claimLoop(loop, encodedLength);
            if (code == LaneAppender.OK) {
                try {
                    encoder.encodeSend(
                            replies.buffer(),
                            replies.offset(),
                            name,
                            closeSlow,
                            binary,
                            buffer,
                            offset,
                            length);
                    code = replies.commit(0, 0);
                } finally {
                    replies.release();
                }
            }
            result = result == LaneAppender.OK ? code : result;
        }
        return result;
    }

    /** The members' {@code send_channel}s; reads all front ends' tables, in about 100 us. */
    public List<String> members(String group) {
        return replies.members(ChannelName.check(group));
    }

    /** All open WebSockets, with their groups; reads their handshakes, too. */
    public List<Connected> connected() {
        return replies.connected();
    }

    /** Number of members; as {@link #members}. */
    public int count(String group) {
        return replies.memberCount(ChannelName.check(group));
    }
}
