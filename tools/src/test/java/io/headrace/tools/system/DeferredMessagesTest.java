// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Messages that handlers put off, and what becomes of them without workers and after ten times. */
class DeferredMessagesTest {

    @RegisterExtension
    final RunningBus bus = new RunningBus(it -> it.frontEndAndWorker(workerArgs()));

    private static String[] workerArgs() {
        return new String[] {"--app", StreamApplication.class.getName()};
    }

    @AfterEach
    void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    private void shouldPrint(String last, String... command) {
        final List<String> lines = bus.start(command).shouldExit(0).stdout();
        assertEquals(last, lines.get(lines.size() - 1));
    }

    @Test
    void shouldGiveADeferredRequestToAnotherWorkerWhenTheFirstDies() {
        try (HttpConnection client = bus.connect()) {
            client.request("GET /postpone HTTP/1.1");
            Await.until("the delay", () -> bus.counter("deferred http.request") == 1);
            // Without any worker, the client would be told so.
            bus.worker(workerArgs());
            bus.processes().get(1).kill();
            assertEquals("postponed once", client.answer().text());
        }
    }

    @Test
    void shouldPutDeadLettersBackOnce() {
        bus.get("/never?name=a").shouldBeRefusal(500, "handler-failed");
        bus.get("/never?name=b").shouldBeRefusal(500, "handler-failed");
        final List<String> letters = bus.start("tail", "dead.http.request").shouldExit(0).stdout();
        assertEquals(2, letters.size(), letters::toString);
        assertTrue(letters.get(0).contains("never now"), letters::toString);
        assertEquals("10", bus.get("/tries?name=a").text());

        shouldPrint("requeue: 0 messages", "requeue", "websocket.*");
        shouldPrint("requeue: 1 messages", "requeue", "http.request", "--limit", "1");
        Await.until("ten more", () -> bus.get("/tries?name=a").text().equals("20"));
        assertEquals("10", bus.get("/tries?name=b").text());
        bus.get("/heal");
        shouldPrint("requeue: 2 messages", "requeue");
        Await.until("one more each", () -> bus.get("/tries?name=b").text().equals("11"));
        Await.until("one more each", () -> bus.get("/tries?name=a").text().equals("21"));
        shouldPrint("requeue: 0 messages", "requeue");
    }
}
