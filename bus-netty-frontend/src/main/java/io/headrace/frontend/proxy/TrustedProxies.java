// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.proxy;

import io.headrace.HeadraceException;
import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * The proxies that are believed: networks such as {@code 10.0.0.0/8} and addresses, and {@code
 * unix} for whoever may open a Unix domain socket.
 */
public final class TrustedProxies {

    /** System property: the list, separated by commas; none by default. */
    public static final String PROPERTY = "headrace.trusted.proxies";

    private static final String UNIX = "unix";

    private final List<IpSubnetFilterRule> networks = new ArrayList<>();
    private final boolean unix;

    private TrustedProxies(String list) {
        boolean hasUnix = false;
        for (final String entry : list.split(",")) {
            final String network = entry.trim();
            if (network.equals(UNIX)) {
                hasUnix = true;
            } else if (!network.isEmpty()) {
                networks.add(rule(network));
            }
        }
        unix = hasUnix;
    }

    /**
     * Parses a list.
     *
     * @throws HeadraceException that names the entry that is no network.
     */
    public static TrustedProxies of(String list) {
        return new TrustedProxies(list);
    }

    private static IpSubnetFilterRule rule(String network) {
        final int slash = network.indexOf('/');
        final String address = slash < 0 ? network : network.substring(0, slash);
        final boolean isIpV4 = NetUtil.isValidIpV4Address(address);
        // No names: they would be looked up.
        if (isIpV4 || NetUtil.isValidIpV6Address(address)) {
            final int bits = isIpV4 ? 32 : 128;
            try {
                return new IpSubnetFilterRule(
                        address,
                        slash < 0 ? bits : Integer.parseInt(network.substring(slash + 1)),
                        IpFilterRuleType.ACCEPT);
            } catch (final IllegalArgumentException prefixOutOfRange) {
                // Said below.
            }
        }
        throw new HeadraceException(
                "%s has '%s'; it takes networks such as 10.0.0.0/8, addresses, and unix"
                        .formatted(PROPERTY, network));
    }

    /** Whether nobody is trusted. */
    public boolean isEmpty() {
        return networks.isEmpty() && !unix;
    }

    /** Whether a connection's peer is one of them. */
    public boolean contains(SocketAddress peer) {
        if (!(peer instanceof InetSocketAddress inet)) {
            return unix;
        }
        return networks.stream().anyMatch(network -> network.matches(inet));
    }

    boolean contains(InetAddress address) {
        return contains(new InetSocketAddress(address, 0));
    }
}
