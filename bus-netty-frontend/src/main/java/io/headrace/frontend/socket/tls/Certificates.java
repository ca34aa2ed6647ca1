// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.tls;

import io.headrace.HeadraceException;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.handler.codec.http2.Http2SecurityUtil;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.util.DomainWildcardMappingBuilder;
import io.netty.util.Mapping;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.NanoClock;

/**
 * The certificates a front end serves. Those of new connections are the files' latest: an agent
 * looks at the files once a second and reads all of them anew when one has changed. What cannot be
 * used is reported, and the former ones stay. Open connections keep what they began with.
 *
 * <p>With BoringSSL (netty-tcnative) where it is on the class path, else with the JDK's TLS.
 */
public final class Certificates implements Agent {

    private static final long CHECK_INTERVAL_NS = 1_000_000_000L;

    private final TlsOptions options;
    private final NanoClock clock;
    private final Consumer<HeadraceException> onError;
    private volatile Mapping<String, SslContext> byHost;
    private List<Object> stamps;
    private long nextCheckNs;

    /**
     * @param onError is told of files that have become bad.
     * @throws HeadraceException when they are now.
     */
    public Certificates(TlsOptions options, NanoClock clock, Consumer<HeadraceException> onError) {
        this.options = options;
        this.clock = clock;
        this.onError = onError;
        this.nextCheckNs = clock.nanoTime() + CHECK_INTERVAL_NS;
        this.stamps = stamps();
        this.byHost = load();
    }

    @Override
    public int doWork() {
        final long nowNs = clock.nanoTime();
        if (nowNs - nextCheckNs < 0) {
            return 0;
        }
        nextCheckNs = nowNs + CHECK_INTERVAL_NS;
        final List<Object> latest = stamps();
        if (latest.equals(stamps)) {
            return 0;
        }
        stamps = latest;
        try {
            byHost = load();
        } catch (final HeadraceException e) {
            onError.accept(e);
        }
        return 1;
    }

    /** What changes when a file does; a file that is not there has one, too. */
    private List<Object> stamps() {
        final List<Object> all = new ArrayList<>();
        for (final Path file : options.files()) {
            try {
                final BasicFileAttributes attributes =
                        Files.readAttributes(file, BasicFileAttributes.class);
                all.add(attributes.lastModifiedTime());
                all.add(attributes.size());
            } catch (final IOException e) {
                all.add("missing");
            }
        }
        return all;
    }

    private Mapping<String, SslContext> load() {
        final List<X509Certificate> authorities =
                options.clientCa().map(PemFile::certificates).orElse(List.of());
        DomainWildcardMappingBuilder<SslContext> builder = null;
        for (int i = 0; i < options.certificates().size(); i++) {
            final Path file = options.certificates().get(i);
            final List<X509Certificate> chain = PemFile.certificates(file);
            final SslContext context = context(file, options.keys().get(i), chain, authorities);
            if (builder == null) {
                builder = new DomainWildcardMappingBuilder<>(context);
            }
            for (final String host : PemFile.hosts(chain.get(0))) {
                builder.add(host, context);
            }
        }
        return builder.build();
    }

    private SslContext context(
            Path file, Path key, List<X509Certificate> chain, List<X509Certificate> authorities) {
        try {
            return SslContextBuilder.forServer(PemFile.key(key, chain.get(0)), chain)
                    .sslProvider(OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK)
                    .protocols("TLSv1.3", "TLSv1.2")
                    // Mozilla's list: forward secret and authenticated.
                    .ciphers(Http2SecurityUtil.CIPHERS, SupportedCipherSuiteFilter.INSTANCE)
                    .clientAuth(options.clientAuth())
                    .trustManager(authorities.isEmpty() ? null : authorities)
                    .applicationProtocolConfig(
                            new ApplicationProtocolConfig(
                                    ApplicationProtocolConfig.Protocol.ALPN,
                                    ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                                    ApplicationProtocolConfig.SelectedListenerFailureBehavior
                                            .ACCEPT,
                                    ApplicationProtocolNames.HTTP_2,
                                    ApplicationProtocolNames.HTTP_1_1))
                    .build();
        } catch (final SSLException | IllegalArgumentException e) {
            throw new HeadraceException("TLS certificate " + file + " cannot be used: " + e, e);
        }
    }

    /**
     * A new connection's first handler.
     *
     * @param timeoutNs how long the TLS handshake may take.
     */
    public ChannelHandler newHandler(long timeoutNs) {
        final long timeoutMs = TimeUnit.NANOSECONDS.toMillis(timeoutNs);
        return new SniHandler(byHost::map, timeoutMs) {
            @Override
            protected SslHandler newSslHandler(SslContext context, ByteBufAllocator allocator) {
                final SslHandler handler = super.newSslHandler(context, allocator);
                handler.setHandshakeTimeoutMillis(timeoutMs);
                return handler;
            }
        };
    }

    /** The handler of a connection that came over TLS. */
    public static Optional<SslHandler> handler(Channel channel) {
        return Optional.ofNullable(channel.pipeline().get(SslHandler.class));
    }

    /** Subject of the certificate that a client has shown, as in RFC 4514, or an empty text. */
    public static String clientSubject(SslHandler handler) {
        try {
            return handler.engine().getSession().getPeerCertificates()[0]
                            instanceof X509Certificate certificate
                    ? certificate.getSubjectX500Principal().getName()
                    : "";
        } catch (final SSLPeerUnverifiedException none) {
            return "";
        }
    }

    @Override
    public String roleName() {
        return "certificates";
    }
}
