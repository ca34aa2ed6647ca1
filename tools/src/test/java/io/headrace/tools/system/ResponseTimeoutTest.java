// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A front end that waits two seconds for answers, beside one that waits two minutes. */
class ResponseTimeoutTest {

    private static final long TIMEOUT_NS = 2_000_000_000L;
    private static final int CONSUMERS = 2;

    private static int port;

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it -> {
                        final HeadraceProcess hasty =
                                it.startFrontEnd("-Dheadrace.response.timeout=2s");
                        final HeadraceProcess patient = it.startFrontEnd();
                        it.worker(
                                "--app",
                                HeldApplication.class.getName(),
                                "--consumers",
                                "" + CONSUMERS);
                        it.awaitListening(hasty);
                        it.awaitServed();
                        port = it.port();
                        it.awaitListening(patient);
                        it.awaitServed();
                    });

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    /** A client of the one that waits two seconds. */
    private static HttpConnection connect() {
        return new HttpConnection(port);
    }

    /** The next requests on a connection are answered, though some may come too late. */
    private static void shouldGoOn(HttpConnection client) {
        Await.until("an answer", () -> isHello(client.get("/hello")));
    }

    private static boolean isHello(HttpAnswer answer) {
        if (answer.status() != 200) {
            return false;
        }
        assertEquals("Hello, World!", answer.text());
        return true;
    }

    @Test
    void shouldAnswerForAHandlerThatIsTooSlowAndDropItsReply() {
        try (HttpConnection client = connect()) {
            final long startNs = System.nanoTime();
            client.get("/held?until=late").shouldBeRefusal(504, "no-answer");
            assertTrue(System.nanoTime() - startNs >= TIMEOUT_NS, "too early");
            // The handler cannot be stopped; it still has its request.
            assertEquals("claimed", bus.lanes().await("/held?until=late", "http.request").fate());

            shouldGoOn(client);
            final long dropped = bus.counter(" replies dropped");
            bus.release("late");
            assertEquals("done", bus.lanes().awaitFate("/held?until=late"));
            Await.until("a dropped reply", () -> bus.counter(" replies dropped") > dropped);
            shouldGoOn(client);
        }
    }

    @Test
    void shouldAnswerForAHandlerThatNeverReplies() {
        try (HttpConnection client = connect()) {
            client.get("/silence").shouldBeRefusal(504, "no-answer");
            assertEquals("done", bus.lanes().awaitFate("/silence"));
            shouldGoOn(client);
        }
    }

    @Test
    void shouldCancelARequestThatNobodyHasTaken() {
        try (HttpConnection busy = bus.hold(CONSUMERS, "busy");
                HttpConnection client = connect()) {
            client.get("/hello?untaken").shouldBeRefusal(504, "no-answer");
            assertEquals("cancelled", bus.lanes().awaitFate("/hello?untaken"));
            bus.release("busy");
            for (int i = 0; i < CONSUMERS; i++) {
                assertEquals("released", busy.answer().text());
            }
            shouldGoOn(client);
        }
    }

    @Test
    void shouldNotLetOneTimeoutHoldUpTheAnswersBehindIt() {
        try (HttpConnection client = connect()) {
            Await.until(
                    "an answer behind one that is none",
                    () -> {
                        client.send(
                                HttpConnection.head("GET /silence?first HTTP/1.1")
                                        + HttpConnection.head("GET /hello?second HTTP/1.1"));
                        client.answer().shouldBeRefusal(504, "no-answer");
                        return isHello(client.answer());
                    });
        }
    }
}
