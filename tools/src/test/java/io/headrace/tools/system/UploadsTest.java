// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.message.Part;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Bodies that go to their worker in parts, from socket to socket. */
class UploadsTest {

    private static final int BODY_MAX = 64 << 10;
    private static final int UPLOAD_MAX = 8 << 20;

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it ->
                            it.frontEndAndWorker(
                                    List.of(
                                            "-Dheadrace.body.max=" + BODY_MAX,
                                            "-Dheadrace.upload.paths=/upload",
                                            "-Dheadrace.upload.max=" + UPLOAD_MAX,
                                            "-Dheadrace.response.timeout=3s"),
                                    "--app",
                                    StreamApplication.class.getName(),
                                    "--consumers",
                                    "3"));

    @AfterAll
    static void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    private static byte[] body(int length) {
        final byte[] body = new byte[length];
        for (int i = 0; i < length; i++) {
            body[i] = (byte) (i * 31 + i / 251);
        }
        return body;
    }

    private static long sum(byte[] body) {
        long sum = 0;
        for (final byte b : body) {
            sum += b;
        }
        return sum;
    }

    private static String head(String name, String mode, String header) {
        return HttpConnection.head(
                "POST /upload?name=" + name + "&value=" + mode + " HTTP/1.1", header);
    }

    private static String progress(String name) {
        return bus.get("/progress?name=" + name).text();
    }

    private static void awaitProgress(String name, String start) {
        Await.until(name + " " + start, () -> progress(name).startsWith(start));
    }

    @Test
    void shouldGiveALongBodyToItsWorkerInPartsOfBoundedLength() {
        try (HttpConnection client = bus.connect()) {
            for (final int length : new int[] {BODY_MAX + 1, 3_000_001, UPLOAD_MAX}) {
                final byte[] body = body(length);
                client.send(head("long", "", "Content-Length: " + length)).send(body);
                final String text = client.answer().text();
                assertTrue(
                        text.startsWith(
                                "complete inParts=true contentLength=%d bytes=%d sum=%d "
                                        .formatted(length, length, sum(body))),
                        text);
                final int largest = Integer.parseInt(text.replaceAll(".*largest=", ""));
                assertTrue(largest <= Part.LENGTH_MAX, text);
            }
        }
    }

    @Test
    void shouldGiveABodyOfUnknownLengthInParts() {
        try (HttpConnection client = bus.connect()) {
            client.send(head("chunked", "", "Transfer-Encoding: chunked"));
            client.send("5\r\nhello\r\n").send("1\r\n!\r\n");
            awaitProgress("chunked", "receiving");
            client.send("0\r\n\r\n");
            assertTrue(
                    client.answer()
                            .text()
                            .startsWith("complete inParts=true contentLength=-1 bytes=6 "));
            client.send(head("empty", "", "Transfer-Encoding: chunked")).send("0\r\n\r\n");
            assertTrue(client.answer().text().contains(" bytes=0 "));
        }
    }

    @Test
    void shouldGiveAShortBodyWhole() {
        try (HttpConnection client = bus.connect()) {
            client.send(head("whole", "early", "Content-Length: " + BODY_MAX)).send(body(BODY_MAX));
            assertEquals("enough", client.answer().text());
            assertTrue(progress("whole").contains("inParts=false"), progress("whole"));
        }
    }

    @Test
    void shouldInviteTheBodyOfAClientThatWaitsForThat() {
        try (HttpConnection client = bus.connect()) {
            final byte[] body = body(BODY_MAX + 10);
            client.send(
                    head("invited", "", "Expect: 100-continue\r\nContent-Length: " + body.length));
            assertEquals(100, client.answerHead().status());
            client.send(body);
            assertTrue(client.answer().text().startsWith("complete "));
        }
    }

    @Test
    void shouldStopReadingFromAClientWhoseWorkerIsSlowAndServeOthers() throws Exception {
        try (HttpConnection client = bus.connect()) {
            final byte[] body = body(UPLOAD_MAX);
            client.send(head("slow", "gate", "Content-Length: " + body.length));
            final Thread sender = new Thread(() -> client.trySend(body), "sender");
            sender.start();
            awaitProgress("slow", "receiving");
            Await.until("the first part", () -> !progress("slow").contains(" bytes=0 "));
            // A whole body fits no socket's buffers: it is the front end that does not read.
            sender.join(300);
            assertTrue(sender.isAlive(), "all has been read, though nothing was consumed");
            assertEquals("none", bus.get("/else").text());
            bus.get("/release?name=slow");
            assertTrue(client.answer().text().startsWith("complete "));
            sender.join();
        }
    }

    @Test
    void shouldTellTheWorkerThatAnUploadWasAbandoned() {
        final HttpConnection client = bus.connect();
        client.send(head("abandoned", "", "Content-Length: 1000000")).send(body(300_000));
        awaitProgress("abandoned", "receiving");
        client.reset();
        awaitProgress("abandoned", "abandoned");
    }

    @Test
    void shouldAnswerBeforeTheEndOfABodyAndEndTheConnection() {
        try (HttpConnection client = bus.connect()) {
            client.send(head("early", "early", "Content-Length: " + UPLOAD_MAX)).send(body(1000));
            final HttpAnswer answer = client.answer();
            assertEquals("enough", answer.text());
            assertEquals(Optional.of("close"), answer.header("connection"));
            client.trySend(body(100_000));
            assertEquals("", client.readToEnd());
        }
        assertEquals("none", bus.get("/else").text());
    }

    @Test
    void shouldRefuseABodyThatIsTooLongWhenItSaysSoAndWhenItTurnsOutTo() {
        try (HttpConnection said = bus.connect();
                HttpConnection turnedOut = bus.connect()) {
            said.send(head("said", "", "Content-Length: " + (UPLOAD_MAX + 1)));
            said.answer().shouldBeRefusal(413, "body-too-large");
            turnedOut.send(head("out", "", "Transfer-Encoding: chunked"));
            awaitProgress("out", "receiving");
            final byte[] chunk = body(1 << 20);
            for (int i = 0; i <= UPLOAD_MAX >> 20; i++) {
                turnedOut.trySend("100000\r\n".getBytes(StandardCharsets.US_ASCII));
                turnedOut.trySend(chunk);
                turnedOut.trySend("\r\n".getBytes(StandardCharsets.US_ASCII));
            }
            turnedOut.answer().shouldBeRefusal(413, "body-too-large");
            awaitProgress("out", "abandoned");
        }
    }

    @Test
    void shouldRefuseALongBodyOnAnyOtherPath() {
        try (HttpConnection client = bus.connect()) {
            client.send(
                    HttpConnection.head(
                            "POST /elsewhere HTTP/1.1", "Content-Length: " + (BODY_MAX + 1)));
            client.answer().shouldBeRefusal(413, "body-too-large");
        }
    }

    @Test
    void shouldAnswer500WhenTheReceiverThrows() {
        try (HttpConnection client = bus.connect()) {
            client.send(head("thrower", "throw", "Content-Length: 1000000")).send(body(300_000));
            client.answer().shouldBeRefusal(500, "handler-failed");
        }
    }

    @Test
    void shouldAnswer500WhenAHandlerDefersWhatCannotBe() {
        try (HttpConnection client = bus.connect()) {
            client.send(head("deferred", "defer", "Content-Length: 1000000")).send(body(1000));
            client.answer().shouldBeRefusal(500, "handler-failed");
        }
    }

    @Test
    void shouldAnswer504WhenNobodyReceives() {
        try (HttpConnection client = bus.connect()) {
            client.send(head("ignored", "ignore", "Content-Length: 1000000")).send(body(1_000_000));
            client.answer().shouldBeRefusal(504, "no-answer");
        }
    }

    @Test
    void shouldNotLetAnUploadBeTakenForTheNextRequestOfAPipeline() {
        try (HttpConnection client = bus.connect()) {
            client.send(head("p1", "", "Content-Length: 100000")).send(body(100_000));
            client.send(head("p2", "", "Content-Length: 200000")).send(body(200_000));
            client.request("GET /third HTTP/1.1");
            assertTrue(client.answer().text().contains(" bytes=100000 "));
            assertTrue(client.answer().text().contains(" bytes=200000 "));
            assertEquals("none", client.answer().text());
        }
    }
}
