// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.frontend.testing.RawConnection;
import io.headrace.frontend.testing.RunningFrontend;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a worker learns of a client behind a proxy, on a real front end's socket. */
class BehindProxyTest {

    private static final String GET = "GET / HTTP/1.1\r\nHost: inner:81\r\n\r\n";
    private static final byte[] V2_SIGNATURE = {
        '\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'
    };

    private RunningFrontend running;

    private void start(String... properties) {
        final Map<String, String> all = new TreeMap<>();
        for (int i = 0; i < properties.length; i += 2) {
            all.put("headrace." + properties[i], properties[i + 1]);
        }
        // The harness waits with plain requests, which a proxy's protocol does not let through.
        running =
                RunningFrontend.start(
                        all,
                        worker ->
                                worker.onHttpRequest(
                                        (channel, request, reply) ->
                                                reply.send(
                                                        200,
                                                        "text/plain",
                                                        "%s %s %s %s %s %s %s"
                                                                .formatted(
                                                                        request.meta("REMOTE_ADDR"),
                                                                        request.remotePort(),
                                                                        request.https(),
                                                                        request.meta("SERVER_NAME"),
                                                                        request.meta("HTTP_HOST"),
                                                                        request.headers()
                                                                                .value("Host", ""),
                                                                        request.headers()
                                                                                .value(
                                                                                        "X-Forwarded-For",
                                                                                        "-")))));
    }

    @AfterEach
    void stop() {
        final List<String> errors = running.errors();
        running.close();
        assertEquals(List.of(), errors);
    }

    private String forwarded(String... headers) {
        try (RawConnection client = running.connect()) {
            return client.get("/", headers).answer().body();
        }
    }

    @Test
    void shouldBelieveATrustedProxyAndLeaveItsHeadersAsTheyAre() {
        start("trusted.proxies", "127.0.0.0/8");

        assertEquals(
                "192.0.2.1 0 true www.example.com www.example.com h 6.6.6.6, 192.0.2.1",
                forwarded(
                        "X-Forwarded-For: 6.6.6.6, 192.0.2.1",
                        "X-Forwarded-Proto: https",
                        "X-Forwarded-Host: www.example.com"));
        assertTrue(forwarded().startsWith("127.0.0.1 "));
        assertTrue(forwarded().endsWith(" false 127.0.0.1 h h -"));
    }

    @Test
    void shouldTakeNoWordFromAnybodyElse() {
        start("trusted.proxies", "10.0.0.0/8,::1");

        final String answer =
                forwarded(
                        "X-Forwarded-For: 192.0.2.1",
                        "X-Forwarded-Proto: https",
                        "X-Forwarded-Host: evil",
                        "Forwarded: for=192.0.2.1;host=evil");
        assertTrue(
                answer.startsWith("127.0.0.1 ")
                        && answer.endsWith(" false 127.0.0.1 h h 192.0.2.1"),
                answer);
    }

    private RawConnection proxied() {
        return new RawConnection(running.frontend().port());
    }

    private static byte[] v2(int command, byte[] addressesAndTlvs) {
        return ByteBuffer.allocate(16 + addressesAndTlvs.length)
                .put(V2_SIGNATURE)
                .put((byte) command)
                .put((byte) 0x11)
                .putShort((short) addressesAndTlvs.length)
                .put(addressesAndTlvs)
                .array();
    }

