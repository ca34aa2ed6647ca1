// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.http;

import io.headrace.benchmarks.harness.Child;
import io.headrace.benchmarks.harness.Row;
import io.headrace.benchmarks.harness.Run;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Text frames of 120 bytes: echoed, and sent to everybody. */
public final class WebSocketRow implements Row {

    private static final List<LoadTurn> TURNS =
            List.of(
                    LoadTurn.closed("echo", 1),
                    LoadTurn.closed("echo", 32),
                    LoadTurn.closed("echo", 256));
    private static final int MEMBERS = 1_000;
    private static final int MANY_MEMBERS = 10_000;
    private static final int TRIAL_MEMBERS = 50;

    private final Servers servers;

    public WebSocketRow(Servers servers) {
        this.servers = servers;
    }

    @Override
    public String name() {
        return "websocket";
    }

    @Override
    public String about() {
        return "Text frames of 120 bytes on open WebSockets: echoed (closed), and sent by one member"
                + " of a chat to all of them (broadcast; an operation is one delivery), one or ten"
                + " before it waits for them. Requests at a fixed rate meanwhile come from another"
                + " client. The same servers as http;"
                + " broadcasts also by netty on io_uring, and by nginx with nchan where it is installed.";
    }

    @Override
    public int cores() {
        return 4;
    }

    @Override
    public void run(Run run) throws Exception {
        HttpRow.measure(run, name(), TURNS, servers.all(run));
        // A proxy would need twice as many files as one may have open.
        final int few = (int) run.plan().choose(MEMBERS, MEMBERS, TRIAL_MEMBERS);
        final int most = (int) run.plan().choose(MANY_MEMBERS, MEMBERS, TRIAL_MEMBERS);
        final List<LoadTurn> turns = new ArrayList<>();
        Stream.of(few, most)
                .distinct()
                .forEach(
                        members -> {
                            turns.add(LoadTurn.broadcast(members, 1));
                            turns.add(LoadTurn.broadcast(members, 10));
                        });
        try (Child crowd = Servers.startLoad(run)) {
            turns.add(LoadTurn.rate(200, 8).during(crowd, most));
            HttpRow.measure(run, name(), turns, servers.ofBroadcasts(run));
        }
    }
}
