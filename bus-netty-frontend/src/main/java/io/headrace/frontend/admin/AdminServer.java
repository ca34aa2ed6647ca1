// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.admin;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.headrace.HeadraceException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Answers operators with the JDK's own server, so that no question of theirs runs on an event loop:
 *
 * <ul>
 *   <li>{@code /-/live}: 200 while the loops go round, else 503 and why.
 *   <li>{@code /-/ready}: 200 while clients can be served, else 503 and why.
 *   <li>{@code /-/metrics}: see {@link Metrics}.
 * </ul>
 */
public final class AdminServer implements AutoCloseable {

    private static final int THREAD_COUNT = 4;
    // The JDK's own limits, in seconds: a client that says nothing must not keep a thread for long.
    private static final String[] TIME_LIMITS = {
        "sun.net.httpserver.maxReqTime", "sun.net.httpserver.maxRspTime"
    };
    private static final String TIME_LIMIT_S = "10";
    private static final long CLOSE_TIMEOUT_S = 5;

    private final HttpServer server;
    private final ExecutorService threads;

    /**
     * Listens; answers from now on.
     *
     * @param address {@code HOST:PORT}; port 0 is any free one.
     * @param whyNotLive empty while the loops go round.
     * @param whyNotReady empty while clients can be served.
     * @throws HeadraceException when it is no address, or taken.
     */
    public AdminServer(
            String address,
            Supplier<String> whyNotLive,
            Supplier<String> whyNotReady,
            Supplier<String> metrics) {
        for (final String limit : TIME_LIMITS) {
            System.setProperty(limit, System.getProperty(limit, TIME_LIMIT_S));
        }
        try {
            server = HttpServer.create(parse(address), 0);
        } catch (final IOException e) {
            throw new HeadraceException(
                    "cannot listen on %s for operators: %s; choose another --admin"
                            .formatted(address, e.getMessage()),
                    e);
        }
        threads =
                Executors.newFixedThreadPool(
                        THREAD_COUNT,
                        task -> {
                            final Thread thread = new Thread(task, "admin");
                            thread.setDaemon(true);
                            return thread;
                        });
        server.setExecutor(threads);
        server.createContext("/", exchange -> answer(exchange, 404, "404 not found\n"));
        server.createContext("/-/live", exchange -> answer(exchange, "live", whyNotLive.get()));
        server.createContext("/-/ready", exchange -> answer(exchange, "ready", whyNotReady.get()));
        server.createContext("/-/metrics", exchange -> answerMetrics(exchange, metrics));
        server.start();
    }

    /**
     * An address that is written {@code HOST:PORT}, with an IPv6 host in brackets.
     *
     * @throws HeadraceException when it is not.
     */
    public static InetSocketAddress parse(String address) {
        try {
            final URI uri = new URI("tcp://" + address);
            if (uri.getHost() != null
                    && uri.getPort() >= 0
                    && address.endsWith(":" + uri.getPort())) {
                return new InetSocketAddress(uri.getHost(), uri.getPort());
            }
        } catch (final URISyntaxException | IllegalArgumentException e) {
            // Said below.
        }
        throw new HeadraceException(
                "headrace.admin is '" + address + "'; it takes HOST:PORT, such as 127.0.0.1:9090");
    }

    public int port() {
        return server.getAddress().getPort();
    }

    private static void answer(HttpExchange exchange, String well, String problem)
            throws IOException {
        if (problem.isEmpty()) {
            answer(exchange, 200, well + "\n");
        } else {
            exchange.getResponseHeaders().set("Headrace-Reason", problem);
            answer(exchange, 503, "503 not " + well + ": " + problem + "\n");
        }
    }

    private static void answerMetrics(HttpExchange exchange, Supplier<String> metrics)
            throws IOException {
        final String text;
        try {
            text = metrics.get();
        } catch (final RuntimeException laneHasJustGone) {
            answer(exchange, 500, "500 " + laneHasJustGone + "\n");
            return;
        }
        answer(exchange, 200, text);
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        try (exchange) {
            final byte[] body = text.getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4");
            if (exchange.getRequestMethod().equals("HEAD")) {
                exchange.sendResponseHeaders(status, -1);
            } else {
                exchange.sendResponseHeaders(status, body.length);
                exchange.getResponseBody().write(body);
            }
        }
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdown();
        try {
            // What is being read must not be closed under it.
            threads.awaitTermination(CLOSE_TIMEOUT_S, TimeUnit.SECONDS);
        } catch (final InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
