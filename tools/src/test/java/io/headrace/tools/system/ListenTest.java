// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Front ends that listen at several addresses, in a file, and on a port that they share. */
class ListenTest {

    @RegisterExtension final RunningBus bus = new RunningBus(RunningBus::demoWorker);

    @TempDir Path directory;

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static String get(Path file, String target) throws IOException {
        try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(file))) {
            final String request =
                    HttpConnection.head("GET " + target + " HTTP/1.1", "Connection: close");
            Channels.newOutputStream(client).write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(
                    Channels.newInputStream(client).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void shouldListenAtAPortMoreAndInAFile(boolean nativeTransport) throws Exception {
        final Path file = directory.resolve("socket");
        final int port = freePort();
        // One that nobody listens at, as it stays when its owner is killed.
        try (var stale = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            stale.bind(UnixDomainSocketAddress.of(file));
        }
        final HeadraceProcess frontEnd =
                bus.frontEnd(
                        "-Dheadrace.native.transport=" + nativeTransport,
                        "-Dheadrace.loops=2",
                        "-Dheadrace.listen=127.0.0.1:" + port + ", unix:" + file);
        bus.awaitServed();
        assertEquals("Hello, World!", bus.get("/hello").text());
        try (HttpConnection client = new HttpConnection(port)) {
            assertEquals("Hello, World!", client.get("/hello").text());
        }
        assertTrue(get(file, "/hello").endsWith("\r\n\r\nHello, World!"));
        final String echo = get(file, "/echo");
        assertTrue(echo.contains("\"REMOTE_ADDR\":\"\""), echo);

        final HeadraceProcess second = bus.startFrontEnd("-Dheadrace.listen=unix:" + file);
        second.shouldExit(1);
        assertTrue(second.stderr().toString().contains("somebody listens"), second::report);
        assertTrue(get(file, "/hello").endsWith("Hello, World!"), "still there");

        frontEnd.terminate();
        frontEnd.shouldExit(0);
        assertFalse(Files.exists(file));
    }

    @Test
    void shouldShareItsPortWithAnotherFrontEndWhenAsked() throws Exception {
        final String port = "" + freePort();
        final HeadraceProcess[] frontEnds = new HeadraceProcess[2];
        for (int i = 0; i < 2; i++) {
            frontEnds[i] =
                    bus.awaitListening(
                            bus.start(
                                    "-Dheadrace.loops=1",
                                    "-Dheadrace.port.shared=true",
                                    "frontend",
                                    "--port",
                                    port,
                                    "--exit-with-parent"));
        }
        bus.awaitServed();
        for (int i = 0; i < 20; i++) {
            assertEquals("Hello, World!", bus.get("/hello").text());
        }
        frontEnds[0].terminate();
        frontEnds[0].shouldExit(0);
        assertEquals("Hello, World!", bus.get("/hello").text());
    }
}
