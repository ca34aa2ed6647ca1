// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A front end that waits a second for answers, and not two minutes. */
class ResponseTimeoutTest {

    private static final long TIMEOUT_NS = 1_000_000_000L;

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it -> {
                        final HeadraceProcess frontEnd =
                                it.startFrontEnd("-Dheadrace.response.timeout=1s");
                        it.worker("--app", AwkwardApplication.class.getName(), "--consumers", "4");
                        it.awaitListening(frontEnd);
                        it.awaitServed();
                    });

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    @Test
    void shouldAnswerForAHandlerThatIsTooSlowAndDropItsReply() {
        final long dropped = bus.counter(" replies dropped");
        try (HttpConnection client = bus.connect()) {
            final long startNs = System.nanoTime();
            client.get("/slow?value=2500").shouldBeRefusal(504, "no-answer");
            assertTrue(System.nanoTime() - startNs >= TIMEOUT_NS, "too early");
            // The handler cannot be stopped; it still has its request.
            assertEquals("claimed", bus.lanes().await("/slow?value=2500", "http.request").fate());

            assertEquals(200, client.get("/keys").status());
            assertEquals("done", bus.lanes().awaitFate("/slow?value=2500"));
            Await.until("a dropped reply", () -> bus.counter(" replies dropped") > dropped);
            assertEquals(200, client.get("/keys").status());
        }
    }

    @Test
    void shouldAnswerForAHandlerThatNeverReplies() {
        try (HttpConnection client = bus.connect()) {
            client.get("/silence").shouldBeRefusal(504, "no-answer");
            assertEquals("done", bus.lanes().awaitFate("/silence"));
            assertEquals(200, client.get("/keys").status());
        }
    }

    @Test
    void shouldCancelARequestThatNobodyHasTaken() {
        final HeadraceProcess worker = bus.processes().get(1);
        try (HttpConnection client = bus.connect()) {
            worker.freeze();
            try {
                client.get("/keys?frozen").shouldBeRefusal(504, "no-answer");
                assertEquals("cancelled", bus.lanes().awaitFate("/keys?frozen"));
            } finally {
                worker.thaw();
            }
            assertEquals(200, client.get("/keys").status());
        }
    }

    @Test
    void shouldNotLetOneTimeoutHoldUpTheAnswersBehindIt() {
        try (HttpConnection client = bus.connect()) {
            client.send(
                    HttpConnection.head("GET /silence?first HTTP/1.1")
                            + HttpConnection.head("GET /keys?second HTTP/1.1"));

            client.answer().shouldBeRefusal(504, "no-answer");
            assertEquals(200, client.answer().status());
        }
    }
}
