// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.demo;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.headrace.HeadraceException;
import io.headrace.channel.name.ChannelName;
import io.headrace.message.Datagram;
import io.headrace.message.Field;
import io.headrace.message.Request;
import io.headrace.tools.json.MessageJson;
import io.headrace.worker.Application;
import io.headrace.worker.WorkerContext;
import io.headrace.worker.reply.HttpReply;
import io.headrace.worker.reply.WebSocket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import org.agrona.concurrent.UnsafeBuffer;

/**
 * What {@code headrace demo} serves: {@code /}, {@code /hello}, {@code /echo}, {@code /slow?ms=N},
 * {@code /fail}, {@code POST /publish/NAME}, {@code /members/NAME}, and the WebSockets {@code
 * /ws/echo}, {@code /ws/chat} and {@code /ws/room/NAME}.
 */
public final class DemoApplication implements Application {

    private static final String TEXT = "text/plain";
    private static final String HTML = "text/html; charset=utf-8";
    private static final String JSON = "application/json";
    private static final long SLOW_MAX_MS = 60_000;
    // RFC 6455, section 7.4.2: 4000 to 4999 are for applications.
    private static final int CLOSE_NOT_FOUND = 4404;
    private static final int CLOSE_BAD_NAME = 4400;
    private static final String ECHO_PATH = "/ws/echo";
    private static final String CHAT_PATH = "/ws/chat";
    private static final String ROOM_PATH = "/ws/room/";
    private static final String CHAT_GROUP = "demo.chat";
    private static final String PUBLISH_PATH = "/publish/";
    private static final String MEMBERS_PATH = "/members/";

    private final DemoStreams streams = new DemoStreams();
    private final JsonFactory factory = new JsonFactory();
    private final UnsafeBuffer page = new UnsafeBuffer(resource("index.html"));
    private final UnsafeBuffer hello = new UnsafeBuffer("Hello, World!".getBytes());
    private final long pid = ProcessHandle.current().pid();

    @Override
    public void configure(WorkerContext context) {
        context.onHttpRequest((channel, request, reply) -> answer(request, reply));
        context.onWebSocketConnect((channel, request, socket) -> connect(request, socket));
        context.onWebSocketReceive(
                (channel, message, socket) -> {
                    final String group = group(message.request());
                    if (group.isEmpty()) {
                        echo(message, socket);
                    } else {
                        broadcast(group, message, socket);
                    }
                });
    }

    /** The group that a WebSocket's path names; empty for none. */
    private static String group(Request request) {
        if (request.pathField().startsWith(CHAT_PATH)) {
            return CHAT_GROUP;
        }
        return request.pathField().startsWith(ROOM_PATH)
                ? request.path().substring(ROOM_PATH.length())
                : "";
    }

    private static void connect(Request request, WebSocket socket) {
        final String group = group(request);
        if (!group.isEmpty() && !ChannelName.isValid(group)) {
            socket.close(CLOSE_BAD_NAME, "a room's name has 1 to 200 of A-Z a-z 0-9 . _ -");
        } else if (!group.isEmpty()) {
            socket.accept();
            socket.join(group);
        } else if (request.pathField().startsWith(ECHO_PATH)) {
            socket.accept();
        } else {
            socket.close(CLOSE_NOT_FOUND, "nothing is at " + request.path());
        }
    }

    private static void broadcast(String group, Datagram message, WebSocket socket) {
        final Field content = message.content();
        socket.groups()
                .send(
                        group,
                        false,
                        message.binary(),
                        (UnsafeBuffer) content.buffer(),
                        content.offset(),
                        content.length());
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
        } else if (path.startsWith(PUBLISH_PATH)) {
            publish(request, reply);
        } else if (path.startsWith(MEMBERS_PATH)) {
            members(request, reply);
        } else if (path.contentEquals("/")) {
            // Isolated from other origins, a page gets a clock of microseconds for its plot.
            reply.header("Cross-Origin-Opener-Policy", "same-origin")
                    .header("Cross-Origin-Embedder-Policy", "require-corp")
                    .send(200, HTML, page, 0, page.capacity());
        } else if (!streams.answer(request, reply)) {
            reply.send(404, TEXT, "404 nothing is at this path; try / or /hello\n");
        }
    }

    /** Sends the body, unchanged, as one text message to every member of a group. */
    private static void publish(Request request, HttpReply reply) {
        final String group = request.path().substring(PUBLISH_PATH.length());
        final Field body = request.body();
        if (!request.methodField().contentEquals("POST")) {
            reply.header("Allow", "POST").send(405, TEXT, "405 POST what is to be sent\n");
        } else if (!ChannelName.isValid(group)) {
            reply.send(400, TEXT, "400 a group's name has 1 to 200 of A-Z a-z 0-9 . _ -\n");
        } else {
            reply.groups()
                    .send(
                            group,
                            false,
                            false,
                            (UnsafeBuffer) body.buffer(),
                            body.offset(),
                            body.length());
            reply.send(202, TEXT, "sent to " + reply.groups().count(group) + " members\n");
        }
    }

    /** The addresses of a group's members, as JSON. */
    private void members(Request request, HttpReply reply) throws IOException {
        final String group = request.path().substring(MEMBERS_PATH.length());
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = factory.createGenerator(bytes)) {
            json.writeStartArray();
            if (ChannelName.isValid(group)) {
                for (final String member : reply.groups().members(group)) {
                    json.writeString(member);
                }
            }
            json.writeEndArray();
        }
        reply.send(200, JSON, bytes.toByteArray());
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
