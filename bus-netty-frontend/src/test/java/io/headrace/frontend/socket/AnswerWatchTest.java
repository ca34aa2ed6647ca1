// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket;

import static io.headrace.frontend.exchange.Refused.NO_ANSWER;
import static io.headrace.frontend.exchange.Refused.NO_WORKER;
import static io.headrace.frontend.exchange.Refused.WORKER_DIED;
import static io.headrace.frontend.socket.WoundLoop.HANDSHAKE_NS;
import static io.headrace.frontend.socket.WoundLoop.RESPONSE_NS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.headrace.frontend.testing.RawConnection;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnswerWatchTest {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long MS = 1_000_000L;
    private static final long CHECK_NS = 500 * MS;
    private static final int POLL_MAX = 1_000;
    private static final int MANY = 2 * POLL_MAX + 500;
    private static final String GET = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    private static final String UPLOAD =
            "POST /upload HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    private static final String UPGRADE =
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    + "Sec-WebSocket-Version: 13\r\n"
                    + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

    @TempDir Path directory;
    private WoundLoop loop;
    private WoundLoop.Worker worker;
    private RawConnection client;
    private int requestCount;

    @BeforeEach
    void open() {
        loop = new WoundLoop(directory.resolve("bus"));
        worker = loop.addWorker();
        loop.wind(0);
        client = loop.connect();
    }

    @AfterEach
    void close() {
        client.close();
        loop.close();
    }

    private void send(RawConnection from, String request, int count) {
        from.send(request.repeat(count));
        requestCount += count;
        loop.read(requestCount);
    }

    private void send(int count) {
        send(client, GET, count);
    }

    /** The first connection's requests from this one on are claimed. */
    private void claim(WoundLoop.Worker by, int from, int count) {
        for (int order = from; order < from + count; order++) {
            loop.claim(by, loop.exchanges(1).waiting(order));
        }
    }

    @Test
    void shouldAnswerEachRequestExactlyWhenItsTimeIsOver() {
        final long[] laterNs = {0, 1, 7 * MS, 300 * MS, 600 * MS};
        long sinceNs = 0;
        for (final long ns : laterNs) {
            loop.wind(ns - sinceNs);
            sinceNs = ns;
            send(1);
        }
        for (int i = 0; i < laterNs.length; i++) {
            final long dueNs = laterNs[i] + RESPONSE_NS;
            if (dueNs - 1 > sinceNs) {
                loop.wind(dueNs - 1 - sinceNs);
                sinceNs = dueNs - 1;
                loop.poll();
            }
            assertEquals(i, loop.refused(NO_ANSWER), "too early");
            loop.wind(dueNs - sinceNs);
            sinceNs = dueNs;
            assertEquals(1, loop.poll());
            assertEquals(i + 1, loop.refused(NO_ANSWER), "too late");
        }
    }

    @Test
    void shouldAnswerHandshakesBeforeRequestsThatHaveMoreTime() {
        send(1);
        loop.wind(1);
        try (RawConnection first = loop.connect();
                RawConnection second = loop.connect()) {
            send(first, UPGRADE, 1);
            loop.wind(MS);
            send(second, UPGRADE, 1);
            loop.wind(HANDSHAKE_NS - MS - 1);
            assertEquals(0, loop.poll());
            loop.wind(1);
            assertEquals(1, loop.poll());
            loop.wind(MS);
            assertEquals(1, loop.poll());
            assertEquals(2, loop.refused(NO_ANSWER));
        }
    }

    @Test
    void shouldAnswerAHandshakeAtOnceWhenNobodyIsThereAnyMoreToAcceptIt() {
        try (RawConnection webSocket = loop.connect()) {
            send(webSocket, UPGRADE, 1);
            loop.wind(1);
            loop.kill(worker);
            loop.wind(1);
            assertEquals(1, loop.poll());
            assertEquals(1, loop.refused(NO_WORKER));
            assertEquals(0, loop.poll());
        }
    }

    @Test
    void shouldAnswerAThousandAPollAndTheRestInTheNext() {
        send(MANY);
        loop.wind(RESPONSE_NS);
        assertEquals(POLL_MAX, loop.poll());
        assertEquals(POLL_MAX, loop.refused(NO_ANSWER));
        assertEquals(POLL_MAX, loop.poll());
        assertEquals(MANY - 2 * POLL_MAX, loop.poll());
        assertEquals(0, loop.poll());
        assertEquals(MANY, loop.refused(NO_ANSWER));
    }

    @Test
    void shouldAskAfterWhatWaitsTwiceASecond() {
        send(2);
        claim(worker, 0, 2);
        loop.wind(CHECK_NS - 1);
        assertEquals(0, loop.poll());
        loop.wind(1);
        assertEquals(2, loop.poll());
        assertEquals(0, loop.poll());
        loop.wind(CHECK_NS - 1);
        assertEquals(0, loop.poll());
        loop.wind(1);
        assertEquals(2, loop.poll());
    }

    @Test
    void shouldAnswerFewAtOnceWhoseWorkerDied() {
        final WoundLoop.Worker other = loop.addWorker();
        send(3);
        claim(worker, 0, 1);
        claim(other, 1, 1);
        loop.kill(worker);
        loop.wind(1);
        assertEquals(3, loop.poll());
        assertEquals(1, loop.refused(WORKER_DIED));
        assertEquals(502, answerStatus());
        loop.kill(other);
        loop.wind(1);
        assertEquals(2, loop.poll());
        assertEquals(2, loop.refused(WORKER_DIED));
        assertEquals(1, loop.refused(NO_WORKER));
        assertEquals(0, loop.poll());
    }

    private int answerStatus() {
        loop.connections().flush();
        return client.answer().status();
    }

    @Test
    void shouldAskAfterAThousandAPollWhenMembersHaveChanged() {
        send(MANY);
        loop.wind(1);
        loop.kill(worker);
        loop.wind(1);
        assertEquals(0, loop.refused(NO_WORKER));
        assertEquals(POLL_MAX, loop.poll());
        assertEquals(POLL_MAX, loop.refused(NO_WORKER));
        assertEquals(POLL_MAX, loop.poll());
        assertEquals(MANY - 2 * POLL_MAX, loop.poll());
        assertEquals(MANY, loop.refused(NO_WORKER));
        assertEquals(0, loop.poll());
    }

    @Test
    void shouldNotForgetAChangeOfMembersForAnotherInTheMidstOfIt() {
        send(MANY);
        claim(worker, 0, MANY);
        loop.addWorker();
        loop.wind(1);
        assertEquals(POLL_MAX, loop.poll());
        loop.kill(worker);
        loop.wind(1);
        // Those first that were not asked after at the first change.
        assertEquals(POLL_MAX, loop.poll());
        loop.addWorker();
        loop.wind(1);
        assertEquals(POLL_MAX, loop.poll());
        assertEquals(MANY - 2 * POLL_MAX, loop.poll());
        assertEquals(MANY, loop.refused(WORKER_DIED));
        assertEquals(0, loop.poll());
    }

    @Test
    void shouldNotAskAfterWhatWasAppendedSinceMembersChanged() {
        send(POLL_MAX + 2);
        claim(worker, 0, POLL_MAX + 2);
        loop.addWorker();
        loop.wind(1);
        assertEquals(POLL_MAX, loop.poll());
        send(3);
        assertEquals(2, loop.poll());
        assertEquals(0, loop.poll());
        loop.wind(CHECK_NS);
        assertEquals(POLL_MAX, loop.poll());
        assertEquals(5, loop.poll());
    }

    @Test
    void shouldForgetRequestsWhoseClientHasLeft() {
        send(3);
        client.close();
        loop.awaitLeft();
        loop.addWorker();
        loop.wind(RESPONSE_NS);
        assertEquals(0, loop.poll());
        assertEquals(0, loop.refused(NO_ANSWER));
    }

    @Test
    void shouldGiveARequestAllItsTimeAgainWhenItsBodyMovesOnAndOthersNotMore() {
        send(client, UPLOAD, 1);
        try (RawConnection other = loop.connect()) {
            loop.wind(MS);
            send(other, GET, 1);
            loop.wind(1_000 * MS);
            loop.exchanges(1).onContent(new DefaultHttpContent(Unpooled.EMPTY_BUFFER));
            loop.wind(RESPONSE_NS - 1_000 * MS - 1);
            loop.poll();
            assertEquals(0, loop.refused(NO_ANSWER));
            loop.wind(1);
            assertEquals(1, loop.poll());
            assertEquals(1, loop.refused(NO_ANSWER));
            loop.wind(1_000 * MS - 1);
            loop.poll();
            assertEquals(1, loop.refused(NO_ANSWER));
            loop.wind(1);
            assertEquals(1, loop.poll());
            assertEquals(2, loop.refused(NO_ANSWER));
        }
    }

    @Test
    void shouldNotWaitForAnAnsweredRequestAnyMoreWhenMoreOfItsBodyComes() {
        final WoundLoop.Worker other = loop.addWorker();
        send(1);
        loop.wind(1);
        send(client, UPLOAD, 1);
        claim(other, 0, 1);
        claim(worker, 1, 1);
        loop.kill(worker);
        loop.wind(1);
        assertEquals(2, loop.poll());
        assertEquals(1, loop.refused(WORKER_DIED));
        loop.exchanges(1).onContent(new DefaultHttpContent(Unpooled.EMPTY_BUFFER));
        loop.wind(RESPONSE_NS);
        assertEquals(1, loop.poll());
        assertEquals(1, loop.refused(NO_ANSWER));
        loop.wind(RESPONSE_NS);
        assertEquals(0, loop.poll());
    }

    @Test
    void shouldNotAllocateForRequestsHoweverManyComeAtATime() {
        final int count = 4_000;
        final HttpRequest request =
                new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/");
        final List<Exchange> exchanges = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            exchanges.add(loop.exchanges(1).begin(request, true, null));
        }
        final AnswerWatch answers = loop.connections().answers();
        final long nowNs = loop.connections().ingresses().nowNs();
        answers.start(exchanges.get(0));
        answers.poll(nowNs);
        answers.stop(exchanges.get(0));
        final long before = THREADS.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < count; i++) {
            answers.start(exchanges.get(i));
        }
        for (int i = 0; i < count; i++) {
            answers.poll(nowNs);
            answers.stop(exchanges.get(i));
        }
        final long allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        assertTrue(allocated < count, allocated + " bytes for " + count + " requests");
    }
}
