// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.route;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/**
 * Sends the requests of a host and a path to the channels with a prefix.
 *
 * @param host a name in lower case, {@code *.} and a domain for all names below it, or empty for
 *     any.
 * @param path a prefix that begins with {@code /}; without one at its end, it ends where a segment
 *     of the path ends.
 * @param channelPrefix what precedes {@code http.request} and the others: {@code api.}, or empty.
 * @param options words of the line, {@code name=value}.
 */
public record Route(String host, String path, String channelPrefix, Map<String, String> options) {

    /** Option: a group's name, in which {@link #REST} stands for what follows the route's path. */
    static final String GROUP = "group";

    static final String REST = "*";

    /** The one of a front end without a routes file: everything to the channels without prefix. */
    public static final Route ALL = new Route("", "/", "", Map.of());

    /**
     * Whether it is for this request.
     *
     * @param requestHost in lower case, without port.
     * @param prefix the bytes of {@link #path}.
     * @param bytes hold the decoded path in UTF-8.
     */
    boolean matches(String requestHost, byte[] prefix, byte[] bytes, int offset, int length) {
        if (!matchesHost(requestHost) || length < prefix.length) {
            return false;
        }
        return Arrays.equals(bytes, offset, offset + prefix.length, prefix, 0, prefix.length)
                && (length == prefix.length
                        || prefix[prefix.length - 1] == '/'
                        || bytes[offset + prefix.length] == '/');
    }

    /**
     * The group that a WebSocket on this path joins when it opens: empty for none.
     *
     * @param bytes hold the decoded path in UTF-8, which the route matches.
     */
    public String group(byte[] bytes, int offset, int length) {
        final String group = options.getOrDefault(GROUP, "");
        if (group.isEmpty()) {
            return group;
        }
        final int prefix = path.getBytes(StandardCharsets.UTF_8).length;
        return group.replace(
                REST, new String(bytes, offset + prefix, length - prefix, StandardCharsets.UTF_8));
    }

    private boolean matchesHost(String requestHost) {
        if (host.startsWith("*.")) {
            return requestHost.length() >= host.length() && requestHost.endsWith(host.substring(1));
        }
        return host.isEmpty() || requestHost.equals(host);
    }
}
