// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.tls;

import io.headrace.HeadraceException;
import io.headrace.Setting;
import io.netty.handler.ssl.ClientAuth;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Which certificates a front end serves, and whether it asks for the clients'. All files are PEM.
 *
 * @param certificates certificate chains, the first for clients that name no host of another
 *     ({@code headrace.tls.cert}, comma-separated; default none: no TLS).
 * @param keys their private keys, PKCS#8 and not encrypted, in the same order ({@code
 *     headrace.tls.key}).
 * @param clientCa certificates of the authorities that clients' certificates are verified with
 *     ({@code headrace.tls.client.ca}).
 * @param client whether clients show a certificate ({@code headrace.tls.client}: {@code none},
 *     {@code optional} or {@code required}; default {@code required} with a {@code clientCa}).
 */
public record TlsOptions(
        List<Path> certificates, List<Path> keys, Optional<Path> clientCa, String client) {

    private static final List<String> CLIENT = List.of("none", "optional", "required");

    /**
     * Checks what goes together.
     *
     * @throws HeadraceException when it does not.
     */
    public void check() {
        if (certificates.size() != keys.size()) {
            throw new HeadraceException(
                    "headrace.tls.cert names %d files and headrace.tls.key %d; each certificate has its key"
                            .formatted(certificates.size(), keys.size()));
        }
        Setting.check("headrace.tls.client", client, CLIENT);
        if (client.equals("none") == clientCa.isPresent()) {
            throw new HeadraceException(
                    "headrace.tls.client is '%s' and headrace.tls.client.ca %s; they go together"
                            .formatted(client, clientCa.map(Path::toString).orElse("is not set")));
        }
    }

    /** System properties, else no TLS. */
    public static TlsOptions fromProperties() {
        return of(
                System.getProperty("headrace.tls.cert", ""),
                System.getProperty("headrace.tls.key", ""),
                System.getProperty("headrace.tls.client.ca", ""));
    }

    /** Comma-separated files; the rest from system properties. */
    public static TlsOptions of(String certificates, String keys, String clientCa) {
        return new TlsOptions(
                paths(certificates),
                paths(keys),
                paths(clientCa).stream().findFirst(),
                System.getProperty(
                        "headrace.tls.client", clientCa.isEmpty() ? "none" : "required"));
    }

    private static List<Path> paths(String list) {
        return Stream.of(list.split(","))
                .map(String::trim)
                .filter(name -> !name.isEmpty())
                .map(Path::of)
                .toList();
    }

    /** Whether there is TLS at all. */
    public boolean isOn() {
        return !certificates.isEmpty();
    }

    ClientAuth clientAuth() {
        return switch (client) {
            case "required" -> ClientAuth.REQUIRE;
            case "optional" -> ClientAuth.OPTIONAL;
            default -> ClientAuth.NONE;
        };
    }

    /** All files there are, of which any may change. */
    List<Path> files() {
        return Stream.of(certificates.stream(), keys.stream(), clientCa.stream())
                .flatMap(files -> files)
                .toList();
    }
}
