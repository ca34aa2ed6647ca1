// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Lane;
import io.headrace.frontend.testing.RawConnection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An HTTP/2 client that lets nothing of its answers be sent: its windows are closed. */
class HeldStreamsTest {

    private static final int ANSWER_LENGTH = 1 << 20;
    // RFC 9113, section 6.5.2: SETTINGS_INITIAL_WINDOW_SIZE.
    private static final String NO_WINDOW = RawStreams.frame(4, 0, 0, "\0\4\0\0\0\0");
    private static final String POST = "\203\206\1\1h\4\6/large";
    // RFC 9113, section 5.5: frames of unknown types mean nothing.
    private static final String UNKNOWN =
            RawStreams.frame(0xFF, 0, 0, "x".repeat(15_000)).repeat(4);
    private static final String GET = "\202\206\1\1h\4\6/large";

    @TempDir Path directory;
    private SteppedFrontend stepped;
    private RawConnection client;

    @BeforeEach
    void start() {
        stepped =
                new SteppedFrontend(
                        directory,
                        Map.of("headrace.held.max", "10m"),
                        context ->
                                context.onHttpRequest(
                                        (channel, request, reply) ->
                                                reply.send(200, "", new byte[ANSWER_LENGTH])));
        client = stepped.connect().send(RawStreams.PREFACE + NO_WINDOW);
    }

    @AfterEach
    void stop() {
        client.close();
        stepped.close();
    }

    private void ask(int first, int count) {
        final long before = stepped.lane("http.request", Lane::appendedCount);
        for (int i = 0; i < count; i++) {
            // END_HEADERS and END_STREAM.
            client.send(RawStreams.frame(1, 5, 2 * (first + i) + 1, GET));
        }
        stepped.cycleUntil(
                "requests",
                () -> {
                    stepped.consume();
                    return stepped.lane("http.request", Lane::appendedCount) == before + count;
                });
        stepped.consume();
        stepped.cycle();
        stepped.cycle();
    }

    @Test
    void shouldCountAnswersThatWaitForTheClientsWindow() {
        ask(0, 9);
        assertEquals(0, stepped.counter(" closed memory-high"));
        ask(9, 2);
        assertEquals(1, stepped.counter(" closed memory-high"));
        assertEquals(0, stepped.counter(" connections"));
    }

    /** Takes so many answers that wait; the rest of what frames them is left in the socket. */
    private void take(int first, int count) {
        for (int i = 0; i < count; i++) {
            client.send(RawStreams.frame(8, 0, 2 * (first + i) + 1, "\0\20\0\0"));
        }
        client.send(RawStreams.frame(8, 0, 0, "\0" + (char) (count << 4) + "\0\0"));
        final CompletableFuture<Boolean> read =
                CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return client.read(count * ANSWER_LENGTH).length > 0;
                            } catch (final IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        });
        while (!read.isDone()) {
            stepped.cycle();
        }
        read.join();
    }

    @Test
    void shouldNotKeepAllThatHasBeenReadForTheBytesOfABodyThatDoesNotEnd() {
        client.send(RawStreams.frame(1, 4, 1, POST));
        final long before = SteppedFrontend.bufferLength();
        final CompletableFuture<Void> sent =
                CompletableFuture.runAsync(
                        () -> {
                            for (int i = 0; i < 600; i++) {
                                client.send(RawStreams.frame(0, 0, 1, "x") + UNKNOWN);
                            }
                            client.send(RawStreams.frame(1, 5, 3, GET));
                        });
        stepped.cycleUntil(
                "the last", () -> stepped.lane("http.request", Lane::appendedCount) == 1);
        sent.join();
        final long kept = SteppedFrontend.bufferLength() - before;
        assertTrue(kept < 16 << 20, "kept: " + kept);
    }

    @Test
    void shouldNotCountAnswersThatTheClientHasTaken() {
        for (int i = 0; i < 4; i++) {
            ask(6 * i, 6);
            take(6 * i, 6);
        }
        ask(24, 9);
        assertEquals(0, stepped.counter(" closed memory-high"));
    }
}
