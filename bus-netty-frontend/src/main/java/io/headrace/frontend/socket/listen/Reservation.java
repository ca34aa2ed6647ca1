// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.listen;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.agrona.CloseHelper;

/**
 * The addresses where a front end is going to listen. Nobody else listens there, nor may until this
 * is closed, which is when the loops do: a port shared among them could be shared by strangers.
 */
public final class Reservation implements AutoCloseable {

    private final List<SocketAddress> addresses = new ArrayList<>();
    private final List<SocketChannel> held = new ArrayList<>();

    /**
     * @param shared whether strangers may listen at the same ports.
     * @throws HeadraceException when a port is taken or an address is not this machine's.
     */
    public Reservation(List<SocketAddress> wanted, boolean shared) {
        try {
            for (final SocketAddress address : wanted) {
                addresses.add(
                        !shared && address instanceof InetSocketAddress inet
                                ? reserve(inet)
                                : address);
            }
        } catch (final RuntimeException e) {
            close();
            throw e;
        }
    }

    private InetSocketAddress reserve(InetSocketAddress address) {
        try {
            final InetSocketAddress free = probe(address);
            final SocketChannel holder = SocketChannel.open();
            held.add(holder);
            holder.setOption(StandardSocketOptions.SO_REUSEPORT, true).bind(free);
            return free;
        } catch (final IOException e) {
            throw new HeadraceException(
                    "cannot listen on %s:%d: %s; choose another --port or stop its owner"
                            .formatted(address.getHostString(), address.getPort(), e.getMessage()),
                    e);
        }
    }

    private static InetSocketAddress probe(InetSocketAddress address) throws IOException {
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(address);
            return new InetSocketAddress(address.getAddress(), probe.getLocalPort());
        }
    }

    /** Where to listen, with ports chosen by the system where they were 0. */
    public List<SocketAddress> addresses() {
        return addresses;
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(held);
    }
}
