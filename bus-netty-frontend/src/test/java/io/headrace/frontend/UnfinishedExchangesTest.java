// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Lane;
import io.headrace.frontend.socket.body.UploadOptions;
import io.headrace.frontend.testing.RawConnection;
import io.headrace.message.Field;
import io.headrace.worker.reply.HttpReply;
import io.headrace.worker.reply.ResponseStream;
import io.headrace.worker.reply.UploadReceiver;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.agrona.CloseHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that end in the middle, or with an answer before their end, and answers without one. */
class UnfinishedExchangesTest {

    private static final String UPLOAD = "POST /up HTTP/1.1\r\nHost: h\r\n";
    private static final String CHUNKED = "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
    private static final String GET_LARGE = "GET /large HTTP/1.1\r\nHost: h\r\n\r\n";
    private static final String GET_STREAM = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";
    private static final int LARGE_LENGTH = 8_000_000;
    private static final long SECOND_NS = 1_000_000_000L;

    @TempDir Path directory;

    private final List<String> heard = new ArrayList<>();
    private final List<RawConnection> clients = new ArrayList<>();
    private SteppedFrontend stepped;
    private final List<ResponseStream> streams = new ArrayList<>();
    private ResponseStream stream;

    private void start(String... properties) {
        final Map<String, String> all = new HashMap<>();
        all.put(UploadOptions.PATHS_PROPERTY, "/up,/early");
        for (int i = 0; i < properties.length; i += 2) {
            all.put("headrace." + properties[i], properties[i + 1]);
        }
        stepped =
                new SteppedFrontend(
                        directory,
                        all,
                        context ->
                                context.onHttpRequest(
                                        (channel, request, reply) -> {
                                            switch (request.path()) {
                                                case "/up" -> reply.receive(new Receiver());
                                                case "/stream" -> {
                                                    stream = reply.stream(200, "text/plain");
                                                    streams.add(stream);
                                                }
                                                case "/early" -> {
                                                    stream = reply.stream(200, "text/plain");
                                                    stream.send("enough");
                                                    stream.end();
                                                }
                                                case "/large" ->
                                                        reply.send(200, "", new byte[LARGE_LENGTH]);
                                                default -> reply.send(200, "", "hello");
                                            }
                                        }));
    }

    @AfterEach
    void stop() {
        CloseHelper.closeAll(clients);
        stepped.close();
    }

    /** Tells what it hears of a body. */
    private final class Receiver implements UploadReceiver {

        @Override
        public void onPart(Field content) {
            heard.add(content.toString());
        }

        @Override
        public void onEnd(HttpReply reply) {
            heard.add("end");
            reply.send(200, "", "received");
        }

        @Override
        public void onAbandoned() {
            heard.add("abandoned");
        }
    }

    private RawConnection send(String text) {
        final RawConnection client = stepped.connect();
        clients.add(client);
        return client.send(text);
    }

    /** Lets both go round until a front end's lane in a channel has so many messages. */
    private void serve(String channel, long count) {
        stepped.cycleUntil(
                channel,
                () -> {
                    stepped.consume();
                    return stepped.lane(channel, Lane::appendedCount) >= count;
                });
        stepped.consume();
        stepped.cycle();
    }

    /** What a client reads while the loop goes round. */
    private <T> T read(Supplier<T> reader) {
        final CompletableFuture<T> read = CompletableFuture.supplyAsync(reader);
        while (!read.isDone()) {
            stepped.cycle();
        }
        return read.join();
    }

    /** What a client gets before the end of its connection. */
    private String end(RawConnection client) {
        return read(client::readToEnd);
    }

