// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import io.headrace.HeadraceException;
import io.headrace.Setting;
import io.headrace.channel.Bus;
import io.headrace.frontend.accesslog.AccessFormat;
import io.headrace.frontend.accesslog.AccessLog;
import io.headrace.frontend.admin.AdminServer;
import io.headrace.frontend.proxy.ForwardedHeaders;
import io.headrace.frontend.proxy.TrustedProxies;
import io.headrace.frontend.route.Routes;
import io.headrace.frontend.socket.LoopOptions;
import io.headrace.frontend.socket.body.Compression;
import io.headrace.frontend.socket.body.UploadOptions;
import io.headrace.frontend.socket.limit.Limits;
import io.headrace.frontend.socket.limit.Patience;
import io.headrace.frontend.socket.listen.ListenAddress;
import io.headrace.frontend.socket.tls.TlsOptions;
import io.headrace.frontend.socket.websocket.WebSocketOptions;
import io.headrace.worker.IdleStrategies;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.agrona.concurrent.EpochNanoClock;

/**
 * The options of a front end. A word without an argument reads an option, with one it sets it; each
 * has a system property, and a default. {@link #conclude()} checks them once.
 */
public final class FrontendContext {

    /** System property of {@link #host(String)}. */
    public static final String HOST_PROPERTY = "headrace.host";

    /** System property of {@link #port(int)}. */
    public static final String PORT_PROPERTY = "headrace.port";

    /** System property of {@link #portShared(boolean)}. */
    public static final String PORT_SHARED_PROPERTY = "headrace.port.shared";

    /** System property of {@link #loops(int)}. */
    public static final String LOOPS_PROPERTY = "headrace.loops";

    /** System property of {@link #mountPrefix(String)}. */
    public static final String MOUNT_PREFIX_PROPERTY = "headrace.mount.prefix";

    /** System property of {@link #nativeTransport(boolean)}. */
    public static final String NATIVE_TRANSPORT_PROPERTY = "headrace.native.transport";

    /** System property of {@link #accessLog(String)}. */
    public static final String ACCESS_LOG_PROPERTY = "headrace.access.log";

    /** System property of {@link #accessLogFormat(String)}. */
    public static final String ACCESS_LOG_FORMAT_PROPERTY = "headrace.access.log.format";

    /** System property of {@link #proxyProtocol(boolean)}. */
    public static final String PROXY_PROTOCOL_PROPERTY = "headrace.proxy.protocol";

    /** System property of {@link #admin(String)}. */
    public static final String ADMIN_PROPERTY = "headrace.admin";

    private static final String ON = "on";
    private static final String OFF = "off";
    private static final int LOOPS_MAX = 64;
    private static final int PORT_MAX = 65_535;

    private Path directory = Bus.defaultDirectory();
    private String host = System.getProperty(HOST_PROPERTY, "127.0.0.1");
    private int port = Setting.count(PORT_PROPERTY, 8080);
    private String listen = System.getProperty(ListenAddress.PROPERTY, "");
    private boolean portShared = Setting.isTrue(PORT_SHARED_PROPERTY, false);
    // One loop serves tens of thousands of requests a second; more only help where cores are to
    // spare.
    private int loops =
            Setting.count(
                    LOOPS_PROPERTY, Math.max(1, Runtime.getRuntime().availableProcessors() / 4));
    private String idle = System.getProperty(IdleStrategies.PROPERTY, IdleStrategies.DEFAULT);
    private String mountPrefix = System.getProperty(MOUNT_PREFIX_PROPERTY, "");
    private boolean nativeTransport = Setting.isTrue(NATIVE_TRANSPORT_PROPERTY, true);
    private String admin = System.getProperty(ADMIN_PROPERTY, "");
    private String accessLog = System.getProperty(ACCESS_LOG_PROPERTY, AccessLog.OFF);
    private String accessLogFormat = System.getProperty(ACCESS_LOG_FORMAT_PROPERTY, "combined");
    private Routes routes = Routes.fromProperties();
    private Limits limits = Limits.fromProperties();
    private Patience patience = Patience.fromProperties();
    private TrustedProxies trustedProxies =
            TrustedProxies.of(System.getProperty(TrustedProxies.PROPERTY, ""));
    private String proxyHeaders =
            System.getProperty(ForwardedHeaders.PROPERTY, ForwardedHeaders.DEFAULT);
    private String proxyProtocol = System.getProperty(PROXY_PROTOCOL_PROPERTY, OFF);
    private UploadOptions uploads = UploadOptions.fromProperties();
    private Compression compression = Compression.fromProperties();
    private WebSocketOptions webSocket = WebSocketOptions.fromProperties();
    private TlsOptions tls = TlsOptions.fromProperties();

    /** The bus's directory ({@code headrace.bus}). */
    public FrontendContext directory(Path path) {
        directory = path;
        return this;
    }

    public Path directory() {
        return directory;
    }

    /** Address to listen on ({@code headrace.host}, default 127.0.0.1). */
    public FrontendContext host(String address) {
        host = address;
        return this;
    }

    public String host() {
        return host;
    }

    /** Port to listen on, 0 for any free one ({@code headrace.port}, default 8080). */
    public FrontendContext port(int number) {
        port = number;
        return this;
    }

    public int port() {
        return port;
    }

    /**
     * Where to listen beside that: {@code HOST:PORT} and {@code unix:PATH}, comma-separated ({@code
     * headrace.listen}, default nowhere). Connections to a file are the first loop's.
     */
    public FrontendContext listen(String addresses) {
        listen = addresses;
        return this;
    }

    public String listen() {
        return listen;
    }

    /**
     * Whether other processes may listen on the same ports: the kernel spreads connections over
     * them ({@code headrace.port.shared}, default false).
     */
    public FrontendContext portShared(boolean shared) {
        portShared = shared;
        return this;
    }

