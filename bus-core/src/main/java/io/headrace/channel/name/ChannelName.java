// SPDX-License-Identifier: Apache-2.0
package io.headrace.channel.name;

import io.headrace.HeadraceException;

/**
 * The rules of channel names: 1 to 200 characters of {@code A-Z a-z 0-9 . _ -} (the limit is the
 * specification's), and at most one {@code !}, not first and not last. What precedes {@code !}
 * names the physical channel, a folder of the bus; what follows is local to the channel's reader.
 */
public final class ChannelName {

    /** Greatest number of characters of a name. */
    public static final int LENGTH_MAX = 200;

    public static final String HTTP_REQUEST = "http.request";

    /** Parts of requests' bodies, each for the consumer that has the request. */
    public static final String HTTP_PART = "http.part";

    public static final String HTTP_DISCONNECT = "http.disconnect";
    public static final String WEBSOCKET_CONNECT = "websocket.connect";
    public static final String WEBSOCKET_RECEIVE = "websocket.receive";
    public static final String WEBSOCKET_DISCONNECT = "websocket.disconnect";

    /** What the names of all reply channels begin with. */
    public static final String REPLY_PREFIX = "reply.";

    private static final char LOCAL_SEPARATOR = '!';

    private ChannelName() {}

    /**
     * Returns the name if it is one.
     *
     * @throws HeadraceException that says what is wrong with it, and its length when that is.
     */
    public static String check(CharSequence name) {
        final int length = name.length();
        if (length == 0) {
            throw new HeadraceException("channel name is empty; it takes 1 to 200 characters");
        }
        if (length > LENGTH_MAX) {
            throw new HeadraceException(
                    "channel name has %d characters, the limit is %d: %s..."
                            .formatted(length, LENGTH_MAX, printable(name.subSequence(0, 40))));
        }
        int separatorAt = -1;
        for (int i = 0; i < length; i++) {
            final char c = name.charAt(i);
            if (c == LOCAL_SEPARATOR) {
                if (i == 0 || i == length - 1 || separatorAt >= 0) {
                    throw new HeadraceException(
                            "channel name '%s' may have one '!', neither first nor last"
                                    .formatted(printable(name)));
                }
                separatorAt = i;
            } else if (!isAllowed(c)) {
                throw new HeadraceException(
                        "channel name '%s' has a character it may not have at position %d; allowed are A-Z a-z 0-9 . _ - and one '!'"
                                .formatted(printable(name), i));
            }
        }
        final String physical =
                name.subSequence(0, separatorAt < 0 ? length : separatorAt).toString();
        if (physical.equals(".") || physical.equals("..")) {
            throw new HeadraceException("channel name '" + name + "' is a path, not a name");
        }
        return name.toString();
    }

    /** Whether {@link #check} would accept it. */
    public static boolean isValid(CharSequence name) {
        try {
            check(name);
            return true;
        } catch (final HeadraceException expected) {
            return false;
        }
    }

    /** The part that names the physical channel: all of it, or what precedes {@code !}. */
    public static String physical(String name) {
        final int at = name.indexOf(LOCAL_SEPARATOR);
        return at < 0 ? name : name.substring(0, at);
    }

    /**
     * The channel of another kind with the same prefix: {@code api.websocket.receive} and {@code
     * websocket.connect} make {@code api.websocket.connect}.
     */
    public static String sibling(String channel, String other) {
        final String kind = other.substring(0, other.indexOf('.') + 1);
        final int at = channel.lastIndexOf(kind);
        return at <= 0 ? other : channel.substring(0, at) + other;
    }

    private static boolean isAllowed(char c) {
        return c >= 'a' && c <= 'z'
                || c >= 'A' && c <= 'Z'
                || c >= '0' && c <= '9'
                || c == '.'
                || c == '_'
                || c == '-';
    }

    private static String printable(CharSequence name) {
        final StringBuilder text = new StringBuilder();
        for (int i = 0; i < name.length(); i++) {
            final char c = name.charAt(i);
            text.append(c >= ' ' && c < 0x7F ? c : '?');
        }
        return text.toString();
    }
}
