// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A connection's frames stay in order, whoever handles them. */
@EnabledIfSystemProperty(named = "headrace.chaos", matches = "true")
class OrderByConnectionTest {

    private static final int CONNECTIONS = 50;
    private static final int FRAMES = 200;

    @RegisterExtension final BusExtension bus = new BusExtension();

    @Test
    void framesShouldStayInOrderWhileWorkersJoinAndLeave() throws Exception {
        final BusProcess frontEnd = bus.processes().startFrontEnd();
        final List<BusProcess> workers = new ArrayList<>(List.of(bus.startWorkers(3, 2)));
        final List<FrameConnection> connections = new ArrayList<>();
        for (int i = 0; i < CONNECTIONS; i++) {
            connections.add(new FrameConnection(frontEnd.port(), "w" + i));
        }
        // Another worker comes or goes whenever a quarter of the frames has been answered.
        final List<BusProcess> gone = new ArrayList<>();
        for (int number = 1; number <= FRAMES; number++) {
            for (final FrameConnection connection : connections) {
                connection.send(0);
            }
            if (number % (FRAMES / 4) == 0) {
                awaitEchoes(connections, number - FRAMES / 8);
                workers.add(bus.processes().startWorker(2));
                workers.get(workers.size() - 1).awaitReady();
                gone.add(workers.remove(0));
                gone.get(gone.size() - 1).terminate();
            }
        }

        for (final FrameConnection connection : connections) {
            assertTrue(connection.awaitLastEcho());
        }
        final Verdict verdict = new Verdict(List.of(), bus.processes().journal());
        connections.forEach(verdict::frames);
        assertEquals(List.of(), verdict.problems());
        final List<Integer> all = IntStream.rangeClosed(1, FRAMES).boxed().toList();
        for (final FrameConnection connection : connections) {
            assertEquals(all, connection.echoes().stream().map(e -> e.number()).toList());
            connection.close();
        }
        for (final BusProcess worker : gone) {
            assertEquals(0, worker.awaitExit(), worker::errors);
        }
        bus.checkAudit();
    }

    private static void awaitEchoes(List<FrameConnection> connections, int number) {
        for (final FrameConnection connection : connections) {
            BusExtension.await(
                    "echo " + number + " for " + connection.key(),
                    () -> connection.sentNs().size() - connection.outstanding() >= number);
        }
    }
}
