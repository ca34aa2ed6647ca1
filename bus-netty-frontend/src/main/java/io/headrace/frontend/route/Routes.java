// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.route;

import io.headrace.HeadraceException;
import io.headrace.channel.name.ChannelName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * The routes of a front end, the first that matches wins. A file has one on each line; empty lines
 * and what follows a {@code #} say nothing.
 *
 * <pre>
 *   # host and path         channel prefix, and options
 *   api.example.com/v1/  -> v1
 *   *.example.com        -> shop
 *   /api                 -> api
 *   /ws/room/            -> . group=*    a WebSocket joins the group that the rest of its path names
 *   /                    -> .            the channels without prefix
 * </pre>
 */
public final class Routes {

    /** System property: the file; without one, everything goes to the channels without prefix. */
    public static final String PROPERTY = "headrace.routes";

    private static final Set<String> OPTIONS = Set.of(Route.GROUP);

    private static final String NO_PREFIX = ".";
    private static final Pattern HOST =
            Pattern.compile(
                    "(\\*\\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*");
    private static final Pattern COMMENT = Pattern.compile("(?:^|\\s)#.*");
    private static final Pattern PATH = Pattern.compile("/[^?#\\p{Cntrl}]*");
    // A part of that name would make other channels of them: websocket.http.request is by
    // connection.
    private static final Set<String> KINDS = Set.of("http", "websocket", "reply");

    private final List<Route> routes;
    private final byte[][] paths;
    private final boolean hasHosts;

    private Routes(List<Route> routes) {
        this.routes = List.copyOf(routes);
        this.paths =
                routes.stream()
                        .map(route -> route.path().getBytes(StandardCharsets.UTF_8))
                        .toArray(byte[][]::new);
        this.hasHosts = routes.stream().anyMatch(route -> !route.host().isEmpty());
    }

    /** Those of the file that the system property names, else {@link #all()}. */
    public static Routes fromProperties() {
        final String file = System.getProperty(PROPERTY, "");
        return file.isEmpty() ? all() : read(Path.of(file));
    }

    /** Everything to the channels without prefix. */
    public static Routes all() {
        return new Routes(List.of(Route.ALL));
    }

    /**
     * Reads a file.
     *
     * @throws HeadraceException that says which line is wrong, and what is.
     */
    public static Routes read(Path file) {
        try {
            return parse(file.toString(), Files.readAllLines(file));
        } catch (final IOException e) {
            throw new HeadraceException("routes file " + file + " cannot be read: " + e, e);
        }
    }

    static Routes parse(String file, List<String> lines) {
        final List<Route> routes = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            final String line = COMMENT.matcher(lines.get(i)).replaceFirst("").strip();
            if (!line.isEmpty()) {
                try {
                    routes.add(route(line, routes));
                } catch (final HeadraceException e) {
                    throw new HeadraceException(
                            "routes file %s, line %d: %s".formatted(file, i + 1, e.getMessage()),
                            e);
                }
            }
        }
        if (routes.isEmpty()) {
            throw new HeadraceException("routes file " + file + " has no route");
        }
        return new Routes(routes);
    }

    private static Route route(String line, List<Route> before) {
        final String[] words = line.split("\\s+");
        if (words.length < 3 || !words[1].equals("->")) {
            throw new HeadraceException(
                    "'" + line + "' is not HOST/PATH -> PREFIX with blanks around the arrow");
        }
        final int slash = words[0].indexOf('/');
        final String host = slash < 0 ? words[0] : words[0].substring(0, slash);
        final String path = slash < 0 ? "/" : words[0].substring(slash);
        if (!host.isEmpty() && !HOST.matcher(host).matches()) {
            throw new HeadraceException(
                    "host '%s' is no name in lower case, nor one behind *.".formatted(host));
        }
        if (!PATH.matcher(path).matches()) {
            throw new HeadraceException("path '" + path + "' has a character that no path has");
        }
        final Map<String, String> options = new TreeMap<>();
        for (int i = 3; i < words.length; i++) {
            final int equals = words[i].indexOf('=');
            final String name = words[i].substring(0, Math.max(0, equals));
            if (!OPTIONS.contains(name)
                    || options.put(name, words[i].substring(equals + 1)) != null) {
                throw new HeadraceException(
                        "option '" + words[i] + "' is not known, or is there twice");
            }
        }
        final String group = options.getOrDefault(Route.GROUP, "group");
        if (!ChannelName.isValid(group.replace(Route.REST, "x"))) {
            throw new HeadraceException("group '" + group + "' is no name of a channel");
        }
        for (final Route earlier : before) {
            if (earlier.host().equals(host) && earlier.path().equals(path)) {
                throw new HeadraceException("'" + words[0] + "' is there twice");
            }
        }
        return new Route(host, path, prefix(words[2]), Map.copyOf(options));
    }

    private static String prefix(String word) {
        if (word.equals(NO_PREFIX)) {
            return "";
        }
        final String longest = word + "." + ChannelName.WEBSOCKET_DISCONNECT;
        if (!ChannelName.isValid(longest) || word.indexOf('!') >= 0) {
            throw new HeadraceException("prefix '" + word + "' makes no channel's name");
        }
        for (final String part : word.split("\\.", -1)) {
            if (part.isEmpty() || KINDS.contains(part)) {
                throw new HeadraceException(
                        "prefix '%s' may not have the part '%s'".formatted(word, part));
            }
        }
        return word + ".";
    }

    /** Prefixes of the channels, each once, in the order of the routes. */
    public List<String> channelPrefixes() {
        return routes.stream().map(Route::channelPrefix).distinct().toList();
    }

    /**
     * Finds the route of a request.
     *
     * @param host header {@code Host}, with or without port; empty without.
     * @param path bytes that hold the decoded path in UTF-8.
     */
    public Optional<Route> find(String host, byte[] path, int offset, int length) {
        final String name = hasHosts ? name(host) : "";
        for (int i = 0; i < routes.size(); i++) {
            if (routes.get(i).matches(name, paths[i], path, offset, length)) {
                return Optional.of(routes.get(i));
            }
        }
        return Optional.empty();
    }

    /** A host without port, and without the dot that ends a name at the root. */
    private static String name(String host) {
        final int colon = host.lastIndexOf(':');
        final int end = colon > host.lastIndexOf(']') ? colon : host.length();
        final boolean isRooted = end > 1 && host.charAt(end - 1) == '.';
        return host.substring(0, isRooted ? end - 1 : end).toLowerCase(Locale.ROOT);
    }
}
