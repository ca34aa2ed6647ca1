// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.tls;

import io.headrace.HeadraceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads certificates and keys, and says what is wrong with a file. */
final class PemFile {

    private static final Pattern PRIVATE_KEY =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([^-]*)-----END PRIVATE KEY-----");

    private PemFile() {}

    /** The certificates of a file, in its order. */
    static List<X509Certificate> certificates(Path file) {
        try (InputStream stream = Files.newInputStream(file)) {
            final List<X509Certificate> chain =
                    CertificateFactory.getInstance("X.509").generateCertificates(stream).stream()
                            .map(X509Certificate.class::cast)
                            .toList();
            if (chain.isEmpty()) {
                throw new HeadraceException("TLS certificate " + file + " is empty");
            }
            return chain;
        } catch (final IOException | GeneralSecurityException e) {
            throw new HeadraceException("TLS certificate " + file + " cannot be read: " + e, e);
        }
    }

    /** The key of a certificate; makes sure that it is. */
    static PrivateKey key(Path file, X509Certificate certificate) {
        try {
            final Matcher pem =
                    PRIVATE_KEY.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
            if (!pem.find()) {
                throw new HeadraceException(
                        "TLS key %s is not PKCS#8; 'openssl pkcs8 -topk8 -nodes' makes one of another"
                                .formatted(file));
            }
            final PublicKey publicKey = certificate.getPublicKey();
            final PrivateKey key =
                    KeyFactory.getInstance(publicKey.getAlgorithm())
                            .generatePrivate(
                                    new PKCS8EncodedKeySpec(
                                            Base64.getMimeDecoder().decode(pem.group(1))));
            if (!belong(key, publicKey)) {
                throw new HeadraceException(
                        "TLS key %s is not that of the certificate of %s"
                                .formatted(file, certificate.getSubjectX500Principal()));
            }
            return key;
        } catch (final IOException | GeneralSecurityException | IllegalArgumentException e) {
            throw new HeadraceException("TLS key " + file + " cannot be used: " + e, e);
        }
    }

    /** A certificate that is changed is in two files, which do not change at the same time. */
    private static boolean belong(PrivateKey key, PublicKey publicKey)
            throws GeneralSecurityException {
        final String algorithm =
                switch (key.getAlgorithm()) {
                    case "RSA" -> "SHA256withRSA";
                    case "EC" -> "SHA256withECDSA";
                    default -> key.getAlgorithm();
                };
        final Signature signature = Signature.getInstance(algorithm);
        final byte[] message = publicKey.getEncoded();
        signature.initSign(key);
        signature.update(message);
        final byte[] signed = signature.sign();
        signature.initVerify(publicKey);
        signature.update(message);
        return signature.verify(signed);
    }

    /** The host names a certificate is for, perhaps with {@code *.} in front. */
    static List<String> hosts(X509Certificate certificate) {
        try {
            // RFC 5280, section 4.2.1.6: 2 is dNSName.
            return Stream.ofNullable(certificate.getSubjectAlternativeNames())
                    .flatMap(names -> names.stream())
                    .filter(name -> name.get(0).equals(2))
                    .map(name -> (String) name.get(1))
                    .toList();
        } catch (final GeneralSecurityException e) {
            throw new HeadraceException("TLS certificate has bad names: " + certificate, e);
        }
    }
}
