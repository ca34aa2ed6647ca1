// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.limit;

import io.headrace.Setting;
import io.headrace.frontend.proxy.TrustedProxies;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many connections a front end has, and how many of them come from one address, over all its
 * loops. An IPv6 network of 64 bits counts as one address, because a client has all of it. Loopback
 * addresses, Unix domain sockets and trusted proxies stand for many clients, so only the total is
 * for them. Any thread.
 */
public final class Admission {

    private static final String MAX_PROPERTY = "headrace.connections.max";
    private static final String PER_ADDRESS_PROPERTY = "headrace.connections.per.address";

    private final int countMax;
    private final int perAddressMax;
    private final TrustedProxies trusted;
    private final AtomicInteger count = new AtomicInteger();
    private final ConcurrentHashMap<Long, Integer> byAddress = new ConcurrentHashMap<>();

    /**
     * @param countMax connections in total; 0 is any number.
     * @param perAddressMax connections from one address; 0 is any number.
     */
    public Admission(int countMax, int perAddressMax, TrustedProxies trusted) {
        Setting.check(MAX_PROPERTY, countMax, 0, Integer.MAX_VALUE);
        Setting.check(PER_ADDRESS_PROPERTY, perAddressMax, 0, Integer.MAX_VALUE);
        this.countMax = countMax == 0 ? Integer.MAX_VALUE : countMax;
        this.perAddressMax = perAddressMax == 0 ? Integer.MAX_VALUE : perAddressMax;
        this.trusted = trusted;
    }

    /** System properties, else 65,536 and 1,024. */
    public static Admission fromProperties(TrustedProxies trusted) {
        return new Admission(
                Setting.count(MAX_PROPERTY, 65_536),
                Setting.count(PER_ADDRESS_PROPERTY, 1_024),
                trusted);
    }

    /** Counts a connection, when there is room for it; then {@link #leave} must follow. */
    public boolean enter(SocketAddress peer) {
        if (count.incrementAndGet() > countMax) {
            count.decrementAndGet();
            return false;
        }
        if (isCounted(peer)) {
            final long key = key(((InetSocketAddress) peer).getAddress());
            if (byAddress.merge(key, 1, Integer::sum) > perAddressMax) {
                leave(peer);
                return false;
            }
        }
        return true;
    }

    /** A connection that had entered has ended. */
    public void leave(SocketAddress peer) {
        count.decrementAndGet();
        if (isCounted(peer)) {
            byAddress.computeIfPresent(
                    key(((InetSocketAddress) peer).getAddress()),
                    (key, open) -> open == 1 ? null : open - 1);
        }
    }

    private boolean isCounted(SocketAddress peer) {
        return peer instanceof InetSocketAddress inet
                && !inet.getAddress().isLoopbackAddress()
                && !trusted.contains(inet);
    }

    private static long key(InetAddress address) {
        final ByteBuffer bytes = ByteBuffer.wrap(address.getAddress());
        // No network of 64 bits begins with 32 that are zero.
        return address instanceof Inet6Address ? bytes.getLong() : bytes.getInt() & 0xFFFF_FFFFL;
    }
}
