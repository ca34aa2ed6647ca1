// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.LaneAppender;
import io.headrace.member.Member;
import io.netty.handler.codec.http2.Http2Error;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Responses and bodies that come in parts over HTTP/2, and how its sockets end. */
class Http2StreamsTest {

    private static final int BODY_MAX = 64 << 10;
    private static final int UPLOAD_MAX = 2 << 20;
    private static final String OK = Integer.toString(LaneAppender.OK);

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it ->
                            it.frontEndAndWorker(
                                    List.of(
                                            "-Dheadrace.body.max=" + BODY_MAX,
                                            "-Dheadrace.upload.paths=/upload",
                                            "-Dheadrace.upload.max=" + UPLOAD_MAX,
                                            "-Dheadrace.requests.max=8"),
                                    "--app",
                                    StreamApplication.class.getName(),
                                    "--consumers",
                                    "3"));

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
        assertEquals(List.of(), bus.errors(Member.Kind.FRONT_END));
    }

    private static Http2Client connect() {
        return new Http2Client(bus.port());
    }

    private static String call(String path, String name, Object value) {
        return bus.get(path + "?name=" + name + "&value=" + value).text();
    }

    private static String call(String path, String name) {
        return call(path, name, "");
    }

    private static Http2Client.Stream begin(Http2Client client, String name, String length) {
        final Http2Client.Stream stream = client.get("/begin?name=" + name + "&value=" + length);
        final HttpAnswer head = client.answerHead(stream);
        assertEquals(200, head.status());
        assertEquals(Optional.of(name), head.header("x-name"));
        assertEquals(Optional.empty(), head.header("transfer-encoding"));
        return stream;
    }

    private static String text(Http2Client.Stream stream) {
        return stream.body.toString(StandardCharsets.UTF_8);
    }

    private static Http2Client.Stream upload(Http2Client client, String name, String... headers) {
        return client.request("POST", "/upload?name=" + name, false, headers);
    }

    private static void awaitProgress(String name, String start) {
        Await.until(
                name + " " + start,
                () -> bus.get("/progress?name=" + name).text().startsWith(start));
    }

    @Test
    void shouldSendEachPartAtOnceBesideTheOtherStreams() {
        try (Http2Client client = connect()) {
            final Http2Client.Stream one = begin(client, "one", "");
            final Http2Client.Stream two = begin(client, "two", "3");
            assertEquals(OK, call("/part", "two", "abc"));
            client.awaitBody(two, 3);
            assertEquals(OK, call("/part", "one", "first"));
            client.awaitBody(one, 5);
            assertEquals(OK, call("/part", "one", "second"));
            client.awaitBody(one, 11);
            assertTrue(!one.ended && !two.ended);
            assertEquals(OK, call("/end", "one"));
            assertEquals(OK, call("/end", "two"));
            assertEquals("firstsecond", client.answer(one).text());
            assertEquals("abc", client.answer(two).text());
        }
    }

    @Test
    void shouldResetAStreamWhoseResponseIsBrokenOffAndGoOn() {
        try (Http2Client client = connect()) {
            final Http2Client.Stream stream = begin(client, "aborted", "");
            call("/part", "aborted", "half");
            client.awaitBody(stream, 4);
            assertEquals(OK, call("/abort", "aborted"));
            client.shouldBeReset(stream, Http2Error.CANCEL);
            assertTrue(!stream.ended);
            assertEquals("none", client.answerTo("/else").text());
        }
    }

    @Test
    void shouldHoldAWorkerBackThatSendsMoreThanItsClientsWindowAndCallItWhenThereIsRoom() {
        try (Http2Client client = connect().keepWindow()) {
            final Http2Client.Stream stream = begin(client, "slow", "");
            long sent = 0;
            String[] filled = call("/fill", "slow").split(" ");
            while (!filled[0].equals("0")) {
                sent += Long.parseLong(filled[0]);
                filled = call("/fill", "slow").split(" ");
            }
            call("/watch", "slow");
            assertEquals("0", call("/writable", "slow"));
            while (stream.body.size() < sent) {
                final int length = stream.body.size();
                client.acknowledge(stream);
                client.await("more", () -> stream.body.size() > length);
            }
            Await.until("room for more", () -> call("/writable", "slow").equals("1"));
            call("/end", "slow");
            client.acknowledge(stream);
            assertEquals(sent, client.answer(stream).body().length);
        }
    }

    @Test
    void shouldTellAWorkerThatTheClientOfAStreamHasLeft() {
        try (Http2Client client = connect()) {
            client.reset(begin(client, "reset", ""));
            Await.until("a disconnect", () -> call("/gone", "reset").equals("1"));
            begin(client, "closed", "");
        }
        Await.until("a disconnect", () -> call("/gone", "closed").equals("1"));
    }

    @Test
    void shouldGiveALongBodyToItsWorkerInPartsAsFastAsItTakesThem() {
        try (Http2Client client = connect()) {
            final byte[] body = new byte[UPLOAD_MAX];
            final Http2Client.Stream stream =
                    client.request(
                            "POST",
                            "/upload?name=long&value=gate",
                            false,
                            "content-length: " + UPLOAD_MAX);
            client.data(stream, body, true);
            awaitProgress("long", "receiving");
            // The client has no room left in the window, until the worker goes on.
            assertEquals("none", client.answerTo("/else").text());
            assertTrue(!stream.ended);
            bus.get("/release?name=long");
            final String text = client.answer(stream).text();
            assertTrue(
                    text.contains(
                            "inParts=true contentLength=%1$d bytes=%1$d ".formatted(UPLOAD_MAX)),
                    text);
        }
    }

    @Test
    void shouldGiveABodyOfUnknownLengthInPartsAndAShortOneWhole() {
        try (Http2Client client = connect()) {
            final Http2Client.Stream unknown = upload(client, "unknown");
            client.data(unknown, new byte[5], false);
            awaitProgress("unknown", "receiving");
            client.data(unknown, new byte[1], true);
            final String text = client.answer(unknown).text();
            assertTrue(text.contains("inParts=true contentLength=-1 bytes=6 "), text);
            final Http2Client.Stream known =
                    upload(client, "known&value=early", "content-length: 5");
            client.data(known, new byte[5], true);
            assertEquals("enough", client.answer(known).text());
            final String progress = bus.get("/progress?name=known").text();
            assertTrue(progress.contains("inParts=false"), progress);
        }
    }

    @Test
    void shouldAnswerBeforeTheEndOfABodyAndResetTheRestWithoutAnError() {
        try (Http2Client client = connect()) {
            final Http2Client.Stream early = upload(client, "early&value=early");
            client.data(early, new byte[100], false);
            assertEquals("enough", client.answer(early).text());
            client.shouldBeReset(early, Http2Error.NO_ERROR);
            final Http2Client.Stream large =
                    upload(client, "large", "content-length: " + (UPLOAD_MAX + 1));
            client.answer(large).shouldBeRefusal(413, "body-too-large");
            assertEquals("none", client.answerTo("/else").text());
        }
    }

    @Test
    void shouldTellTheWorkerThatAnUploadWasAbandoned() {
        try (Http2Client client = connect()) {
            final Http2Client.Stream stream = upload(client, "abandoned");
            client.data(stream, new byte[30_000], false);
            awaitProgress("abandoned", "receiving");
            client.reset(stream);
            awaitProgress("abandoned", "abandoned");
        }
    }

    @Test
    void shouldAnswerWhatIsOpenAndTakeNoMoreAfterSoManyRequests() {
        try (Http2Client client = connect()) {
            final Http2Client.Stream stream = begin(client, "open", "");
            for (int i = 0; i < 7; i++) {
                assertEquals("none", client.answerTo("/else").text());
            }
            client.shouldGoAway(Http2Error.NO_ERROR);
            call("/part", "open", "still");
            call("/end", "open");
            assertEquals("still", client.answer(stream).text());
            client.shouldEnd();
        }
    }
}