    @ParameterizedTest
    @ValueSource(strings = {"zz\r\n", "3\r\nabcdef\r\n", "0\r\nA: b\r\n c\r\n\r\n"})
    void shouldAbandonAnUploadWhoseChunksAreMalformed(String rest) {
        start();
        final RawConnection client = send(UPLOAD + CHUNKED);
        serve("http.part", 1);
        client.send(rest);
        stepped.cycleUntil("a refusal", () -> stepped.counter(" 400 malformed") == 1);
        serve("http.part", 2);
        assertEquals("abandoned", heard.get(heard.size() - 1));
        assertTrue(!heard.contains("end"), heard.toString());
        assertEquals(400, client.answer().status());
        assertEquals("", end(client));
    }

    @Test
    void shouldSendNothingBehindTheHeadOfAStreamWhenOnlyThatIsAskedFor() {
        start();
        final RawConnection client =
                send("HEAD /stream HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
        serve("http.request", 2);
        final RawConnection.Answer head = client.answer();
        assertEquals(200, head.status());
        assertEquals("", head.header("transfer-encoding"));
        // Though the stream goes on.
        assertEquals("hello", client.answer().body());
        stream.send("more");
        stepped.cycle();
        client.get("/");
        serve("http.request", 3);
        assertEquals("hello", client.answer().body());
    }

    @Test
    void shouldLetAnAnswerBeTakenThatIsOnItsWayWhenItIsDrained() {
        start();
        final RawConnection client = send(GET_LARGE);
        serve("http.request", 1);
        stepped.drain();
        stepped.cycle();
        final String answer = end(client);
        assertEquals(LARGE_LENGTH, answer.length() - answer.indexOf("\r\n\r\n") - 4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab"})
    void shouldAnswerARequestThatIsHalfInWhenItIsDrained(String half) {
        start();
        final RawConnection idle = stepped.connect();
        clients.add(idle);
        final RawConnection client = send(half);
        stepped.cycleUntil("both", () -> stepped.counter(" connections") == 2);
        for (int i = 0; i < 1_000; i++) {
            stepped.cycle();
        }
        stepped.drain();
        stepped.cycleUntil("the idle one's end", () -> stepped.counter(" connections") == 1);
        client.send(half.startsWith("GET") ? "TP/1.1\r\nHost: h\r\n\r\n" : "cd");
        serve("http.request", 1);
        final RawConnection.Answer answer = client.answer();
        assertEquals("hello", answer.body());
        assertEquals("close", answer.header("connection"));
        assertEquals("", end(client));
    }

    @Test
    void shouldReadOnForAWhileWhenAStreamAnswersAnUploadBeforeItsEnd() throws IOException {
        start();
        final RawConnection client = send(UPLOAD.replace("/up", "/early") + CHUNKED);
        serve("http.request", 1);
        assertEquals(200, client.answer().status());
        final String rest = "6\r\nenough\r\n0\r\n\r\n";
        assertEquals(rest, new String(client.read(rest.length()), StandardCharsets.US_ASCII));
        // Few: how long it reads on goes by Netty's clock, which nobody winds.
        for (int i = 0; i < 10; i++) {
            client.send("1\r\nx\r\n");
            stepped.cycle();
        }
        assertEquals(1, stepped.counter(" connections"));
        assertEquals("", end(client));
    }

    @Test
    void shouldCountAnswersThatWaitBehindOneThatDoesNotEnd() throws IOException {
        start("held.max", "10m");
        final RawConnection client = send(GET_LARGE);
        serve("http.request", 1);
        assertEquals(LARGE_LENGTH, read(client.send(GET_STREAM)::answer).body().length());
        client.send(GET_LARGE);
        serve("http.request", 3);
        assertEquals(0, stepped.counter(" closed memory-high"));
        stream.end();
        stepped.cycle();
        stepped.cycle();
        assertEquals(200, client.answer().status());
        assertEquals(5, client.read("0\r\n\r\n".length()).length);
        assertEquals(LARGE_LENGTH, read(client::answer).body().length());
        assertEquals(0, stepped.counter(" closed memory-high"));
        send(GET_STREAM + GET_LARGE + GET_LARGE);
        serve("http.request", 6);
        stepped.cycle();
        assertEquals(1, stepped.counter(" closed memory-high"));
    }

    private void upload(int count) {
        for (int i = 0; i < count; i++) {
            send(UPLOAD + "Transfer-Encoding: chunked\r\n\r\n20000\r\n" + "x".repeat(1 << 17));
        }
        final long before = stepped.counter(" requests");
        stepped.cycleUntil("uploads", () -> stepped.counter(" requests") == before + count);
        cycleForAWhile();
    }

    private void cycleForAWhile() {
        for (int i = 0; i < 10_000; i++) {
            stepped.cycle();
        }
    }

    @Test
    void shouldCountUploadsThatNoWorkerTakes() {
        start("held.max", "1m");
        for (int i = 0; i < 3; i++) {
            // A worker takes them, and then they do not count.
            upload(7);
            stepped.consume();
            cycleForAWhile();
            stepped.consume();
        }
        upload(7);
        assertEquals(0, stepped.counter(" closed memory-high"));
        upload(2);
        assertEquals(3, stepped.counter(" closed memory-high"));
    }

    @Test
    void shouldCountPartsThatWaitBehindAnAnswerThatDoesNotEnd() {
        start("held.max", "1m");
        send(GET_STREAM.repeat(7));
        serve("http.request", 7);
        final byte[] part = new byte[200_000];
        for (int i = 1; i < 6; i++) {
            streams.get(i).send(part);
            stepped.cycle();
        }
        assertEquals(0, stepped.counter(" closed memory-high"));
        streams.get(6).send(part);
        stepped.cycle();
        stepped.cycle();
        assertEquals(1, stepped.counter(" closed memory-high"));
    }

    @Test
    void shouldKeepNothingBehindARequestThatEndsItsConnection() {
        start();
        final int count = 24;
        final int length = (1 << 20) - 1;
        final String last = GET_STREAM.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        final String post = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1048576\r\n\r\n";
        for (int i = 0; i < count; i++) {
            send(last);
        }
        serve("http.request", count);
        final long before = SteppedFrontend.bufferLength();
        for (final RawConnection client : clients) {
            read(() -> client.send(post + "x".repeat(length)));
        }
        cycleForAWhile();
        final long kept = SteppedFrontend.bufferLength() - before;
        assertTrue(kept < count * length / 2, "kept: " + kept);
        assertEquals(count, stepped.counter(" requests"));
    }

    @Test
    void shouldNotAskForABodyInTheMiddleOfAnAnswer() throws IOException {
        start();
        final RawConnection client = send(GET_STREAM);
        serve("http.request", 1);
        stream.send("first");
        stepped.cycle();
        assertEquals(200, client.answer().status());
        final String expects = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n";
        client.send(expects + "Content-Length: 4\r\n\r\nbody");
        serve("http.request", 2);
        stream.send("rest");
        stream.end();
        stepped.cycle();
        final String parts = "5\r\nfirst\r\n4\r\nrest\r\n0\r\n\r\n";
        assertEquals(parts, new String(client.read(parts.length()), StandardCharsets.US_ASCII));
        assertEquals("hello", client.answer().body());
        client.send(expects + "Content-Length: 4\r\n\r\n");
        assertEquals(100, read(client::answer).status());
        client.send("body");
        serve("http.request", 3);
        assertEquals("hello", client.answer().body());
    }

    @Test
    void shouldNotLetAnUploadBeSlowThoughItsConnectionEndsWithIt() {
        start("body.rate.min", "512");
        final RawConnection client = send(UPLOAD + "Connection: close\r\n" + CHUNKED);
        serve("http.part", 1);
        for (int i = 0; i < 60 && stepped.counter(" 408 body-too-slow") == 0; i++) {
            client.send("1\r\nx\r\n");
            stepped.wind(SECOND_NS / 2);
            stepped.cycle();
            stepped.consume();
        }
        assertEquals(1, stepped.counter(" 408 body-too-slow"));
        assertEquals(408, client.answer().status());
    }
}
