// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.http;

import io.headrace.benchmarks.harness.Child;
import io.headrace.benchmarks.harness.Row;
import io.headrace.benchmarks.harness.Run;
import java.util.List;

/** Requests for {@code /hello}, end to end. */
public final class HttpRow implements Row {

    private static final List<LoadTurn> TURNS =
            List.of(
                    LoadTurn.closed("small", 1),
                    LoadTurn.closed("small", 32),
                    LoadTurn.closed("small", 256),
                    LoadTurn.closed("browser", 32),
                    LoadTurn.rate(200, 8),
                    LoadTurn.rate(5_000, 32));

    private final Servers servers;

    public HttpRow(Servers servers) {
        this.servers = servers;
    }

    @Override
    public String name() {
        return "http";
    }

    @Override
    public String about() {
        return "Requests for /hello on keep-alive connections. headrace: a front end and a worker in"
                + " their default profile; netty: one process with the same pipeline, as many event"
                + " loops and the same response; proxy: a reverse proxy written with Netty in front"
                + " of that one, over a Unix socket; nginx: another one, where it is installed. The client has a core's share too. At a fixed"
                + " rate, time begins when a request was to be sent.";
    }

    @Override
    public int cores() {
        return 4;
    }

    @Override
    public void run(Run run) throws Exception {
        measure(run, name(), TURNS, servers.all(run));
    }

    static void measure(Run run, String row, List<LoadTurn> turns, List<Server> servers)
            throws Exception {
        final long ms = run.plan().choose(700, 300, 60);
        try (Child client = Servers.startLoad(run)) {
            for (int round = run.plan().firstRound(); round <= run.plan().rounds(); round++) {
                for (final LoadTurn turn : turns) {
                    for (int i = 0; i < servers.size(); i++) {
                        final Server server = servers.get((round + i) % servers.size());
                        if (round == 0) {
                            turn.warmUp(client, server, ms, run.plan().choose(6, 1, 0));
                        } else {
                            turn.measure(run, client, server, row, round, ms);
                        }
                    }
                }
            }
        }
    }
}
