// SPDX-License-Identifier: Apache-2.0
package io.headrace.message;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Computes the key {@code META}: the CGI names that Django's {@code request.META} has, from the
 * fixed fields and the original headers of a request.
 *
 * <ul>
 *   <li>{@code Content-Type} and {@code Content-Length} are {@code CONTENT_TYPE} and {@code
 *       CONTENT_LENGTH}, every other header is {@code HTTP_} and its name in upper case with {@code
 *       -} as {@code _} (RFC 3875, section 4.1.18).
 *   <li>A header whose name contains {@code _} is left out: it could pass for another one.
 *   <li>Values of a repeated header are joined with {@code ,}, those of {@code Cookie} with {@code
 *       "; "}.
 *   <li>{@code SSL_CLIENT_S_DN} is the subject of a client's verified certificate, and then {@code
 *       SSL_CLIENT_VERIFY} is {@code SUCCESS}, as Apache's mod_ssl has them; without one, neither
 *       is there.
 *   <li>{@code HTTP_HOST} is what a trusted proxy says the client asked for, if one does, and the
 *       header {@code Host} otherwise.
 * </ul>
 */
final class Meta {

    private Meta() {}

    static Map<String, String> of(Request request) {
        final Map<String, String> meta = new LinkedHashMap<>();
        meta.put("REQUEST_METHOD", request.method());
        meta.put("QUERY_STRING", request.queryString());
        meta.put("REMOTE_ADDR", request.remoteAddr());
        meta.put("REMOTE_PORT", Integer.toString(request.remotePort()));
        meta.put("SERVER_NAME", request.serverName());
        meta.put("SERVER_PORT", Integer.toString(request.serverPort()));
        meta.put("SERVER_PROTOCOL", protocol(request.httpVersion()));
        final String path = request.path();
        final String pathInfo = request.pathInfo();
        // The asterisk-form's path is "/*" and its path_info "*", without any prefix.
        final boolean isMounted = path.endsWith(pathInfo) && pathInfo.startsWith("/");
        meta.put(
                "SCRIPT_NAME",
                isMounted ? path.substring(0, path.length() - pathInfo.length()) : "");
        meta.put("PATH_INFO", pathInfo);
        final String clientSubject = request.clientSubject();
        if (!clientSubject.isEmpty()) {
            meta.put("SSL_CLIENT_VERIFY", "SUCCESS");
            meta.put("SSL_CLIENT_S_DN", clientSubject);
        }
        final Pairs headers = request.headers();
        for (int i = 0; i < headers.count(); i++) {
            final String name = headers.key(i).toString();
            if (name.indexOf('_') < 0) {
                final String metaName = metaName(name);
                final String separator = metaName.equals("HTTP_COOKIE") ? "; " : ",";
                meta.merge(metaName, headers.value(i).toString(), (a, b) -> a + separator + b);
            }
        }
        final String forwardedHost = request.forwardedHost();
        if (!forwardedHost.isEmpty()) {
            meta.put("HTTP_HOST", forwardedHost);
        }
        return meta;
    }

    private static String metaName(String headerName) {
        final String name = headerName.toUpperCase(Locale.ROOT).replace('-', '_');
        return name.equals("CONTENT_TYPE") || name.equals("CONTENT_LENGTH") ? name : "HTTP_" + name;
    }

    private static String protocol(int httpVersion) {
        return httpVersion == 20 ? "HTTP/2" : "HTTP/" + httpVersion / 10 + "." + httpVersion % 10;
    }
}
