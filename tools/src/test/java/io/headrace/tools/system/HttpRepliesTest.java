// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.member.Member;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What applications reply, good and bad, and what becomes of it on the wire. */
class HttpRepliesTest {

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(it -> it.frontEndAndWorker("--app", AwkwardApplication.class.getName()));

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    private HttpConnection client;

    @BeforeEach
    void connect() {
        client = bus.connect();
    }

    @AfterEach
    void shouldGoOnServing() {
        assertEquals(200, client.get("/keys").status());
        client.close();
    }

    private HttpAnswer get(String path, String value) {
        return client.get(path + "?value=" + URLEncoder.encode(value, StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 201, 299, 302, 404, 418, 500, 599})
    void shouldPassStatusCodesOn(int status) {
        final HttpAnswer answer = get("/status", "" + status);

        assertEquals(status, answer.status());
        assertEquals("content", answer.text());
        assertEquals(Optional.empty(), answer.header("headrace-reason"));
    }

    @Test
    void shouldDateEveryAnswerButThoseThatAreDated() {
        final Instant before = Instant.now().truncatedTo(ChronoUnit.SECONDS);
        for (final String path : new String[] {"/scheme", "/status?value=204", "/error"}) {
            final Instant date =
                    DateTimeFormatter.RFC_1123_DATE_TIME.parse(
                            client.get(path).header("date").orElseThrow(), Instant::from);
            // The text is made once a second, by a clock of its own.
            assertTrue(!date.isBefore(before.minusSeconds(2)), date::toString);
            assertTrue(!date.isAfter(Instant.now()), date::toString);
        }
        assertEquals(
                Optional.of("yesterday"),
                client.get("/header?name=Date&value=yesterday").header("date"));
    }

    @ParameterizedTest
    @ValueSource(ints = {204, 304})
    void shouldSendNoContentWhereThereIsNone(int status) {
        final HttpAnswer answer = get("/status", "" + status);

        assertEquals(status, answer.status());
        assertEquals("", answer.text());
        assertEquals(Optional.empty(), answer.header("content-length"));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 99, 100, 101, 199, 600, 999, 65_534})
    void shouldRefuseAnInvalidStatusCode(int status) {
        get("/status", "" + status).shouldBeRefusal(500, "invalid-reply");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\r\nX-Injected: 1", "a\nb", "a\rb", "a\u0000b", "a\u0001b", "\u007f"})
    void shouldRefuseAHeaderValueThatWouldBeMoreThanOne(String value) {
        final HttpAnswer answer = get("/header", value).shouldBeRefusal(500, "invalid-reply");

        assertEquals(Optional.empty(), answer.header("x-injected"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a b", "a:b", "a\r\nb", "", "é", "a\u0000"})
    void shouldRefuseAnInvalidHeaderName(String name) {
        client.get("/header?name=" + URLEncoder.encode(name, StandardCharsets.UTF_8) + "&value=v")
                .shouldBeRefusal(500, "invalid-reply");
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/plain\r\nX-Injected: 1", "text/plain\n", "a\u0000"})
    void shouldRefuseAContentTypeThatWouldBeMoreThanOne(String contentType) {
        final HttpAnswer answer = get("/type", contentType).shouldBeRefusal(500, "invalid-reply");

        assertEquals(Optional.empty(), answer.header("x-injected"));
    }

    @Test
    void shouldKeepAnInvalidReplyInTheFrontEndsErrors() {
        get("/status", "601").shouldBeRefusal(500, "invalid-reply");

        assertTrue(
                bus.errors(Member.Kind.FRONT_END).stream().anyMatch(error -> error.contains("601")),
                () -> "" + bus.errors(Member.Kind.FRONT_END));
    }

    @Test
    void shouldPassRepeatedHeadersOnButDelimitTheMessageItself() {
        final HttpAnswer answer = client.get("/headers");

        assertEquals(List.of("a=1", "b=\u00e9"), answer.headers("set-cookie"));
        assertEquals(Optional.of("7"), answer.header("content-length"));
        assertEquals(Optional.empty(), answer.header("connection"));
        assertEquals(Optional.empty(), answer.header("transfer-encoding"));
        assertEquals(Optional.empty(), answer.header("content-type"));
        assertEquals("content", answer.text());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 65_536, 5 << 20})
    void shouldPassContentOfAnyLengthOn(int length) {
        assertArrayEquals(new byte[length], get("/length", "" + length).body());
    }

    @Test
    void shouldDropAndCountASecondReply() {
        final long dropped = bus.counter(" replies dropped");

        assertEquals("first", client.get("/twice").text());
        assertEquals(200, client.get("/keys").status());
        Await.until("a dropped reply", () -> bus.counter(" replies dropped") == dropped + 1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/error", "/status?value=x"})
    void shouldTellTheClientOfAHandlerThatThrows(String target) {
        final long failed = bus.counter(" failed http.request");

        final HttpAnswer answer = client.get(target);
        assertEquals(500, answer.status());
        assertEquals(Optional.of("handler-failed"), answer.header("headrace-reason"));
        assertTrue(answer.text().startsWith("500 "), answer::toString);
        assertEquals("failed", bus.lanes().awaitFate(target));
        Await.until("a failed request", () -> bus.counter(" failed http.request") == failed + 1);
    }

    @Test
    void shouldKeepAnExceptionInTheWorkersErrorsAndNotShowItToTheClient() {
        final HttpAnswer answer = client.get("/error?");

        assertTrue(!answer.toString().contains("not an exception"), answer::toString);
        assertTrue(
                bus.errors(Member.Kind.WORKER).stream()
                        .anyMatch(error -> error.contains("not an exception")),
                () -> "" + bus.errors(Member.Kind.WORKER));
    }

    @Test
    void shouldKeepTheReplyOfAHandlerThatThrowsBehindIt() {
        final HttpAnswer answer = client.get("/reply-and-throw");

        assertEquals("replied", answer.text());
        assertEquals("failed", bus.lanes().awaitFate("/reply-and-throw"));
        // And there was no second one, which would have been dropped or, worse, be the next answer.
        assertEquals(200, client.get("/keys?").status());
    }
}
