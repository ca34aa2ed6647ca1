// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.socket.body;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.DateFormatter;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.util.Date;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DateHeaderTest {

    private static final long DAY_MS = 86_400_000;

    private long nowNs;

    private HttpResponse answer(EmbeddedChannel channel, HttpResponse response) {
        channel.writeOutbound(response);
        return channel.readOutbound();
    }

    private static HttpResponse response(HttpResponseStatus status) {
        return new DefaultHttpResponse(HttpVersion.HTTP_1_1, status);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 'Thu, 01 Jan 1970 00:00:00 GMT'",
        "999, 'Thu, 01 Jan 1970 00:00:00 GMT'",
        "1000, 'Thu, 01 Jan 1970 00:00:01 GMT'",
        "86399999, 'Thu, 01 Jan 1970 23:59:59 GMT'",
        "86400000, 'Fri, 02 Jan 1970 00:00:00 GMT'",
        "784111777000, 'Sun, 06 Nov 1994 08:49:37 GMT'"
    })
    void shouldWriteATimeAsItsRfcDoes(long wallMs, String text) {
        assertEquals(text, new String(new DateHeader(() -> nowNs).textOf(wallMs), US_ASCII));
    }

    @Test
    void shouldWriteTheDateThatNettyWritesAlsoWhenTheClockIsSetBackAndForth() {
        final DateHeader header = new DateHeader(() -> nowNs);
        final long seed = ThreadLocalRandom.current().nextLong();
        final Random random = new Random(seed);
        long wallMs = 1_795_000_000_000L;
        for (int i = 0; i < 10_000; i++) {
            wallMs += random.nextLong(-DAY_MS, DAY_MS) / (1 << random.nextInt(10));
            assertEquals(
                    DateFormatter.format(new Date(wallMs)),
                    new String(header.textOf(wallMs), US_ASCII),
                    "seed " + seed);
        }
    }

    @Test
    void shouldMakeTheTextOnceASecond() {
        final EmbeddedChannel channel = new EmbeddedChannel(new DateHeader(() -> nowNs));
        final String name = "date";
        final var first = answer(channel, response(HttpResponseStatus.OK));
        final var second = answer(channel, response(HttpResponseStatus.OK));
        assertEquals(first.headers().get(name), second.headers().get(name));
        nowNs += 1_000_000_000L;
        final long beforeMs = System.currentTimeMillis() / 1_000 * 1_000;
        final var third = answer(channel, response(HttpResponseStatus.OK));
        final long ms = DateFormatter.parseHttpDate(third.headers().get(name)).getTime();
        assertEquals(0, Math.max(0, beforeMs - ms));
        assertEquals(0, Math.max(0, ms - System.currentTimeMillis()));
    }

    @Test
    void shouldDateNeitherWhatHasADateNorAnInterimResponse() {
        final EmbeddedChannel channel = new EmbeddedChannel(new DateHeader(() -> nowNs));
        final HttpResponse dated = response(HttpResponseStatus.OK);
        dated.headers().set("date", "mine");
        assertEquals("mine", answer(channel, dated).headers().get("date"));
        final HttpResponse interim = response(HttpResponseStatus.CONTINUE);
        assertSame(interim, answer(channel, interim));
        assertEquals(null, interim.headers().get("date"));
    }
}
