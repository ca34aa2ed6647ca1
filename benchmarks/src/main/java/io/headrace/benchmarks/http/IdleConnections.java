// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.http;

import io.headrace.benchmarks.harness.Child;
import io.headrace.benchmarks.harness.Command;
import io.headrace.benchmarks.harness.Run;
import io.headrace.benchmarks.harness.Sample;
import io.headrace.benchmarks.machine.CpuMeter;
import java.io.IOException;
import java.util.List;

/** A few busy connections among more and more that are open and idle. */
public final class IdleConnections {

    private static final int BUSY = 10;

    private IdleConnections() {}

    /** Takes what was measured. */
    @FunctionalInterface
    public interface Recorder {
        void add(Server server, int connections, Sample sample);
    }

    /** Measures each server with each number of connections, the smallest first. */
    public static void measure(
            Run run, List<Server> servers, List<Integer> counts, Recorder recorder)
            throws IOException {
        final long ms = run.plan().choose(400, 250, 60);
        try (Child client = Servers.startLoad(run)) {
            for (final Server server : servers) {
                LoadTurn.closed("small", BUSY)
                        .warmUp(client, server, ms, run.plan().choose(10, 1, 0));
                server.resume();
                int open = 0;
                for (final int count : counts) {
                    client.ask(
                            Command.of("open")
                                    .with("port", server.port())
                                    .with("kind", "small")
                                    .with("connections", count - open));
                    open = count;
                    closed(client, ms / 2);
                    final CpuMeter cpu = CpuMeter.start(server.pids());
                    final Command answer = closed(client, ms);
                    final double answers = answer.number("answers");
                    recorder.add(
                            server,
                            count,
                            Sample.ofLatency(answer.histogram("latency"))
                                    .withPerSecond(answers * 1e9 / answer.number("elapsedNs"))
                                    .withCpuUsPerOp(cpu.usedNs() / answers / 1_000));
                }
                client.ask(Command.of("close"));
                server.pause();
            }
        }
    }

    private static Command closed(Child client, long ms) throws IOException {
        return client.ask(Command.of("closed").with("ms", ms).with("active", BUSY));
    }
}
