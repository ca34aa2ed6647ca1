// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.util.List;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A front end that serves nobody without a certificate; with the JDK's TLS, and with NIO. */
class TlsClientCertificateTest {

    private static final TlsFiles files = new TlsFiles();
    private static final X509Bundle client = files.issue("CN=client");

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it -> {
                        files.write("a", files.issue("CN=a", "a.example"));
                        it.connectBy(port -> connect(port, client, "TLSv1.3"));
                        it.frontEndAndWorker(
                                List.of(
                                        "-Dio.netty.handler.ssl.noOpenSsl=true",
                                        "-Dheadrace.native.transport=false",
                                        "-Dheadrace.tls.cert=" + files.file("a.pem"),
                                        "-Dheadrace.tls.key=" + files.file("a.key"),
                                        "-Dheadrace.tls.client.ca=" + files.file("ca.pem")),
                                "--app",
                                AwkwardApplication.class.getName());
                    });

    @AfterAll
    static void delete() {
        files.delete();
    }

    private static HttpConnection connect(int port, X509Bundle certificate, String version) {
        try {
            return new HttpConnection(
                    files.connect(port, "a.example", List.of(certificate), version));
        } catch (final Exception e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void shouldServeAClientWithOne(String version) {
        try (HttpConnection connection = connect(bus.port(), client, version)) {
            assertEquals(
                    "CN=client",
                    Json.at(
                            Json.object(connection.get("/keys").text()),
                            "META",
                            "SSL_CLIENT_S_DN"));
            connection.send(HttpConnection.head("POST / HTTP/1.1", "Content-Length: 99999999"));
            connection.answer().shouldBeRefusal(413, "body-too-large");
            assertEquals("", connection.readToEnd());
        }
        try (WebSocketClient socket =
                new WebSocketClient(connect(bus.port(), client, version), "/ws/tls")) {
            socket.shouldReceive(Frame.text("welcome"));
            socket.shouldEcho("x".repeat(100_000));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void shouldServeNobodyWithoutOne(String version) throws Exception {
        try (SSLSocket socket = files.connect(bus.port(), "a.example", List.of(), version)) {
            assertThrows(
                    IOException.class,
                    () -> {
                        socket.startHandshake();
                        // In TLS 1.3 a client has done its part before it is refused.
                        socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes());
                        if (socket.getInputStream().read() < 0) {
                            throw new IOException("closed");
                        }
                    });
        }
        assertEquals(200, bus.get("/keys").status());
    }

    @Test
    void shouldSayInOneLineWhatIsWrongWithAFile() {
        final HeadraceProcess process =
                HeadraceProcess.start(
                                "frontend",
                                "--port",
                                "0",
                                "--tls-cert",
                                files.file("a.pem"),
                                "--tls-key",
                                files.file("ca.pem"))
                        .shouldExit(1);
        try (process) {
            assertEquals(
                    List.of(
                            "headrace frontend: TLS key %s is not PKCS#8; 'openssl pkcs8 -topk8 -nodes' makes one of another"
                                    .formatted(files.file("ca.pem"))),
                    process.stderr());
        }
    }
}
