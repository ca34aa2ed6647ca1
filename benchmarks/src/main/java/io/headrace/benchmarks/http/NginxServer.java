// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.http;

import io.headrace.benchmarks.client.Probe;
import io.headrace.benchmarks.client.Wire;
import io.headrace.benchmarks.harness.Child;
import io.headrace.benchmarks.harness.Run;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Nginx as Debian's packages have it, in one process: as a proxy, and with nchan as a chat server.
 */
final class NginxServer {

    private static final long START_TIMEOUT_NS = 10_000_000_000L;
    private static final Path NGINX = Path.of("/usr/sbin/nginx");
    private static final Path NCHAN = Path.of("/usr/lib/nginx/modules/ngx_nchan_module.so");

    private static final String CONFIGURATION =
            """
            %s
            daemon off;
            master_process off;
            pid %s/pid;
            error_log %s/error.log;
            worker_rlimit_nofile 20000;
            events { worker_connections 16384; }
            http {
                access_log off;
                keepalive_requests 1000000000;
                client_body_temp_path body;
                proxy_temp_path proxy;
                fastcgi_temp_path fastcgi;
                uwsgi_temp_path uwsgi;
                scgi_temp_path scgi;
                %s
                server {
                    listen 127.0.0.1:%d backlog=1024;
                    %s
                }
            }
            """;

    private NginxServer() {}

    /** Starts a chat server; empty where its module is not installed. */
    static Optional<Server> startChat(Run run) throws IOException {
        if (!Files.exists(NCHAN)) {
            return Optional.empty();
        }
        final String location =
                """
                location %s {
                    nchan_pubsub websocket;
                    nchan_channel_id chat;
                    nchan_subscriber_first_message newest;
                    nchan_message_timeout 5s;
                }
                location / { default_type text/plain; return 200 "%s"; }
                """
                        .formatted(Wire.CHAT_PATH, Wire.HELLO);
        return start(run, "nchan", "load_module " + NCHAN + ";", "", location);
    }

    /**
     * Starts a proxy that keeps its connections to the server; empty where it is not installed.
     *
     * @param socket where the server listens.
     */
    static Optional<Server> startProxy(Run run, Server proxied, Path socket) throws IOException {
        final String upstream =
                """
                upstream proxied {
                    server unix:%s;
                    keepalive 512;
                    keepalive_requests 1000000000;
                }
                map $http_upgrade $upstream_connection { default upgrade; '' ''; }
                """
                        .formatted(socket);
        final String location =
                """
                location / {
                    proxy_pass http://proxied;
                    proxy_http_version 1.1;
                    proxy_set_header Host $host;
                    proxy_set_header Upgrade $http_upgrade;
                    proxy_set_header Connection $upstream_connection;
                }
                """;
        return start(run, "nginx", "", upstream, location)
                .map(
                        nginx ->
                                new Server(
                                        nginx.name(),
                                        nginx.port(),
                                        Stream.concat(
                                                        nginx.processes().stream(),
                                                        proxied.processes().stream())
                                                .toList()));
    }

    private static Optional<Server> start(
            Run run, String name, String modules, String http, String location) throws IOException {
        if (!Files.isExecutable(NGINX)) {
            return Optional.empty();
        }
        final Path directory = Files.createDirectories(run.newDirectory(name));
        final int port = freePort();
        final Path configuration = directory.resolve("nginx.conf");
        Files.writeString(
                configuration,
                CONFIGURATION.formatted(modules, directory, directory, http, port, location));
        final Child nginx =
                run.processes()
                        .start(
                                name,
                                new ProcessBuilder(
                                                NGINX.toString(),
                                                "-p",
                                                directory.toString(),
                                                "-c",
                                                configuration.toString())
                                        .redirectError(ProcessBuilder.Redirect.DISCARD));
        final long deadlineNs = System.nanoTime() + START_TIMEOUT_NS;
        // Written when it listens.
        while (nginx.isAlive() && !Files.exists(directory.resolve("pid"))) {
            if (System.nanoTime() - deadlineNs > 0) {
                throw new IllegalStateException(name + " does not listen; see " + directory);
            }
            LockSupport.parkNanos(1_000_000L);
        }
        Probe.awaitAnswer(port);
        return Optional.of(new Server(name, port, List.of(nginx)));
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
