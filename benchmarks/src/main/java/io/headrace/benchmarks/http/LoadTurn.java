// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.http;

import io.headrace.benchmarks.harness.Child;
import io.headrace.benchmarks.harness.Command;
import io.headrace.benchmarks.harness.Figure;
import io.headrace.benchmarks.harness.Processes;
import io.headrace.benchmarks.harness.Run;
import io.headrace.benchmarks.harness.Sample;
import io.headrace.benchmarks.machine.CpuMeter;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * One case of a server under load: how to open the connections, and what to do with them.
 *
 * @param main the figure that the case is about.
 * @param kind {@code small} or {@code browser} requests, {@code echo} or {@code chat} WebSockets.
 * @param load the command to the client but for its length.
 * @param background what goes on meanwhile.
 */
record LoadTurn(
        String name,
        Figure main,
        String kind,
        int connections,
        Command load,
        Optional<Background> background) {

    private static final String RATE = "rate";
    private static final String PER_SECOND = "perSecond";
    private static final long WARM_UP_MS = 150;
    // At low rates, what sleeps and wakes is not compiled in the time there is.
    private static final long WARM_UP_PER_SECOND_MIN = 2_000;
    // Of what the processes use.
    private static final double COMPILERS_SHARE_MAX = 0.05;

    /** What another client does meanwhile. */
    record Background(Child client, LoadTurn turn) {

        // It begins before what is measured, and ends after it.
        private static final long MARGIN_MS = 100;

        void begin(Server server, long ms) throws IOException {
            turn.open(client, server);
            client.tell(turn.command(ms + 2 * MARGIN_MS));
            LockSupport.parkNanos(MARGIN_MS * 1_000_000L);
        }

        void end() throws IOException {
            client.answer();
            client.ask(Command.of("close"));
        }
    }

    private LoadTurn(String name, Figure main, String kind, int connections, Command load) {
        this(name, main, kind, connections, load, Optional.empty());
    }

    /** Every connection sends when it has its answer. */
    static LoadTurn closed(String kind, int connections) {
        final String name = kind.equals("browser") ? ", 1 KB requests" : "";
        return new LoadTurn(
                "closed " + connections + name,
                connections == 1 ? Figure.P50 : Figure.PER_SECOND,
                kind,
                connections,
                Command.of("closed").with("active", connections));
    }

    /** Requests at a fixed rate, over as many connections as are free. */
    static LoadTurn rate(int perSecond, int connections) {
        return new LoadTurn(
                "rate " + perSecond,
                Figure.P50,
                "small",
                connections,
                Command.of(RATE).with(PER_SECOND, perSecond));
    }

    /** One member of the chat sends so many messages in a row, and all of them get them. */
    static LoadTurn broadcast(int members, int atOnce) {
        return new LoadTurn(
                "broadcast " + members + (atOnce == 1 ? "" : ", " + atOnce + " at once"),
                Figure.PER_SECOND,
                "chat",
                members,
                Command.of("broadcast").with("atOnce", atOnce));
    }

    /** This load while another client keeps a broadcast to so many members going. */
    LoadTurn during(Child otherClient, int members) {
        return new LoadTurn(
                name + " during broadcast " + members,
                Figure.P99,
                kind,
                connections,
                load,
                Optional.of(new Background(otherClient, broadcast(members, 1))));
    }

    /**
     * Loads one server until its JVMs' compilers have little to do.
     *
     * @param most how many times at most.
     */
    void warmUp(Child client, Server server, long ms, long most) throws IOException {
        server.resume();
        open(client, server);
        settle(client, server, ms, most);
        client.ask(Command.of("close"));
        server.pause();
    }

    private void settle(Child client, Server server, long ms, long most) throws IOException {
        boolean isSettled = false;
        for (int i = 0; i < most && !isSettled; i++) {
            final CpuMeter compilers = CpuMeter.startCompilers(server.pids());
            final CpuMeter all = CpuMeter.start(server.pids());
            load(client, server, warmUpCommand(ms));
            // Also where the system does not tell.
            isSettled = !(compilers.usedNs() > all.usedNs() * COMPILERS_SHARE_MAX);
        }
    }

    /** Measures one server, which is paused before and after. */
    void measure(Run run, Child client, Server server, String row, int round, long ms)
            throws IOException {
        server.resume();
        open(client, server);
        settle(client, server, Math.min(WARM_UP_MS, ms), run.plan().choose(8, 1, 1));
        if (background.isPresent()) {
            background.get().begin(server, ms);
        }
        final CpuMeter serverCpu = CpuMeter.start(server.pids());
        final CpuMeter compilers = CpuMeter.startCompilers(server.pids());
        final CpuMeter clientCpu = CpuMeter.start(Processes.pids(client));
        final Command answer = load(client, server, command(ms));
        final double serverNs = serverCpu.usedNs();
        final double compilersNs = compilers.usedNs();
        final double clientNs = clientCpu.usedNs();
        if (background.isPresent()) {
            background.get().end();
        }
        client.ask(Command.of("close"));
        server.pause();
        final double answers = answer.number("answers");
        if (answers == 0) {
            throw new IllegalStateException(server.name() + " answered nothing: " + name);
        }
        run.results()
                .add(
                        row,
                        name,
                        main,
                        server.name(),
                        round,
                        Sample.ofLatency(answer.histogram("latency"))
                                .withPerSecond(answers * 1e9 / answer.number("elapsedNs"))
                                .withCpuUsPerOp(serverNs / answers / 1_000)
                                .with("client CPU us/op", clientNs / answers / 1_000)
                                .with("compilers CPU us/op", compilersNs / answers / 1_000));
    }

    private void open(Child client, Server server) throws IOException {
        client.ask(
                Command.of("open")
                        .with("port", server.port())
                        .with("kind", kind)
                        .with("connections", connections));
    }

    private Command command(long ms) {
        final Command command = Command.of(load.name()).with("ms", ms);
        load.values().forEach(command::with);
        return command;
    }

    private Command warmUpCommand(long ms) {
        final Command command = command(ms);
        return load.name().equals(RATE)
                ? command.with(
                        PER_SECOND, Math.max(load.number(PER_SECOND), WARM_UP_PER_SECOND_MIN))
                : command;
    }

    private Command load(Child client, Server server, Command command) throws IOException {
        try {
            return client.ask(command);
        } catch (final IllegalStateException failed) {
            throw new IllegalStateException(name + ", " + server.name() + ": " + failed, failed);
        }
    }
}
