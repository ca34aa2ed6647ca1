// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.headrace.channel.Lane;
import io.headrace.frontend.socket.body.UploadOptions;
import io.headrace.frontend.testing.RawConnection;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.agrona.CloseHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bodies in parts whose requests wait for a worker to claim them. */
class UnclaimedUploadsTest {

    private static final int LOOKS_PER_CYCLE = 32;
    private static final int CYCLES_PER_BODY = 3;
    private static final String UPLOAD =
            "POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";

    @TempDir Path directory;

    private final List<RawConnection> clients = new ArrayList<>();
    private SteppedFrontend stepped;

    @BeforeEach
    void start() {
        stepped =
                new SteppedFrontend(
                        directory,
                        Map.of(UploadOptions.PATHS_PROPERTY, "/up"),
                        context ->
                                context.onHttpRequest(
                                        (channel, request, reply) ->
                                                reply.receive(new BodyLength())));
    }

    @AfterEach
    void stop() {
        CloseHelper.closeAll(clients);
        stepped.close();
    }

    private void upload(int count) {
        final int before = clients.size();
        for (int i = 0; i < count; i++) {
            clients.add(stepped.connect().send(UPLOAD));
        }
        stepped.cycleUntil("all requests", () -> appended("http.request") == before + count);
        // Their bodies have come with them.
        IntStream.range(0, CYCLES_PER_BODY * count).forEach(i -> stepped.cycle());
    }

    private long appended(String channel) {
        return stepped.lane(channel, Lane::appendedCount);
    }

    private void shouldAnswer(RawConnection client) {
        assertEquals("1", client.answer().body());
    }

    @Test
    void oneShouldBeHandedOnInTheCycleAfterItsClaim() {
        upload(1);
        stepped.consume();

        stepped.cycle();

        assertEquals(1, appended("http.part"));
        stepped.consume();
        stepped.cycle();
        shouldAnswer(clients.get(0));
    }

    @Test
    void aFewOfManyShouldBeLookedAtInEachCycle() {
        upload(3 * LOOKS_PER_CYCLE);
        stepped.consume();

        stepped.cycle();
        assertEquals(LOOKS_PER_CYCLE, appended("http.part"));
        stepped.cycle();
        stepped.cycle();

        assertEquals(3 * LOOKS_PER_CYCLE, appended("http.part"));
        stepped.consume();
        stepped.cycle();
        clients.forEach(this::shouldAnswer);
    }

    @Test
    void thoseWhoseClientsHaveLeftShouldNotBeLookedAt() {
        upload(2 * LOOKS_PER_CYCLE);
        clients.forEach(RawConnection::close);
        stepped.cycleUntil("their ends", () -> stepped.counter(" connections") == 0);
        clients.clear();
        clients.add(stepped.connect().send(UPLOAD));
        stepped.cycleUntil("a request", () -> appended("http.request") > 2 * LOOKS_PER_CYCLE);
        stepped.consume();

        stepped.cycle();

        assertEquals(1, appended("http.part"));
    }
}
