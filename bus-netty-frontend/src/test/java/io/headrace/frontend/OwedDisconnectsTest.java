// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.channel.Lane;
import io.headrace.frontend.testing.RawConnection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;
import org.agrona.CloseHelper;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What workers must hear of and cannot be told at once, because there is no memory for a file. */
class OwedDisconnectsTest {

    private static final String DISCONNECT = "http.disconnect";
    private static final int PAYMENTS_PER_CYCLE = 32;
    private static final int CLIENT_COUNT = 3 * PAYMENTS_PER_CYCLE + 1;
    private static final String REQUEST =
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 40000\r\n\r\n";
    private static final int BODY_LENGTH = 40_000;
    private static final long HOUR_NS = 3_600_000_000_000L;
    private static final long RETRY_NS = 10_000_000L;

    @TempDir Path directory;

    private final List<RawConnection> clients = new ArrayList<>();
    private SteppedFrontend stepped;
    private Path lane;
    private Path elsewhere;

    @BeforeEach
    void start() {
        stepped =
                new SteppedFrontend(
                        directory,
                        Map.of(
                                "headrace.block.size",
                                "1m",
                                "headrace.channel.http.request.expiry",
                                "7200s",
                                "headrace.response.timeout",
                                2 * HOUR_NS + "ns"),
                        context -> context.onHttpRequest((channel, request, reply) -> {}));
        final Lane own =
                stepped.frontend.bus().lanes(DISCONNECT::equals, bad -> {}).stream()
                        .filter(found -> found.writer().startsWith(stepped.frontend.id()))
                        .findFirst()
                        .orElseThrow();
        lane = own.path();
        elsewhere = directory.resolve("elsewhere");
    }

    @AfterEach
    void stop() {
        CloseHelper.closeAll(clients);
        stepped.close();
    }

    private void request(int count) {
        for (int i = 0; i < count; i++) {
            final RawConnection client = stepped.connect();
            clients.add(client);
            client.send(REQUEST + "x".repeat(BODY_LENGTH));
            stepped.cycleUntil(
                    "its request",
                    () -> stepped.lane("http.request", Lane::appendedCount) == clients.size());
        }
    }

    private long count(ToLongFunction<Lane> count) {
        return stepped.lane(DISCONNECT, count);
    }

    @Test
    void shouldBeTriedSomeACycleUntilThereIsMemoryAndCountAsNoRefusal() throws IOException {
        request(CLIENT_COUNT);
        // So old that their disconnects hold them, and that a new file is due.
        stepped.wind(HOUR_NS);
        // It cannot be made while its folder is not there.
        Files.move(lane, elsewhere);
        clients.forEach(RawConnection::close);
        stepped.cycleUntil("their end", () -> stepped.counter(" connections") == 0);
        for (int i = 0; i < 10; i++) {
            stepped.wind(RETRY_NS);
            stepped.cycle();
        }
        Files.move(elsewhere, lane);
        final long delayed = stepped.counter(" disconnects delayed");
        assertTrue(delayed > 2 * PAYMENTS_PER_CYCLE, delayed + " delayed");
        assertEquals(CLIENT_COUNT - delayed, count(Lane::appendedCount));
        stepped.wind(RETRY_NS);
        for (long left = delayed; left > 0; left -= PAYMENTS_PER_CYCLE) {
            assertEquals(CLIENT_COUNT - left, count(Lane::appendedCount));
            stepped.cycle();
        }
        assertEquals(CLIENT_COUNT, count(Lane::appendedCount));
        assertEquals(0, count(Lane::refusedCount));
    }
}
