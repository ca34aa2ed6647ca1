// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.member.Member;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A front end behind TLS, with two certificates, that asks its clients for theirs. */
class TlsTest {

    private static final TlsFiles files = new TlsFiles();

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it -> {
                        files.write("a", files.issue("CN=a", "a.example", "localhost"));
                        files.write("b", files.issue("CN=b", "b.example", "*.c.example"));
                        it.connectBy(port -> files.connect(port, "a.example"));
                        it.frontEndAndWorker(frontEndArgs(), "--app", worker());
                    });

    private static List<String> frontEndArgs() {
        return List.of(
                "--tls-cert",
                files.file("a.pem") + "," + files.file("b.pem"),
                "--tls-key",
                files.file("a.key"),
                "--tls-key",
                files.file("b.key"),
                "--tls-client-ca",
                files.file("ca.pem"),
                "-Dheadrace.tls.client=optional");
    }

    private static String worker() {
        return AwkwardApplication.class.getName();
    }

    @AfterAll
    static void delete() {
        files.delete();
    }

    @AfterEach
    void shouldGoOnServing() throws Exception {
        try (HttpConnection client = bus.connect()) {
            assertEquals("https", client.get("/scheme").text());
        }
    }

    private static SSLSocket socket(String host, String... protocols) throws Exception {
        return files.connect(bus.port(), host, List.of(), protocols);
    }

    @Test
    void shouldSayHttpsWhenItIsReady() {
        assertTrue(
                bus.processes().get(0).stdout().get(0).contains(": https://127.0.0.1:"),
                bus.processes().get(0)::report);
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void shouldServeRequestsOverEachVersion(String version) throws Exception {
        try (SSLSocket socket = socket("a.example", version);
                HttpConnection client = new HttpConnection(socket)) {
            assertEquals("https", client.get("/scheme").text());
            assertEquals(version, socket.getSession().getProtocol());
            final byte[] body = new byte[900_000];
            assertEquals(200, client.post("/keys", body).status());
            assertArrayEquals(new byte[5 << 20], client.get("/length?value=5242880").body());
        }
    }

    @ParameterizedTest
    @EnumSource(HttpClient.Version.class)
    void shouldSpeakTheProtocolThatTheClientAsksFor(HttpClient.Version version) throws Exception {
        final HttpClient client =
                HttpClient.newBuilder()
                        .sslContext(files.context(List.of()))
                        .version(version)
                        .build();
        final HttpResponse<String> response =
                client.send(
                        HttpRequest.newBuilder(
                                        URI.create("https://localhost:" + bus.port() + "/keys"))
                                .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[500_000]))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertEquals(version, response.version());
        final Map<String, Object> keys = Json.object(response.body());
        assertEquals(
                version == HttpClient.Version.HTTP_2 ? "HTTP/2" : "HTTP/1.1",
                Json.at(keys, "META", "SERVER_PROTOCOL"));
    }

    @Test
    void shouldRefuseWhatIsNotSecureAnyMore() throws Exception {
        try (SSLSocket socket = socket("a.example", "TLSv1.2")) {
            socket.setEnabledCipherSuites(new String[] {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"});
            assertThrows(SSLHandshakeException.class, socket::startHandshake);
        }
        Await.until("a failure", () -> bus.counter(" tls handshakes failed") > 0);
        assertEquals(List.of(), bus.errors(Member.Kind.FRONT_END));
    }

    @ParameterizedTest
    @CsvSource({
        "a.example, CN=a",
        "localhost, CN=a",
        "b.example, CN=b",
        "B.Example, CN=b",
        "x.c.example, CN=b",
        "x.y.c.example, CN=a",
        "c.example, CN=a",
        "unknown.example, CN=a",
        "'', CN=a"
    })
    void shouldShowTheCertificateOfTheHostThatIsAskedFor(String host, String subject)
            throws Exception {
        try (SSLSocket socket = socket(host)) {
            assertEquals(subject, TlsFiles.subject(socket));
        }
    }

    @Test
    void shouldEndAnAnswerThatIsTheLastAsTlsDoes() throws Exception {
        try (HttpConnection client = bus.connect()) {
            client.send(HttpConnection.head("POST / HTTP/1.1", "Content-Length: 99999999"));
            client.answer().shouldBeRefusal(413, "body-too-large");
            // An exception would say that somebody may have cut the rest off.
            assertEquals("", client.readToEnd());
        }
        try (HttpConnection client = bus.connect()) {
            client.request("GET /scheme HTTP/1.1", "Connection: close");
            assertEquals("https", client.answer().text());
            assertEquals("", client.readToEnd());
        }
    }

    @Test
    void shouldOpenWebSockets() throws Exception {
        try (WebSocketClient client = new WebSocketClient(bus.connect(), "/ws/tls")) {
            client.shouldReceive(Frame.text("welcome"));
            client.shouldEcho("x".repeat(100_000));
            client.send(Frame.text("close 4000"));
            for (int i = 0; i < 100; i++) {
                client.shouldReceive(Frame.text("before the close " + i));
            }
            client.shouldBeClosed(4000);
            client.send(Frame.close(4000, ""));
            client.shouldEnd();
        }
        try (WebSocketClient client = new WebSocketClient(bus.connect(), "/ws/tls")) {
            client.shouldReceive(Frame.text("welcome"));
            client.send(Frame.text("unmasked").unmasked());
            client.shouldBeClosed(1002);
            client.shouldEnd();
        }
    }

    @Test
    void shouldShowTheSubjectOfAClientsCertificate() throws Exception {
        final X509Bundle client = files.issue("CN=Jürgen\\, the second,O=Example,C=DE");
        try (HttpConnection connection =
                new HttpConnection(files.connect(bus.port(), "a.example", List.of(client)))) {
            final Map<String, Object> keys = Json.object(connection.get("/keys").text());
            assertEquals("SUCCESS", Json.at(keys, "META", "SSL_CLIENT_VERIFY"));
            assertEquals(
                    "CN=Jürgen\\, the second,O=Example,C=DE",
                    Json.at(keys, "META", "SSL_CLIENT_S_DN"));
        }
    }

    @Test
    void shouldKnowNothingOfAClientWithoutOneWhateverItSays() throws Exception {
        try (HttpConnection client = bus.connect()) {
            final Map<String, Object> keys =
                    Json.object(
                            client.get(
                                            "/keys",
                                            "SSL-Client-Verify: SUCCESS",
                                            "SSL_CLIENT_VERIFY: SUCCESS",
                                            "SSL_CLIENT_S_DN: CN=root")
                                    .text());
            final Map<?, ?> meta = (Map<?, ?>) keys.get("META");
            assertTrue(!meta.containsKey("SSL_CLIENT_VERIFY"), meta::toString);
            assertTrue(!meta.containsKey("SSL_CLIENT_S_DN"), meta::toString);
        }
    }

    @Test
    void shouldRefuseACertificateOfAnotherAuthority() throws Exception {
        final X509Bundle stranger = TlsFiles.root("CN=stranger");
        try (SSLSocket socket = files.connect(bus.port(), "", List.of(stranger), "TLSv1.2")) {
            // It is not shown: the client knows which authorities are asked for.
            socket.startHandshake();
            assertEquals(null, socket.getSession().getLocalCertificates());
        }
    }

    @Test
    void shouldServeAChangedCertificateToNewConnectionsAndKeepTheOpen() throws Exception {
        try (SSLSocket before = socket("b.example");
                HttpConnection open = new HttpConnection(before)) {
            assertEquals("https", open.get("/scheme").text());
            final X509Bundle next = files.issue("CN=b2", "b.example");
            files.writeCertificate("b", next);
            Await.until(
                    "an error about half of a change",
                    () ->
                            bus.errors(Member.Kind.FRONT_END).stream()
                                    .anyMatch(error -> error.contains("b.key is not that of")));
            try (SSLSocket between = socket("b.example")) {
                assertEquals("CN=b", TlsFiles.subject(between));
            }
            files.writeKey("b", next);
            Await.until(
                    "the new certificate",
                    () -> {
                        try (SSLSocket socket = socket("b.example")) {
                            return TlsFiles.subject(socket).equals("CN=b2");
                        }
                    });
            assertEquals("https", open.get("/scheme").text());
            assertEquals("CN=b", TlsFiles.subject(before));
        }
    }

    @Test
    void shouldCloseOnAClientThatSpeaksNoTls() throws IOException {
        final long failed = bus.counter(" tls handshakes failed");
        try (HttpConnection client = new HttpConnection(bus.port())) {
            client.request("GET / HTTP/1.1");
            client.readToEnd();
        }
        Await.until("a failure", () -> bus.counter(" tls handshakes failed") > failed);
    }

    @Test
    void shouldCloseOnAClientThatTakesTooLong() {
        // Its own front end: so short a time could end the handshakes of others.
        final List<String> args = new ArrayList<>(frontEndArgs());
        args.add("-Dheadrace.handshake.timeout=300ms");
        final HeadraceProcess hasty = bus.startFrontEnd(args.toArray(String[]::new));
        final int port = RunningBus.port(hasty.awaitReady("headrace frontend f"));
        try (HttpConnection silent = new HttpConnection(port);
                HttpConnection halfway = new HttpConnection(port)) {
            halfway.send("\u0016\u0003\u0001\u0002");
            silent.readToEnd();
            halfway.readToEnd();
        }
    }
}
