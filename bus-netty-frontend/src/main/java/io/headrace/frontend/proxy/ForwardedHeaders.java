// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.proxy;

import io.headrace.HeadraceException;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads what trusted proxies say of a request. Which headers they say it in is a setting, because
 * one that the proxy does not write itself comes from the client.
 *
 * <p>Each proxy adds an element to the list it got. From the right, elements are believed for as
 * long as the address they came from is trusted; the first address that is not, or the last there
 * is, is the client. Its element, counted from the right, is the one that counts in the other lists
 * too; a list that is shorter has its first.
 *
 * <ul>
 *   <li>{@code X-Forwarded-For}, or {@code for} of {@code Forwarded} (RFC 7239): {@code
 *       REMOTE_ADDR}, and {@code REMOTE_PORT} when it has one, else 0.
 *   <li>{@code X-Forwarded-Proto}, or {@code proto}: whether it is HTTPS.
 *   <li>{@code X-Forwarded-Host}, or {@code host}: {@code SERVER_NAME} and {@code HTTP_HOST}, as
 *       Django's {@code get_host()} with {@code USE_X_FORWARDED_HOST}; {@code SERVER_PORT} is its
 *       port, or the scheme's.
 *   <li>{@code X-Forwarded-Port}: {@code SERVER_PORT}, as with {@code USE_X_FORWARDED_PORT}.
 * </ul>
 *
 * <p>What cannot be read is as good as absent. The headers themselves stay as they came.
 */
public final class ForwardedHeaders {

    /** System property: which headers; {@code for,proto,host,port} by default. */
    public static final String PROPERTY = "headrace.proxy.headers";

    public static final String DEFAULT = "for,proto,host,port";

    private static final String FORWARDED = "forwarded";
    private static final Set<String> X_FORWARDED = Set.of("for", "proto", "host", "port");
    private static final Pattern HOST_AND_PORT =
            Pattern.compile("([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+])(?::([0-9]{1,5}))?");
    // RFC 7239, section 4: name = token or quoted string. With bounds, because the engine recurs.
    private static final Pattern PARAMETER =
            Pattern.compile(
                    "\\s*([A-Za-z]{1,20})=(?:\"([^\"\\\\]*(?:\\\\.[^\"\\\\]*){0,20})\"|([^;,\"\\s]*))"
                            + "\\s*(;|,|$)");
    private static final int PORT_MAX = 65_535;
    // What an 8-bit length can say.
    private static final int HOST_LENGTH_MAX = 254;
    // A client may send any number of elements; no chain of proxies is that long.
    private static final int HOP_COUNT_MAX = 32;
    private static final int FORWARDED_LENGTH_MAX = 4_096;

    private final TrustedProxies trusted;
    private final Set<String> names;

    /**
     * @param headers some of {@code for}, {@code proto}, {@code host} and {@code port}, separated
     *     by commas, or {@code forwarded} alone.
     * @throws HeadraceException when it is another.
     */
    public ForwardedHeaders(TrustedProxies trusted, String headers) {
        this.trusted = trusted;
        this.names = new TreeSet<>(List.of(headers.trim().split("\\s*,\\s*")));
        if (!names.equals(Set.of(FORWARDED)) && !X_FORWARDED.containsAll(names)) {
            throw new HeadraceException(
                    "%s is '%s'; it takes some of for, proto, host and port, or forwarded alone"
                            .formatted(PROPERTY, headers));
        }
    }

    /** Whether what this peer says is believed. */
    public boolean trusts(SocketAddress peer) {
        return trusted.contains(peer);
    }

    /** What one proxy says. */
    private record Hop(String client, String proto, String host, String port) {}

    /**
     * The origin of a request whose connection comes from a trusted proxy.
     *
     * @param connection what the connection itself is.
     */
    public Origin of(HttpHeaders headers, Origin connection) {
        final List<Hop> hops = hops(headers);
        if (hops.isEmpty()) {
            return connection;
        }
        String remoteAddr = connection.remoteAddr();
        int remotePort = connection.remotePort();
        int at = hops.size();
        boolean isTrusted = true;
        while (isTrusted && at > 0) {
            final Matcher client = HOST_AND_PORT.matcher(bracketed(hops.get(at - 1).client));
            final InetAddress address =
                    client.matches()
                            ? NetUtil.createInetAddressFromIpAddressString(client.group(1))
                            : null;
            if (address == null) {
                break;
            }
            at--;
            remoteAddr = address.getHostAddress();
            remotePort = client.group(2) == null ? 0 : port(client.group(2), 0);
            isTrusted = trusted.contains(address);
        }
        return with(hops.get(Math.min(at, hops.size() - 1)), connection, remoteAddr, remotePort);
    }

