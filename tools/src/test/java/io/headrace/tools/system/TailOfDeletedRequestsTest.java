// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code headrace tail} where a message is still there and the request it is about is not. */
class TailOfDeletedRequestsTest {

    private static final String GONE = "record 0x\\w+ of lane %s/f1-test-0 is not there";

    @TempDir Path temporary;
    private WrittenBus bus;

    /** Of two clients, of which the first came so long ago that the files of then are deleted. */
    @BeforeEach
    void write() {
        bus = new WrittenBus(temporary.resolve("bus"));
        final long goneRequest = bus.request(1, "/gone");
        final long goneConnect = bus.connect(2, "/ws/gone");
        bus.roll();
        final long request = bus.request(3, "/kept");
        final long connect = bus.connect(4, "/ws/kept");
        bus.disconnect(1, goneRequest);
        bus.receive(2, goneConnect, "from the first");
        bus.disconnect(3, request);
        bus.receive(4, connect, "from the second");
        bus.deleteFiles("http.request", "websocket.connect");
    }

    @AfterEach
    void close() {
        bus.close();
    }

    private List<String> tail(String... args) {
        final HeadraceProcess tail = HeadraceProcess.start(args);
        try (tail) {
            tail.shouldExit(0);
            assertEquals(List.of(), tail.stderr(), tail::report);
            return tail.stdout();
        }
    }

    @Test
    void shouldPrintWhatThereIsAsJsonAndSayWhatIsNot() {
        final List<Map<String, Object>> lines =
                tail("tail", "--json", "--bus", bus.bus().directory().toString()).stream()
                        .map(Json::object)
                        .toList();
        assertEquals(
                List.of(
                        "HttpRequest",
                        "WebSocketConnection",
                        "HttpDisconnect",
                        "WebSocketReceive",
                        "HttpDisconnect",
                        "WebSocketReceive"),
                lines.stream().map(line -> line.get("type")).toList());

        shouldSayWhatIsGone(lines.get(2), "http.request");
        assertFalse(((Map<?, ?>) lines.get(2).get("message")).containsKey("path"));
        shouldSayWhatIsGone(lines.get(3), "websocket.connect");
        assertFalse(((Map<?, ?>) lines.get(3).get("message")).containsKey("path"));
        assertEquals("from the first", Json.at(lines.get(3), "message", "content"));
        assertEquals(false, Json.at(lines.get(3), "message", "binary"));
        assertEquals("/kept", Json.at(lines.get(4), "message", "path"));
        assertEquals("/ws/kept", Json.at(lines.get(5), "message", "path"));
        assertEquals("from the second", Json.at(lines.get(5), "message", "content"));
    }

    private static void shouldSayWhatIsGone(Map<String, Object> line, String channel) {
        assertEquals("pending", line.get("fate"));
        final String problem = (String) Json.at(line, "message", "problem");
        assertTrue(problem.matches(GONE.formatted(channel)), problem);
    }

    @Test
    void shouldSayInTextWhatIsGoneWhereTheRequestWouldStand() {
        final List<String> lines =
                tail("tail", "http.*", "--bus", bus.bus().directory().toString());

        assertEquals(3, lines.size(), lines::toString);
        assertTrue(lines.get(0).endsWith(" pending: GET /kept"), lines.get(0));
        assertTrue(
                lines.get(1).matches(".* pending: " + GONE.formatted("http.request")),
                lines.get(1));
        assertTrue(lines.get(2).endsWith(" pending: GET /kept"), lines.get(2));
    }
}
