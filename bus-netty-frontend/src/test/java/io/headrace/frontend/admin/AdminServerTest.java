// SPDX-License-Identifier: Apache-2.0
package io.headrace.frontend.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.headrace.HeadraceException;
import io.headrace.frontend.FrontendContext;
import io.headrace.frontend.testing.RawConnection;
import io.headrace.frontend.testing.RunningFrontend;
import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What operators are told, and that it is not the clients' loops that tell them. */
class AdminServerTest {

    private static final Pattern SAMPLE =
            Pattern.compile(
                    "[a-z_]+(\\{([a-z]+=\"[^\"\\n]*\",?)+})? -?[0-9.]+(E-?[0-9]+)?|# TYPE [a-z_]+ (gauge|counter)");

    private final CountDownLatch release = new CountDownLatch(1);
    private RunningFrontend running;

    @BeforeEach
    void start() {
        running =
                RunningFrontend.start(
                        Map.of(FrontendContext.ADMIN_PROPERTY, "127.0.0.1:0"),
                        worker ->
                                worker.onHttpRequest(
                                        (channel, request, reply) -> {
                                            if (request.path().equals("/wait")) {
                                                release.await();
                                            }
                                            reply.send(200, "text/plain", "answered");
                                        }));
    }

    @AfterEach
    void stop() {
        release.countDown();
        final List<String> errors = running.errors();
        running.close();
        assertEquals(List.of(), errors);
    }

    private RawConnection.Answer ask(String path) {
        try (RawConnection admin = new RawConnection(running.frontend().adminPort().getAsInt())) {
            return admin.get(path).answer();
        }
    }

    private double metric(String sample) {
        final String text = ask("/-/metrics").body();
        return text.lines()
                .filter(line -> line.startsWith(sample + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(sample.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + sample + " in\n" + text));
    }

    @Test
    void shouldSayThatItLivesAndIsReady() {
        assertEquals("live\n", ask("/-/live").body());
        assertEquals("ready\n", ask("/-/ready").body());
        assertEquals(404, ask("/").status());
        assertEquals(404, ask("/-/").status());
    }

    @Test
    void shouldNotAnswerOperatorsOnTheClientsAddressNorClientsOnTheOperators() {
        try (RawConnection client = running.connect()) {
            assertEquals("answered", client.get("/-/live").answer().body());
        }
        assertEquals(404, ask("/hello").status());
    }

    @Test
    void shouldNotBeReadyWithoutAWorkerButLive() {
        running.worker().close();

        RunningFrontend.await("503", () -> ask("/-/ready").status() == 503);
        assertEquals("no-worker", ask("/-/ready").reason());
        assertEquals(200, ask("/-/live").status());

        try (Worker again =
                Worker.launch(
                        new WorkerContext()
                                .directory(running.frontend().bus().directory())
                                .onHttpRequest((channel, request, reply) -> {}))) {
            RunningFrontend.await("200 with " + again.id(), () -> ask("/-/ready").status() == 200);
        }
    }

    @Test
    void shouldNotBeReadyWhileItDrainsButAnswerToTheEnd() throws Exception {
        try (RawConnection client = running.connect()) {
            client.get("/wait");
            RunningFrontend.await(
                    "a request that is handled",
                    () ->
                            metric("headrace_channel_messages_claimed{channel=\"http.request\"}")
                                    > 0);
            final Thread stop = new Thread(() -> running.frontend().close());
            stop.start();

            RunningFrontend.await("503", () -> ask("/-/ready").status() == 503);
            assertEquals("draining", ask("/-/ready").reason());
            assertEquals(200, ask("/-/live").status());
            release.countDown();
            assertEquals("answered", client.answer().body());
            stop.join();
        }
    }

    @Test
    void shouldTellTheBusInNumbersThatPrometheusCanRead() {
        try (RawConnection client = running.connect()) {
            client.get("/x").answer();
            client.send("nonsense\r\n\r\n").answer();
        }
        final String text = ask("/-/metrics").body();

        text.lines().forEach(line -> assertTrue(SAMPLE.matcher(line).matches(), line));
        final String thread =
                "{member=\"%1$s\",thread=\"%1$s-0\"".formatted(running.frontend().id());
        assertTrue(metric("headrace_requests_total" + thread + "}") >= 3);
        assertEquals(
                1,
                metric(
                        "headrace_refused_total"
                                + thread
                                + ",status=\"400\",reason=\"malformed\"}"));
        final String worker = "member=\"%1$s\",thread=\"%1$s-0\"".formatted(running.worker().id());
        RunningFrontend.await(
                "two that are done",
                () -> metric("headrace_done_total{" + worker + ",channel=\"http.request\"}") >= 2);
        assertEquals(0, metric("headrace_bus_memory_high"));
        // Each name has one type, and its samples stand together.
        final List<String> types =
                text.lines()
                        .filter(line -> line.startsWith("# TYPE"))
                        .map(l -> l.split(" ")[2])
                        .toList();
        assertEquals(types.stream().distinct().sorted().toList(), types);
    }

    @Test
    void shouldCountAChannelsMessagesAndWhatWaits() {
        final String channel = "{channel=\"http.request\"}";
        final double before = metric("headrace_channel_messages_total" + channel);
        final double overallBefore = metric("headrace_bus_messages_total");
        try (RawConnection first = running.connect();
                RawConnection second = running.connect()) {
            first.get("/wait");
            RunningFrontend.await(
                    "one that is handled",
                    () -> metric("headrace_channel_messages_claimed" + channel) == 1);
            second.get("/second");
            RunningFrontend.await(
                    "one that waits",
                    () -> metric("headrace_channel_messages_pending" + channel) == 1);
            RunningFrontend.await(
                    "its age",
                    () -> metric("headrace_channel_messages_max_age_seconds" + channel) > 0);
            assertEquals(before + 2, metric("headrace_channel_messages_total" + channel));
            RunningFrontend.await(
                    "a rate",
                    () -> {
                        // One of a moment, and the moment may have passed.
                        running.connect().get("/third").close();
                        return metric("headrace_channel_messages_per_second" + channel) > 0;
                    });
            release.countDown();
            first.answer();
            second.answer();
        }
        RunningFrontend.await(
                "nothing that waits",
                () -> metric("headrace_channel_messages_pending" + channel) == 0);
        RunningFrontend.await(
                "their replies", () -> metric("headrace_bus_messages_total") >= overallBefore + 4);
        assertEquals(0, metric("headrace_channel_full_total" + channel));
    }

    @Test
    void shouldLetNoSilentOperatorKeepOthersWaiting() {
        try (RawConnection silent = new RawConnection(running.frontend().adminPort().getAsInt())) {
            silent.send("GET /-/live HTTP/1.1\r\n");
            assertEquals(200, ask("/-/live").status());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "9090",
                "localhost",
                "localhost:",
                ":9090",
                "localhost:x",
                "localhost:70000",
                "::1:9090",
                "a b:1",
                "localhost:1/x"
            })
    void shouldRefuseWhatIsNoAddress(String address) {
        final HeadraceException refused =
                assertThrows(HeadraceException.class, () -> AdminServer.parse(address));
        assertTrue(refused.getMessage().contains("'" + address + "'"), refused.getMessage());
    }

    @Test
    void shouldTakeAnAddressOfEitherFamily() {
        assertEquals(9090, AdminServer.parse("127.0.0.1:9090").getPort());
        assertEquals("0:0:0:0:0:0:0:1", AdminServer.parse("[::1]:1").getAddress().getHostAddress());
        assertFalse(AdminServer.parse("localhost:0").isUnresolved());
    }
}
