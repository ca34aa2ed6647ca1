// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import io.headrace.frontend.Frontend;
import io.headrace.frontend.FrontendContext;
import io.headrace.frontend.accesslog.AccessLog;
import io.headrace.frontend.route.Routes;
import io.headrace.frontend.socket.tls.TlsOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import sun.misc.Signal;

/** {@code headrace frontend}: terminates clients; knows no application. */
@Command(name = "frontend", description = "Terminates HTTP and WebSocket clients.")
public final class FrontendCommand implements Callable<Integer> {

    @Mixin private CommonOptions common;
    @Mixin private MemberOptions member;

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            description = "Address to listen on (-Dheadrace.host). Default: 127.0.0.1")
    private Optional<String> host;

    @Option(
            names = "--port",
            paramLabel = "N",
            description = "Port to listen on, 0 for any (-Dheadrace.port). Default: 8080")
    private Optional<Integer> port;

    @Option(
            names = "--loops",
            paramLabel = "N",
            description =
                    "Event loops, a thread each (-Dheadrace.loops). Default: a quarter of the cores")
    private Optional<Integer> loops;

    @Option(
            names = "--mount-prefix",
            paramLabel = "PATH",
            description =
                    "Path below which the application is (-Dheadrace.mount.prefix). Default: none")
    private Optional<String> mountPrefix;

    @Option(
            names = "--routes",
            paramLabel = "FILE",
            description =
                    "Lines 'HOST/PATH -> CHANNEL-PREFIX', the first that matches wins (-Dheadrace.routes)."
                            + " Default: everything to the channels without prefix")
    private Optional<Path> routes;

    @Option(
            names = "--admin",
            paramLabel = "HOST:PORT",
            description =
                    "Where to answer /-/live, /-/ready and /-/metrics (-Dheadrace.admin)."
                            + " Default: nowhere")
    private Optional<String> admin;

    @Option(
            names = "--accept",
            paramLabel = "WHO",
            description =
                    "Who lets WebSockets open: auto or worker (-Dheadrace.websocket.accept)."
                            + " Default: auto")
    private Optional<String> accept;

    @Option(
            names = "--tls-cert",
            paramLabel = "FILE",
            split = ",",
            description =
                    "Certificate chain, PEM; repeatable, the first is the default"
                            + " (-Dheadrace.tls.cert). Default: none, no TLS")
    private List<String> tlsCertificates = List.of();

    @Option(
            names = "--tls-key",
            paramLabel = "FILE",
            split = ",",
            description = "Its private key, PKCS#8 PEM (-Dheadrace.tls.key)")
    private List<String> tlsKeys = List.of();

    @Option(
            names = "--tls-client-ca",
            paramLabel = "FILE",
            description =
                    "Authorities that clients' certificates are verified with"
                            + " (-Dheadrace.tls.client.ca). Default: none, clients show none")
    private String tlsClientCa;

    @Option(
            names = "--uploads",
            paramLabel = "PATHS",
            description =
                    "Paths, as patterns with commas between, whose long bodies workers get in parts"
                            + " (-Dheadrace.upload.paths). Default: none")
    private Optional<String> uploads;

    @Option(
            names = "--access-log",
            paramLabel = "FILE",
            description =
                    "Where to log answers; '-' is standard output, 'off' nowhere (-Dheadrace.access.log)."
                            + " Default: off")
    private Optional<String> accessLog;

    @Option(
            names = "--access-log-format",
            paramLabel = "NAME",
            description = "combined or json (-Dheadrace.access.log.format). Default: combined")
    private Optional<String> accessLogFormat;

    @Override
    public Integer call() throws InterruptedException {
        final FrontendContext context = new FrontendContext().directory(common.directory());
        host.ifPresent(context::host);
        port.ifPresent(context::port);
        loops.ifPresent(context::loops);
        member.idle().ifPresent(context::idle);
        mountPrefix.ifPresent(context::mountPrefix);
        routes.map(Routes::read).ifPresent(context::routes);
        admin.ifPresent(context::admin);
        accept.ifPresent(who -> context.webSocket(context.webSocket().acceptedBy(who)));
        if (!tlsCertificates.isEmpty() || !tlsKeys.isEmpty() || tlsClientCa != null) {
            context.tls(
                    TlsOptions.of(
                            String.join(",", tlsCertificates),
                            String.join(",", tlsKeys),
                            tlsClientCa == null ? "" : tlsClientCa));
        }
        uploads.ifPresent(paths -> context.uploads(context.uploads().paths(paths)));
        accessLog.ifPresent(context::accessLog);
        accessLogFormat.ifPresent(context::accessLogFormat);
        final StopSignal stop = member.stopSignal();
        try (Frontend frontend = Frontend.launch(context)) {
            System.out.println(
                    "headrace frontend %s: %s (bus %s)"
                            .formatted(
                                    frontend.id(),
                                    url(
                                            context.tls().isOn() ? "https" : "http",
                                            context.host(),
                                            frontend.port()),
                                    common.directory()));
            if (!context.accessLog().equals(AccessLog.OFF)) {
                Signal.handle(new Signal("HUP"), signal -> frontend.reopenAccessLog());
            }
            stop.await();
        }
        return 0;
    }

    static String url(String scheme, String host, int port) {
        // RFC 3986, section 3.2.2: an IPv6 address stands in brackets.
        return (host.indexOf(':') >= 0 ? "%s://[%s]:%d/" : "%s://%s:%d/")
                .formatted(scheme, host, port);
    }
}
