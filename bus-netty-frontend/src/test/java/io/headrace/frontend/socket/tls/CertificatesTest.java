// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/** Files that cannot be used are told apart, at the start and when they change. */
class CertificatesTest {

    private static final long SECOND_NS = 1_000_000_000L;

    @TempDir Path directory;

    private final List<String> errors = new ArrayList<>();
    private Path certificate;
    private Path key;
    private long nowNs;

    @BeforeEach
    void write() throws Exception {
        certificate = directory.resolve("a.pem");
        key = directory.resolve("a.key");
        write(issue(Algorithm.ecp256));
    }

    private static X509Bundle issue(Algorithm algorithm) throws Exception {
        return new CertificateBuilder()
                .algorithm(algorithm)
                .subject("CN=a")
                .addSanDnsName("a.example")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
    }

    private void write(X509Bundle bundle) throws Exception {
        Files.writeString(certificate, bundle.getCertificatePathPEM());
        Files.writeString(key, bundle.getPrivateKeyPEM());
    }

    private Certificates open() {
        return new Certificates(
                new TlsOptions(List.of(certificate), List.of(key), Optional.empty(), "none"),
                () -> nowNs,
                error -> errors.add(error.getMessage()));
    }

    private String problem() {
        return assertThrows(HeadraceException.class, this::open).getMessage();
    }

    @ParameterizedTest
    @EnumSource(
            value = Algorithm.class,
            mode = Mode.INCLUDE,
            names = {"ecp256", "ecp384", "rsa2048", "ed25519"})
    void shouldTakeKeysOfTheUsualKinds(Algorithm algorithm) throws Exception {
        write(issue(algorithm));
        open();
    }

    @Test
    void shouldSayWhichFileIsMissing() throws Exception {
        Files.delete(key);
        assertTrue(problem().startsWith("TLS key " + key + " cannot be used: "), problem());
        Files.delete(certificate);
        assertTrue(
                problem().startsWith("TLS certificate " + certificate + " cannot be read: "),
                problem());
    }

    @Test
    void shouldSayWhichFileIsNoCertificateOrNoKey() throws Exception {
        Files.writeString(certificate, "");
        assertEquals("TLS certificate " + certificate + " is empty", problem());
        Files.writeString(certificate, "not PEM");
        assertTrue(problem().contains(certificate + " cannot be read"), problem());
        write(issue(Algorithm.ecp256));
        for (final String text :
                new String[] {
                    "",
                    "-----BEGIN EC PRIVATE KEY-----\nMHc=\n-----END EC PRIVATE KEY-----\n",
                    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMHc=\n-----END ENCRYPTED PRIVATE KEY-----\n"
                }) {
            Files.writeString(key, text);
            assertTrue(problem().contains(key + " is not PKCS#8"), problem());
        }
        Files.writeString(key, "-----BEGIN PRIVATE KEY-----\nMHc=\n-----END PRIVATE KEY-----\n");
        assertTrue(problem().contains(key + " cannot be used"), problem());
        Files.writeString(key, "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----\n");
        assertTrue(problem().contains(key + " cannot be used"), problem());
    }

    @ParameterizedTest
    @EnumSource(
            value = Algorithm.class,
            mode = Mode.INCLUDE,
            names = {"ecp256", "rsa2048"})
    void shouldRefuseTheKeyOfAnotherCertificate(Algorithm algorithm) throws Exception {
        write(issue(algorithm));
        Files.writeString(key, issue(algorithm).getPrivateKeyPEM());
        assertTrue(problem().contains(key + " is not that of the certificate of CN=a"), problem());
    }

    @Test
    void shouldLookAtItsFilesOnceASecondAndReadThemWhenOneHasChanged() throws Exception {
        final Certificates certificates = open();
        assertEquals(0, certificates.doWork());
        nowNs += SECOND_NS;
        assertEquals(0, certificates.doWork());

        Files.writeString(key, "x");
        nowNs += SECOND_NS - 1;
        assertEquals(0, certificates.doWork());
        nowNs += 1;
        assertEquals(1, certificates.doWork());
        assertTrue(errors.get(0).contains(key + " is not PKCS#8"), errors::toString);

        // Once is enough.
        nowNs += SECOND_NS;
        assertEquals(0, certificates.doWork());

        Files.delete(key);
        nowNs += SECOND_NS;
        assertEquals(1, certificates.doWork());
        assertEquals(2, errors.size());

        write(issue(Algorithm.rsa2048));
        nowNs += SECOND_NS;
        assertEquals(1, certificates.doWork());
        assertEquals(2, errors.size());
    }

    @Test
    void shouldRefuseOptionsThatDoNotGoTogether() {
        assertTrue(refused("a,b", "a", "").contains("names 2 files and headrace.tls.key 1"));
        assertTrue(refused("", "a", "").contains("names 0 files and headrace.tls.key 1"));
        assertTrue(
                assertThrows(
                                HeadraceException.class,
                                () ->
                                        new TlsOptions(
                                                        List.of(),
                                                        List.of(),
                                                        Optional.empty(),
                                                        "perhaps")
                                                .check())
                        .getMessage()
                        .contains("'perhaps'; it takes one of [none, optional, required]"));
        assertThrows(
                HeadraceException.class,
                () -> new TlsOptions(List.of(), List.of(), Optional.empty(), "required").check());
        assertThrows(
                HeadraceException.class,
                () -> new TlsOptions(List.of(), List.of(), Optional.of(key), "none").check());
        assertEquals("required", TlsOptions.of("a", "b", "c").client());
        assertEquals("none", TlsOptions.of("a", "b", "").client());
    }

    private static String refused(String certificates, String keys, String clientCa) {
        return assertThrows(
                        HeadraceException.class,
                        () -> TlsOptions.of(certificates, keys, clientCa).check())
                .getMessage();
    }
}
