// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.route;

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

    private boolean matchesHost(String requestHost) {
        if (host.startsWith("*.")) {
            return requestHost.length() >= host.length() && requestHost.endsWith(host.substring(1));
        }
        return host.isEmpty() || requestHost.equals(host);
    }
}
