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

/** Nginx with its module nchan as a chat server: one process, as Debian's packages have it. */
final class NchanServer {

    private static final String NAME = "nchan";
    private static final long START_TIMEOUT_NS = 10_000_000_000L;
    private static final Path NGINX = Path.of("/usr/sbin/nginx");
    private static final Path MODULE = Path.of("/usr/lib/nginx/modules/ngx_nchan_module.so");

    private NchanServer() {}

    /** Starts one; empty where it is not installed. */
    static Optional<Server> start(Run run) throws IOException {
        if (!Files.isExecutable(NGINX) || !Files.exists(MODULE)) {
            return Optional.empty();
        }
        final Path directory = Files.createDirectories(run.newDirectory(NAME));
        final int port = freePort();
        final Path configuration = directory.resolve("nginx.conf");
        Files.writeString(configuration, configuration(directory, port));
        final Child nginx =
                run.processes()
                        .start(
                                NAME,
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
                throw new IllegalStateException(NAME + " does not listen; see " + directory);
            }
            LockSupport.parkNanos(1_000_000L);
        }
        final Server server = new Server(NAME, port, List.of(nginx));
        Probe.awaitAnswer(port);
        return Optional.of(server);
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static String configuration(Path directory, int port) {
        return """
        load_module %s;
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
            server {
                listen 127.0.0.1:%d backlog=1024;
                location %s {
                    nchan_pubsub websocket;
                    nchan_channel_id chat;
                    nchan_subscriber_first_message newest;
                    nchan_message_timeout 5s;
                }
                location / { default_type text/plain; return 200 "%s"; }
            }
        }
        """
                .formatted(MODULE, directory, directory, port, Wire.CHAT_PATH, Wire.HELLO);
    }
}
