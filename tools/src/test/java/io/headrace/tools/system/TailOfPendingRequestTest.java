// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code headrace tail} of a request that waits for its worker, which is busy with another. */
class TailOfPendingRequestTest {

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(it -> it.frontEndAndWorker("--app", HeldApplication.class.getName()));

    @Test
    void shouldShowAMessageThatNobodyHasYetAndLeaveItSo() {
        try (HttpConnection busy = bus.hold(1, "busy");
                HttpConnection client = bus.connect()) {
            client.request("GET /hello?pending HTTP/1.1");
            bus.lanes().await("/hello?pending", "http.request");
            final HeadraceProcess tail = bus.start("tail", "http.request", "--json").shouldExit(0);
            assertEquals(List.of(), tail.stderr(), tail::report);
            final Map<String, Object> line =
                    Json.object(tail.stdout().get(tail.stdout().size() - 1));
            assertEquals("/hello", Json.at(line, "message", "path"));
            assertEquals("pending", line.get("fate"));
            assertNull(line.get("consumer"));
            assertNull(Json.at(line, "times", "claimed"));
            assertNull(Json.at(line, "times", "done"));

            bus.release("busy");
            assertEquals("released", busy.answer().text());
            assertEquals("Hello, World!", client.answer().text());
            assertEquals("done", bus.lanes().awaitFate("/hello?pending"));
        }
    }
}
