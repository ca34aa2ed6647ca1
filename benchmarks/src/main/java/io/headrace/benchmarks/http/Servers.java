// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.http;

import io.headrace.benchmarks.client.Load;
import io.headrace.benchmarks.client.Probe;
import io.headrace.benchmarks.client.Sockets;
import io.headrace.benchmarks.harness.Child;
import io.headrace.benchmarks.harness.Run;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The servers that several rows measure: started by the first of them, stopped where they are
 * whenever nobody measures them.
 */
public final class Servers {

    /** What headrace is compared with first of all. */
    public static final String NETTY = "netty";

    private static final Set<String> PROXIES = Set.of("proxy", "nginx");
    private static final String URING = "netty io_uring";

    private List<Server> all = List.of();

    /**
     * All of them, paused: headrace in its default profile, netty, and before it a proxy written
     * with Netty, and nginx where it is installed.
     */
    public List<Server> all(Run run) throws IOException {
        if (all.isEmpty()) {
            final List<Server> started = new ArrayList<>();
            started.add(startHeadrace(run, "headrace", List.of()));
            final Path socket = run.newDirectory("netty.sock");
            final Server netty = startNetty(run, socket);
            started.add(netty);
            started.add(startProxy(run, netty, socket));
            NginxServer.startProxy(run, netty, socket).ifPresent(started::add);
            for (final Server server : started) {
                Probe.awaitAnswer(server.port());
            }
            for (final Server server : started) {
                server.pause();
            }
            all = started;
        }
        return all;
    }

    /** Headrace and netty. */
    public List<Server> withoutProxy(Run run) throws IOException {
        return all(run).stream().filter(server -> !PROXIES.contains(server.name())).toList();
    }

    /** Headrace, netty, and where they are netty on io_uring and nchan. */
    public List<Server> ofBroadcasts(Run run) throws IOException {
        final List<Server> servers = new ArrayList<>(withoutProxy(run));
        if (Sockets.hasUring()) {
            final Child netty = run.processes().startJvm(NettyServer.class);
            final int port = (int) netty.answer().number("port");
            final Server server = new Server(URING, port, List.of(netty));
            Probe.awaitAnswer(port);
            server.pause();
            servers.add(server);
        }
        final Optional<Server> nchan = NginxServer.startChat(run);
        if (nchan.isPresent()) {
            nchan.get().pause();
            servers.add(nchan.get());
        }
        return servers;
    }

    /**
     * Starts a front end and a worker with the demo application, on a bus of their own.
     *
     * @param options of both.
     */
    public static Server startHeadrace(Run run, String name, List<String> options)
            throws IOException {
        final Path bus = run.newDirectory("bus");
        final Child frontEnd = startFrontEnd(run, bus, options);
        final Child worker = startWorker(run, bus, options);
        worker.readLine();
        return new Server(name, port(frontEnd.readLine()), List.of(frontEnd, worker));
    }

    /** Starts a front end; its first line has not been read yet. */
    public static Child startFrontEnd(Run run, Path bus, List<String> options) throws IOException {
        return run.launch(command(List.of("frontend", "--port", "0"), bus, options));
    }

    /** Starts a worker; its first line has not been read yet. */
    public static Child startWorker(Run run, Path bus, List<String> options) throws IOException {
        return run.launch(command(List.of("worker", "--app", "demo"), bus, options));
    }

    private static List<String> command(List<String> words, Path bus, List<String> options) {
        final List<String> command = new ArrayList<>(words);
        command.addAll(List.of("--bus", bus.toString()));
        command.addAll(options);
        return command;
    }

    /** The port that a front end says it listens on. */
    public static int port(String readyLine) {
        return Integer.parseInt(readyLine.replaceFirst("^.*http://[^ /]*:(\\d+)/.*$", "$1"));
    }

    /**
     * Starts in-process Netty.
     *
     * @param socket where else it listens.
     */
    public static Server startNetty(Run run, Path socket) throws IOException {
        final Child netty = run.processes().startJvm(NettyServer.class, socket);
        return new Server(NETTY, (int) netty.answer().number("port"), List.of(netty));
    }

    private static Server startProxy(Run run, Server netty, Path socket) throws IOException {
        final Child proxy = run.processes().startJvm(NettyProxy.class, socket);
        return new Server(
                "proxy",
                (int) proxy.answer().number("port"),
                List.of(proxy, netty.processes().get(0)));
    }

    /** The client. */
    static Child startLoad(Run run) throws IOException {
        return run.processes().startJvm(Load.class);
    }
}
