// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What is sent to a group is encrypted for each member, and never goes past its TLS. */
class GroupsOverTlsTest {

    private static final TlsFiles files = new TlsFiles();

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it -> {
                        files.write("a", files.issue("CN=a", "a.example", "localhost"));
                        it.connectBy(port -> files.connect(port, "a.example"));
                        it.frontEndAndWorker(
                                List.of(
                                        "--tls-cert",
                                        files.file("a.pem"),
                                        "--tls-key",
                                        files.file("a.key")),
                                "--app",
                                "demo");
                    });

    @AfterAll
    static void delete() {
        files.delete();
    }

    @Test
    void shouldSendToEveryMemberThroughItsTls() {
        final String large = "large ".repeat(50_000);
        try (HttpConnection publisher = bus.connect();
                WebSocketClient one = new WebSocketClient(bus, "/ws/room/a");
                WebSocketClient other = new WebSocketClient(bus, "/ws/room/a")) {
            for (final String text : List.of("first", large, "last")) {
                Await.until(
                        "two members",
                        () -> publisher.get("/members/a").text().split(",").length == 2);
                final byte[] body = text.getBytes(StandardCharsets.UTF_8);
                assertEquals("sent to 2 members\n", publisher.post("/publish/a", body).text());
                one.shouldReceive(Frame.text(text));
                other.shouldReceive(Frame.text(text));
            }
        }
    }
}
