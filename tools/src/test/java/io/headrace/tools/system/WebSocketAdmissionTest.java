// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.member.Member;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With {@code --accept worker}, a WebSocket opens when a worker says so, and only then. */
class WebSocketAdmissionTest {

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it ->
                            it.frontEndAndWorker(
                                    List.of(
                                            "--accept",
                                            "worker",
                                            // It bounds those that are accepted, too.
                                            "-Dheadrace.handshake.timeout=60s"),
                                    "--app",
                                    AdmissionApplication.class.getName()));

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    private static HttpAnswer refused(String target, String... headers) {
        try (HttpConnection client = bus.connect()) {
            final HttpAnswer answer = WebSocketClient.request(client, target, headers).answer();
            assertEquals("", client.readToEnd());
            return answer;
        }
    }

    /** Exactly one close follows each connect, also of a WebSocket that never was. */
    private static void shouldHearOfTheEnd(String target, String closedBy) {
        final Lanes.Seen close = bus.lanes().await(target, "websocket.disconnect");
        assertEquals(1006L, close.key("code"));
        assertEquals(closedBy, close.key("closed_by"));
        assertEquals(1, close.order());
        assertEquals(1, bus.lanes().about(target, "websocket.disconnect").size());
    }

    @Test
    void shouldOpenWhenTheWorkerAccepts() {
        try (WebSocketClient client = new WebSocketClient(bus, "/accept?1")) {
            client.shouldEcho("hello");
            assertEquals(Optional.empty(), client.handshake().header("sec-websocket-protocol"));
        }
        final Lanes.Seen connect = bus.lanes().await("/accept?1", "websocket.connect");
        assertEquals(true, connect.key("awaits_accept"));
        assertEquals("done", connect.fate());
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2, v1", "v1,v2", "v1, v2, v3"})
    void shouldSpeakTheSubprotocolThatTheWorkerChooses(String offered) {
        try (WebSocketClient client =
                new WebSocketClient(
                        bus, "/subprotocol?name=v2", "Sec-WebSocket-Protocol: " + offered)) {
            assertEquals(Optional.of("v2"), client.handshake().header("sec-websocket-protocol"));
            client.shouldEcho("hello");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v3", "v1,v2", "V1", "v"})
    void shouldAnswer500WhenTheWorkerChoosesWhatWasNotOffered(String chosen) {
        refused("/subprotocol?name=" + chosen, "Sec-WebSocket-Protocol: v1, v2")
                .shouldBeRefusal(500, "invalid-reply");
        shouldHearOfTheEnd("/subprotocol?name=" + chosen, "front_end");
        assertTrue(
                bus.errors(Member.Kind.FRONT_END).stream()
                        .anyMatch(error -> error.contains("'" + chosen + "'")),
                () -> "" + bus.errors(Member.Kind.FRONT_END));
    }

    @Test
    void shouldGiveTheHandshakeTheWorkersHeadersButNotThoseThatAreItsOwn() {
        try (WebSocketClient client = new WebSocketClient(bus, "/header")) {
            assertEquals(List.of("a=1", "b=\u00e9"), client.handshake().headers("set-cookie"));
            assertEquals(Optional.of("upgrade"), client.handshake().header("connection"));
            client.shouldEcho("hello");
        }
    }

    @Test
    void shouldAnswer500WhenAHeaderWouldBeMoreThanOne() {
        final HttpAnswer answer = refused("/bad-header").shouldBeRefusal(500, "invalid-reply");

        assertEquals(Optional.empty(), answer.header("x-injected"));
    }

    @Test
    void shouldRefuseWithTheWorkersStatusTextAndHeaders() {
        final HttpAnswer answer = refused("/refuse?1");

        assertEquals(401, answer.status());
        assertEquals("who are you?\n", answer.text());
        assertEquals(Optional.of("Basic"), answer.header("www-authenticate"));
        assertEquals(Optional.of("text/plain; charset=utf-8"), answer.header("content-type"));
        shouldHearOfTheEnd("/refuse?1", "worker");
    }

    @Test
    void shouldAnswer500WhenTheWorkerRefusesWithAnInvalidStatus() {
        refused("/refuse-badly?1").shouldBeRefusal(500, "invalid-reply");
        shouldHearOfTheEnd("/refuse-badly?1", "front_end");
    }

    @Test
    void shouldTakeAnEarlyCloseForARefusal() {
        refused("/close?1").shouldBeRefusal(403, "not-accepted");
        shouldHearOfTheEnd("/close?1", "worker");
    }

    @Test
    void shouldTakeAnEarlySendForAnAccept() {
        try (WebSocketClient client = new WebSocketClient(bus, "/send")) {
            client.shouldReceive(Frame.text("welcome"));
            client.shouldEcho("hello");
        }
    }

    @Test
    void shouldAnswer500AtOnceWhenTheHandlerThrows() {
        refused("/throw?1").shouldBeRefusal(500, "handler-failed");
        shouldHearOfTheEnd("/throw?1", "worker");
        // The client may have its answer before the message has ended.
        bus.lanes().await("/throw?1", "websocket.connect", seen -> seen.fate().equals("failed"));
    }

    @Test
    void shouldStayOpenWhenTheHandlerThrowsBehindItsAccept() {
        try (WebSocketClient client = new WebSocketClient(bus, "/accept-and-throw")) {
            client.shouldEcho("still open");
        }
    }

    @Test
    void shouldDecideOnce() {
        try (WebSocketClient client = new WebSocketClient(bus, "/twice")) {
            client.shouldReceive(Frame.text("once"));
            client.shouldEcho("hello");
        }
        assertEquals(403, refused("/refuse-and-accept").status());
    }

    @Test
    void shouldOpenWhenItIsAcceptedLaterAndFromElsewhere() {
        try (HttpConnection waiting = bus.connect();
                WebSocketClient other = new WebSocketClient(bus, "/accept")) {
            WebSocketClient.request(waiting, "/later");
            bus.lanes().await("/later", "websocket.connect", seen -> seen.fate().equals("done"));
            other.send(Frame.text("accept the other"));

            final HttpAnswer answer = waiting.answerWithoutBody();
            assertEquals(101, answer.status());
            assertEquals(Optional.of("another"), answer.header("x-by"));
            waiting.send(Frame.text("hello").masked());
            assertEquals(Frame.text("hello"), Frame.read(waiting));
            // Once more does no harm.
            other.send(Frame.text("accept the other"));
            other.shouldEcho("hello");
            waiting.send(Frame.text("again").masked());
            assertEquals(Frame.text("again"), Frame.read(waiting));
        }
    }

    @Test
    void shouldTellTheWorkerOfAClientThatLeavesWhileItWaits() {
        try (HttpConnection client = bus.connect()) {
            WebSocketClient.request(client, "/silent");
            bus.lanes().await("/silent", "websocket.connect");
        }
        shouldHearOfTheEnd("/silent", "client");
    }

    @Test
    void shouldNotMistakeALateReplyToAnEarlierRequestForADecision() {
        try (HttpConnection client = bus.connect()) {
            assertEquals("here", client.get("/first").text());
            assertEquals(
                    101, WebSocketClient.request(client, "/accept?2").answerWithoutBody().status());
        }
        final Lanes.Seen request = bus.lanes().await("/first", "http.request");
        final Lanes.Seen connect = bus.lanes().await("/accept?2", "websocket.connect");
        assertTrue(!request.connection().equals(connect.connection()), request::toString);
    }

    @Test
    void shouldPrintAnAcceptAsEveryOtherMessage() {
        try (WebSocketClient client =
                new WebSocketClient(
                        bus, "/subprotocol?name=tail", "Sec-WebSocket-Protocol: tail")) {
            client.shouldEcho("hello");
        }
        final Lanes.Seen accept =
                Await.value(
                        "an accept",
                        () ->
                                bus.lanes().all("reply.*").stream()
                                        .filter(seen -> seen.type().equals("WebSocketAccept"))
                                        .filter(seen -> seen.key("subprotocol").equals("tail"))
                                        .findFirst());
        assertEquals(List.of("subprotocol", "headers"), List.copyOf(accept.message().keySet()));
        assertEquals(List.of(), accept.key("headers"));
        assertEquals("done", accept.fate());
        assertEquals(
                bus.lanes().await("/subprotocol?name=tail", "websocket.connect").connection(),
                accept.connection());
    }
}
