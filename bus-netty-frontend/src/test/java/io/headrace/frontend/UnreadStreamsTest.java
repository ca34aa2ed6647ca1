// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.channel.Lane;
import io.headrace.frontend.socket.body.UploadOptions;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** HTTP/2 streams that are not read, because their uploads wait for a worker. */
class UnreadStreamsTest {

    private static final int STREAM_COUNT_MAX = 100;
    private static final int CANCEL = 8;

    @TempDir Path directory;
    private SteppedFrontend stepped;
    private RawStreams client;

    private void start(String heldMax) {
        start(heldMax, "1g");
    }

    private void start(String heldMax, String uploadMax) {
        stepped =
                new SteppedFrontend(
                        directory,
                        Map.of(
                                UploadOptions.PATHS_PROPERTY,
                                "/up",
                                "headrace.upload.max",
                                uploadMax,
                                "headrace.held.max",
                                heldMax),
                        context ->
                                context.onHttpRequest(
                                        (channel, request, reply) -> {
                                            if (request.inParts()) {
                                                reply.receive(new BodyLength());
                                            } else {
                                                reply.send(200, "", "here");
                                            }
                                        }));
        client = new RawStreams(stepped);
    }

    @AfterEach
    void stop() {
        client.close();
        stepped.close();
    }

    private long appended(String channel) {
        return stepped.lane(channel, Lane::appendedCount);
    }

    /** Sends more of a body than is taken, and some of it when it is read no more. */
    private void fill(int stream) {
        client.post(stream, "/up");
        assertEquals(200 << 10, client.send(stream, 200 << 10));
        client.sync();
        assertEquals(150 << 10, client.send(stream, 150 << 10));
        client.sync();
    }

    /** Sends as much of so many streams' bodies as the windows let. */
    private void fillAll(int count) {
        final int[] streams = IntStream.range(0, count).map(i -> 2 * i + 1).toArray();
        IntStream.of(streams).forEach(stream -> client.post(stream, "/up"));
        while (IntStream.of(streams).map(this::sendMore).sum() > 0) {
            // Until none of them may send any more.
        }
    }

    private int sendMore(int stream) {
        final int sent = client.send(stream, 64 << 10);
        client.sync();
        return sent;
    }

    private void shouldHaveEnded() {
        stepped.cycleUntil("no connection", () -> stepped.counter(" connections") == 0);
        stepped.cycleUntil("a disconnect", () -> appended("http.disconnect") == 1);
    }

    @Test
    void shouldEndWithTheirSocket() {
        start("100m");
        fill(1);
        client.close();
        shouldHaveEnded();
    }

    @Test
    void shouldEndWhenTheirSocketIsShed() {
        start("600k");
        fill(1);
        client.post(3, "/");
        client.send(3, 200 << 10);
        client.sync();
        client.post(5, "/");
        client.send(5, 200 << 10);
        shouldHaveEnded();
        assertEquals(1, stepped.counter(" closed memory-high"));
    }

    @Test
    void shouldEndWhenTheClientResetsThem() {
        start("100m");
        fill(1);
        client.send(3, 1, "\0\0\0" + (char) CANCEL);
        shouldHaveEnded();
        client.sync();
        assertEquals(RawStreams.NO_ERROR_YET, client.reset(1));
    }

    @Test
    void shouldKeepNoOtherStreamFromSending() {
        start("100m");
        fillAll(STREAM_COUNT_MAX - 1);
        final int other = 2 * STREAM_COUNT_MAX - 1;
        client.post(other, "/");
        assertEquals(10_000, client.send(other, 10_000));
        client.end(other, "");
        client.sync();
        assertEquals(STREAM_COUNT_MAX, appended("http.request"));
        stepped.consume();
        client.sync();
        assertEquals("here", client.data(other));
    }

    @Test
    void shouldCountWhatWaitsInThem() {
        start("1m");
        // Three quarters of it are handed on to wait for the worker.
        fill(1);
        fill(3);
        client.post(5, "/up");
        client.send(5, 256 << 10);
        client.sync();
        client.send(5, 128 << 10);
        stepped.cycleUntil("a shed", () -> stepped.counter(" closed memory-high") == 1);
    }

    @Test
    void shouldCountNothingThatHasBeenRead() {
        start("1m");
        client.post(1, "/up");
        final int length = 4 << 20;
        for (int left = length; left > 0; ) {
            left -= client.send(1, left);
            client.sync();
            stepped.consume();
            client.sync();
        }
        client.end(1, "");
        client.sync();
        stepped.consume();
        client.sync();
        assertEquals("" + length, client.data(1));
        assertEquals(0, stepped.counter(" closed memory-high"));
    }

    @Test
    void shouldLeaveNoOtherUploadBehindWhenOneIsTooLong() {
        // Which is seen when it is read on, in the middle of a round through all uploads.
        start("100m", "300k");
        fill(1);
        client.post(3, "/up");
        client.send(3, 1_000);
        client.sync();
        stepped.consume();
        client.sync();
        assertEquals(1, stepped.counter(" 413 body-too-large"));
        client.end(3, "the rest");
        client.sync();
        stepped.consume();
        client.sync();
        assertEquals("1008", client.data(3));
    }
}
