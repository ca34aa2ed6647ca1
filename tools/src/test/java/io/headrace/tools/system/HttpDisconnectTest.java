// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.headrace.member.Member;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that leave before their response, and those that only seem to. */
class HttpDisconnectTest {

    private static final int CONSUMERS = 4;

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it ->
                            it.frontEndAndWorker(
                                    "--app",
                                    HeldApplication.class.getName(),
                                    "--consumers",
                                    "" + CONSUMERS));

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    private static final String DROPPED = " replies dropped";

    /**
     * Has a client leave early, and waits for the message about it: what came before is in the
     * lanes then.
     */
    private void markLanes(String name) {
        final String target = "/held?until=" + name;
        try (HttpConnection client = bus.connect()) {
            client.request("GET " + target + " HTTP/1.1");
            bus.lanes().awaitTaken(target);
        }
        bus.lanes().await(target, "http.disconnect");
        bus.release(name);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldTellOnceOfAClientThatLeavesBeforeItsResponse(boolean reset) {
        final String target = "/held?until=left-" + reset;
        final HttpConnection client = bus.connect();
        client.send(
                HttpConnection.head(
                                "POST " + target + " HTTP/1.1",
                                "Cookie: k=v",
                                "Content-Type: application/x-www-form-urlencoded",
                                "Content-Length: 3")
                        + "a=1");
        bus.lanes().awaitTaken(target);
        if (reset) {
            client.reset();
        } else {
            client.close();
        }

        final Lanes.Seen disconnect = bus.lanes().await(target, "http.disconnect");
        final Lanes.Seen request = bus.lanes().await(target, "http.request");
        assertEquals("HttpDisconnect", disconnect.type());
        assertEquals(request.message(), disconnect.message());
        assertEquals(List.of(List.of("a", "1")), disconnect.key("POST"));
        assertEquals(request.connection(), disconnect.connection());
        assertEquals(request.order(), disconnect.order());
        markLanes("behind-left-" + reset);
        assertEquals(1, bus.lanes().about(target, "http.disconnect").size());
        bus.release("left-" + reset);
    }

    @Test
    void shouldTellOfEveryRequestThatIsLeftUnanswered() {
        try (HttpConnection client = bus.connect()) {
            client.send(
                    HttpConnection.head("GET /hello?left=0 HTTP/1.1")
                            + HttpConnection.head("GET /held?until=left-both&i=1 HTTP/1.1")
                            + HttpConnection.head("GET /held?until=left-both&i=2 HTTP/1.1"));
            assertEquals("Hello, World!", client.answer().text());
            bus.lanes().awaitTaken("/held?until=left-both&i=1");
            bus.lanes().awaitTaken("/held?until=left-both&i=2");
        }
        final Lanes.Seen first = bus.lanes().await("/held?until=left-both&i=1", "http.disconnect");
        final Lanes.Seen second = bus.lanes().await("/held?until=left-both&i=2", "http.disconnect");
        bus.release("left-both");

        assertEquals(1, first.order());
        assertEquals(2, second.order());
        assertNotEquals(first.key("response_channel"), second.key("response_channel"));
        assertEquals(List.of(), bus.lanes().about("/hello?left=0", "http.disconnect"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldNotTellOfAClientThatLeavesAfterItsResponse(boolean reset) {
        final String target = "/hello?answered&reset=" + reset;
        final HttpConnection client = bus.connect();
        assertEquals(200, client.get(target).status());
        if (reset) {
            client.reset();
        } else {
            client.close();
        }

        markLanes("after-answered-" + reset);
        assertEquals(List.of(), bus.lanes().about(target, "http.disconnect"));
    }

    @Test
    void shouldNotTellOfAClientThatLeavesInTheMiddleOfItsRequest() {
        final List<Lanes.Seen> before = bus.lanes().all("http.disconnect");
        try (HttpConnection client = bus.connect()) {
            client.send("POST /half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf");
        }
        try (HttpConnection client = bus.connect()) {
            client.send("GET /half HT");
        }

        markLanes("after-half");
        assertEquals(List.of(), bus.lanes().about("/half", "http.*"));
        assertEquals(before.size() + 1, bus.lanes().all("http.disconnect").size());
        assertEquals(List.of(), bus.errors(Member.Kind.FRONT_END));
    }

    @Test
    void shouldDropAndCountTheReplyThatComesTooLate() {
        try (HttpConnection client = bus.connect()) {
            client.request("GET /held?until=late HTTP/1.1");
            bus.lanes().awaitTaken("/held?until=late");
        }
        bus.lanes().await("/held?until=late", "http.disconnect");
        final long dropped = bus.counter(DROPPED);
        bus.release("late");

        // It had been claimed, and so it is done; its reply has nowhere to go.
        assertEquals("done", bus.lanes().awaitFate("/held?until=late"));
        Await.until("a dropped reply", () -> bus.counter(DROPPED) > dropped);
        bus.shouldStillServe();
    }

    @Test
    void shouldCancelARequestThatNobodyHasWhenItsClientLeaves() {
        final long cancelled = bus.counter(" cancelled http.request");
        // A worker that is frozen would be taken for stopped after 2 s, and the request refused.
        try (HttpConnection busy = bus.hold(CONSUMERS, "busy")) {
            try (HttpConnection client = bus.connect()) {
                client.request("GET /hello?unclaimed HTTP/1.1");
                assertEquals(
                        "pending", bus.lanes().await("/hello?unclaimed", "http.request").fate());
            }
            assertEquals("cancelled", bus.lanes().awaitFate("/hello?unclaimed"));
            bus.lanes().await("/hello?unclaimed", "http.disconnect");
            assertEquals(cancelled + 1, bus.counter(" cancelled http.request"));
            bus.release("busy");
            for (int i = 0; i < CONSUMERS; i++) {
                assertEquals("released", busy.answer().text());
            }
        }

        bus.shouldStillServe();
        // The worker has passed it since, and has left it alone.
        assertEquals("cancelled", bus.lanes().awaitFate("/hello?unclaimed"));
    }
}
