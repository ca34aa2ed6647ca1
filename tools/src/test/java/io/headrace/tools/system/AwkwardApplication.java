// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.headrace.message.Datagram;
import io.headrace.message.Request;
import io.headrace.tools.json.MessageJson;
import io.headrace.worker.Application;
import io.headrace.worker.WorkerContext;
import io.headrace.worker.reply.HttpReply;
import io.headrace.worker.reply.WebSocket;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

/** What an application may do and better had not, for tests to run with {@code worker --app}. */
public final class AwkwardApplication implements Application {

    @Override
    public void configure(WorkerContext context) {
        context.onHttpRequest((channel, request, reply) -> answer(request, reply))
                .onWebSocketConnect((channel, request, socket) -> socket.send("welcome"))
                .onWebSocketReceive((channel, message, socket) -> receive(message, socket));
    }

    private static void answer(Request request, HttpReply reply) throws Exception {
        final String value = request.query().value("value", "");
        switch (request.path()) {
            case "/status" -> reply.send(Integer.parseInt(value), "text/plain", "content");
            case "/type" -> reply.send(200, value, "content");
            case "/header" ->
                    reply.header(request.query().value("name", "X"), value)
                            .send(200, "text/plain", "content");
            case "/headers" ->
                    reply.header("Set-Cookie", "a=1")
                            .header("Set-Cookie", "b=\u00e9")
                            .header("Content-Length", "99")
                            .header("Connection", "close")
                            .header("Transfer-Encoding", "chunked")
                            .send(200, "", "content");
            case "/length" ->
                    reply.send(200, "application/octet-stream", new byte[Integer.parseInt(value)]);
            case "/scheme" -> reply.send(200, "text/plain", request.https() ? "https" : "http");
            case "/twice" -> {
                reply.send(200, "text/plain", "first");
                reply.send(200, "text/plain", "second");
            }
            case "/reply-and-throw" -> {
                reply.send(200, "text/plain", "replied");
                throw new IllegalStateException("thrown behind a reply");
            }
            case "/error" -> throw new StackOverflowError("not an exception");
            case "/slow" -> {
                Thread.sleep(Long.parseLong(value));
                reply.send(200, "text/plain", "at last");
            }
            case "/silence" -> {
                // The client is answered by the front end.
            }
            default -> reply.send(200, "application/json", keys(request));
        }
    }

    private static byte[] keys(Request request) throws IOException {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(bytes)) {
            json.writeStartObject();
            MessageJson.writeKeys(json, request);
            json.writeEndObject();
        }
        return bytes.toByteArray();
    }

    private static void receive(Datagram message, WebSocket socket) {
        final String text = message.text();
        if (text.startsWith("close ")) {
            for (int i = 0; i < 100; i++) {
                socket.send("before the close " + i);
            }
            socket.close(Integer.parseInt(text.substring(6)), "said the worker");
            socket.send("behind the close");
        } else if (text.equals("throw")) {
            throw new IllegalStateException("thrown by a receive");
        } else {
            socket.send(text);
        }
    }
}
