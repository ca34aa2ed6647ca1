// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.limit;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.frontend.proxy.TrustedProxies;
import io.netty.channel.unix.DomainSocketAddress;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How many connections may come, in all and from one address. */
class AdmissionTest {

    private static final TrustedProxies NONE = TrustedProxies.of("");

    private static SocketAddress peer(String address) throws UnknownHostException {
        return new InetSocketAddress(InetAddress.getByName(address), 1);
    }

    @Test
    void shouldLetInAsManyAsThereMayBeAndAnotherForEachThatLeaves() throws Exception {
        final Admission admission = new Admission(3, 0, NONE);
        final SocketAddress peer = peer("192.0.2.1");
        for (int round = 0; round < 10; round++) {
            assertTrue(admission.enter(peer));
            assertTrue(admission.enter(peer("127.0.0.1")));
            assertTrue(admission.enter(new DomainSocketAddress("/x")));
            assertFalse(admission.enter(peer));
            assertFalse(admission.enter(peer("::1")));
            admission.leave(peer);
            admission.leave(peer("127.0.0.1"));
            admission.leave(new DomainSocketAddress("/x"));
        }
    }

    @Test
    void shouldCountEachAddressByItself() throws Exception {
        final Admission admission = new Admission(0, 2, NONE);
        for (final String address : new String[] {"192.0.2.1", "192.0.2.2", "2001:db8::1"}) {
            assertTrue(admission.enter(peer(address)));
            assertTrue(admission.enter(peer(address)));
            assertFalse(admission.enter(peer(address)));
        }
        admission.leave(peer("192.0.2.1"));
        assertTrue(admission.enter(peer("192.0.2.1")));
        assertFalse(admission.enter(peer("192.0.2.1")));
        assertFalse(admission.enter(peer("192.0.2.2")));
    }

    @Test
    void shouldGiveARefusedConnectionsPlaceToOthers() throws Exception {
        final Admission admission = new Admission(2, 1, NONE);
        assertTrue(admission.enter(peer("192.0.2.1")));
        assertFalse(admission.enter(peer("192.0.2.1")));
        assertTrue(admission.enter(peer("192.0.2.2")));
        assertFalse(admission.enter(peer("192.0.2.3")));
    }

    @Test
    void shouldTakeAnIpV6NetworkForOneAddress() throws Exception {
        final Admission admission = new Admission(0, 1, NONE);
        assertTrue(admission.enter(peer("2001:db8:0:1::1")));
        assertFalse(admission.enter(peer("2001:db8:0:1:ffff::2")));
        assertTrue(admission.enter(peer("2001:db8:0:2::1")));
        // One that is written as the other is the other.
        assertTrue(admission.enter(peer("192.0.2.1")));
        assertFalse(admission.enter(peer("::ffff:192.0.2.1")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "127.1.2.3", "::1", "10.1.1.1"})
    void shouldNotCountAddressesThatStandForMany(String address) throws Exception {
        final Admission admission = new Admission(0, 1, TrustedProxies.of("10.0.0.0/8"));
        for (int i = 0; i < 100; i++) {
            assertTrue(admission.enter(peer(address)));
        }
    }

    @Test
    void shouldRefuseNegativeLimits() {
        assertThrows(HeadraceException.class, () -> new Admission(-1, 0, NONE));
        assertThrows(HeadraceException.class, () -> new Admission(0, -1, NONE));
        assertThrows(HeadraceException.class, () -> new Patience(0, 0, 0, 0, 0, 0, -1));
    }
}
