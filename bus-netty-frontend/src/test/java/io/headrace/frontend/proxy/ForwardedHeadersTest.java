// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpHeaders;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is believed of what proxies say, and what a client cannot make them say. */
class ForwardedHeadersTest {

    private static final TrustedProxies TRUSTED = TrustedProxies.of("10.0.0.0/8, ::1");
    private static final Origin CONNECTION =
            new Origin("10.0.0.1", 4711, false, "10.0.0.9", 8080, "");

    private static Origin origin(String which, String... headers) {
        final HttpHeaders all = new DefaultHttpHeaders();
        for (final String header : headers) {
            all.add(
                    header.substring(0, header.indexOf(':')),
                    header.substring(header.indexOf(':') + 1).trim());
        }
        return new ForwardedHeaders(TRUSTED, which).of(all, CONNECTION);
    }

    private static Origin x(String... headers) {
        return origin(ForwardedHeaders.DEFAULT, headers);
    }

    @Test
    void shouldLeaveAConnectionWithoutThemAsItIs() {
        assertEquals(CONNECTION, x());
        assertEquals(CONNECTION, x("Forwarded: for=192.0.2.1;proto=https;host=evil"));
        assertEquals(CONNECTION, origin("forwarded", "X-Forwarded-For: 192.0.2.1"));
        assertEquals(CONNECTION, origin("proto", "X-Forwarded-For: 192.0.2.1"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "192.0.2.1 | 192.0.2.1 | 0",
                "192.0.2.1:80 | 192.0.2.1 | 80",
                "2001:db8::1 | 2001:db8:0:0:0:0:0:1 | 0",
                "[2001:db8::1] | 2001:db8:0:0:0:0:0:1 | 0",
                "[2001:db8::1]:80 | 2001:db8:0:0:0:0:0:1 | 80",
                "6.6.6.6, 192.0.2.1 | 192.0.2.1 | 0",
                "6.6.6.6, 192.0.2.1, 10.2.3.4 | 192.0.2.1 | 0",
                "6.6.6.6, 192.0.2.1, 10.2.3.4, ::1 | 192.0.2.1 | 0",
                "10.1.1.1, 10.2.3.4 | 10.1.1.1 | 0",
                "6.6.6.6, unknown | 10.0.0.1 | 4711",
                "6.6.6.6, unknown, 10.2.3.4 | 10.2.3.4 | 0",
                "unknown | 10.0.0.1 | 4711",
                "localhost | 10.0.0.1 | 4711",
                "'' | 10.0.0.1 | 4711",
                "1.2.3 | 10.0.0.1 | 4711",
                "1.2.3.4.5 | 10.0.0.1 | 4711",
                "300.1.1.1 | 10.0.0.1 | 4711",
                "192.0.2.1:99999 | 192.0.2.1 | 0",
                "192.0.2.1:x | 10.0.0.1 | 4711"
            })
    void shouldTakeTheRightmostAddressThatIsNotTrusted(String list, String address, int port) {
        final Origin origin = x("X-Forwarded-For: " + list);

        assertEquals(address, origin.remoteAddr());
        assertEquals(port, origin.remotePort());
        assertEquals("10.0.0.9", origin.serverName());
        assertEquals(8080, origin.serverPort());
        assertFalse(origin.https());
        assertEquals("", origin.forwardedHost());
    }

    @Test
    void shouldReadAHeaderThatRepeatsAsOneList() {
        assertEquals(
                "192.0.2.1",
                x(
                                "X-Forwarded-For: 6.6.6.6",
                                "X-Forwarded-For: 192.0.2.1",
                                "X-Forwarded-For: 10.1.1.1")
                        .remoteAddr());
    }

    @Test
    void shouldTakeSchemeHostAndPort() {
        assertEquals(
                new Origin("192.0.2.1", 0, true, "www.example.com", 443, "WWW.example.com"),
                x(
                        "X-Forwarded-For: 192.0.2.1",
                        "X-Forwarded-Proto: https",
                        "X-Forwarded-Host: WWW.example.com"));
        assertEquals(80, x("X-Forwarded-Host: h").serverPort());
        assertEquals(8443, x("X-Forwarded-Host: h:8443", "X-Forwarded-Proto: https").serverPort());
        assertEquals(81, x("X-Forwarded-Host: h:8443", "X-Forwarded-Port: 81").serverPort());
        assertEquals(81, x("X-Forwarded-Port: 81").serverPort());
        assertEquals("[::1]", x("X-Forwarded-Host: [::1]:81").serverName());
        assertTrue(x("X-Forwarded-Proto: HTTPS").https());
        assertFalse(x("X-Forwarded-Proto: http").https());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "X-Forwarded-Host: a/b",
                "X-Forwarded-Host: a b",
                "X-Forwarded-Host: u@a",
                "X-Forwarded-Host: a:b",
                "X-Forwarded-Host: \u00e9",
                "X-Forwarded-Host:",
                "X-Forwarded-Proto: ftp",
                "X-Forwarded-Port: 0",
                "X-Forwarded-Port: 65536",
                "X-Forwarded-Port: -1",
                "X-Forwarded-Port: x"
            })
    void shouldPassOverWhatItCannotRead(String header) {
        assertEquals(CONNECTION, x(header));
    }

