// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.http1;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What the head of a request must be as a whole (RFC 9112, sections 3.2 and 6.1). One per
 * connection.
 */
public final class RequestRules {

    // RFC 3986, section 3.2: a name or an IP literal, and perhaps a port.
    private static final Pattern HOST =
            Pattern.compile("(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\\[[0-9A-Fa-f:.]+])(?::[0-9]{0,5})?");
    private static final Pattern ABSOLUTE_FORM =
            Pattern.compile("https?://([^/?]*)(?:[/?].*)?", Pattern.CASE_INSENSITIVE);

    // A connection's requests are to the same host but for proxies'; at first any valid one.
    private String lastHost = "localhost";

    /** What is wrong with a request, or an empty text. */
    public String problem(HttpRequest request) {
        if (request.protocolVersion().majorVersion() != 1) {
            return "the major version is not 1";
        }
        final HttpHeaders headers = request.headers();
        final List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
        final boolean needsHost = request.protocolVersion().minorVersion() != 0;
        if (hosts.size() > 1 || hosts.isEmpty() && needsHost) {
            return hosts.size() + " Host headers";
        }
        if (!hosts.isEmpty() && !isHost(hosts.get(0))) {
            return "Host is no host";
        }
        final List<String> codings = headers.getAll(HttpHeaderNames.TRANSFER_ENCODING);
        if (!codings.isEmpty()
                && (codings.size() > 1
                        || !HttpHeaderValues.CHUNKED.contentEqualsIgnoreCase(codings.get(0)))) {
            return "the transfer coding is not chunked";
        }
        if (headers.contains(HttpHeaderNames.SEC_WEBSOCKET_KEY1)) {
            // Netty reads eight bytes of body behind it, as a draft of the protocol had it.
            return "a WebSocket handshake of a draft";
        }
        return targetProblem(request, hosts);
    }

    private String targetProblem(HttpRequest request, List<String> hosts) {
        final String target = request.uri();
        for (int i = 0; i < target.length(); i++) {
            if (target.charAt(i) <= ' ' || target.charAt(i) == 0x7F) {
                return "the target has a control character";
            }
        }
        if (target.startsWith("/")
                || target.equals("*") && HttpMethod.OPTIONS.equals(request.method())) {
            return "";
        }
        // Section 3.2.2: it is the target's authority that counts, and Host must be the same.
        final var absolute = ABSOLUTE_FORM.matcher(target);
        final boolean isHere =
                absolute.matches()
                        && (hosts.isEmpty()
                                ? isHost(absolute.group(1))
                                : absolute.group(1).equalsIgnoreCase(hosts.get(0)));
        return isHere ? "" : "the target is no path, nor a URL at Host";
    }

    private boolean isHost(String host) {
        if (host.equals(lastHost)) {
            return true;
        }
        if (!HOST.matcher(host).matches()) {
            return false;
        }
        lastHost = host;
        return true;
    }
}
