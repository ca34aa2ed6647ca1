// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.accesslog;

/**
 * A request as the access log has it, remembered until it is answered. Texts are Latin-1.
 *
 * @param receivedNs when it came, bus time.
 * @param remoteAddr the client's address, as {@code REMOTE_ADDR}.
 * @param target as the client sent it.
 * @param protocol such as {@code HTTP/1.1}.
 * @param host header {@code Host}; empty without, as are {@code referer} and {@code userAgent}.
 */
public record AccessEntry(
        long receivedNs,
        String remoteAddr,
        String method,
        String target,
        String protocol,
        String host,
        String referer,
        String userAgent) {

    // Bounds what the queue can hold on to.
    private static final int TEXT_LENGTH_MAX = 2_048;

    public AccessEntry {
        method = cut(method);
        target = cut(target);
        host = cut(host);
        referer = cut(referer);
        userAgent = cut(userAgent);
    }

    private static String cut(String text) {
        return text.length() <= TEXT_LENGTH_MAX ? text : text.substring(0, TEXT_LENGTH_MAX);
    }

    /**
     * The entry with its answer.
     *
     * @param answeredNs when it was written, bus time.
     * @param contentLength bytes.
     * @param reason word of the header {@code Headrace-Reason}; empty for an application's answer.
     */
    record Answered(
            AccessEntry entry, long answeredNs, int status, long contentLength, String reason) {}
}
