// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** An authority of our own, certificates that it issues, and clients that trust it. */
final class TlsFiles {

    private static final CertificateBuilder BUILDER = new CertificateBuilder().ecp256();

    private final Path directory;
    private final X509Bundle authority = root("CN=Test Root");

    TlsFiles() {
        try {
            directory = Files.createTempDirectory("tls-");
            Files.writeString(directory.resolve("ca.pem"), authority.getRootCertificatePEM());
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
    }

    static X509Bundle root(String subject) {
        try {
            return BUILDER.copy()
                    .subject(subject)
                    .setIsCertificateAuthority(true)
                    .buildSelfSigned();
        } catch (final Exception e) {
            throw new AssertionError(e);
        }
    }

    /** Issues a certificate for hosts. */
    X509Bundle issue(String subject, String... hosts) {
        try {
            final CertificateBuilder builder = BUILDER.copy().subject(subject);
            if (hosts.length > 0) {
                builder.addExtensionOctetString("2.5.29.17", false, alternativeNames(hosts));
            }
            return builder.buildIssuedBy(authority);
        } catch (final Exception e) {
            throw new AssertionError(e);
        }
    }

    // RFC 5280, section 4.2.1.6, in DER. The builder takes no names with an asterisk.
    private static byte[] alternativeNames(String... hosts) {
        final ByteArrayOutputStream names = new ByteArrayOutputStream();
        for (final String host : hosts) {
            names.write(0x82);
            names.write(host.length());
            names.writeBytes(host.getBytes(StandardCharsets.US_ASCII));
        }
        final ByteArrayOutputStream sequence = new ByteArrayOutputStream();
        sequence.write(0x30);
        sequence.write(names.size());
        sequence.writeBytes(names.toByteArray());
        return sequence.toByteArray();
    }

    String file(String name) {
        return directory.resolve(name).toString();
    }

    /** Writes {@code NAME.pem} and {@code NAME.key}. */
    void write(String name, X509Bundle bundle) {
        writeCertificate(name, bundle);
        writeKey(name, bundle);
    }

    void writeCertificate(String name, X509Bundle bundle) {
        write(name + ".pem", bundle.getCertificatePathPEM());
    }

    void writeKey(String name, X509Bundle bundle) {
        write(name + ".key", bundle.getPrivateKeyPEM());
    }

    private void write(String name, String text) {
        try {
            Files.writeString(directory.resolve(name), text);
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
    }

    /** A client's socket that trusts the authority, and shows a certificate if there is one. */
    SSLSocket connect(int port, String host, List<X509Bundle> clients, String... protocols)
            throws Exception {
        final SSLSocket socket =
                (SSLSocket) context(clients).getSocketFactory().createSocket("127.0.0.1", port);
        socket.setSoTimeout((int) Await.DEADLINE_MS);
        final SSLParameters parameters = socket.getSSLParameters();
        if (!host.isEmpty()) {
            parameters.setServerNames(List.of(new SNIHostName(host)));
        }
        if (protocols.length > 0) {
            parameters.setProtocols(protocols);
        }
        socket.setSSLParameters(parameters);
        return socket;
    }

    /** For clients that trust the authority, and show a certificate if there is one. */
    SSLContext context(List<X509Bundle> clients) throws Exception {
        final SSLContext context = SSLContext.getInstance("TLS");
        final KeyManager[] keys =
                clients.isEmpty() ? null : clients.get(0).toKeyManagerFactory().getKeyManagers();
        context.init(keys, new TrustManager[] {trust()}, null);
        return context;
    }

    /** A client's connection that trusts the authority. */
    HttpConnection connect(int port, String host) {
        try {
            return new HttpConnection(connect(port, host, List.of()));
        } catch (final Exception e) {
            throw new AssertionError(e);
        }
    }

    private X509TrustManager trust() {
        return (X509TrustManager) authority.toTrustManager();
    }

    /** Subject of the certificate that a server has shown. */
    static String subject(SSLSocket socket) throws Exception {
        socket.startHandshake();
        return ((X509Certificate) socket.getSession().getPeerCertificates()[0])
                .getSubjectX500Principal()
                .getName();
    }

    void delete() {
        try (Stream<Path> files = Files.list(directory)) {
            for (final Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(directory);
        } catch (final IOException e) {
            throw new AssertionError(e);
        }
    }
}
