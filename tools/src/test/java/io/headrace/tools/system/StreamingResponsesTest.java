// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.LaneAppender;
import io.headrace.message.Part;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Responses that come in parts, and answers that come later, from socket to socket. */
class StreamingResponsesTest {

    private static final String OK = Integer.toString(LaneAppender.OK);
    private static final String BACK_PRESSURED = Integer.toString(LaneAppender.BACK_PRESSURED);
    private static final String TOO_LONG = Integer.toString(LaneAppender.TOO_LONG);
    private static final String CLOSED = Integer.toString(LaneAppender.CLOSED);

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it ->
                            it.frontEndAndWorker(
                                    "--app",
                                    StreamApplication.class.getName(),
                                    "--consumers",
                                    "2"));

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    private static String call(String path, String name, String value) {
        return bus.get(path + "?name=" + name + "&value=" + value).text();
    }

    private static String call(String path, String name) {
        return call(path, name, "");
    }

    /** A client that has the head of its response. */
    private static HttpConnection begin(String name, String length, String version) {
        final HttpConnection client = bus.connect();
        client.request("GET /begin?name=" + name + "&value=" + length + " HTTP/" + version);
        final HttpAnswer head = client.answerHead();
        assertEquals(200, head.status());
        assertEquals(Optional.of(name), head.header("x-name"));
        return client;
    }

    @Test
    void shouldSendTheHeadAtOnceAndEachPartAsAChunk() {
        try (HttpConnection client = begin("chunks", "", "1.1")) {
            assertEquals(OK, call("/part", "chunks", "one"));
            assertEquals("one", text(client.chunk()));
            assertEquals(OK, call("/part", "chunks", "two"));
            assertEquals("two", text(client.chunk()));
            assertEquals(OK, call("/end", "chunks"));
            assertEquals("", text(client.chunk()));
            assertEquals("none", client.get("/next-on-the-connection").text());
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    @Test
    void shouldSendPartsOfAKnownLengthWithoutChunks() {
        try (HttpConnection client = begin("known", "6", "1.1")) {
            call("/part", "known", "one");
            call("/part", "known", "two");
            assertEquals(OK, call("/end", "known"));
            assertEquals("onetwo", text(client.read(6)));
            assertEquals("none", client.get("/next-on-the-connection").text());
        }
    }

    @Test
    void shouldEndAnUnknownLengthWithTheConnectionForAnOldClient() {
        try (HttpConnection client = begin("old", "", "1.0")) {
            call("/part", "old", "all");
            call("/end", "old");
            assertEquals("all", client.readToEnd());
        }
    }

    @Test
    void shouldBreakALengthThatIsNotKept() {
        try (HttpConnection shorter = begin("shorter", "6", "1.1");
                HttpConnection longer = begin("longer", "2", "1.1")) {
            call("/part", "shorter", "one");
            call("/end", "shorter");
            assertEquals("one", shorter.readToEnd());
            call("/part", "longer", "ab");
            call("/part", "longer", "c");
            assertTrue(longer.readToEnd().length() <= 3);
            assertEquals(CLOSED, call("/part", "longer", "d"));
        }
    }

    @Test
    void shouldSendEventsWithTheirNameAndEveryLineOfData() {
        try (HttpConnection client = begin("events", "", "1.1")) {
            call("/event", "events", "a%0Ab");
            assertEquals("event: kind\ndata: a\ndata: b\n\n", text(client.chunk()));
            call("/event", "events", "");
            assertEquals("event: kind\ndata:\n\n", text(client.chunk()));
            call("/end", "events");
        }
    }

    @Test
    void shouldRefuseWhatComesAfterTheEnd() {
        try (HttpConnection client = begin("ended", "", "1.1")) {
            assertEquals(OK, call("/end", "ended"));
            assertEquals(CLOSED, call("/part", "ended", "more"));
            assertEquals(CLOSED, call("/end", "ended"));
            assertEquals(CLOSED, call("/abort", "ended"));
            assertEquals("", text(client.chunk()));
        }
    }

    @Test
    void shouldRefuseAPartThatIsTooLongAndGoOn() {
        try (HttpConnection client = begin("long", "", "1.1")) {
            assertEquals(TOO_LONG, call("/large", "long", "" + (Part.LENGTH_MAX + 1)));
            assertEquals(OK, call("/part", "long", "fits"));
            assertEquals("fits", text(client.chunk()));
        }
    }

    @Test
    void shouldShowTheClientThatAnAbortedResponseIsNotComplete() {
        try (HttpConnection client = begin("aborted", "", "1.1")) {
            call("/part", "aborted", "half");
            assertEquals(OK, call("/abort", "aborted"));
            assertEquals("4\r\nhalf\r\n", client.readToEnd());
        }
    }

    @Test
    void shouldHoldAWorkerBackThatSendsMoreThanItsClientTakesAndCallItWhenThereIsRoom() {
        try (HttpConnection client = begin("slow", "", "1.1")) {
            long sent = 0;
            String[] filled = call("/fill", "slow").split(" ");
            // As much as the sockets take in beside the window.
            while (!filled[0].equals("0")) {
                assertEquals(BACK_PRESSURED, filled[1]);
                sent += Long.parseLong(filled[0]);
                filled = call("/fill", "slow").split(" ");
            }
            assertEquals("0", call("/writable", "slow"));
            call("/watch", "slow");
            long received = 0;
            while (received < sent) {
                received += client.chunk().length;
            }
            assertEquals(sent, received);
            Await.until("room for more", () -> call("/writable", "slow").equals("1"));
            assertEquals(OK, call("/part", "slow", "again"));
            assertEquals("again", text(client.chunk()));
            call("/end", "slow");
        }
    }

    @Test
    void shouldTellAWorkerThatTheClientOfAStreamHasLeft() {
        final HttpConnection client = begin("left", "", "1.1");
        assertEquals("1", call("/open", "left"));
        client.reset();
        Await.until("a disconnect", () -> call("/gone", "left").equals("1"));
        assertEquals("0", call("/open", "left"));
        assertEquals(CLOSED, call("/part", "left", "nobody"));
    }

    @Test
    void shouldAnswerPipelinedRequestsBehindAStreamInTheirOrder() {
        try (HttpConnection client = begin("first", "", "1.1")) {
            client.request("GET /hold?name=second HTTP/1.1");
            client.request("GET /third HTTP/1.1");
            Await.until("the second request", () -> call("/answer", "second", "late").equals(OK));
            call("/part", "first", "stream");
            call("/end", "first");
            assertEquals("stream", text(client.chunk()));
            assertEquals("", text(client.chunk()));
            assertEquals("late", client.answer().text());
            assertEquals("none", client.answer().text());
        }
    }

    @Test
    void shouldAnswerLaterFromAnotherThreadAndOnlyOnce() {
        try (HttpConnection client = bus.connect()) {
            client.request("GET /hold?name=later HTTP/1.1");
            Await.until("the request", () -> call("/answer", "later", "first").equals(OK));
            assertEquals("first", client.answer().text());
            final long dropped = bus.counter(" replies dropped");
            assertEquals(OK, call("/answer", "later", "second"));
            Await.until("a reply that is dropped", () -> bus.counter(" replies dropped") > dropped);
            assertEquals("none", client.get("/next-on-the-connection").text());
        }
    }

    @Test
    void shouldAnswerByReplyAddressFromAnywhere() {
        try (HttpConnection client = bus.connect()) {
            client.request("GET /hold?name=addressed HTTP/1.1");
            final String address =
                    Await.value(
                            "the request",
                            () ->
                                    bus.lanes().all("http.request").stream()
                                            .filter(it -> it.target().contains("name=addressed"))
                                            .map(it -> (String) it.key("response_channel"))
                                            .findFirst());
            assertEquals(OK, call("/address", "", address));
            assertEquals("by address", client.answer().text());
        }
    }

    @Test
    void shouldEndAWaitWithTheDisconnectOfItsClient() {
        try (HttpConnection client = bus.connect()) {
            client.request("GET /hold?name=impatient HTTP/1.1");
            Await.until(
                    "the request",
                    () ->
                            bus.lanes().all("http.request").stream()
                                    .anyMatch(it -> it.target().contains("name=impatient")));
            client.reset();
        }
        Await.until("a disconnect", () -> call("/gone", "impatient").equals("1"));
    }
}
