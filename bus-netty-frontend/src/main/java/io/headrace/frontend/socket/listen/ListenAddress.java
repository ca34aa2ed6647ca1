// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.listen;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Where a front end listens beside its host and port. */
public final class ListenAddress {

    /** System property of a list of addresses. */
    public static final String PROPERTY = "headrace.listen";

    private static final String UNIX = "unix:";

    private ListenAddress() {}

    /**
     * Addresses that are written {@code HOST:PORT}, with an IPv6 host in brackets, or {@code
     * unix:PATH}, comma-separated.
     *
     * @throws HeadraceException that names the one that is none.
     */
    public static List<SocketAddress> list(String addresses) {
        return Stream.of(addresses.split(","))
                .map(String::trim)
                .filter(address -> !address.isEmpty())
                .map(ListenAddress::of)
                .toList();
    }

    private static SocketAddress of(String address) {
        if (address.startsWith(UNIX) && address.length() > UNIX.length()) {
            return UnixDomainSocketAddress.of(address.substring(UNIX.length()));
        }
        try {
            final URI uri = new URI("tcp://" + address);
            if (uri.getHost() != null && uri.getPort() > 0) {
                return resolve(uri.getHost(), uri.getPort());
            }
        } catch (final URISyntaxException e) {
            // Said below.
        }
        throw new HeadraceException(
                "%s has '%s'; it takes HOST:PORT and unix:PATH".formatted(PROPERTY, address));
    }

    /**
     * The address of a host and a port.
     *
     * @throws HeadraceException when the host is not known.
     */
    public static InetSocketAddress resolve(String host, int port) {
        try {
            return new InetSocketAddress(InetAddress.getByName(host), port);
        } catch (final UnknownHostException e) {
            throw new HeadraceException("host '" + host + "' is not known", e);
        }
    }

    /** Removes a socket's file that nobody listens at: its owner was killed. */
    static void clear(UnixDomainSocketAddress address) {
        final Path file = address.getPath();
        if (!Files.exists(file)) {
            return;
        }
        try (SocketChannel probe = SocketChannel.open(address)) {
            throw new HeadraceException("somebody listens at unix:" + file + " already");
        } catch (final IOException nobody) {
            remove(address);
        }
    }

    static void remove(UnixDomainSocketAddress address) {
        try {
            Files.deleteIfExists(address.getPath());
        } catch (final IOException e) {
            throw new HeadraceException("cannot remove " + address.getPath() + ": " + e, e);
        }
    }
}
