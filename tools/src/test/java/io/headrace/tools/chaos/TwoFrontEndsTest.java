// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Two front ends share a bus and its workers. */
@EnabledIfSystemProperty(named = "headrace.chaos", matches = "true")
class TwoFrontEndsTest {

    @RegisterExtension final BusExtension bus = new BusExtension();

    @Test
    void clientsOfTwoFrontEndsShouldGetTheirOwnAnswers() throws Exception {
        final BusProcess one = bus.processes().startFrontEnd();
        bus.startWorkers(2, 2);
        // The younger one is unknown to workers that are busy already.
        final BusProcess two = bus.processes().startFrontEnd();
        try (Clients clients = new Clients(List.of(one.port(), two.port()), 4, 8)) {
            BusExtension.await("some requests", () -> clients.requestCount() > 300);
            clients.finish();
            checkNothingLost(clients);
        }
        bus.checkAudit();
    }

    @Test
    void clientsOfOneFrontEndShouldNotNoticeTheDeathOfTheOther() throws Exception {
        final BusProcess survivor = bus.processes().startFrontEnd();
        final BusProcess doomed = bus.processes().startFrontEnd();
        bus.startWorkers(2, 2);
        final Clients victims = new Clients(List.of(doomed.port()), 2, 4);
        try (Clients clients = new Clients(List.of(survivor.port()), 2, 4)) {
            BusExtension.await("some requests", () -> clients.requestCount() > 100);

            doomed.kill();
            victims.close();
            final int sent = clients.requestCount();
            BusExtension.await("some more requests", () -> clients.requestCount() > sent + 100);

            clients.finish();
            assertEquals(List.of(), clients.problems());
        }
        bus.checkAudit();
    }

    private void checkNothingLost(Clients clients) {
        final Verdict verdict = new Verdict(List.of(), bus.processes().journal());
        verdict.requests(clients.answers());
        clients.frameConnections().forEach(verdict::frames);
        assertEquals(List.of(), clients.problems());
        assertEquals(List.of(), verdict.problems());
        assertTrue(verdict.refusedByReason.isEmpty(), verdict.refusedByReason::toString);
        assertEquals(0, verdict.framesLost);
    }
}
