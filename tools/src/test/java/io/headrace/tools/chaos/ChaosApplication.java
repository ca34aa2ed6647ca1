// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.chaos;

import io.headrace.worker.Application;
import io.headrace.worker.WorkerContext;
import java.nio.file.Path;

/**
 * What the workers of these tests run. It answers {@code /?key=K&ms=N} and each text frame {@code
 * K/N} with {@code K@<pid>} after N ms, and writes a {@link Journal} of what it has done, which
 * outlives the process.
 */
public final class ChaosApplication implements Application {

    /** System property: the folder of the journals. */
    static final String JOURNAL_PROPERTY = "headrace.chaos.journal";

    private static final String TEXT = "text/plain";

    @Override
    public void configure(WorkerContext context) {
        final long pid = ProcessHandle.current().pid();
        final Journal journal = Journal.create(Path.of(System.getProperty(JOURNAL_PROPERTY)), pid);
        context.onHttpRequest(
                (channel, request, reply) -> {
                    final String key = request.query().value("key", "");
                    journal.began(key);
                    work(request.query().value("ms", "0"));
                    reply.send(200, TEXT, key + "@" + pid);
                    journal.ended(key);
                });
        context.onWebSocketConnect(
                (channel, request, socket) -> journal.opened(request.query().value("key", "")));
        context.onWebSocketReceive(
                (channel, message, socket) -> {
                    final String[] keyAndMs = message.text().split("/");
                    journal.began(keyAndMs[0]);
                    work(keyAndMs[1]);
                    socket.send(keyAndMs[0] + "@" + pid);
                    journal.ended(keyAndMs[0]);
                });
        context.onWebSocketDisconnect(
                (channel, close) ->
                        journal.closed(close.request().query().value("key", ""), close.code()));
    }

    private static void work(String ms) throws InterruptedException {
        if (!ms.equals("0")) {
            Thread.sleep(Long.parseLong(ms));
        }
    }
}