    public boolean portShared() {
        return portShared;
    }

    /**
     * Number of event loops, each a thread of its own: 1 to 64 ({@code headrace.loops}, a quarter
     * of the cores).
     */
    public FrontendContext loops(int count) {
        loops = count;
        return this;
    }

    public int loops() {
        return loops;
    }

    /** What a loop does without work: see {@link IdleStrategies} ({@code headrace.idle}). */
    public FrontendContext idle(String name) {
        idle = name;
        return this;
    }

    public String idle() {
        return idle;
    }

    /**
     * Path below which the application is, {@code SCRIPT_NAME} ({@code headrace.mount.prefix},
     * default none).
     */
    public FrontendContext mountPrefix(String prefix) {
        mountPrefix = prefix;
        return this;
    }

    /** Whether to use epoll where it exists ({@code headrace.native.transport}, default true). */
    public FrontendContext nativeTransport(boolean wanted) {
        nativeTransport = wanted;
        return this;
    }

    public boolean nativeTransport() {
        return nativeTransport;
    }

    /**
     * Where operators ask, {@code HOST:PORT} ({@code headrace.admin}, default nowhere); see {@link
     * AdminServer}.
     */
    public FrontendContext admin(String address) {
        admin = address;
        return this;
    }

    public String admin() {
        return admin;
    }

    /**
     * Where answers are logged: a file, {@code -} for standard output, or {@code off} ({@code
     * headrace.access.log}, default off).
     */
    public FrontendContext accessLog(String destination) {
        accessLog = destination;
        return this;
    }

    public String accessLog() {
        return accessLog;
    }

    /** {@code combined} or {@code json} ({@code headrace.access.log.format}, default combined). */
    public FrontendContext accessLogFormat(String name) {
        accessLogFormat = name;
        return this;
    }

    Optional<AccessLog> openAccessLog(EpochNanoClock clock, Consumer<Throwable> onError) {
        return accessLog.equals(AccessLog.OFF)
                ? Optional.empty()
                : Optional.of(
                        new AccessLog(accessLog, AccessFormat.of(accessLogFormat), clock, onError));
    }

    /** Limits in bytes, counts and time. */
    public FrontendContext limits(Limits values) {
        limits = values;
        return this;
    }

    public Limits limits() {
        return limits;
    }

    /**
     * Which channels requests go to ({@code headrace.routes} names a file, by default all go to
     * those without prefix).
     */
    public FrontendContext routes(Routes values) {
        routes = values;
        return this;
    }

    public Routes routes() {
        return routes;
    }

    /** How long clients may take. */
    public FrontendContext patience(Patience values) {
        patience = values;
        return this;
    }

    public Patience patience() {
        return patience;
    }

    /**
     * Whose word about their clients is taken ({@code headrace.trusted.proxies}, default nobody's).
     */
    public FrontendContext trustedProxies(TrustedProxies proxies) {
        trustedProxies = proxies;
        return this;
    }

    public TrustedProxies trustedProxies() {
        return trustedProxies;
    }

    /** Which certificates are served, if any. */
    public FrontendContext tls(TlsOptions values) {
        tls = values;
        return this;
    }

    public TlsOptions tls() {
        return tls;
    }

    /**
     * In which headers they give it: some of {@code for}, {@code proto}, {@code host} and {@code
     * port}, or {@code forwarded} alone ({@code headrace.proxy.headers}, default all four).
     */
    public FrontendContext proxyHeaders(String names) {
        proxyHeaders = names;
        return this;
    }

    /**
     * Whether every connection begins with the PROXY protocol ({@code headrace.proxy.protocol},
     * {@code on} or {@code off}, default off).
     */
    public FrontendContext proxyProtocol(boolean wanted) {
        proxyProtocol = wanted ? ON : OFF;
        return this;
    }

    public boolean proxyProtocol() {
        return proxyProtocol.equals(ON);
    }

    LoopOptions loopOptions() {
        return new LoopOptions(
                limits,
                patience,
                webSocket,
                uploads,
                compression,
                mountPrefix,
                new ForwardedHeaders(trustedProxies, proxyHeaders),
                proxyProtocol());
    }

    /** Who may open a WebSocket, and how. */
    public FrontendContext webSocket(WebSocketOptions values) {
        webSocket = values;
        return this;
    }

    public WebSocketOptions webSocket() {
        return webSocket;
    }

    /** Which responses are compressed. */
    public FrontendContext compression(Compression values) {
        compression = values;
        return this;
    }

    /** Which bodies go to workers in parts. */
    public FrontendContext uploads(UploadOptions values) {
        uploads = values;
        return this;
    }

    public UploadOptions uploads() {
        return uploads;
    }

    FrontendContext conclude() {
        Setting.check(PORT_PROPERTY, port, 0, PORT_MAX);
        if (portShared && port == 0) {
            throw new HeadraceException(PORT_SHARED_PROPERTY + " takes a port that is not 0");
        }
        Setting.check(LOOPS_PROPERTY, loops, 1, LOOPS_MAX);
        IdleStrategies.check(idle);
        tls.check();
        AccessFormat.of(accessLogFormat);
        Setting.check(PROXY_PROTOCOL_PROPERTY, proxyProtocol, List.of(OFF, ON));
        if (proxyProtocol() && trustedProxies.isEmpty()) {
            throw new HeadraceException(
                    "%s is on, but %s names nobody to take it from"
                            .formatted(PROXY_PROTOCOL_PROPERTY, TrustedProxies.PROPERTY));
        }
        // Refuses a list of headers that is none before anything is opened.
        loopOptions();
        if (!admin.isEmpty()) {
            AdminServer.parse(admin);
        }
        return this;
    }
}
