// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.http1;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.frontend.testing.RawConnection;
import io.headrace.frontend.testing.RunningFrontend;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is read in one way only, and what is refused: on a real front end's socket. */
class StrictRequestDecoderTest {

    // Behind a request that is refused: whoever answers it has been smuggled past.
    private static final String SMUGGLED = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private static final String PROBE =
            "GET /probe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    private static final String FIRST = "GET /first HTTP/1.1\r\nHost: a\r\n\r\n";
    private static final String WITH_BODY =
            "POST /third HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx";

    private static final Set<String> handled = ConcurrentHashMap.newKeySet();
    private static RunningFrontend running;

    @BeforeAll
    static void start() {
        running =
                RunningFrontend.start(
                        Map.of(),
                        worker ->
                                worker.onHttpRequest(
                                        (channel, request, reply) -> {
                                            handled.add(request.path());
                                            reply.send(
                                                    200,
                                                    "text/plain",
                                                    request.method()
                                                            + " "
                                                            + request.path()
                                                            + " "
                                                            + request.body());
                                        }));
    }

    @AfterAll
    static void stop() {
        final List<String> errors = running.errors();
        running.close();
        assertEquals(List.of(), errors);
    }

    @BeforeEach
    void forget() {
        handled.clear();
    }

    static Stream<RequestVectors.Vector> understood() {
        return RequestVectors.understood();
    }

    static Stream<RequestVectors.Vector> refused() {
        return RequestVectors.refused();
    }

    @ParameterizedTest
    @MethodSource("understood")
    void shouldAnswerOnceAndGoOn(RequestVectors.Vector vector) {
        try (RawConnection client = running.connect()) {
            client.send(vector.bytes() + PROBE);

            final RawConnection.Answer answer = client.answer();
            assertEquals(200, answer.status(), answer::toString);
            assertEquals(vector.answer(), answer.body());
            assertEquals("GET /probe ", client.answer().body());
            assertEquals("", client.readToEnd());
        }
    }

    @ParameterizedTest
    @MethodSource("refused")
    void shouldRefuseOnceAndClose(RequestVectors.Vector vector) {
        try (RawConnection client = running.connect()) {
            client.send(vector.bytes() + SMUGGLED);

            final RawConnection.Answer answer = client.answer();
            assertEquals(400, answer.status(), () -> vector + ": " + answer);
            assertEquals("malformed", answer.reason());
            assertEquals("close", answer.header("connection"));
            assertEquals("", client.readToEnd());
            assertFalse(handled.contains("/smuggled"), vector::name);
        }
    }

    @ParameterizedTest
    @MethodSource({"understood", "refused"})
    void shouldDecideTheSameWhereverTheBytesAreSplit(RequestVectors.Vector vector) {
        final String whole = decode(vector.bytes() + PROBE, Integer.MAX_VALUE);

        assertEquals(
                vector.answer().isEmpty(), whole.contains("refused"), () -> vector + ": " + whole);
        assertEquals(whole, decode(vector.bytes() + PROBE, 1));
        assertEquals(whole, decode(vector.bytes() + PROBE, 2));
        assertEquals(whole, decode(vector.bytes() + PROBE, 7));
    }

    @ParameterizedTest
    @MethodSource({"understood", "refused"})
    void shouldDecideTheSameOfALaterRequest(RequestVectors.Vector vector) {
        final String alone = decode(vector.bytes() + PROBE, Integer.MAX_VALUE);

        final String later = decode(FIRST + vector.bytes() + PROBE, Integer.MAX_VALUE);
        assertEquals(alone.equals("refused") ? alone : "\nGET /first" + alone, later);
        assertEquals(later, decode(FIRST + vector.bytes() + PROBE, 1));
    }

    @Test
    void shouldGiveARequestWithoutABodyAsOneObjectUnlessItIsTheFirst() {
        final EmbeddedChannel channel =
                new EmbeddedChannel(new StrictRequestDecoder(new HttpDecoderConfig()));
        channel.writeInbound(
                Unpooled.copiedBuffer(FIRST + FIRST + WITH_BODY, StandardCharsets.US_ASCII));
        assertFalse(channel.readInbound() instanceof FullHttpRequest);
        assertInstanceOf(LastHttpContent.class, channel.readInbound());
        final FullHttpRequest second =
                assertInstanceOf(FullHttpRequest.class, channel.readInbound());
        assertEquals("/first", second.uri());
        assertEquals("a", second.headers().get("Host"));
        assertFalse(channel.readInbound() instanceof FullHttpRequest);
        channel.finishAndReleaseAll();
    }

    /** The requests, and where it ends: nothing comes behind one that is refused. */
    private static String decode(String bytes, int pieceLength) {
        final EmbeddedChannel channel =
                new EmbeddedChannel(new StrictRequestDecoder(new HttpDecoderConfig()));
        final byte[] all = bytes.getBytes(StandardCharsets.ISO_8859_1);
        for (int i = 0; i < all.length; i += pieceLength) {
            final int length = Math.min(pieceLength, all.length - i);
            channel.writeInbound(Unpooled.copiedBuffer(all, i, length));
            if (pieceLength == Integer.MAX_VALUE) {
                break;
            }
        }
        final StringBuilder decoded = new StringBuilder();
        boolean refused = false;
        for (Object next = channel.readInbound(); next != null; next = channel.readInbound()) {
            if (!refused && next instanceof HttpRequest request) {
                decoded.append("\n" + request.method() + " " + request.uri());
            }
            if (!refused && next instanceof HttpContent content) {
                decoded.append(content.content().toString(StandardCharsets.ISO_8859_1));
            }
            if (((HttpObject) next).decoderResult().isFailure()) {
                assertFalse(refused, "is refused twice");
                refused = true;
            }
            assertTrue(!refused || !(next.toString().contains("/probe")));
            ReferenceCountUtil.release(next);
        }
        channel.finishAndReleaseAll();
        // What a refused request was is told by none.
        return refused ? "refused" : decoded.toString();
    }

    @Test
    void shouldSayContinueOnlyToARequestThatItTakes() {
        try (RawConnection client = running.connect()) {
            client.send("POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc");

            assertEquals(400, client.answer().status());
            assertEquals("", client.readToEnd());
        }
    }

    @Test
    void shouldAnswerEarlierRequestsBeforeItRefuses() {
        try (RawConnection client = running.connect()) {
            client.get("/first").get("/second").send("GET /third\r\n\r\n" + SMUGGLED);

            assertEquals("GET /first ", client.answer().body());
            assertEquals("GET /second ", client.answer().body());
            assertEquals("malformed", client.answer().reason());
            assertEquals("", client.readToEnd());
            assertFalse(handled.contains("/smuggled"));
        }
    }

    @Test
    void shouldSendNoContentToAHead() {
        try (RawConnection client = running.connect()) {
            client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n" + PROBE);

            final String all = client.readToEnd();
            assertTrue(
                    all.matches("(?s).*content-length: 8\r\ndate: [^\r]+\r\n\r\nHTTP/1.1 200 OK.*"),
                    all);
        }
    }
}
