// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The demo's page in a real browser, over HTTPS and HTTP/2. Skipped where there is no Chromium. */
class BrowserTest {

    private static final TlsFiles files = new TlsFiles();

    @RegisterExtension
    static final RunningBus bus =
            new RunningBus(
                    it -> {
                        files.write("a", files.issue("CN=a", "localhost"));
                        it.connectBy(port -> files.connect(port, "localhost"));
                        it.frontEndAndWorker(
                                List.of(
                                        "--tls-cert",
                                        files.file("a.pem"),
                                        "--tls-key",
                                        files.file("a.key")),
                                "--app",
                                "demo");
                    });

    @TempDir Path profile;

    private final HttpClient client = HttpClient.newHttpClient();
    private Process browser;
    private String debugger;

    @AfterAll
    static void delete() {
        files.delete();
    }

    private static Optional<Path> chromium() {
        return Stream.of(System.getenv("PATH").split(":"))
                .flatMap(
                        folder ->
                                Stream.of("chromium", "chromium-browser", "google-chrome")
                                        .map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    @BeforeEach
    void start() throws IOException {
        final Optional<Path> program = chromium();
        assumeTrue(program.isPresent(), "there is no chromium: apt-get install chromium");
        final ProcessBuilder builder =
                new ProcessBuilder(
                                program.get().toString(),
                                "--headless=new",
                                "--no-sandbox",
                                "--disable-gpu",
                                "--disable-dev-shm-usage",
                                "--no-first-run",
                                "--disable-background-networking",
                                "--disable-component-update",
                                "--disable-sync",
                                // Nothing outside this machine is to be asked.
                                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                                "--ignore-certificate-errors",
                                "--remote-debugging-port=0",
                                "--user-data-dir=" + profile,
                                "about:blank")
                        .redirectErrorStream(true)
                        .redirectOutput(profile.resolve("output").toFile());
        // It keeps more than its profile, and all of that below these.
        List.of("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
                .forEach(name -> builder.environment().put(name, profile.toString()));
        browser = builder.start();
        final Path port = profile.resolve("DevToolsActivePort");
        Await.until("a browser", () -> Files.exists(port) && !read(port).isEmpty());
        debugger = "http://127.0.0.1:" + read(port).lines().findFirst().orElseThrow();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (final IOException e) {
            return "";
        }
    }

    @AfterEach
    void stop() throws InterruptedException {
        if (browser != null) {
            browser.descendants().forEach(ProcessHandle::destroyForcibly);
            browser.destroyForcibly().waitFor(Await.DEADLINE_MS, TimeUnit.MILLISECONDS);
        }
    }

    private BrowserPage open(String url) throws Exception {
        final String target =
                client.send(
                                HttpRequest.newBuilder(URI.create(debugger + "/json/new?" + url))
                                        .method("PUT", HttpRequest.BodyPublishers.noBody())
                                        .build(),
                                HttpResponse.BodyHandlers.ofString())
                        .body();
        return new BrowserPage(client, (String) Json.object(target).get("webSocketDebuggerUrl"));
    }

    @Test
    void shouldChatBetweenTwoPagesOverHttp2() throws Exception {
        final String url = "https://127.0.0.1:" + bus.port() + "/";
        final BrowserPage one = open(url);
        final BrowserPage two = open(url);
        for (final BrowserPage page : List.of(one, two)) {
            page.await("document.readyState", "complete");
            page.await("chat.isOpen()", "true");
            assertEquals(
                    "h2",
                    page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol"));
        }
        say(one, "Ada", "Grüße from one");
        two.await(messages("Grüße from one"), "true");
        say(two, "Bob", "and from two");
        one.await(messages("and from two"), "true");
        one.await(messages("Grüße from one"), "true");
        final Lanes.Seen chat = bus.lanes().await("/ws/chat", "websocket.connect");
        // A browser opens WebSockets on the socket that the page came on.
        assertEquals("HTTP/2", Json.at(chat.message(), "META", "SERVER_PROTOCOL"));
    }

    private static String messages(String text) {
        return "document.getElementById('messages').textContent.includes('" + text + "')";
    }

    private static void say(BrowserPage page, String name, String text) {
        page.evaluate(
                "document.getElementById('name').value = '%s'".formatted(name)
                        + ", document.getElementById('text').value = '%s'".formatted(text)
                        + ", document.getElementById('say').requestSubmit()");
    }
}