    private static Origin with(Hop hop, Origin connection, String remoteAddr, int remotePort) {
        final boolean https =
                hop.proto.equalsIgnoreCase("https")
                        || connection.https() && !hop.proto.equalsIgnoreCase("http");
        final Matcher host = HOST_AND_PORT.matcher(hop.host);
        final boolean hasHost = hop.host.length() <= HOST_LENGTH_MAX && host.matches();
        final String serverName =
                hasHost ? host.group(1).toLowerCase(Locale.ROOT) : connection.serverName();
        int serverPort = connection.serverPort();
        if (hasHost) {
            serverPort = port(host.group(2), https ? 443 : 80);
        }
        serverPort = port(hop.port, serverPort);
        return new Origin(
                remoteAddr, remotePort, https, serverName, serverPort, hasHost ? hop.host : "");
    }

    private static int port(String text, int otherwise) {
        if (text == null || !text.matches("[0-9]{1,5}")) {
            return otherwise;
        }
        final int port = Integer.parseInt(text);
        return port > 0 && port <= PORT_MAX ? port : otherwise;
    }

    /** An IPv6 address in brackets, as elsewhere, where a proxy writes it without. */
    private static String bracketed(String address) {
        return NetUtil.isValidIpV6Address(address) && !address.startsWith("[")
                ? "[" + address + "]"
                : address;
    }

    private List<Hop> hops(HttpHeaders headers) {
        return names.contains(FORWARDED)
                ? forwarded(String.join(",", headers.getAll(FORWARDED)))
                : xForwarded(headers);
    }

    private List<Hop> xForwarded(HttpHeaders headers) {
        final List<String> clients = list(headers, "for");
        final List<String> protos = list(headers, "proto");
        final List<String> hosts = list(headers, "host");
        final List<String> ports = list(headers, "port");
        final List<Hop> hops = new ArrayList<>();
        final boolean isThere =
                !(clients.isEmpty() && protos.isEmpty() && hosts.isEmpty() && ports.isEmpty());
        final int count = Math.min(HOP_COUNT_MAX, Math.max(clients.size(), isThere ? 1 : 0));
        for (int fromRight = count; fromRight > 0; fromRight--) {
            hops.add(
                    new Hop(
                            clients.isEmpty() ? "" : clients.get(clients.size() - fromRight),
                            get(protos, fromRight),
                            get(hosts, fromRight),
                            get(ports, fromRight)));
        }
        return hops;
    }

    private static String get(List<String> list, int fromRight) {
        return list.isEmpty() ? "" : list.get(Math.max(0, list.size() - fromRight));
    }

    private List<String> list(HttpHeaders headers, String name) {
        final List<String> elements = new ArrayList<>();
        if (names.contains(name)) {
            for (final String value : headers.getAll("X-Forwarded-" + name)) {
                for (final String element : value.split(",")) {
                    elements.add(element.trim());
                }
            }
        }
        return elements;
    }

    /** The elements of a {@code Forwarded} header; none when it is malformed or far too long. */
    private static List<Hop> forwarded(String value) {
        final List<Hop> hops = new ArrayList<>();
        if (value.length() > FORWARDED_LENGTH_MAX) {
            return hops;
        }
        final Matcher parameter = PARAMETER.matcher(value);
        Hop hop = new Hop("", "", "", "");
        int end = 0;
        while (end < value.length()) {
            if (!parameter.region(end, value.length()).lookingAt()) {
                return List.of();
            }
            end = parameter.end();
            final String quoted = parameter.group(2);
            final String text =
                    quoted == null ? parameter.group(3) : quoted.replaceAll("\\\\(.)", "$1");
            hop =
                    switch (parameter.group(1).toLowerCase(Locale.ROOT)) {
                        case "for" -> new Hop(text, hop.proto, hop.host, "");
                        case "proto" -> new Hop(hop.client, text, hop.host, "");
                        case "host" -> new Hop(hop.client, hop.proto, text, "");
                        default -> hop;
                    };
            if (!parameter.group(4).equals(";")) {
                hops.add(hop);
                hop = new Hop("", "", "", "");
            }
        }
        return hops;
    }
}