    @Test
    void shouldTakeAConnectionsAddressesFromTheProxyProtocol() {
        start("trusted.proxies", "127.0.0.1", "proxy.protocol", "on");
        try (RawConnection v1 = proxied();
                RawConnection v2 = proxied();
                RawConnection ipV6 = proxied();
                RawConnection unknown = proxied();
                RawConnection local = proxied()) {
            final String expected = "192.0.2.1 4711 false 192.0.2.9 inner:81 inner:81 -";
            v1.send("PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n" + GET + GET);
            assertEquals(expected, v1.answer().body());
            assertEquals(expected, v1.answer().body());
            final byte[] addresses = {
                (byte) 192,
                0,
                2,
                1,
                (byte) 192,
                0,
                2,
                9,
                0x12,
                0x67,
                1,
                (byte) 187,
                // PP2_TYPE_SSL: the client speaks TLS.
                0x20,
                0,
                5,
                1,
                0,
                0,
                0,
                0
            };
            v2.send(v2(0x21, addresses)).send(GET);
            assertEquals(expected.replace("false", "true"), v2.answer().body());
            ipV6.send("PROXY TCP6 2001:db8::1 ::1 1 2\r\n" + GET);
            assertTrue(
                    ipV6.answer()
                            .body()
                            .startsWith("2001:db8:0:0:0:0:0:1 1 false 0:0:0:0:0:0:0:1"));
            unknown.send("PROXY UNKNOWN\r\n" + GET);
            assertTrue(unknown.answer().body().startsWith("127.0.0.1 "));
            local.send(v2(0x20, new byte[0])).send(GET);
            assertTrue(local.answer().body().startsWith("127.0.0.1 "));
        }
    }

    @Test
    void shouldReadTheProxyProtocolByteByByte() {
        start("trusted.proxies", "127.0.0.1", "proxy.protocol", "on");
        try (RawConnection client = proxied()) {
            for (final char c :
                    ("PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n" + GET).toCharArray()) {
                client.send(Character.toString(c));
            }
            assertTrue(client.answer().body().startsWith("192.0.2.1 4711 "));
        }
    }

    @Test
    void shouldBelieveTheHeadersOfAProxyBehindTheProxyProtocolOnlyIfItIsTrusted() {
        start("trusted.proxies", "127.0.0.1,10.0.0.0/8", "proxy.protocol", "on");
        try (RawConnection trusted = proxied();
                RawConnection client = proxied()) {
            final String request =
                    "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n";
            trusted.send("PROXY TCP4 10.1.1.1 10.0.0.9 1 2\r\n" + request);
            assertTrue(trusted.answer().body().startsWith("192.0.2.7 0 "));
            client.send("PROXY TCP4 192.0.2.1 10.0.0.9 1 2\r\n" + request);
            assertTrue(client.answer().body().startsWith("192.0.2.1 1 "));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
                "PROXY TCP4 192.0.2.1 192.0.2.9 4711\r\n",
                "PROXY TCP4 evil 192.0.2.9 4711 443\r\n",
                "PROXY TCP4 192.0.2.1 192.0.2.9 70000 443\r\n",
                "PROXX TCP4 192.0.2.1 192.0.2.9 4711 443\r\n",
                "PROXY TCP4 192.0.2.1 192.0.2.9 4711 443 more of it than there may ever be in a line of the protocol, as its text has it\r\n"
            })
    void shouldCloseAConnectionThatBeginsOtherwise(String bytes) {
        start("trusted.proxies", "127.0.0.1", "proxy.protocol", "on");
        try (RawConnection client = proxied()) {
            client.send(bytes);
            assertEquals("", client.readToEnd());
        }
        RunningFrontend.await("a count", () -> running.counter("closed handshake") == 1);
    }

    @Test
    void shouldCloseAConnectionThatDoesNotBeginInTime() {
        start("trusted.proxies", "127.0.0.1", "proxy.protocol", "on", "header.timeout", "1000ms");
        try (RawConnection silent = proxied();
                RawConnection half = proxied()) {
            half.send("PROXY TC");
            // One that leaves by itself is none of them, if it does so in time.
            proxied().send("PROXY TC").close();
            assertEquals("", half.readToEnd());
            assertEquals("", silent.readToEnd());
        }
        RunningFrontend.await("counts", () -> running.counter("closed handshake") >= 2);
    }

    @Test
    void shouldTakeTheProxyProtocolFromNobodyWhoIsNotTrusted() {
        start("trusted.proxies", "10.0.0.0/8", "proxy.protocol", "on");
        try (RawConnection client = proxied()) {
            client.send("PROXY TCP4 192.0.2.1 192.0.2.9 4711 443\r\n" + GET);
            assertEquals("", client.readToEnd());
        }
        RunningFrontend.await("a count", () -> running.counter("closed handshake") == 1);
    }
}
