// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.tools.chaos.HttpConnection.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Workers are redeployed under open sockets, and no client notices. */
@EnabledIfSystemProperty(named = "headrace.chaos", matches = "true")
class GracefulRestartTest {

    @RegisterExtension final BusExtension bus = new BusExtension();

    @Test
    void restartOfEveryWorkerInTurnShouldLoseNothingAndCloseNoConnection() throws Exception {
        final BusProcess frontEnd = bus.processes().startFrontEnd();
        final List<BusProcess> workers = new ArrayList<>(List.of(bus.startWorkers(3, 2)));
        try (Clients clients = new Clients(List.of(frontEnd.port()), 4, 6)) {
            for (final BusProcess worker : List.copyOf(workers)) {
                workers.add(bus.processes().startWorker(2).awaitReady());
                worker.terminate();
                assertEquals(0, worker.awaitExit(), worker::errors);
            }
            clients.finish();

            final Verdict verdict = new Verdict(List.of(), bus.processes().journal());
            verdict.requests(clients.answers());
            clients.frameConnections().forEach(verdict::frames);
            assertEquals(List.of(), clients.problems());
            assertEquals(List.of(), verdict.problems());
            assertTrue(verdict.refusedByReason.isEmpty(), verdict.refusedByReason::toString);
            assertEquals(0, verdict.framesLost);
        }
        bus.checkAudit();
    }

    @Test
    void restartShouldFinishTheMessagesBeingHandled() throws Exception {
        final BusProcess frontEnd = bus.processes().startFrontEnd();
        final BusProcess old = bus.startWorkers(1, 2)[0];
        try (FrameConnection frames = new FrameConnection(frontEnd.port(), "w")) {
            final CompletableFuture<Answer> answer =
                    CompletableFuture.supplyAsync(() -> slowRequest(frontEnd.port()));
            bus.awaitBegan("slow");
            frames.send(2_000);
            frames.send(0);
            bus.awaitBegan("w.1");

            old.terminate();
            final BusProcess young = bus.startWorkers(1, 2)[0];

            assertTrue(frames.awaitLastEcho());
            assertTrue(answer.join().isOwn(), () -> answer.join().toString());
            assertEquals(0, old.awaitExit(), old::errors);
            assertEquals(
                    List.of(old.pid(), young.pid()),
                    frames.echoes().stream().map(FrameConnection.Echo::pid).toList());
        }
        bus.checkAudit();
    }

    @Test
    void aWorkerThatLeavesShouldNotKeepConnectionsWhileItFinishesAMessage() throws Exception {
        final BusProcess frontEnd = bus.processes().startFrontEnd();
        final BusProcess old = bus.startWorkers(1, 2)[0];
        final List<FrameConnection> connections = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            connections.add(new FrameConnection(frontEnd.port(), "w" + i));
            connections.get(i).send(0);
            assertTrue(connections.get(i).awaitLastEcho());
        }
        final CompletableFuture<Answer> answer =
                CompletableFuture.supplyAsync(() -> slowRequest(frontEnd.port()));
        assertEquals(old.pid(), bus.awaitBegan("slow"));
        bus.startWorkers(1, 2);

        old.terminate();
        for (final FrameConnection connection : connections) {
            connection.send(0);
        }
        for (final FrameConnection connection : connections) {
            assertTrue(connection.awaitLastEcho());
        }

        assertTrue(!answer.isDone(), "frames waited for the end of a slow request");
        assertTrue(answer.join().isOwn(), () -> answer.join().toString());
        assertEquals(0, old.awaitExit(), old::errors);
        for (final FrameConnection connection : connections) {
            connection.close();
        }
        bus.checkAudit();
    }

    private static Answer slowRequest(int port) {
        try (HttpConnection connection = new HttpConnection(port)) {
            return connection.get("slow", 7_000);
        } catch (final Exception e) {
            throw new AssertionError(e);
        }
    }
}
