// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.system;

import io.headrace.message.Request;
import io.headrace.worker.Application;
import io.headrace.worker.WorkerContext;
import io.headrace.worker.reply.HttpReply;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Says hello and echoes, and has handlers that a test ends: that of {@code /held?until=NAME} is at
 * work until the file {@code released-NAME} is in the bus's directory, see {@link
 * RunningBus#release}. A file, because there may be no front end that takes one more request.
 * {@code /silence} is never answered.
 */
public final class HeldApplication implements Application {

    private static final long POLL_MS = 2;

    @Override
    public void configure(WorkerContext context) {
        final Path directory = context.directory();
        context.onHttpRequest((channel, request, reply) -> answer(directory, request, reply))
                .onWebSocketReceive((channel, message, socket) -> socket.send(message.text()));
    }

    private static void answer(Path directory, Request request, HttpReply reply)
            throws InterruptedException {
        switch (request.path()) {
            case "/held" -> {
                final Path file = directory.resolve(file(request.query().value("until", "")));
                while (!Files.exists(file)) {
                    Thread.sleep(POLL_MS);
                }
                reply.send(200, "text/plain", "released");
            }
            case "/silence" -> {
                // The client is answered by the front end.
            }
            default -> reply.send(200, "text/plain", "Hello, World!");
        }
    }

    /** The file in the bus's directory that ends the handlers of this name. */
    static String file(String name) {
        return "released-" + name;
    }
}
