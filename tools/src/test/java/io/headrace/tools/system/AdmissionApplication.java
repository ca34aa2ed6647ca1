// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import io.headrace.message.Request;
import io.headrace.worker.Application;
import io.headrace.worker.WorkerContext;
import io.headrace.worker.reply.WebSocket;

/** Accepts, refuses or does neither, as the path of a WebSocket says; then it echoes. */
public final class AdmissionApplication implements Application {

    private String waiting = "";

    @Override
    public void configure(WorkerContext context) {
        context.onHttpRequest((channel, request, reply) -> reply.send(200, "text/plain", "here"))
                .onWebSocketConnect((channel, request, socket) -> connect(request, socket))
                .onWebSocketReceive(
                        (channel, message, socket) -> {
                            if (message.text().equals("accept the other")) {
                                socket.at(waiting).header("X-By", "another").accept();
                            } else {
                                socket.send(message.text());
                            }
                        });
    }

    private void connect(Request request, WebSocket socket) {
        switch (request.path()) {
            case "/subprotocol" -> socket.accept(request.query().value("name", ""));
            case "/header" ->
                    socket.header("Set-Cookie", "a=1")
                            .header("Set-Cookie", "b=\u00e9")
                            .header("Sec-WebSocket-Accept", "forged")
                            .header("Connection", "close")
                            .accept();
            case "/bad-header" -> socket.header("X", "a\r\nX-Injected: 1").accept();
            case "/refuse" ->
                    socket.header("WWW-Authenticate", "Basic").refuse(401, "who are you?\n");
            case "/refuse-badly" -> socket.refuse(99, "no");
            case "/close" -> socket.close(4000, "not you");
            case "/send" -> socket.send("welcome");
            case "/throw" -> throw new IllegalStateException("thrown by a connect");
            case "/accept-and-throw" -> {
                socket.accept();
                throw new IllegalStateException("thrown behind an accept");
            }
            case "/twice" -> {
                socket.accept();
                socket.accept("v9");
                socket.send("once");
            }
            case "/refuse-and-accept" -> {
                socket.refuse(403, "no\n");
                socket.accept();
            }
            case "/later" -> waiting = request.replyChannel();
            case "/silent" -> {
                // Its client waits in vain.
            }
            default -> socket.accept();
        }
    }
}
