// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.http;

import io.headrace.benchmarks.harness.Row;
import io.headrace.benchmarks.harness.Run;
import java.util.List;

/** Text frames of 120 bytes: echoed, and sent to everybody. */
public final class WebSocketRow implements Row {

    private static final List<LoadTurn> TURNS =
            List.of(
                    LoadTurn.closed("echo", 1),
                    LoadTurn.closed("echo", 32),
                    LoadTurn.closed("echo", 256),
                    LoadTurn.broadcast(256));

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
                + " of a chat to all of them (broadcast; an operation is one delivery). The same"
                + " servers as http.";
    }

    @Override
    public int cores() {
        return 4;
    }

    @Override
    public void run(Run run) throws Exception {
        HttpRow.measure(run, name(), TURNS, servers.all(run));
    }
}
