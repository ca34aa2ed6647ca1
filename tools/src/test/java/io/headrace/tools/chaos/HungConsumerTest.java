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

/** A handler that does not come back is noticed by the age of its claim. */
@EnabledIfSystemProperty(named = "headrace.chaos", matches = "true")
class HungConsumerTest {

    private static final int HANGS_MS = 6_000;

    @RegisterExtension final BusExtension bus = new BusExtension("-Dheadrace.claim.timeout=1s");

    @Test
    void theClientOfAHungHandlerShouldGet504AndOthersShouldGoOn() throws Exception {
        final BusProcess frontEnd = bus.processes().startFrontEnd();
        bus.startWorkers(2, 1);
        try (HttpConnection hung = new HttpConnection(frontEnd.port());
                HttpConnection other = new HttpConnection(frontEnd.port())) {
            final Answer refused = hung.get("hung", HANGS_MS);

            assertEquals("504 no-answer", refused.status() + " " + refused.reason());
            final Answer answer = other.get("other", 0);
            assertTrue(answer.isOwn(), answer::toString);
            // The same connection serves on, and its late answer is no answer to anything.
            for (int i = 0; i < 20; i++) {
                final Answer next = hung.get("next" + i, 0);
                assertTrue(next.isOwn(), next::toString);
            }
            awaitEnded("hung");
            final Answer last = hung.get("last", 0);
            assertTrue(last.isOwn(), last::toString);
        }
        bus.checkAudit();
    }

    @Test
    void aHungFrameShouldBeLostAndItsLateEchoDropped() throws Exception {
        final BusProcess frontEnd = bus.processes().startFrontEnd();
        bus.startWorkers(2, 1);
        try (FrameConnection frames = new FrameConnection(frontEnd.port(), "w")) {
            frames.send(HANGS_MS);
            final long hungPid = bus.awaitBegan("w.1");
            for (int i = 2; i <= 5; i++) {
                frames.send(0);
            }

            assertTrue(frames.awaitLastEcho());
            awaitEnded("w.1");
            frames.send(0);
            assertTrue(frames.awaitLastEcho());

            final List<FrameConnection.Echo> echoes = frames.echoes();
            assertEquals(List.of(2, 3, 4, 5, 6), echoes.stream().map(e -> e.number()).toList());
            assertTrue(echoes.get(0).pid() != hungPid, "the hung worker went on by itself");
            assertEquals(List.of(), frames.problems());
        }
        bus.checkAudit();
    }

    @Test
    void otherConnectionsOfAHungConsumerShouldGoOn() throws Exception {
        final BusProcess frontEnd = bus.processes().startFrontEnd();
        bus.startWorkers(2, 1);
        final List<FrameConnection> others = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            others.add(new FrameConnection(frontEnd.port(), "o" + i));
        }
        try (FrameConnection frames = new FrameConnection(frontEnd.port(), "w")) {
            frames.send(HANGS_MS);
            bus.awaitBegan("w.1");

            for (final FrameConnection other : others) {
                other.send(0);
            }
            for (final FrameConnection other : others) {
                assertTrue(other.awaitLastEcho());
            }

            assertTrue(!hasEnded("w.1"), "others waited for the hung handler");
            for (final FrameConnection other : others) {
                other.close();
            }
        }
        bus.checkAudit();
    }

    private void awaitEnded(String key) {
        BusExtension.await(key + " comes back", () -> hasEnded(key));
    }

    private boolean hasEnded(String key) {
        return bus.processes().journal().stream()
                .anyMatch(e -> e.kind() == Journal.Kind.ENDED && e.key().equals(key));
    }
}
