// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.name;

import io.headrace.HeadraceException;

/**
 * Where a reply goes: {@code reply.<front end>-<loop>!<connection>.<order>}, for example {@code
 * reply.f7-q3k1z9-0!12.3}. It is what the keys {@code response_channel} and {@code send_channel}
 * hold; the front end's id begins with a letter and its member number.
 *
 * @param channel the physical channel.
 * @param connection a {@link ConnectionId}.
 * @param order which request of the connection, 0 for a WebSocket.
 */
public record ReplyAddress(String channel, long connection, int order) {

    /** Name of the reply channel of one loop. */
    public static String channel(String frontEndId, int loop) {
        return ChannelName.REPLY_PREFIX + frontEndId + "-" + loop;
    }

    /** Whether a channel is a loop's reply channel; others may have its prefix, too. */
    public static boolean isChannel(String name) {
        try {
            loopKey(name);
            return true;
        } catch (final IndexOutOfBoundsException | NumberFormatException another) {
            return false;
        }
    }

    /** Id of the front end that a reply channel belongs to; empty for another channel. */
    public static String frontEnd(String replyChannel) {
        final int begin = ChannelName.REPLY_PREFIX.length();
        return replyChannel.substring(begin, Math.max(begin, replyChannel.lastIndexOf('-')));
    }

    /**
     * Reads an address.
     *
     * @throws HeadraceException for a text that is none.
     */
    public static ReplyAddress parse(String address) {
        ChannelName.check(address);
        try {
            final int local = address.indexOf('!');
            final int dot = address.lastIndexOf('.');
            final String channel = address.substring(0, local);
            final int key = loopKey(channel);
            final int number = Integer.parseUnsignedInt(address.substring(local + 1, dot));
            return new ReplyAddress(
                    channel,
                    (long) key << 32 | Integer.toUnsignedLong(number),
                    Integer.parseUnsignedInt(address.substring(dot + 1)));
        } catch (final IndexOutOfBoundsException | NumberFormatException malformed) {
            throw new HeadraceException(
                    "'%s' is no reply address (reply.<front end>-<loop>!<connection>.<order>)"
                            .formatted(address),
                    malformed);
        }
    }

    /**
     * The upper half of the ids of all connections whose replies go to this channel.
     *
     * @throws RuntimeException for a name that is no reply channel's.
     */
    public static int loopKey(String replyChannel) {
        if (!replyChannel.startsWith(ChannelName.REPLY_PREFIX)) {
            throw new NumberFormatException(replyChannel);
        }
        final int start = ChannelName.REPLY_PREFIX.length() + 1;
        final int member =
                Integer.parseInt(replyChannel.substring(start, replyChannel.indexOf('-', start)));
        final int loop =
                Integer.parseInt(replyChannel.substring(replyChannel.lastIndexOf('-') + 1));
        if (member > ConnectionId.MEMBER_MAX || loop > ConnectionId.LOOP_MAX) {
            throw new NumberFormatException(replyChannel);
        }
        return ConnectionId.loopKey(member, loop);
    }

    /** The address as the keys hold it. */
    @Override
    public String toString() {
        return channel
                + "!"
                + Integer.toUnsignedString(ConnectionId.number(connection))
                + "."
                + Integer.toUnsignedString(order);
    }
}
