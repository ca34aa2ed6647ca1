// SPDX-License-Identifier: Apache-2.0
package io.headrace.benchmarks.http;

import io.headrace.benchmarks.client.Probe;
import io.headrace.benchmarks.harness.Child;
import io.headrace.benchmarks.harness.Processes;
import java.io.IOException;
import java.util.List;

/**
 * A contender that serves clients.
 *
 * @param port on 127.0.0.1.
 * @param processes all that a request of its goes through.
 */
public record Server(String name, int port, List<Child> processes) {

    /** Lets it go on, and waits until it answers. */
    public void resume() throws IOException {
        Processes.resume(processes);
        Probe.awaitAnswer(port);
    }

    /** Stops it where it is. */
    public void pause() throws IOException {
        Processes.pause(processes);
    }

    /** Ids of its processes. */
    public List<Long> pids() {
        return processes.stream().map(Child::pid).toList();
    }
}