    @Test
    void shouldTakeOfEachListTheClientsElement() {
        // The client sent the first of each itself; its proxy added the second, ours the third.
        assertEquals(
                new Origin("192.0.2.1", 0, true, "right", 443, "right"),
                x(
                        "X-Forwarded-For: 6.6.6.6, 192.0.2.1, 10.1.1.1",
                        "X-Forwarded-Proto: http, https, http",
                        "X-Forwarded-Host: evil, right, inner"));
        assertTrue(x("X-Forwarded-For: 192.0.2.1, 10.1.1.1", "X-Forwarded-Proto: https").https());
        assertFalse(x("X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https, http").https());
    }

    @Test
    void shouldHonourOnlyTheHeadersItIsToldTo() {
        final Origin origin =
                origin(
                        "for, proto",
                        "X-Forwarded-For: 192.0.2.1",
                        "X-Forwarded-Proto: https",
                        "X-Forwarded-Host: evil",
                        "X-Forwarded-Port: 1");

        assertEquals(new Origin("192.0.2.1", 0, true, "10.0.0.9", 8080, ""), origin);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "for=192.0.2.1;proto=https;host=h | 192.0.2.1 0 true h 443",
                "For=192.0.2.1; Proto=HTTPS ; by=10.0.0.1 | 192.0.2.1 0 true 10.0.0.9 8080",
                "for=\"192.0.2.1:80\" | 192.0.2.1 80 false 10.0.0.9 8080",
                "for=\"[2001:db8::1]:80\" | 2001:db8:0:0:0:0:0:1 80 false 10.0.0.9 8080",
                "for=6.6.6.6;host=evil, for=192.0.2.1;host=h:81, for=10.1.1.1;host=inner | 192.0.2.1 0 false h 81",
                "for=6.6.6.6, for=unknown | 10.0.0.1 4711 false 10.0.0.9 8080",
                "for=6.6.6.6, for=_hidden;proto=https | 10.0.0.1 4711 true 10.0.0.9 8080",
                "proto=https | 10.0.0.1 4711 true 10.0.0.9 8080",
                "for=\"192.0.2.1 | 10.0.0.1 4711 false 10.0.0.9 8080",
                "for 192.0.2.1 | 10.0.0.1 4711 false 10.0.0.9 8080",
                "for=192.0.2.1;;proto=https | 10.0.0.1 4711 false 10.0.0.9 8080",
                "for=1.1.1.1 2.2.2.2 | 10.0.0.1 4711 false 10.0.0.9 8080",
                "for=\"192.0.2\\.1\" | 192.0.2.1 0 false 10.0.0.9 8080"
            })
    void shouldReadForwarded(String value, String expected) {
        final Origin o = origin("forwarded", "Forwarded: " + value);

        assertEquals(
                expected,
                o.remoteAddr()
                        + " "
                        + o.remotePort()
                        + " "
                        + o.https()
                        + " "
                        + o.serverName()
                        + " "
                        + o.serverPort());
    }

    @ParameterizedTest
    @ValueSource(strings = {"\\a", "a", "\"", ";", ",", "for=1.1.1.1,", "for=\"a\"", " ", "a="})
    void shouldEndWithAnythingThatIsLong(String piece) {
        for (final String start : new String[] {"", "for=\"", "for="}) {
            origin(
                    "forwarded",
                    "Forwarded: " + start + piece.repeat(60_000 / piece.length()) + "x");
            x("X-Forwarded-For: " + start + piece.repeat(60_000 / piece.length()) + "x");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "for,forwarded", "for;proto", "For", "forwarded,proto"})
    void shouldRefuseASettingThatIsNone(String headers) {
        assertThrows(HeadraceException.class, () -> new ForwardedHeaders(TRUSTED, headers));
    }

    private static SocketAddress address(String address) throws UnknownHostException {
        return new InetSocketAddress(InetAddress.getByName(address), 1);
    }

    @Test
    void shouldTrustNetworksAddressesAndUnixSocketsThatAreListed() throws Exception {
        final TrustedProxies trusted =
                TrustedProxies.of("10.0.0.0/8,192.0.2.1, 2001:db8::/32 ,unix,");

        assertTrue(trusted.contains(address("10.255.255.255")));
        assertFalse(trusted.contains(address("11.0.0.0")));
        assertFalse(trusted.contains(address("9.255.255.255")));
        assertTrue(trusted.contains(address("192.0.2.1")));
        assertFalse(trusted.contains(address("192.0.2.2")));
        assertTrue(trusted.contains(address("::ffff:192.0.2.1")));
        assertTrue(trusted.contains(address("2001:db8:ffff::1")));
        assertFalse(trusted.contains(address("2001:db9::1")));
        assertTrue(trusted.contains(new DomainSocketAddress("/x")));
        assertFalse(TrustedProxies.of("0.0.0.0/0").contains(new DomainSocketAddress("/x")));
        assertTrue(TrustedProxies.of("0.0.0.0/0").contains(address("8.8.8.8")));
        assertTrue(TrustedProxies.of("").isEmpty());
        assertFalse(TrustedProxies.of("").contains(address("127.0.0.1")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/x",
                "10.0.0.0/",
                "10.0.0/8",
                "::1/129",
                "/8",
                "UNIX",
                "10.0.0.1 10.0.0.2"
            })
    void shouldRefuseWhatIsNoNetwork(String list) {
        final HeadraceException refused =
                assertThrows(
                        HeadraceException.class, () -> TrustedProxies.of("10.0.0.0/8," + list));
        assertTrue(refused.getMessage().contains("'" + list + "'"), refused::getMessage);
    }
}
