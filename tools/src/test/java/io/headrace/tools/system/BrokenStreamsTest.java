// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Streams whose worker, or whose front end, dies in the middle. */
class BrokenStreamsTest {

    private static final int BODY_MAX = 4 << 10;

    @RegisterExtension
    final RunningBus bus = new RunningBus(it -> it.frontEndAndWorker(options(), workerArgs()));

    private static List<String> options() {
        return List.of("-Dheadrace.body.max=" + BODY_MAX, "-Dheadrace.upload.paths=/upload");
    }

    private static String[] workerArgs() {
        return new String[] {"--app", StreamApplication.class.getName(), "--consumers", "2"};
    }

    @AfterEach
    void shouldExplainEveryMessage() {
        bus.shouldExplainEveryMessage();
    }

    private HttpConnection begin(String name, String length) {
        final HttpConnection client = bus.connect();
        client.request("GET /begin?name=" + name + "&value=" + length + " HTTP/1.1");
        assertEquals(200, client.answerHead().status());
        assertEquals("0", bus.get("/part?name=" + name + "&value=half").text());
        return client;
    }

    @Test
    void shouldShowTheClientsThatAResponseIsNotCompleteWhenItsWorkerDies() {
        try (HttpConnection chunked = begin("chunked", "");
                HttpConnection sized = begin("sized", "8");
                HttpConnection upload = bus.connect()) {
            upload.request("POST /upload?name=up HTTP/1.1", "Content-Length: 100000");
            upload.send(new byte[BODY_MAX + 1]);
            Await.until(
                    "the first part",
                    () ->
                            bus.get("/progress?name=up")
                                    .text()
                                    .matches("receiving .* bytes=[1-9].*"));
            bus.get("/halt").shouldBeRefusal(502, "worker-died");
            assertEquals("4\r\nhalf\r\n", chunked.readToEnd());
            assertEquals("half", sized.readToEnd());
            upload.answer().shouldBeRefusal(502, "worker-died");
        }
        bus.worker(workerArgs());
        bus.awaitServed();
    }

    @Test
    void shouldTellTheWorkerWhenTheFrontEndDies() {
        final HttpConnection download = begin("download", "");
        final HttpConnection upload = bus.connect();
        upload.request("POST /upload?name=up HTTP/1.1", "Transfer-Encoding: chunked");
        upload.send("5\r\nhello\r\n");
        Await.until(
                "the first part", () -> bus.get("/progress?name=up").text().contains(" bytes=5 "));
        bus.processes().get(0).kill();
        download.close();
        upload.close();
        bus.frontEnd(options().toArray(String[]::new));
        bus.awaitServed();
        Await.until("the stream's end", () -> bus.get("/open?name=download").text().equals("0"));
        Await.until(
                "the upload's end",
                () -> bus.get("/progress?name=up").text().startsWith("abandoned "));
    }
}
