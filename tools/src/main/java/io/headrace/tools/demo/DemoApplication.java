// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.demo;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.headrace.HeadraceException;
import io.headrace.message.Datagram;
import io.headrace.message.Field;
import io.headrace.message.Request;
import io.headrace.tools.json.MessageJson;
import io.headrace.worker.Application;
import io.headrace.worker.HttpReply;
import io.headrace.worker.WebSocket;
import io.headrace.worker.WorkerContext;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What {@code headrace demo} serves: {@code /}, {@code /hello}, {@code /echo}, {@code /slow?ms=N},
 * {@code /fail}, and the WebSockets {@code /ws/echo} and {@code /ws/chat}.
 */
public final class DemoApplication implements Application {

    private static final String TEXT = "text/plain";
    private static final String HTML = "text/html; charset=utf-8";
    private static final String JSON = "application/json";
    private static final long SLOW_MAX_MS = 60_000;
    // RFC 6455, section 7.4.2: 4000 to 4999 are for applications.
    private static final int CLOSE_NOT_FOUND = 4404;

    private final JsonFactory factory = new JsonFactory();
    private final UnsafeBuffer page = new UnsafeBuffer(resource("index.html"));
    private final UnsafeBuffer hello = new UnsafeBuffer("Hello, World!".getBytes());
    private final long pid = ProcessHandle.current().pid();

    @Override
    public void configure(WorkerContext context) {
        final Chat chat = new Chat(context);
        context.onHttpRequest((channel, request, reply) -> answer(request, reply));
        context.onWebSocketConnect(
                (channel, request, socket) -> {
                    if (request.pathField().startsWith("/ws/echo")
                            || request.pathField().startsWith("/ws/chat")) {
                        socket.accept();
                    } else {
                        socket.close(CLOSE_NOT_FOUND, "nothing is at " + request.path());
                    }
                });
        context.onWebSocketReceive(
                (channel, message, socket) -> {
                    if (message.request().pathField().startsWith("/ws/chat")) {
                        chat.broadcast(message, socket);
                    } else {
                        echo(message, socket);
                    }
                });
    }

    private void answer(Request request, HttpReply reply) throws Exception {
        final Field path = request.pathField();
        if (path.contentEquals("/hello")) {
            reply.send(200, TEXT, hello, 0, hello.capacity());
        } else if (path.contentEquals("/echo")) {
            reply.send(200, JSON, keys(request));
        } else if (path.contentEquals("/slow")) {
            slow(request, reply);
        } else if (path.contentEquals("/fail")) {
            throw new HeadraceException("/fail was asked to fail");
        } else if (path.contentEquals("/")) {
            // Isolated from other origins, a page gets a clock of microseconds for its plot.
            reply.header("Cross-Origin-Opener-Policy", "same-origin")
                    .header("Cross-Origin-Embedder-Policy", "require-corp")
                    .send(200, HTML, page, 0, page.capacity());
        } else {
            reply.send(404, TEXT, "404 nothing is at this path; try / or /hello\n");
        }
    }

    private static void slow(Request request, HttpReply reply) throws InterruptedException {
        final String wanted = request.query().value("ms", "1000");
        final long ms;
        try {
            ms = Math.max(0, Math.min(SLOW_MAX_MS, Long.parseLong(wanted)));
        } catch (final NumberFormatException e) {
            reply.send(400, TEXT, "400 ms takes a number from 0 to " + SLOW_MAX_MS + "\n");
            return;
        }
        Thread.sleep(ms);
        reply.send(200, TEXT, "answered after " + ms + " ms\n");
    }

    private byte[] keys(Request request) throws IOException {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
        try (JsonGenerator json = factory.createGenerator(bytes)) {
            json.writeStartObject();
            MessageJson.writeKeys(json, request);
            json.writeNumberField("worker", pid);
            json.writeEndObject();
        }
        return bytes.toByteArray();
    }

    private static void echo(Datagram message, WebSocket socket) {
        final Field content = message.content();
        socket.send(
                message.binary(),
                (UnsafeBuffer) content.buffer(),
                content.offset(),
                content.length());
    }

    private static byte[] resource(String name) {
        try (InputStream stream = DemoApplication.class.getResourceAsStream(name)) {
            if (stream == null) {
                throw new HeadraceException("resource " + name + " is missing from the jar");
            }
            return stream.readAllBytes();
        } catch (final IOException e) {
            throw new HeadraceException("resource " + name + " cannot be read: " + e, e);
        }
    }
}
