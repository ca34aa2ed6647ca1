// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.tools.chaos.HttpConnection.Answer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A front end that is killed takes its clients with it, and nothing else. */
@EnabledIfSystemProperty(named = "headrace.chaos", matches = "true")
class FrontEndDeathTest {

    private static final int WEB_SOCKETS = 6;
    private static final int ABNORMAL = 1006;

    @RegisterExtension final BusExtension bus = new BusExtension("-Dheadrace.retention=1s");

    @Test
    void workersShouldSeeEveryConnectionOfAKilledFrontEndCloseOnce() throws Exception {
        final BusProcess frontEnd = bus.processes().startFrontEnd();
        bus.startWorkers(2, 2);
        final List<FrameConnection> connections = open(frontEnd, WEB_SOCKETS);
        for (final FrameConnection connection : connections) {
            connection.send(0);
            assertTrue(connection.awaitLastEcho());
        }
        // One has said good-bye itself: it must not be closed a second time.
        connections.get(0).close();

        frontEnd.kill();

        BusExtension.await("every connection is closed", () -> closes().size() >= WEB_SOCKETS);
        bus.checkAudit();
        assertEquals(WEB_SOCKETS, closes().size(), "closes " + closes());
        assertEquals(WEB_SOCKETS - 1, closes().stream().filter(e -> e.code() == ABNORMAL).count());
        assertEquals(WEB_SOCKETS, closes().stream().map(Journal.Entry::key).distinct().count());
        // Its lanes go after the retention, and nothing of it is left in any table.
        BusExtension.await(
                "the lanes of the dead front end are deleted",
                () -> !bus.processes().run("stat").text().contains("frontend"));
        bus.checkAudit();
    }

    @Test
    void aNewFrontEndShouldServeAtOnceWhenTheOldOneWasKilled() throws Exception {
        final BusProcess old = bus.processes().startFrontEnd();
        bus.startWorkers(2, 1);
        open(old, WEB_SOCKETS);
        try (HttpConnection http = new HttpConnection(old.port())) {
            assertTrue(http.get("before", 0).isOwn());
        }

        old.kill();
        final BusProcess young = bus.processes().startFrontEnd();

        try (HttpConnection http = new HttpConnection(young.port());
                FrameConnection frames = new FrameConnection(young.port(), "young")) {
            final Answer answer = http.get("after", 0);
            assertTrue(answer.isOwn(), answer::toString);
            frames.send(0);
            assertTrue(frames.awaitLastEcho());
        }
        BusExtension.await("old connections are closed", () -> closes().size() > WEB_SOCKETS);
        bus.checkAudit();
    }

    @Test
    void framesOfAKilledFrontEndShouldNotDelayThoseOfAnother() throws Exception {
        final BusProcess doomed = bus.processes().startFrontEnd();
        final BusProcess other = bus.processes().startFrontEnd();
        bus.startWorkers(1, 1);
        final FrameConnection busy = open(doomed, 1).get(0);
        for (int i = 0; i < 50; i++) {
            busy.send(20);
        }
        bus.awaitBegan("w0.1");

        doomed.kill();

        try (FrameConnection frames = new FrameConnection(other.port(), "other")) {
            frames.send(0);
            assertTrue(frames.awaitLastEcho());
        }
        BusExtension.await("w0 is closed", () -> closes().size() == 2);
        bus.checkAudit();
    }

    private static List<FrameConnection> open(BusProcess frontEnd, int count) throws Exception {
        final List<FrameConnection> connections = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            connections.add(new FrameConnection(frontEnd.port(), "w" + i));
        }
        return connections;
    }

    private List<Journal.Entry> closes() {
        return bus.processes().journal().stream()
                .filter(entry -> entry.kind() == Journal.Kind.CLOSED)
                .toList();
    }
}
